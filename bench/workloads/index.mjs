// Every workload, by name. These files only describe: they do not load hebb.
import { inference } from './inference.mjs';
import { kernels } from './kernels.mjs';
import { sweeps } from './sweeps.mjs';
import { training } from './training.mjs';

/** @import { Input } from '../inputs.mjs' */

/**
 * What a workload runs with.
 * @typedef {object} Kit
 * @property {typeof import('../../dist/index.js')} hebb
 * @property {typeof import('../../dist/kernel.js').run} kernel enqueues a kernel by name
 * @property {typeof import('../../dist/tensor.js').emptyLike} emptyLike
 * @property {string} device
 */

/**
 * A workload ready to run.
 * @typedef {object} Prepared
 * @property {() => Promise<number | void>} call gives the loss where there is one
 * @property {() => import('../../dist/index.js').Tensor[]} outputs enqueues `checkedCalls` calls and returns what to
 *   check value by value; the caller disposes of it
 * @property {() => import('../../dist/index.js').Tensor[]} [gradients] after that, what to check as a whole
 */

/**
 * One of `run` (enqueues kernels and returns their outputs) and `prepare` says what is done.
 * @typedef {object} Workload
 * @property {string} name
 * @property {'kernel' | 'train' | 'infer'} kind
 * @property {boolean} [images] whether it works on images, so that their memory layout is a choice
 * @property {string} [network] its name in `hebb.models`
 * @property {number} [checkedCalls] how often a check calls it; once unless given
 * @property {number} [flop] floating point operations of one call, where that is plain
 * @property {number} [bytes] what one call has to read and write at least
 * @property {Readonly<Record<string, Input>>} inputs
 * @property {(kit: Kit, inputs: Record<string, import('../../dist/index.js').Tensor>) => import('../../dist/index.js').Tensor[]} [run]
 * @property {(kit: Kit, inputs: Record<string, import('../../dist/index.js').Tensor>) => Prepared} [prepare]
 */

/** The workloads of a device. @returns {readonly Workload[]} */
export function workloadsOf(device) {
  const onGpu = !device.startsWith('cpu');
  return [...kernels(onGpu), ...training(onGpu), ...inference];
}

/** Workloads whose name contains one of the comma-separated parts; all of them when there is none. */
export function select(workloads, only) {
  const parts = only.split(',').filter(Boolean);
  return workloads.filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)));
}

/** A workload of the suite or of the sweeps; undefined where there is none of that name. */
export function workloadNamed(name, device) {
  const swept = sweeps.flatMap(({ points }) => points.map(({ workload }) => workload));
  return [...workloadsOf(device), ...swept].find((workload) => workload.name === name);
}
