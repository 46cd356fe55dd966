// `npm run bench`: the suite, on hebb and beside its peers. One process a trial, one after the other. This process only
// starts them: it does not load hebb, so that nothing of it reaches a peer's environment.
import { REFERENCES } from './check.mjs';
import { describe, measureLimits } from './machine.mjs';
import { geometricMean } from './measure.mjs';
import { options, usage } from './options.mjs';
import { jsonPrinter, tablePrinter } from './print.mjs';
import { keeper } from './results.mjs';
import { measureRow } from './row.mjs';
import { workloadsOf } from './workloads/index.mjs';

const note = (text) => process.stderr.write(`${text}\n`);

/** The environment of hebb's processes, and what hebb says of the machine under it. */
function environment({ isa, threads, device }) {
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

/** The machine's limits where they can be measured; null and why where not. */
function limitsOf({ isa, threads }, device) {
  if (!device.startsWith('cpu')) return { limits: null, why: `they are not measured for ${device}` };
  return measureLimits(device.split(':')[1] ?? isa, threads);
}

/** What the table is about. */
function introduce({ cpu, isa, threads }, { device, trials, budget }, { limits, why }) {
  console.log(`${cpu}, ${isa}, ${threads} threads, device ${device}; ${trials} trials of ${budget} s`);
  if (limits) {
    const bandwidth = limits.bandwidth.map(({ bytes, read, copy }) => `${bytes / 2 ** 20} MiB ${read}/${copy}`);
    console.log(`Limits: ${limits.gflops} GFLOP/s; reading/copying in GB/s: ${bandwidth.join(', ')}`);
  } else {
    console.log(`No share of the machine's limits: ${why}`);
  }
  console.log();
}

function fastestRatios(rows) {
  const ratios = rows.flatMap(({ peers }) => peers.filter(({ fastest }) => fastest).map(({ ratio }) => ratio));
  if (ratios.length === 0) return '';
  return `\nAgainst the fastest peer: ${geometricMean(ratios).toFixed(2)}x (geometric mean of ${ratios.length}), least ${Math.min(...ratios).toFixed(2)}x`;
}

function main() {
  const given = options(process.argv.slice(2));
  if (given.help) {
    console.log(usage);
    return 0;
  }
  const setting = environment(given);
  const found = given.json && !given.save ? { limits: null } : limitsOf(setting.machine, given.device);
  if (!given.json) introduce(setting.machine, given, found);
  const print = given.json ? jsonPrinter() : tablePrinter(given, found.limits);
  const names = workloadsOf(given.device).map(({ name }) => name);
  const keep = given.save ? keeper(given, setting.machine, found.limits, names) : () => {};
  const rows = [];
  let failed = 0;
  const report = (problem) => {
    failed++;
    note(problem);
  };
  for (const workload of given.works) {
    try {
      const row = measureRow(workload, given, setting, report);
      if (!row.checked) note(`${workload.name}: not checked: ${row.why}`);
      rows.push(row);
      print(workload, row);
      keep(workload, row);
    } catch (error) {
      report(`${workload.name}: ${error.message}`);
    }
  }
  if (!given.json && given.sides.length > 0) console.log(fastestRatios(rows));
  return failed > 0 ? 1 : 0;
}

try {
  process.exitCode = main();
} catch (error) {
  note(error.message);
  process.exitCode = 2;
}
