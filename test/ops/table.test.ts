// Every op on every device against the reference kernels, and its gradient against finite differences.
import { compile, ops, type Precision, setPrecision, setThreads, type Tensor, tensor } from '../../lib';
import { expectClose } from '../harness/compare';
import { accelerators, reference, testDevices } from '../harness/devices';
import { checkGradients, gradients, type Input, outputWeights } from '../harness/gradcheck';
import { floats, integers, positives } from '../harness/values';
import { type Case, cases } from './cases';

const FIRST_SEED = 11;

function inputsOf({ shapes, domain }: Case, make: (size: number, seed: number) => Float32Array): Input[] {
  return shapes.map((shape, index) => {
    const values = make(
      shape.reduce((size, extent) => size * extent, 1),
      FIRST_SEED + index,
    );
    return { shape, values: domain === 'positive' ? values.map((value) => Math.abs(value) || 1) : values };
  });
}

const makers = {
  positive: positives,
  // Eighths, the second input half-way between them.
  apart: (size: number, seed: number) => integers(size, seed).map((value) => value / 8 + (seed - FIRST_SEED) / 16),
};

function run(op: Case['op'], inputs: readonly Input[], device: string) {
  const tensors = inputs.map(({ values, shape }) => tensor(values, shape, { device }));
  const y = op(tensors);
  return { shape: y.shape, values: y.dataSync() };
}

const others = testDevices.filter((device) => device !== reference);

/** How much coarser than float32's the rounding of a product's factors is. */
const coarser: readonly [Precision, number][] = [
  ['tf32', 2 ** 13],
  ['bfloat16', 2 ** 16],
];
const reduced = accelerators.flatMap((device) =>
  coarser.map(([precision, factor]): [string, Precision, number] => [device, precision, factor]),
);

function computingIn<T>(precision: Precision, body: () => T): T {
  setPrecision(precision);
  try {
    return body();
  } finally {
    setPrecision('float32');
  }
}

describe.each(cases.map((one): [string, Case] => [one.name, one]))('%s', (_, one) => {
  const { op, sum = 1, units = 4, gradientSum = sum } = one;
  const floatInputs = () => inputsOf(one, one.domain ? makers[one.domain] : floats);

  test.each(others)('forward on %s', (device) => {
    const whole = inputsOf(one, integers);
    const exact = run(op, whole, reference);
    const got = run(op, whole, device);
    expect(got.shape).toEqual(exact.shape);
    expectClose(got.values, exact.values, one.inexact ? units * (sum + 4) : 0, 4);
    const inputs = floatInputs();
    expectClose(run(op, inputs, device).values, run(op, inputs, reference).values, units * (sum + 4), 4);
  });

  test('the same bits at 1, 2, 3 and 4 threads', () => {
    const inputs = floatInputs();
    const results = [1, 2, 3, 4].map((threads) => {
      setThreads(threads);
      return run(op, inputs, 'cpu').values;
    });
    setThreads(2);
    for (const result of results) expect(result).toEqual(results[0]);
  });

  if (accelerators.length > 0) {
    // The first replay runs command by command, the second is captured, the third is launched.
    test.each(accelerators)('the same bits again, and recorded, captured and replayed, on %s', (device) => {
      const inputs = floatInputs();
      const { values } = run(op, inputs, device);
      expect(run(op, inputs, device).values).toEqual(values);
      const compiled = compile((...tensors: Tensor[]) => op(tensors));
      const tensors = inputs.map((input) => tensor(input.values, input.shape, { device }));
      for (let call = 0; call < 4; call++) expect(compiled(...tensors).dataSync()).toEqual(values);
      compiled.dispose();
    });
  }

  // Small integers are exact in every precision.
  if (one.products && accelerators.length > 0) {
    test.each(reduced)('forward on %s in %s', (device, precision, factor) => {
      const inputs = floatInputs();
      const whole = inputsOf(one, integers);
      const [got, exact] = computingIn(precision, () => [run(op, inputs, device), run(op, whole, device)]);
      const bound = units * (sum + 4);
      expectClose(got.values, run(op, inputs, reference).values, bound * factor, 4);
      expectClose(exact.values, run(op, whole, reference).values, one.inexact ? bound * factor : 0, 4);
    });
  }

  if (one.differentiable === false) return;

  test('gradient by finite differences', () => {
    checkGradients(op, floatInputs(), sum, one.curvature);
  });

  test.each(others)('gradient on %s', (device) => {
    const inputs = floatInputs();
    const weights = outputWeights(op, inputs);
    const want = gradients(op, inputs, weights, reference);
    gradients(op, inputs, weights, device).forEach((got, index) => {
      expectClose(got, want[index] as Float32Array, units * (gradientSum + sum + 4), 4);
    });
  });

  if (accelerators.length === 0) return;

  test.each(accelerators)('the same gradient bits again on %s', (device) => {
    const inputs = floatInputs();
    const weights = outputWeights(op, inputs);
    expect(gradients(op, inputs, weights, device)).toEqual(gradients(op, inputs, weights, device));
  });

  if (!one.products) return;

  test.each(reduced)('gradient on %s in %s', (device, precision, factor) => {
    const inputs = floatInputs();
    const weights = outputWeights(op, inputs);
    const want = gradients(op, inputs, weights, reference);
    computingIn(precision, () => gradients(op, inputs, weights, device)).forEach((got, index) => {
      expectClose(got, want[index] as Float32Array, units * (gradientSum + sum + 4) * factor, 4);
    });
  });
});

describe('empty batches', () => {
  test.each(testDevices)('run on %s', (device) => {
    const x = tensor(new Float32Array(0), [0, 6, 6, 2], { device, requiresGrad: true });
    const w = tensor(new Float32Array(54).fill(1), [3, 3, 3, 2], { device, requiresGrad: true });
    const y = x.conv2d(w).relu().maxPool2d(2) as Tensor;
    expect(y.shape).toEqual([0, 2, 2, 3]);
    y.sum().backward();
    expect(w.grad?.dataSync()).toEqual(new Float32Array(54));
    expect(x.grad?.shape).toEqual([0, 6, 6, 2]);
  });
});

describe('NaN is not hidden by a ReLU', () => {
  const nan = (count: number, at: number) =>
    Float32Array.from({ length: count }, (_, i) => (i === at ? Number.NaN : -1));

  test.each(testDevices)('of a linear layer on %s', (device) => {
    const x = tensor(nan(4 * 32, 40), [4, 32], { device });
    const w = tensor(new Float32Array(16 * 32).fill(0.5), [16, 32], { device });
    const bias = tensor(new Float32Array(16), [16], { device });
    const y = ops.linear(x, w, bias, 'relu').dataSync();
    expect(y).toEqual(y.map((_, index) => (index >> 4 === 1 ? Number.NaN : 0)));
  });

  test.each(testDevices)('of a convolution on %s', (device) => {
    const x = tensor(nan(2 * 6 * 6 * 32, 32), [2, 6, 6, 32], { device }); // of the first image's second pixel
    const w = tensor(new Float32Array(16 * 32).fill(0.5), [16, 1, 1, 32], { device });
    const bias = tensor(new Float32Array(16), [16], { device });
    const y = ops.conv2d(x, w, bias, { activation: 'relu' }).dataSync();
    expect(y).toEqual(y.map((_, index) => (index >> 4 === 1 ? Number.NaN : 0)));
  });
});
