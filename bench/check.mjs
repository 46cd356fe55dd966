// A workload's outputs beside those of the reference, the plain loops with double accumulators.

export const REFERENCE = 'cpu:ref';
const TOLERANCE = 1e-4; // of the largest value of the output
const REFERENCE_FLOPS = 1.5e9; // what the reference manages in a second, or more
const MOST_SECONDS = 10;

/**
 * Why a workload is not checked; empty when it can be.
 * @param {import('./workloads/index.mjs').Workload} workload
 */
export function whyUnchecked({ flop = 0 }) {
  const seconds = flop / REFERENCE_FLOPS;
  return seconds > MOST_SECONDS ? `the reference would take about ${Math.round(seconds)} s` : '';
}

/**
 * Throws when two lists of tensors differ. Disposes of both.
 * @param {readonly import('../dist/index.js').Tensor[]} got
 * @param {readonly import('../dist/index.js').Tensor[]} wanted
 */
export async function compare(got, wanted) {
  for (const [index, tensor] of got.entries()) {
    const ours = await tensor.data();
    const theirs = await wanted[index].data();
    let largest = 0;
    let worst = 0;
    for (let at = 0; at < theirs.length; at++) {
      const error = Math.abs(ours[at] - theirs[at]);
      // Not a number counts as the worst of all.
      if (!(error <= worst)) worst = error;
      largest = Math.max(largest, Math.abs(theirs[at]));
    }
    if (largest === 0) throw new Error(`output ${index} of the reference is all zeros`);
    if (!(worst <= TOLERANCE * largest)) {
      throw new Error(`output ${index} is off by ${worst}, where the reference's largest value is ${largest}`);
    }
    tensor.dispose();
    wanted[index].dispose();
  }
}
