// One workload on hebb and its peers, in turns: a row of the results.
import { median, ratio } from './measure.mjs';
import { cappedTo } from './peers.mjs';
import { checkCommand, hebbCommand, run, trial } from './trials.mjs';

/**
 * @typedef {object} Side
 * @property {string} peer its name and version
 * @property {string} [side] which peer it is, as --peer has it
 * @property {string} [mode]
 * @property {number} s the median of the trials' medians
 * @property {number} min
 * @property {number} n calls
 * @property {readonly number[]} trials seconds
 * @property {boolean} disturbed
 * @property {{ allocated: number | null, resident: number } | null} memory
 * @property {number} [ratio] a peer's time over hebb's, with `low` and `high`, the least and greatest of the trials
 * @property {boolean} [fastest] among the peers
 */

/** @typedef {{ hebb: Side, peers: Side[], checked: string | null, why: string }} Row */

/** The trials of one side as one result. */
function summary({ flop }, results) {
  const s = median(results.map((result) => result.s));
  return {
    ...results[0],
    s,
    gflops: flop ? Number((flop / s / 1e9).toFixed(1)) : null,
    min: Math.min(...results.map(({ min }) => min)),
    n: results.reduce((calls, { n }) => calls + n, 0),
    trials: results.map(({ s }) => s),
    others: Math.max(...results.map(({ others }) => others)),
    disturbed: results.some(({ disturbed }) => disturbed),
  };
}

/**
 * Checks hebb, then runs all sides in turns. A peer that fails is left out and reported.
 * @param {import('./workloads/index.mjs').Workload} workload
 * @param {ReturnType<typeof import('./options.mjs').options>} given
 * @param {{ env: NodeJS.ProcessEnv, machine: { threads: number } }} setting
 * @param {(problem: string) => void} report
 * @returns {Row}
 */
export function measureRow(workload, given, { env, machine }, report) {
  const unchecked = { checked: null, why: 'not asked for' };
  const { checked, why } = given.unchecked ? unchecked : run(checkCommand({ ...given, workload }), env);
  let sides = given.sides
    .filter(({ has, mode }) => has(workload, mode, given.device))
    .map((side) => ({ ...side, results: [] }));
  const ours = [];
  const peerEnv = { ...process.env, ...cappedTo(given.isa), TORCHINDUCTOR_COMPILE_THREADS: '1' };
  for (let index = 0; index < given.trials; index++) {
    ours.push(trial(hebbCommand({ ...given, workload }), env));
    for (const side of sides) {
      try {
        const command = side.command({ ...given, workload, mode: side.mode, threads: machine.threads });
        side.results.push(trial(command, peerEnv));
      } catch (error) {
        report(`${workload.name}: ${side.name} ${side.mode}: ${error.message}`);
        sides = sides.filter((other) => other !== side);
      }
    }
  }
  const seconds = (results) => results.map(({ s }) => s);
  const theirs = sides.map(({ name, results }) => ({
    ...summary(workload, results),
    side: name,
    ...ratio(seconds(results), seconds(ours)),
  }));
  const least = Math.min(...theirs.map(({ s }) => s));
  return {
    checked,
    why,
    hebb: summary(workload, ours),
    peers: theirs.map((side) => ({ ...side, fastest: side.s === least })),
  };
}
