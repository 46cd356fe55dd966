// Devices with a memory of their own: reading and writing, memory, failures, programs, generators, precision.
import {
  bernoulli,
  compile,
  copyInto,
  getDeterministic,
  getPrecision,
  manualSeed,
  memory,
  nn,
  normal,
  ones,
  ops,
  optim,
  type Precision,
  rand,
  resetPeakMemory,
  setDeterministic,
  setMemoryLimit,
  setPrecision,
  synchronize,
  type Tensor,
  tensor,
  trimMemory,
  zeros,
} from '../../lib';
import { expectClose } from '../harness/compare';
import { describeOnAccelerators } from '../harness/devices';
import { usedMemory } from '../harness/garbage';
import { floats } from '../harness/values';

const MEBIBYTE = 2 ** 20;

describeOnAccelerators(1, 'an accelerator', ([name]) => {
  const device = name as string;
  const on = { device };

  describe('reads and writes', () => {
    test.each([1, 100, 70_000, 300_000])('%d values there and back', async (size) => {
      const values = floats(size, 3);
      const x = tensor(values, on);
      expect(x.device).toBe(device);
      expect(x.dataSync()).toEqual(values);
      expect(await x.data()).toEqual(values);
    });

    test('the other element types, and none', async () => {
      expect(tensor(Int32Array.of(1, -2), on).dataSync()).toEqual(Int32Array.of(1, -2));
      expect(await tensor(Uint8Array.of(1, 255), on).data()).toEqual(Uint8Array.of(1, 255));
      expect(zeros([0, 3], on).dataSync()).toEqual(new Float32Array(0));
      expect(await zeros([0, 3], on).data()).toEqual(new Float32Array(0));
    });

    test('a typed array is copied at once', () => {
      const values = Float32Array.of(1, 2);
      const x = tensor(values, on);
      values[0] = 9;
      expect(x.dataSync()).toEqual(Float32Array.of(1, 2));
    });

    test('writing into the middle', () => {
      const x = zeros([4], on);
      copyInto(x, Float32Array.of(5, 6), 1);
      expect(x.dataSync()).toEqual(Float32Array.of(0, 5, 6, 0));
    });

    test('reads see the moment they were asked at, in order', async () => {
      const x = zeros([1], on);
      const reads = Array.from({ length: 50 }, (_, index) => {
        copyInto(x, Float32Array.of(index));
        return x.item();
      });
      expect(await Promise.all(reads)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    });

    test('more commands than the queue holds', async () => {
      let x = zeros([2], on);
      for (let index = 0; index < 3000; index++) {
        const next = x.add(1);
        x.dispose();
        x = next;
      }
      await synchronize(device);
      expect(await x.data()).toEqual(Float32Array.of(3000, 3000));
    });

    test("'cuda' is the first one, and an unknown number is refused", () => {
      expect(zeros([1], { device: device.replace(':0', '') }).device).toBe(device);
      expect(() => zeros([1], { device: 'cuda:77' })).toThrow(
        /Expected a device \(cpu, cuda:0.*\) but received 'cuda:77'/,
      );
    });

    test('tensors of two devices in one operation are refused', () => {
      expect(() => zeros([1], on).add(zeros([1]))).toThrow(`add: b: expected a tensor on ${device}, got one on cpu`);
    });
  });

  describe('memory', () => {
    let limit: number;
    beforeAll(() => {
      limit = memory(device).limit;
    });
    afterEach(() => setMemoryLimit(limit, device));

    test('is counted, cached and given back', () => {
      trimMemory(device);
      const before = memory(device);
      const x = zeros([MEBIBYTE], on);
      expect(memory(device).used - before.used).toBe(4 * MEBIBYTE);
      x.dispose();
      expect(memory(device).used).toBe(before.used);
      expect(memory(device).reserved - before.reserved).toBe(4 * MEBIBYTE);
      expect(memory(device).peak).toBeGreaterThanOrEqual(before.used + 4 * MEBIBYTE);
      resetPeakMemory(device);
      expect(memory(device).peak).toBe(before.used);
      trimMemory(device);
      expect(memory(device).reserved).toBeLessThanOrEqual(before.reserved);
    });

    test('beyond the limit is an error that leaves all usable', async () => {
      trimMemory(device);
      setMemoryLimit(memory(device).reserved + 16 * MEBIBYTE, device);
      const held = zeros([MEBIBYTE], on);
      expect(() => zeros([4 * MEBIBYTE], on)).toThrow(/allocate: out of memory: 16777216 bytes asked for, \d+ in use/);
      expect(await held.add(1).slice([0], [2]).data()).toEqual(Float32Array.of(1, 1));
      held.dispose();
      setMemoryLimit(limit, device);
      expect(zeros([4 * MEBIBYTE], on).shape).toEqual([4 * MEBIBYTE]);
    });

    test('more than the device has is refused too', () => {
      expect(() => zeros([2 ** 42], on)).toThrow(/allocate: out of memory/);
    });

    // The gradient of a maximum works in 4 MiB beside its result.
    const maxima = () => {
      const x = ones([MEBIBYTE, 2], { ...on, requiresGrad: true });
      return { x, y: x.max(1).sum() };
    };

    test('what an operation works in counts too: beyond the limit its result is an error', async () => {
      const { x, y } = maxima();
      trimMemory(device);
      setMemoryLimit(memory(device).reserved + 13 * MEBIBYTE, device); // 8 for the gradient, 4 for that of the maxima
      y.backward();
      await expect((x.grad as Tensor).slice([0, 0], [1, 2]).data()).rejects.toThrow(
        /reduce_extremum_backward: out of memory: \d+ bytes of scratch memory/,
      );
      setMemoryLimit(limit, device);
      const again = maxima();
      again.y.backward();
      expect(await (again.x.grad as Tensor).slice([0, 0], [1, 2]).data()).toEqual(Float32Array.of(0.5, 0.5));
    });

    test('it takes the place of blocks that are cached', async () => {
      const { x, y } = maxima();
      zeros([64 * MEBIBYTE], on).dispose();
      await synchronize(device);
      setMemoryLimit(memory(device).reserved, device);
      y.backward();
      expect(await (x.grad as Tensor).slice([0, 0], [1, 2]).data()).toEqual(Float32Array.of(0.5, 0.5));
      expect(memory(device).reserved).toBeLessThan(memory(device).limit);
    });

    test('a limit is a number of bytes', () => {
      expect(() => setMemoryLimit(-1, device)).toThrow('setMemoryLimit: bytes: expected an integer of 0 or more');
      expect(() => setMemoryLimit(0.5, device)).toThrow('setMemoryLimit: bytes: expected an integer');
    });
  });

  describe('failures that only the device sees', () => {
    test('a row out of range rejects the next read, once', async () => {
      const y = zeros([3, 2], on).gatherRows(tensor(Int32Array.of(0, 5), on));
      await expect(y.data()).rejects.toThrow(/gather_rows: rows\[1\]: expected a row of the table's 3, got 5/);
      expect(await tensor(1, on).item()).toBe(1);
    });

    test('a label out of range throws at a synchronous read, and rejects synchronize()', async () => {
      const logits = zeros([2, 3], on);
      const loss = () => nn.functional.crossEntropy(logits, tensor(Int32Array.of(0, 3), on));
      expect(() => loss().dataSync()).toThrow(
        /softmax_cross_entropy: labels: expected classes from 0 to 2, got 3 at 1/,
      );
      loss();
      await expect(synchronize(device)).rejects.toThrow(/softmax_cross_entropy: /);
      expect(logits.dataSync()).toEqual(new Float32Array(6));
    });

    test('in a compiled function, at each of its replays', async () => {
      const f = compile((logits: Tensor, labels: Tensor) => nn.functional.crossEntropy(logits, labels));
      for (let call = 0; call < 4; call++) {
        await expect(f(zeros([2, 3], on), tensor(Int32Array.of(0, 7), on)).item()).rejects.toThrow(/got 7 at 1/);
        expect(await f(zeros([2, 3], on), tensor(Int32Array.of(0, 1), on)).item()).toBeCloseTo(Math.log(3), 5);
      }
    });
  });

  // The first replay runs command by command, the second is captured, later ones are launched.
  describe('compiled functions', () => {
    const trainer = () => {
      manualSeed(3);
      const model = new nn.Sequential(
        new nn.Linear(6, 16),
        new nn.ReLU(),
        new nn.Dropout(0.3),
        new nn.Linear(16, 4),
      ).to(device);
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 1e-3 });
      const step = (x: Tensor, labels: Tensor) => {
        optimizer.zeroGrad();
        const loss = nn.functional.crossEntropy(model.forward(x), labels);
        loss.backward();
        optimizer.step();
        return loss;
      };
      return { model, optimizer, step };
    };
    const labels = (n: number) =>
      tensor(
        Int32Array.from({ length: n }, (_, index) => index % 4),
        on,
      );
    const losses = async (step: (x: Tensor, labels: Tensor) => Tensor, optimizer: optim.SGD) => {
      const results: number[] = [];
      for (const [index, size] of [8, 8, 5, 8, 5, 8, 5, 8].entries()) {
        optimizer.lr = 0.1 / (index + 1);
        results.push(await step(tensor(floats(size * 6, index), [size, 6], on), labels(size)).item());
      }
      return results;
    };

    test('give the same bits as eager ones, with dropout, two shapes and a changing rate', async () => {
      const eager = trainer();
      const compiled = trainer();
      manualSeed(5);
      const want = await losses(eager.step, eager.optimizer);
      manualSeed(5);
      const step = compile(compiled.step);
      expect(await losses(step, compiled.optimizer)).toEqual(want);
      const bits = (model: nn.Module) => model.parameters().map((parameter) => parameter.dataSync());
      expect(bits(compiled.model)).toEqual(bits(eager.model));
      expect(step.programs()).toHaveLength(2);
      step.dispose();
      await synchronize(device);
    });

    test('draw fresh numbers at each replay', () => {
      const x = zeros([64], on).add(1);
      manualSeed(9);
      const want = Array.from({ length: 5 }, () => ops.dropout(x).dataSync());
      const f = compile((input: Tensor) => ops.dropout(input));
      manualSeed(9);
      const got = Array.from({ length: 5 }, () => f(x).dataSync());
      expect(got).toEqual(want);
      expect(new Set(got.map(String)).size).toBe(5);
    });

    test('leave earlier outputs alone, and return inputs, parameters and one tensor twice', () => {
      const w = tensor([7], on);
      const f = compile((x: Tensor) => {
        const y = x.add(1);
        return [x, y, y, w];
      });
      const outputs = [1, 2, 3, 4].map((value) => f(tensor([value], on)));
      outputs.forEach((list, index) => {
        expect(list.map((output) => output.dataSync()[0])).toEqual([index + 1, index + 2, index + 2, 7]);
      });
    });

    test('hold the constants that are made in them', () => {
      const f = compile((x: Tensor) => {
        const made = tensor([1, 2, 3], on);
        copyInto(made, Float32Array.of(20), 1);
        return x.add(made);
      });
      for (let call = 0; call < 4; call++) {
        expect(f(zeros([3], on).add(call)).dataSync()).toEqual(Float32Array.of(1 + call, 20 + call, 3 + call));
      }
    });

    test('write to their inputs', () => {
      const f = compile((x: Tensor) => ops.assign(x, x.mul(2)));
      const x = tensor([1, 3], on);
      for (let call = 1; call <= 4; call++) {
        f(x);
        expect(x.dataSync()).toEqual(Float32Array.of(2 ** call, 3 * 2 ** call));
      }
    });

    test('leave gradients', () => {
      const w = tensor([1, 2], { ...on, requiresGrad: true });
      const f = compile((x: Tensor) => {
        w.mul(x).sum().backward();
      });
      for (let call = 1; call <= 4; call++) {
        f(tensor([1, 10], on));
        expect(w.grad?.dataSync()).toEqual(Float32Array.of(call, 10 * call));
      }
    });

    test('give their memory back', async () => {
      const f = compile((x: Tensor) => x.add(1).mul(2));
      const x = zeros([1000], on);
      const before = await usedMemory(device);
      for (let call = 0; call < 4; call++) f(x).dispose();
      expect(memory(device).used).toBeGreaterThan(before);
      f.dispose();
      expect(await usedMemory(device)).toBe(before);
    });
  });

  describe('random numbers', () => {
    test('the same seed gives the same bits as on the processor', () => {
      const draw = (place: string) => {
        manualSeed(11);
        const options = { device: place };
        const x = zeros([1000], options).add(1);
        return [rand([1001], options), bernoulli([77], 0.3, options), ops.dropout(x, 0.4)].map((y) => y.dataSync());
      };
      expect(draw(device)).toEqual(draw('cpu'));
      expect(draw(device)).toEqual(draw(device));
    });

    test('normal ones too, but for the rounding of logarithms and cosines', () => {
      const draw = (place: string) => {
        manualSeed(12);
        return normal([1001], 0, 1, { device: place }).dataSync();
      };
      expectClose(draw(device), draw('cpu'), 32);
    });
  });
});

describe('precision and determinism', () => {
  const x = tensor(floats(64 * 64, 1), [64, 64]);
  afterEach(() => {
    setPrecision('float32');
    setDeterministic(true);
  });

  test('the processor computes in float32, repeatably, whatever they say', () => {
    const want = x.matmul(x).dataSync();
    for (const precision of ['tf32', 'bfloat16', 'float32'] as const) {
      setPrecision(precision);
      expect(getPrecision()).toBe(precision);
      for (const deterministic of [false, true]) {
        setDeterministic(deterministic);
        expect(getDeterministic()).toBe(deterministic);
        expect(x.matmul(x).dataSync()).toEqual(want);
      }
    }
  });

  test('compiled functions record anew, and find their recordings again', () => {
    const square = compile((input: Tensor) => input.matmul(input));
    const precisions: Precision[] = ['float32', 'tf32', 'float32', 'tf32'];
    const counts = precisions.map((precision) => {
      setPrecision(precision);
      square(x);
      return square.programs().length;
    });
    expect(counts).toEqual([1, 2, 2, 2]);
    setDeterministic(false);
    square(x);
    expect(square.programs()).toHaveLength(3);
  });

  test('are not switched in a compiled function, nor by what they do not know', () => {
    const within = (change: () => void) =>
      compile((input: Tensor) => {
        change();
        return input.add(1);
      });
    expect(() => within(() => setPrecision('tf32'))(x)).toThrow('setPrecision: expected no recording in progress');
    expect(() => within(() => setDeterministic(false))(x)).toThrow('setDeterministic: expected no recording');
    expect(() => setPrecision('float16' as never)).toThrow(
      "Expected a precision (float32, tf32, bfloat16) but received 'float16'",
    );
    expect(() => setDeterministic(1 as never)).toThrow('expected a boolean');
  });
});

test('memory limits are for the processor too', () => {
  trimMemory('cpu');
  const { limit, reserved } = memory('cpu');
  setMemoryLimit(reserved + MEBIBYTE, 'cpu');
  try {
    expect(() => zeros([MEBIBYTE])).toThrow(/allocate: out of memory: 4194304 bytes asked for/);
  } finally {
    setMemoryLimit(limit, 'cpu');
  }
  expect(zeros([MEBIBYTE]).size).toBe(MEBIBYTE);
});
