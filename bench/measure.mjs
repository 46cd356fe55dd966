// Timing of one prepared workload, and what is made of several.
import { performance } from 'node:perf_hooks';

const WARM_UPS = 3;
const FEWEST_WARM_UPS = 2; // the first call records and allocates, the second finds everything in place
const FEWEST = 3;
const MOST = 20_000;

/** The middle value, or the mean of the two middle ones. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/**
 * Warms up, then calls until the budget is spent, each call timed with its wait.
 * @param {() => Promise<number | void>} call
 * @param {number} budget seconds
 * @returns {Promise<{ s: number, min: number, n: number, last: number | void }>} median and minimum seconds of a call,
 *   calls, and what the last one gave
 */
export async function measure(call, budget) {
  const begin = performance.now();
  for (let done = 0; done < WARM_UPS; done++) {
    if (done >= FEWEST_WARM_UPS && performance.now() - begin > 1000 * budget) break;
    await call();
  }
  const times = [];
  let last;
  const start = performance.now();
  while ((performance.now() - start < 1000 * budget || times.length < FEWEST) && times.length < MOST) {
    const before = performance.now();
    last = await call();
    times.push((performance.now() - before) / 1000);
  }
  return { s: median(times), min: Math.min(...times), n: times.length, last };
}

/**
 * How many times as long `theirs` took as `ours`: of the medians, and the least and greatest of the trials in pairs.
 * @param {readonly number[]} theirs seconds, a trial each
 * @param {readonly number[]} ours
 */
export function ratio(theirs, ours) {
  const pairs = theirs.map((seconds, trial) => seconds / ours[trial]);
  return { ratio: median(theirs) / median(ours), low: Math.min(...pairs), high: Math.max(...pairs) };
}

/**
 * Errors of values, relative to the root mean square of the exact ones.
 * @typedef {{ rms: number, max: number }} Errors
 */

/** @returns {Errors} */
export function errorsOf(values, exact) {
  let squares = 0;
  let most = 0;
  let length = 0;
  for (let at = 0; at < exact.length; at++) {
    const error = Math.abs(values[at] - exact[at]);
    squares += error ** 2;
    most = Math.max(most, error); // not a number stays
    length += exact[at] ** 2;
  }
  const size = Math.sqrt(length / exact.length);
  return { rms: Math.sqrt(squares / exact.length) / size, max: most / size };
}
