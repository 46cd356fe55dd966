// `npm run bench`: the suite, on hebb and beside its peers. One process a trial, one after the other. This process only
// starts them: it does not load hebb, so that nothing of it reaches a peer's environment.
import { geometricMean } from './measure.mjs';
import { options, usage } from './options.mjs';
import { jsonPrinter, tablePrinter } from './print.mjs';
import { keeper } from './results.mjs';
import { measureRow } from './row.mjs';
import { environment, limitsOf } from './setting.mjs';
import { workloadsOf } from './workloads/index.mjs';

const note = (text) => process.stderr.write(`${text}\n`);

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
      if (!row.checked && !given.unchecked) note(`${workload.name}: not checked: ${row.why}`);
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
