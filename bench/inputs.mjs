// Random inputs. Never zeros: some processors and libraries are faster on them.

/**
 * @typedef {object} Input
 * @property {readonly number[]} shape
 * @property {number} size
 * @property {(hebb: typeof import('../dist/index.js'), device: string) => import('../dist/index.js').Tensor} make
 */

const sizeOf = (shape) => shape.reduce((product, extent) => product * extent, 1);

/** Normal with mean 0 and deviation 1. Drawn on the default device, so that every device gets the same. @returns {Input} */
export function normal(...shape) {
  const make = (hebb, device) => {
    const drawn = hebb.randn(shape);
    if (drawn.device === device) return drawn;
    const moved = hebb.tensor(drawn.dataSync(), shape, { device });
    drawn.dispose();
    return moved;
  };
  return { shape, size: sizeOf(shape), make };
}

export const SEED = 1;

/**
 * A workload's inputs, the same on every device.
 * @param {import('./workloads/index.mjs').Workload} workload
 */
export function inputsOf(hebb, workload, device) {
  hebb.manualSeed(SEED);
  return Object.fromEntries(Object.entries(workload.inputs).map(([name, input]) => [name, input.make(hebb, device)]));
}

/** Class numbers, each as likely. @returns {Input} */
export function labels(count, classes) {
  const make = (hebb, device) => {
    const drawn = hebb.uniform([count], 0, classes);
    const numbers = Int32Array.from(drawn.dataSync(), (value) => Math.min(Math.floor(value), classes - 1));
    drawn.dispose();
    return hebb.tensor(numbers, [count], { device });
  };
  return { shape: [count], size: count, make };
}
