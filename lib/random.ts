// Random numbers: one generator per device, its state in the device's memory, so that replays draw afresh.

import { run } from './kernel';
import { native } from './native';
import { outsideRecording } from './recorder';
import { keep } from './scope';
import { copyInto, empty, resolveDevice, type Shape, Tensor, type TensorOptions } from './tensor';

const WORDS = 4; // key low, key high, counter low, counter high
const DEFAULT_SEED = 0;

let seed = DEFAULT_SEED;
const generators = new Map<number, Tensor>();
let hostState = hostSeed(DEFAULT_SEED);

function stateOf(value: number): Int32Array {
  return Int32Array.of(value | 0, Math.floor(value / 2 ** 32) | 0, 0, 0);
}

/** Starts all generators anew. The same seed gives the same numbers on every run. Without it the seed is 0. */
export function manualSeed(value: number): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`Expected a non-negative integer seed but received ${value}`);
  seed = value;
  hostState = hostSeed(value);
  for (const state of generators.values()) copyInto(state, stateOf(value));
}

/** The state that random kernels on a device read and advance. */
export function generator(device: number): Tensor {
  let state = generators.get(device);
  if (!state) {
    state = outsideRecording(() => {
      const handle = native.create(device, 1, [WORDS], stateOf(seed));
      return keep(new Tensor(handle, [WORDS], 'int32', device));
    });
    generators.set(device, state);
  }
  return state;
}

function hostSeed(value: number): bigint {
  return BigInt(value);
}

/** Uniform in [0, 1) from the host's seeded generator (SplitMix64, Steele et al. 2014): for shuffling, not for tensors. */
export function hostRandom(): number {
  hostState = BigInt.asUintN(64, hostState + 0x9e3779b97f4a7c15n);
  let word = hostState;
  word = BigInt.asUintN(64, (word ^ (word >> 30n)) * 0xbf58476d1ce4e5b9n);
  word = BigInt.asUintN(64, (word ^ (word >> 27n)) * 0x94d049bb133111ebn);
  word ^= word >> 31n;
  return Number(word >> 11n) / 2 ** 53;
}

function drawn(kernel: string, shape: Shape, options: TensorOptions | undefined, ...parameters: number[]): Tensor {
  const device = resolveDevice(options);
  const y = empty(shape, 'float32', device);
  run(kernel, y, generator(device), ...parameters);
  y.requiresGrad = options?.requiresGrad ?? false;
  return y;
}

/** Uniform in [0, 1). */
export function rand(shape: Shape, options?: TensorOptions): Tensor {
  return uniform(shape, 0, 1, options);
}

/** Uniform in [low, high). */
export function uniform(shape: Shape, low: number, high: number, options?: TensorOptions): Tensor {
  return drawn('random_uniform', shape, options, low, high);
}

/** Normal with mean 0 and variance 1. */
export function randn(shape: Shape, options?: TensorOptions): Tensor {
  return normal(shape, 0, 1, options);
}

/** Normal with the given mean and standard deviation. */
export function normal(shape: Shape, mean: number, deviation: number, options?: TensorOptions): Tensor {
  return drawn('random_normal', shape, options, mean, deviation);
}

/** 1 with the given probability, else 0. */
export function bernoulli(shape: Shape, probability: number, options?: TensorOptions): Tensor {
  return drawn('random_bernoulli', shape, options, probability);
}
