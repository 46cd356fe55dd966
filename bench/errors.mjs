// npm run bench:errors -- [--isa NAME] [--only NAME,NAME] [--save]: the rounding errors of the suite's convolutions that
// go Winograd's way, beside those of the direct way; both against sums in double. Takes minutes: the reference is slow.
import { parseArgs } from 'node:util';
import { inputsOf } from './inputs.mjs';
import { errorTable } from './markdown.mjs';
import { errorsOf } from './measure.mjs';
import { keepBeside } from './results.mjs';
import { environment } from './setting.mjs';
import { select, workloadsOf } from './workloads/index.mjs';

const REFERENCE = 'cpu:ref';
const OUTPUTS = { fwd: ['forward'], bwd: ['input gradient', 'weight gradient'] };

/**
 * @typedef {import('./measure.mjs').Errors} Errors
 * @typedef {{ name: string, output: string, winograd: Errors, direct: Errors }} ErrorRow
 */

/** The outputs of a workload's kernels as arrays. */
async function outputsOf({ hebb, kernel, emptyLike }, workload, device) {
  const inputs = inputsOf(hebb, workload, device);
  const outputs = workload.run({ hebb, kernel, emptyLike, device }, inputs);
  const values = [];
  for (const tensor of [...outputs, ...Object.values(inputs)]) {
    if (outputs.includes(tensor)) values.push(await tensor.data());
    tensor.dispose();
  }
  return values;
}

const same = (a, b) => a.every((values, index) => values.every((value, at) => Object.is(value, b[index][at])));

/** A row for each output; none where no pass goes Winograd's way. @returns {Promise<ErrorRow[]>} */
async function compare(kit, workload) {
  kit.hebb.setWinograd(true);
  const winograd = await outputsOf(kit, workload, 'cpu');
  kit.hebb.setWinograd(false);
  const direct = await outputsOf(kit, workload, 'cpu');
  if (same(winograd, direct)) return [];
  const exact = await outputsOf(kit, workload, REFERENCE);
  const [, pass, shape] = workload.name.split('-');
  return OUTPUTS[pass].map((output, index) => ({
    name: shape,
    output,
    winograd: errorsOf(winograd[index], exact[index]),
    direct: errorsOf(direct[index], exact[index]),
  }));
}

async function main() {
  const { values } = parseArgs({
    options: {
      isa: { type: 'string' },
      only: { type: 'string', default: '' },
      save: { type: 'boolean', default: false },
    },
  });
  const given = { isa: values.isa, threads: null, device: 'cpu' };
  const { env, machine } = environment(given);
  if (values.isa !== undefined) process.env.HEBB_CPU = env.HEBB_CPU; // before hebb is loaded
  const { default: hebb } = await import('../dist/index.js');
  const { run: kernel } = await import('../dist/kernel.js');
  const { emptyLike } = await import('../dist/tensor.js');
  const rows = [];
  for (const workload of select(workloadsOf('cpu'), values.only).filter(({ name }) => name.startsWith('conv-'))) {
    const found = await compare({ hebb, kernel, emptyLike }, workload);
    if (found.length > 0) console.error(`${workload.name} compared`);
    rows.push(...found);
  }
  console.log(errorTable(rows));
  if (values.save) keepBeside(given, machine, { errors: rows });
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
