// Timing of one prepared workload, and what is made of several.
import { performance } from 'node:perf_hooks';

const WARM_UPS = 3;
const FEWEST = 5;
const MOST = 20_000;

/** The middle value, or the mean of the two middle ones. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * Calls until the budget is spent, each call timed with its wait.
 * @param {() => Promise<void>} call
 * @param {number} budget seconds
 * @returns {Promise<{ s: number, min: number, n: number }>} median and minimum seconds of a call, and calls
 */
export async function measure(call, budget) {
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) await call();
  const times = [];
  const start = performance.now();
  while ((performance.now() - start < 1000 * budget || times.length < FEWEST) && times.length < MOST) {
    const before = performance.now();
    await call();
    times.push((performance.now() - before) / 1000);
  }
  return { s: median(times), min: Math.min(...times), n: times.length };
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
