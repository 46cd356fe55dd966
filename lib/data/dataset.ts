import { InputError } from '../errors';

/** Values stored as bytes are fed to networks as `(byte / 255 - mean) / std`. */
export interface Normalization {
  readonly mean: number;
  readonly std: number;
}

/** Labelled images held in memory, one after the other, each of `imageShape` (height, width, channels). */
export interface ArrayDataset {
  /** Number of images. */
  readonly length: number;
  readonly imageShape: readonly number[];
  /** `length` times the product of `imageShape` values. Bytes are normalised on the device, floats are used as they are. */
  readonly images: Uint8Array | Float32Array;
  /** One class number per image. */
  readonly labels: Int32Array;
  /** Number of classes, where it is known. */
  readonly classes?: number;
  /** Applies to images of bytes. Default: mean 0, standard deviation 1, which gives values from 0 to 1. */
  readonly normalization?: Normalization;
}

/** Labelled images made or fetched one at a time. */
export interface ItemDataset {
  readonly length: number;
  readonly imageShape: readonly number[];
  readonly classes?: number;
  readonly normalization?: Normalization;
  get(index: number): DatasetItem | Promise<DatasetItem>;
}

/** One image, flattened, with its class number. */
export interface DatasetItem {
  readonly image: Uint8Array | Float32Array;
  readonly label: number;
}

export type Dataset = ArrayDataset | ItemDataset;

/** Number of values of one image. */
export function imageSize(dataset: Dataset): number {
  return dataset.imageShape.reduce((product, n) => product * n, 1);
}

/** Checks what a dataset says about itself. @throws InputError */
export function checkDataset(dataset: Dataset): void {
  if (dataset === null || typeof dataset !== 'object') {
    throw new InputError(`Expected a dataset for data but received ${dataset === null ? 'null' : typeof dataset}`);
  }
  const { length, imageShape } = dataset;
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new InputError(`Expected a whole number of images for dataset.length but received ${length}`);
  }
  if (!Array.isArray(imageShape) || !imageShape.every((n) => Number.isSafeInteger(n) && n > 0)) {
    throw new InputError(`Expected positive whole numbers for dataset.imageShape but received [${String(imageShape)}]`);
  }
  if (!('images' in dataset)) {
    if (typeof dataset.get !== 'function') {
      throw new InputError(
        'Expected a dataset with images and labels, or with get(index), for data but received neither',
      );
    }
    return;
  }
  const { images, labels } = dataset;
  if (!(images instanceof Uint8Array || images instanceof Float32Array)) {
    throw new InputError('Expected a Uint8Array or a Float32Array for dataset.images but received another type');
  }
  if (!(labels instanceof Int32Array)) {
    throw new InputError('Expected an Int32Array for dataset.labels but received another type');
  }
  if (images.length !== length * imageSize(dataset)) {
    throw new InputError(
      `Expected ${length} images of [${imageShape.join(', ')}], ${length * imageSize(dataset)} values, for dataset.images but received ${images.length}`,
    );
  }
  if (labels.length !== length) {
    throw new InputError(`Expected ${length} labels for dataset.labels but received ${labels.length}`);
  }
}

/** The first `count` images of a dataset (all of them where it has fewer), without copying. */
export function take<T extends ArrayDataset>(dataset: T, count: number): T {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new InputError(`Expected a whole number for count but received ${count}`);
  }
  const length = Math.min(count, dataset.length);
  const images = dataset.images.subarray(0, length * imageSize(dataset));
  return { ...dataset, length, images, labels: dataset.labels.subarray(0, length) };
}
