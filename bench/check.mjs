// A workload's outputs beside those of a reference.

const REFERENCE = 'cpu:ref'; // the plain loops with double accumulators
// What is too long for it is compared with the kernels compiled without vector instructions: the tests compare those
// with the reference in turn.
const SCALAR = 'cpu:scalar';
// Of the largest value of the output. Below float32 it is 8 times the rounding of a product.
const tolerances = { float32: 1e-4, tf32: 8 * 2 ** -11, bfloat16: 8 * 2 ** -8 };
// Of the length of a large network's gradient. Which ReLUs and maxima pass a value near their threshold is up to
// rounding: at ResNet-50's random start that is worth 2 % of the gradient between any two ways to add, more with
// Winograd's. What is wrong in one kernel is wrong in every layer before it. Below float32 rounding moves the gradient of such a network as far as anything could:
// there its loss alone is compared.
const GRADIENT_TOLERANCE = 0.5;
/** What each manages in a second, or more, and how long it may take. */
const references = [
  { reference: REFERENCE, flops: 1.5e9, mostSeconds: 10 },
  { reference: SCALAR, flops: 15e9, mostSeconds: 60 },
];

/** Devices that serve as references; `devices()` does not list them. */
export const REFERENCES = references.map(({ reference }) => reference);

/**
 * What a workload on a device is compared with; null, and why, when that is not affordable.
 * @param {import('./workloads/index.mjs').Workload} workload
 * @returns {{ reference: string | null, why: string }}
 */
export function referenceFor({ flop = 0, checkedCalls = 1 }, device) {
  const found = references.find(({ flops, mostSeconds }) => (checkedCalls * flop) / flops <= mostSeconds);
  if (!found) return { reference: null, why: `${SCALAR} would take over ${references.at(-1).mostSeconds} s` };
  if (found.reference === device) return { reference: null, why: 'it is the reference itself' };
  return { reference: found.reference, why: '' };
}

/**
 * Throws when two lists of tensors differ. Disposes of both.
 * @param {readonly import('../dist/index.js').Tensor[]} got
 * @param {readonly import('../dist/index.js').Tensor[]} wanted
 * @param {string} [precision]
 */
export async function compare(got, wanted, precision = 'float32') {
  for (const [index, tensor] of got.entries()) {
    const ours = await tensor.data();
    const theirs = await wanted[index].data();
    let largest = 0;
    let worst = 0;
    for (let at = 0; at < theirs.length; at++) {
      worst = Math.max(worst, Math.abs(ours[at] - theirs[at])); // not a number stays
      largest = Math.max(largest, Math.abs(theirs[at]));
    }
    if (largest === 0) throw new Error(`output ${index} of the reference is all zeros`);
    if (!(worst <= tolerances[precision] * largest)) {
      throw new Error(`output ${index} is off by ${worst}, where the reference's largest value is ${largest}`);
    }
    tensor.dispose();
    wanted[index].dispose();
  }
}

/**
 * Throws when two lists of gradients, each taken as one long vector, point elsewhere. Disposes of both.
 * @param {readonly import('../dist/index.js').Tensor[]} got
 * @param {readonly import('../dist/index.js').Tensor[]} wanted
 * @param {string} [precision]
 */
export async function compareGradients(got, wanted, precision = 'float32') {
  let difference = 0;
  let length = 0;
  for (const [index, tensor] of got.entries()) {
    const ours = await tensor.data();
    const theirs = await wanted[index].data();
    for (let at = 0; at < theirs.length; at++) {
      difference += (ours[at] - theirs[at]) ** 2;
      length += theirs[at] ** 2;
    }
    tensor.dispose();
    wanted[index].dispose();
  }
  const error = Math.sqrt(difference / length);
  if (got.length > 0 && precision === 'float32' && !(error <= GRADIENT_TOLERANCE)) {
    throw new Error(`the gradient is off by ${error} of the reference's length`);
  }
}
