// One trial: a process that times one workload on hebb, or checks it, and prints one JSON line.
import { parseArgs } from 'node:util';
import hebb from '../dist/index.js';
import { run as kernel } from '../dist/kernel.js';
import { emptyLike } from '../dist/tensor.js';
import { compare, compareGradients, referenceFor } from './check.mjs';
import { inputsOf, SEED } from './inputs.mjs';
import { measure } from './measure.mjs';
import { watchResident } from './resident.mjs';
import { workloadNamed } from './workloads/index.mjs';

/** @typedef {import('./workloads/index.mjs').Workload} Workload */

/** With parameters that are the same on every device. @returns {import('./workloads/index.mjs').Prepared} */
function prepare(workload, inputs, device) {
  const kit = { hebb, kernel, emptyLike, device };
  if (workload.prepare) return workload.prepare(kit, inputs);
  const outputs = () => workload.run(kit, inputs);
  const call = () => {
    for (const output of outputs()) output.dispose();
    return hebb.synchronize(device);
  };
  return { call, outputs };
}

function checkedOn(workload, device) {
  const { outputs, gradients } = prepare(workload, inputsOf(hebb, workload, device), device);
  hebb.manualSeed(SEED); // each device has a generator of its own: dropout draws the same from here on
  return { outputs: outputs(), gradients: gradients?.() ?? [] };
}

/** Compares with the reference, where that is affordable. @param {Workload} workload */
async function check(workload, device, precision) {
  const { reference, why } = referenceFor(workload, device);
  if (reference) {
    const got = checkedOn(workload, device);
    const wanted = checkedOn(workload, reference);
    await compare(got.outputs, wanted.outputs, precision);
    await compareGradients(got.gradients, wanted.gradients, precision);
  }
  return { work: workload.name, checked: reference, why };
}

/** The most memory of the parameters and of calls, inputs not counted: what hebb's allocator and the kernel's account say. */
async function time(workload, device, budget) {
  const inputs = inputsOf(hebb, workload, device);
  await hebb.synchronize(device);
  hebb.resetPeakMemory(device);
  const { used } = hebb.memory(device);
  const resident = watchResident();
  const { last: loss = null, ...times } = await measure(prepare(workload, inputs, device).call, budget);
  if (loss !== null && !Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
  return { ...times, loss, memory: { allocated: hebb.memory(device).peak - used, resident: resident() } };
}

async function main() {
  const { values } = parseArgs({
    options: {
      work: { type: 'string' },
      device: { type: 'string' },
      precision: { type: 'string' },
      budget: { type: 'string' },
      check: { type: 'boolean', default: false },
    },
  });
  const { device, precision } = values;
  const workload = workloadNamed(values.work, device);
  if (!workload) throw new Error(`Expected the name of a workload but received '${values.work}'`);
  hebb.setDefaultDevice(device);
  hebb.setPrecision(precision);
  if (values.check) {
    console.log(JSON.stringify(await check(workload, device, precision)));
    return;
  }
  const result = await time(workload, device, Number(values.budget));
  const { isa: best, threads } = hebb.describe();
  const isa = device.startsWith('cpu:') ? device.slice('cpu:'.length) : best;
  const deterministic = hebb.getDeterministic();
  const settings = { threads, isa, precision, deterministic };
  console.log(JSON.stringify({ peer: 'hebb', device, work: workload.name, ...result, ...settings }));
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
