// Tensors: making, reading, lifetime.
import {
  arange,
  bernoulli,
  full,
  manualSeed,
  memory,
  ones,
  rand,
  randn,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from '../../lib';

describe('making tensors', () => {
  test('from nested arrays, numbers and typed arrays', async () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(x.shape).toEqual([2, 3]);
    expect(x.dtype).toBe('float32');
    expect(x.device).toBe('cpu');
    expect(x.size).toBe(6);
    expect(await x.data()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(await tensor(7).item()).toBe(7);
    expect(tensor(7).shape).toEqual([]);
    expect(tensor(Int32Array.of(1, -2)).dtype).toBe('int32');
    expect(await tensor(Uint8Array.of(1, 2, 3, 4), [2, 2]).data()).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(tensor([1, 2], undefined, { dtype: 'int32' }).dtype).toBe('int32');
    expect(tensor([[1], [2]], { requiresGrad: true })).toMatchObject({ shape: [2, 1], requiresGrad: true });
    expect(tensor([1, 2, 3, 4], [2, 2]).shape).toEqual([2, 2]);
  });

  test('a typed array is copied', () => {
    const values = Float32Array.of(1, 2);
    const x = tensor(values);
    values[0] = 9;
    expect(x.dataSync()).toEqual(Float32Array.of(1, 2));
  });

  test('filled and counted', () => {
    expect(zeros([2, 2]).dataSync()).toEqual(new Float32Array(4));
    expect(ones([3], { dtype: 'int32' }).dataSync()).toEqual(Int32Array.of(1, 1, 1));
    expect(full([2], 2.5).dataSync()).toEqual(Float32Array.of(2.5, 2.5));
    expect(arange(4).dataSync()).toEqual(Float32Array.of(0, 1, 2, 3));
    expect(arange(5, 0, -2).dataSync()).toEqual(Float32Array.of(5, 3, 1));
    expect(zeros([0, 3]).dataSync()).toEqual(new Float32Array(0));
  });

  test.each<[string, () => unknown, RegExp]>([
    ['ragged nesting', () => tensor([[1, 2], [3]]), /Expected 2 items at depth 1 but received 1/],
    ['mixed nesting', () => tensor([1, [2]] as never), /Expected a number at depth 1/],
    ['a string', () => tensor('x' as never), /Expected a number at depth 0 but received string/],
    ['Float64Array', () => tensor(new Float64Array(2) as never), /received a Float64Array/],
    ['another size', () => tensor(new Float32Array(3), [2, 2]), /create: values: expected 4 values, got 3/],
    ['a negative extent', () => zeros([-1]), /allocate: shape: expected extents of 0 or more, got \[-1\]/],
    ['too large a shape', () => zeros([2 ** 40, 2 ** 40]), /allocate: shape: expected fewer elements/],
    ['more than the memory', () => zeros([2 ** 42]), /allocate: out of memory/],
    ['nine dimensions', () => zeros([1, 1, 1, 1, 1, 1, 1, 1, 1]), /allocate: shape: expected at most 8 items, got 9/],
    [
      'an unknown dtype',
      () => zeros([1], { dtype: 'float16' as never }),
      /Expected a dtype \(float32, int32, uint8\) but received 'float16'/,
    ],
    ['an unknown device', () => zeros([1], { device: 'tpu' }), /Expected a device \(cpu.*\) but received 'tpu'/],
  ])('%s is refused', (_, make, message) => {
    expect(make).toThrow(message);
  });
});

describe('random numbers', () => {
  test('the same seed gives the same bits, another seed others', () => {
    const draw = (seed: number) => {
      manualSeed(seed);
      return [randn([1001]), rand([77])].map((x) => x.dataSync());
    };
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)[0]).not.toEqual(draw(6)[0]);
  });

  test('moments are those of the distributions', () => {
    manualSeed(1);
    const n = 100_000;
    const moments = (values: ArrayLike<number>) => {
      const list = Array.from(values);
      const mean = list.reduce((sum, value) => sum + value, 0) / n;
      return [mean, list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n] as const;
    };
    const sigmas = 5; // a correct generator fails once in two million
    const check = (x: Tensor, mean: number, variance: number, varianceOfSquares: number) => {
      const [gotMean, gotVariance] = moments(x.dataSync());
      expect(Math.abs(gotMean - mean)).toBeLessThan(sigmas * Math.sqrt(variance / n));
      expect(Math.abs(gotVariance - variance)).toBeLessThan(sigmas * Math.sqrt(varianceOfSquares / n));
    };
    check(randn([n]), 0, 1, 2);
    check(rand([n]), 0.5, 1 / 12, 1 / 180);
    check(bernoulli([n], 0.3), 0.3, 0.21, 0.21 * (1 - 4 * 0.21));
  });
});

describe('lifetime', () => {
  test('dispose gives memory back, and a disposed tensor says so', async () => {
    const before = memory().used;
    const x = zeros([1000]);
    expect(memory().used).toBeGreaterThan(before);
    x.dispose();
    x.dispose();
    expect(memory().used).toBe(before);
    expect(() => x.add(1)).toThrow('affine: x: expected a tensor, got a disposed tensor');
    await expect(x.data()).rejects.toThrow('read: tensor: expected a tensor, got a disposed tensor');
  });

  test('reshape shares memory, which stays until both are gone', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const y = x.reshape([4]);
    x.dispose();
    expect(y.dataSync()).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  test('using', () => {
    const before = memory().used;
    {
      using x = zeros([1000]);
      expect(x.disposed).toBe(false);
    }
    expect(memory().used).toBe(before);
  });

  test('tidy frees all but what it returns', () => {
    const before = memory().used;
    const kept = tidy(() => {
      const x = zeros([1000]);
      const y = x.add(1);
      return { list: [y.mul(2)], note: 'plain values pass' };
    });
    expect((kept.list[0] as Tensor).dataSync()[0]).toBe(2);
    (kept.list[0] as Tensor).dispose();
    expect(memory().used).toBe(before);
  });

  test('tidy frees what was made before an error', () => {
    const before = memory().used;
    expect(() =>
      tidy(() => {
        zeros([1000]);
        throw new Error('in the middle');
      }),
    ).toThrow('in the middle');
    expect(memory().used).toBe(before);
  });

  test('tidy refuses an async function', () => {
    expect(() => tidy(async () => 1)).toThrow('Expected a synchronous function but received an async one');
  });
});

describe('failures that come later', () => {
  test('reject the next read, once', async () => {
    const table = zeros([3, 2]);
    const rows = tensor(Int32Array.of(0, 5));
    const y = table.gatherRows(rows);
    await expect(y.data()).rejects.toThrow(/gather_rows: /);
    expect(await tensor(1).item()).toBe(1);
  });
});
