// What a run asks of the machine: hebb's environment, and the limits that belong to it.
import { REFERENCES } from './check.mjs';
import { describe, measureLimits } from './machine.mjs';

/** The environment of hebb's processes, and what hebb says of the machine under it. */
export function environment({ isa, threads, device }) {
  const env = { ...process.env };
  if (isa !== undefined) env.HEBB_CPU = isa;
  if (threads !== null) env.HEBB_NUM_THREADS = String(threads);
  const machine = describe(env);
  if (isa !== undefined && machine.isa !== isa) throw new RangeError(`This processor does not run ${isa}`);
  const known = [
    ...machine.devices,
    ...REFERENCES,
    ...machine.isas.filter((isa) => isa.supported).map(({ name }) => `cpu:${name}`),
  ];
  if (!known.includes(device)) {
    throw new RangeError(`Expected a device (${machine.devices.join(', ')}) but received '${device}'`);
  }
  return { env, machine };
}

/** The machine's limits where they can be measured; null, and why, where not. */
export function limitsOf({ isa, threads }, device) {
  if (!device.startsWith('cpu')) return { limits: null, why: `they are not measured for ${device}` };
  return measureLimits(device.split(':')[1] ?? isa, threads);
}
