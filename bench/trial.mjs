// One trial: a process that runs one workload on hebb, checks it where told to, and prints one JSON line.
import { parseArgs } from 'node:util';
import hebb from '../dist/index.js';
import { run as kernel } from '../dist/kernel.js';
import { emptyLike } from '../dist/tensor.js';
import { compare, REFERENCE, whyUnchecked } from './check.mjs';
import { measure } from './measure.mjs';
import { workloads } from './workloads/index.mjs';

const SEED = 1;

/**
 * The workload on a device, with inputs and parameters that are the same on every device.
 * @param {import('./workloads/index.mjs').Workload} workload
 * @returns {import('./workloads/index.mjs').Prepared}
 */
function prepare(workload, device) {
  hebb.manualSeed(SEED);
  const inputs = Object.fromEntries(
    Object.entries(workload.inputs).map(([name, input]) => [name, input.make(hebb, device)]),
  );
  const kit = { hebb, kernel, emptyLike, device };
  if (workload.prepare) return workload.prepare(kit, inputs);
  const outputs = () => workload.run(kit, inputs);
  const call = () => {
    for (const output of outputs()) output.dispose();
    return hebb.synchronize(device);
  };
  return { call, outputs };
}

async function main() {
  const { values } = parseArgs({
    options: {
      work: { type: 'string' },
      device: { type: 'string' },
      budget: { type: 'string' },
      check: { type: 'boolean', default: false },
    },
  });
  const { device } = values;
  const workload = workloads.find(({ name }) => name === values.work);
  if (!workload) throw new Error(`Expected the name of a workload but received '${values.work}'`);
  hebb.setDefaultDevice(device);

  const prepared = prepare(workload, device);
  const unchecked = whyUnchecked(workload);
  if (values.check && unchecked !== '') {
    console.error(`${workload.name}: not checked: ${unchecked}`);
  } else if (values.check) {
    await compare(prepared.outputs(), prepare(workload, REFERENCE).outputs());
  }

  const { isa: best, threads } = hebb.describe();
  const isa = device.startsWith('cpu:') ? device.slice('cpu:'.length) : best;
  const times = await measure(prepared.call, Number(values.budget));
  const gflops = workload.flop ? Number((workload.flop / times.s / 1e9).toFixed(1)) : null;
  console.log(JSON.stringify({ peer: 'hebb', device, work: workload.name, ...times, threads, isa, gflops }));
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
