import type * as Device from '../device';
import { HebbError, oneLine } from '../errors';
import type * as Native from '../native';
import type { Output } from './output';

type Description = ReturnType<typeof Device.describe>;

/** Says what hebb runs on here, and for what it does not use, why and what to do. Gives the process's exit code. */
export function doctor(out: Output): number {
  let found: Description;
  try {
    // Loaded here, because it loads the addon, and the doctor is wanted most when that fails.
    found = (require('../device') as typeof Device).describe();
  } catch (error) {
    if (!(error instanceof HebbError)) throw error;
    const problem = oneLine(error.message, 1000);
    out.result(`hebb does not work here: ${problem}`, { event: 'doctor', ok: false, problem, node: process.version });
    return 1;
  }
  const root = (require('../native') as typeof Native).packageRoot;
  const unused = found.isas.filter((isa) => !isa.used).map((isa) => ({ name: isa.name, ...explain(isa, found) }));
  const lines = [
    `hebb runs on ${found.devices.join(', ')}`,
    `processor: ${found.cpu}, ${found.cores} cores allowed, ${found.threads} threads used`,
    `instruction set: ${found.isa}`,
    ...unused.map(({ name, reason, remedy }) => `  not ${name}: ${withRemedy(reason, remedy)}`),
    ...describeGpu(found.gpu),
    `installed in ${root}`,
    `system: ${found.platform}, Node ${found.node}`,
  ];
  out.result(lines.join('\n'), {
    event: 'doctor',
    ok: true,
    ...found,
    root,
    unused,
  });
  return 0;
}

function withRemedy(reason: string, remedy: string): string {
  return remedy === '' ? reason : `${reason}; ${remedy}`;
}

function describeGpu({ devices, plugin, facts, reason, remedy }: Description['gpu']): string[] {
  const used = devices.length > 0 ? `used: ${devices.join(', ')}` : `not used: ${withRemedy(reason, remedy)}`;
  return [
    `GPU: ${used}`,
    ...(plugin === null ? [] : [`  plugin: ${plugin}`]),
    ...facts.map((fact) => {
      const why = fact.reason === '' ? '' : `: ${withRemedy(fact.reason, fact.remedy)}`;
      return `  ${fact.item}: ${fact.found === '' ? 'missing' : fact.found}${why}`;
    }),
  ];
}

function explain(isa: Description['isas'][number], found: Description): { reason: string; remedy: string } {
  if (!isa.supported) {
    const machine = /operating system|does not save/.test(isa.reason)
      ? 'enable it in the system or the virtual machine'
      : 'nothing to do: it needs another processor';
    return { reason: isa.reason, remedy: machine };
  }
  const order = found.isas.map(({ name }) => name);
  const better = order.indexOf(isa.name) > order.indexOf(found.isa);
  const cap = process.env.HEBB_CPU;
  if (better && cap !== undefined && cap !== '') {
    return { reason: `HEBB_CPU=${oneLine(cap, 40)} rules it out`, remedy: 'unset HEBB_CPU' };
  }
  return { reason: `${found.isa} is faster`, remedy: `HEBB_CPU=${isa.name} would choose it` };
}
