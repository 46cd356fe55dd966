import { tensor } from '../create';
import { mark } from '../device';
import { HebbError, InputError } from '../errors';
import { cast } from '../ops/cast';
import { hostRandom } from '../random';
import type { Tensor } from '../tensor';
import { type ArrayDataset, checkDataset, type Dataset, imageSize } from './dataset';
import { permutation } from './shuffle';

/** Batches that the device may be behind the host: enough to keep it busy, few enough to keep memory small. */
const STEPS_IN_FLIGHT = 4;

/** A number of images with their labels, on the device. */
export interface Batch {
  /** Float32, [batch, ...imageShape]. */
  readonly images: Tensor;
  /** Int32, [batch]. */
  readonly labels: Tensor;
  /** Number of images. */
  readonly size: number;
  /** Frees both tensors. */
  dispose(): void;
  [Symbol.dispose](): void;
}

export interface LoaderOptions {
  /** Images a batch. Default 1. */
  batchSize?: number;
  /** Whether each epoch goes through the images in a new random order. Default false. */
  shuffle?: boolean;
  /** Whether a last batch of fewer images is left out. Default false. */
  dropLast?: boolean;
  /** The device to put the batches on. Default: the default device. */
  device?: string;
  /** Batches assembled before they are asked for. Default 2. */
  prefetch?: number;
  /**
   * Makes the order of epoch e depend on this number and e alone. Default: a number drawn each epoch from the generator
   * that `manualSeed` sets.
   */
  seed?: number;
  /**
   * Whether a batch is freed when the next one is asked for. Default false: batches live until they are disposed of or
   * collected as garbage.
   */
  autoDispose?: boolean;
}

/**
 * Batches of a dataset: every `for await` over the loader is one epoch.
 *
 * It never runs far ahead of the device: before it hands out a batch it waits, without blocking the event loop, until
 * the device has done what was enqueued some batches ago. Leaving the loop early frees what was assembled ahead.
 */
export class Loader implements AsyncIterable<Batch> {
  /** The number of the next epoch to begin; counts up by itself, and may be set to resume. */
  epoch = 0;
  /** The batch at which the next epoch begins, to resume in its middle; goes back to 0 by itself. */
  startBatch = 0;
  readonly dataset: Dataset;
  readonly batchSize: number;
  readonly #options: Required<Omit<LoaderOptions, 'device' | 'seed' | 'batchSize'>>;
  readonly #device: string | undefined;
  readonly #seed: number | undefined;

  constructor(dataset: Dataset, options: LoaderOptions = {}) {
    checkDataset(dataset);
    const { batchSize = 1, shuffle = false, dropLast = false, prefetch = 2, autoDispose = false, seed } = options;
    checkWhole('batchSize', batchSize, 1);
    checkWhole('prefetch', prefetch, 0);
    if (seed !== undefined) checkWhole('seed', seed, 0);
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.#options = { shuffle, dropLast, prefetch, autoDispose };
    this.#device = options.device;
    this.#seed = seed;
  }

  /** Number of batches of an epoch. */
  get length(): number {
    const batches = this.dataset.length / this.batchSize;
    return this.#options.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch, void, undefined> {
    const { prefetch, autoDispose } = this.#options;
    const order = this.#order();
    const last = this.length;
    let next = this.startBatch;
    this.startBatch = 0;
    this.epoch++;

    const ready: Batch[] = [];
    const marks: Promise<void>[] = [];
    let current: Batch | undefined;
    try {
      while (next < last || ready.length > 0) {
        while (next < last && ready.length < prefetch + 1) {
          const indices = this.#indices(order, next++);
          const batch = 'images' in this.dataset ? this.#gather(this.dataset, indices) : await this.#fetch(indices);
          ready.push(batch);
        }
        if (marks.length >= STEPS_IN_FLIGHT) await marks.shift();
        current = ready.shift() as Batch;
        yield current;
        if (autoDispose) current.dispose();
        current = undefined;
        const passed = mark(this.#device);
        // One that is never awaited, because the loop was left, must not count as an unhandled rejection.
        passed.catch(() => {});
        marks.push(passed);
      }
    } finally {
      if (autoDispose) current?.dispose();
      for (const batch of ready) batch.dispose();
    }
  }

  #order(): Uint32Array | undefined {
    if (!this.#options.shuffle) return undefined;
    const seed = this.#seed ?? Math.floor(hostRandom() * 2 ** 32);
    return permutation(this.dataset.length, seed, this.epoch);
  }

  #indices(order: Uint32Array | undefined, batch: number): Uint32Array {
    const from = batch * this.batchSize;
    const to = Math.min(from + this.batchSize, this.dataset.length);
    return order === undefined ? Uint32Array.from({ length: to - from }, (_, i) => from + i) : order.subarray(from, to);
  }

  #gather(dataset: ArrayDataset, indices: Uint32Array): Batch {
    const size = imageSize(dataset);
    const images = new (dataset.images instanceof Uint8Array ? Uint8Array : Float32Array)(indices.length * size);
    const labels = new Int32Array(indices.length);
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] as number;
      images.set(dataset.images.subarray(index * size, (index + 1) * size) as Uint8Array, i * size);
      labels[i] = dataset.labels[index] as number;
    }
    return this.#upload(images, labels);
  }

  async #fetch(indices: Uint32Array): Promise<Batch> {
    const dataset = this.dataset as Exclude<Dataset, ArrayDataset>;
    const size = imageSize(dataset);
    const items = await Promise.all(Array.from(indices, (index) => dataset.get(index)));
    const bytes = items[0]?.image instanceof Uint8Array;
    const images = new (bytes ? Uint8Array : Float32Array)(items.length * size);
    const labels = new Int32Array(items.length);
    for (const [i, item] of items.entries()) {
      const { image, label } = item;
      const typed = bytes ? image instanceof Uint8Array : image instanceof Float32Array;
      if (!typed || image.length !== size) {
        throw new InputError(
          `Expected ${size} values in a ${bytes ? 'Uint8Array' : 'Float32Array'} for image ${indices[i]} but received ${image?.length} in a ${image?.constructor?.name}`,
        );
      }
      if (!Number.isInteger(label) || label < 0 || label >= 2 ** 31) {
        throw new InputError(`Expected a class number for the label of image ${indices[i]} but received ${label}`);
      }
      images.set(image as Uint8Array, i * size);
      labels[i] = label;
    }
    return this.#upload(images, labels);
  }

  #upload(values: Uint8Array | Float32Array, classes: Int32Array): Batch {
    const size = classes.length;
    const shape = [size, ...this.dataset.imageShape];
    const options = this.#device === undefined ? {} : { device: this.#device };
    const images =
      values instanceof Uint8Array
        ? uploadBytes(values, shape, this.dataset.normalization, options)
        : tensor(values, shape, { ...options, dtype: 'float32' });
    const labels = tensor(classes, [size], { ...options, dtype: 'int32' });
    const dispose = (): void => {
      images.dispose();
      labels.dispose();
    };
    return { images, labels, size, dispose, [Symbol.dispose]: dispose };
  }
}

/** Batches of a dataset; see {@link Loader}. */
export function loader(dataset: Dataset, options: LoaderOptions = {}): Loader {
  return new Loader(dataset, options);
}

/** Bytes travel as bytes, a quarter of the floats, and become floats on the device. */
export function uploadBytes(
  bytes: Uint8Array,
  shape: number[],
  normalization: { mean: number; std: number } = { mean: 0, std: 1 },
  options: { device?: string } = {},
): Tensor {
  const { mean, std } = normalization;
  const raw = tensor(bytes, shape, { ...options, dtype: 'uint8' });
  try {
    return cast(raw, 'float32', { scale: 1 / (255 * std), shift: -mean / std });
  } finally {
    raw.dispose();
  }
}

function checkWhole(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new HebbError(`Expected a whole number of at least ${least} for ${name} but received ${value}`);
  }
}
