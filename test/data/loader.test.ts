import { type ArrayDataset, type Batch, type ItemDataset, loader } from '../../lib/data';
import { manualSeed } from '../../lib/index';
import { usedMemory } from '../harness/garbage';

/** Images of one row whose first value is their index; labels are the index, too. */
function numbered(length: number): ArrayDataset {
  const images = new Uint8Array(length * 6);
  const labels = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    images.fill(i, i * 6, (i + 1) * 6);
    labels[i] = i;
  }
  return { length, imageShape: [1, 3, 2], images, labels, normalization: { mean: 0.5, std: 0.25 } };
}

async function epoch(batches: AsyncIterable<Batch>): Promise<number[][]> {
  const seen: number[][] = [];
  for await (const { images, labels, size } of batches) {
    const [values, classes] = await Promise.all([images.data(), labels.data()]);
    expect(images.shape).toEqual([size, 1, 3, 2]);
    expect([images.dtype, labels.dtype]).toEqual(['float32', 'int32']);
    for (let i = 0; i < size; i++) {
      const expected = ((classes[i] as number) / 255 - 0.5) / 0.25;
      expect(values[i * 6]).toBeCloseTo(expected, 5);
      expect(values[i * 6 + 5]).toBe(values[i * 6]);
    }
    seen.push([...classes]);
  }
  return seen;
}

test('batches in order, the last one short', async () => {
  const batches = loader(numbered(10), { batchSize: 4 });
  expect(batches.length).toBe(3);
  expect(await epoch(batches)).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ]);
  expect(await epoch(batches)).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ]);
});

test('dropLast, a batch larger than the dataset, and no images', async () => {
  expect(await epoch(loader(numbered(10), { batchSize: 4, dropLast: true }))).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
  ]);
  expect(await epoch(loader(numbered(3), { batchSize: 100 }))).toEqual([[0, 1, 2]]);
  expect(await epoch(loader(numbered(3), { batchSize: 100, dropLast: true }))).toEqual([]);
  expect(loader(numbered(0)).length).toBe(0);
  expect(await epoch(loader(numbered(0)))).toEqual([]);
});

test.each([0, 1, 2, 50])('prefetching %i batches changes nothing', async (prefetch) => {
  expect((await epoch(loader(numbered(23), { batchSize: 2, prefetch }))).flat()).toEqual(
    Array.from({ length: 23 }, (_, i) => i),
  );
});

describe('shuffling', () => {
  const sorted = (seen: number[][]): number[] => seen.flat().sort((a, b) => a - b);

  test('takes each image once, in another order each epoch, the same for the same seed', async () => {
    const make = () => loader(numbered(50), { batchSize: 8, shuffle: true, seed: 3 });
    const one = make();
    const epochs = [await epoch(one), await epoch(one), await epoch(one)];
    for (const seen of epochs) expect(sorted(seen)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(new Set(epochs.map(String)).size).toBe(3);
    const two = make();
    expect([await epoch(two), await epoch(two), await epoch(two)]).toEqual(epochs);
  });

  test('epoch and startBatch resume an epoch in its middle', async () => {
    const one = loader(numbered(50), { batchSize: 8, shuffle: true, seed: 3 });
    await epoch(one);
    const second = await epoch(one);
    const two = loader(numbered(50), { batchSize: 8, shuffle: true, seed: 3 });
    two.epoch = 1;
    two.startBatch = 4;
    expect(await epoch(two)).toEqual(second.slice(4));
    expect(await epoch(two)).toEqual(await epoch(one));
  });

  test('without a seed of its own it follows manualSeed', async () => {
    const run = async (seed: number): Promise<number[][][]> => {
      manualSeed(seed);
      const batches = loader(numbered(30), { batchSize: 30, shuffle: true });
      return [await epoch(batches), await epoch(batches)];
    };
    const first = await run(1);
    expect(await run(1)).toEqual(first);
    expect(await run(2)).not.toEqual(first);
    expect(first[0]).not.toEqual(first[1]);
  });
});

describe('datasets of single items', () => {
  const items = (over: Partial<ItemDataset> = {}): ItemDataset => ({
    length: 5,
    imageShape: [2, 1, 1],
    get: (index) => ({ image: Float32Array.of(index, index / 2), label: index }),
    ...over,
  });

  test('floats are used as they are', async () => {
    const seen: number[] = [];
    for await (const { images } of loader(items(), { batchSize: 2 })) seen.push(...(await images.data()));
    expect(seen).toEqual([0, 0, 1, 0.5, 2, 1, 3, 1.5, 4, 2]);
  });

  test('bytes are normalised, and items may come late', async () => {
    const dataset = items({
      get: async (index) => {
        await new Promise((resolve) => setTimeout(resolve, 5 - index));
        return { image: Uint8Array.of(index, 255), label: index };
      },
    });
    for await (const { images, labels } of loader(dataset, { batchSize: 5 })) {
      expect([...(await labels.data())]).toEqual([0, 1, 2, 3, 4]);
      expect((await images.data())[9]).toBeCloseTo(1, 6);
    }
  });

  const bad: [string, Partial<ItemDataset>, RegExp][] = [
    [
      'a wrong size',
      { get: (i) => ({ image: new Float32Array(3), label: i }) },
      /2 values in a Float32Array for image 0 but received 3/,
    ],
    [
      'mixed types',
      { get: (i) => ({ image: i ? new Uint8Array(2) : new Float32Array(2), label: 0 }) },
      /for image 1 .*Uint8Array/,
    ],
    [
      'a label that is no class',
      { get: () => ({ image: new Float32Array(2), label: 0.5 }) },
      /label of image 0 but received 0.5/,
    ],
    ['its own error', { get: () => Promise.reject(new Error('disk on fire')) }, /disk on fire/],
  ];
  test.each(bad)('%s', async (_, over, message) => {
    await expect(epoch(loader(items(over), { batchSize: 2 }))).rejects.toThrow(message);
  });
});

describe('memory', () => {
  test('autoDispose frees each batch, and leaving early frees what was assembled ahead', async () => {
    const before = await usedMemory();
    const batches = loader(numbered(200), { batchSize: 2, prefetch: 8, autoDispose: true });
    for await (const { images } of batches) expect(images.disposed).toBe(false);
    expect(await usedMemory()).toBe(before);
    let left: Batch | undefined;
    for await (const batch of batches) {
      left = batch;
      break;
    }
    expect(left?.images.disposed).toBe(true);
    expect(await usedMemory()).toBe(before);
    await expect(
      (async () => {
        for await (const _ of batches) throw new Error('from the loop');
      })(),
    ).rejects.toThrow('from the loop');
    expect(await usedMemory()).toBe(before);
  });

  test('otherwise a batch lives until it is disposed of', async () => {
    const before = await usedMemory();
    const kept: Batch[] = [];
    for await (const batch of loader(numbered(6), { batchSize: 2 })) kept.push(batch);
    expect([...((await kept[0]?.labels.data()) ?? [])]).toEqual([0, 1]);
    for (const batch of kept) batch[Symbol.dispose]();
    expect(await usedMemory()).toBe(before);
  });
});

test('the event loop turns while batches are taken as fast as they come', async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  for await (const { images } of loader(numbered(4000), { batchSize: 4, autoDispose: true })) void images;
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
});

describe('wrong use', () => {
  const good = numbered(4);
  const bad: [string, () => unknown, RegExp][] = [
    ['a batch size of 0', () => loader(good, { batchSize: 0 }), /at least 1 for batchSize but received 0/],
    ['half a batch', () => loader(good, { batchSize: 1.5 }), /batchSize but received 1.5/],
    ['prefetch below 0', () => loader(good, { prefetch: -1 }), /at least 0 for prefetch/],
    ['a seed below 0', () => loader(good, { seed: -1 }), /at least 0 for seed/],
    ['no dataset', () => loader(null as unknown as ArrayDataset), /dataset for data but received null/],
    ['a dataset without content', () => loader({ length: 1, imageShape: [1] } as unknown as ItemDataset), /neither/],
    ['too few images', () => loader({ ...good, length: 5 }), /5 images of \[1, 3, 2\], 30 values, .*received 24/],
    ['too few labels', () => loader({ ...good, labels: new Int32Array(3) }), /4 labels/],
    [
      'labels of bytes',
      () => loader({ ...good, labels: new Uint8Array(4) as unknown as Int32Array }),
      /Int32Array for dataset.labels/,
    ],
    ['a wrong shape', () => loader({ ...good, imageShape: [0] }), /positive whole numbers for dataset.imageShape/],
    ['a negative length', () => loader({ ...good, length: -1 }), /whole number of images/],
  ];
  test.each(bad)('%s', (_, call, message) => expect(call).toThrow(message));
});
