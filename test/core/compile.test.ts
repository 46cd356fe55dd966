// compile(): the same bits as eager, and what a recording assumes.
import {
  compile,
  manualSeed,
  memory,
  models,
  nn,
  noGrad,
  ops,
  optim,
  randn,
  type Tensor,
  tensor,
  zeros,
} from '../../lib';

function trainer(seed: number, options = {}) {
  manualSeed(seed);
  const model = new nn.Sequential(new nn.Linear(6, 16), new nn.ReLU(), new nn.Dropout(0.3), new nn.Linear(16, 4));
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 1e-3, ...options });
  const step = (x: Tensor, labels: Tensor) => {
    optimizer.zeroGrad();
    const loss = nn.functional.crossEntropy(model.forward(x), labels);
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { model, optimizer, step };
}

const labels = (n: number) => tensor(Int32Array.from({ length: n }, (_, index) => index % 4));
const bits = (model: nn.Module) => model.parameters().map((parameter) => Array.from(parameter.dataSync()));

async function losses(step: (x: Tensor, labels: Tensor) => Tensor, sizes: number[], between?: (index: number) => void) {
  const inputs = sizes.map((size, index) =>
    tensor(
      Float32Array.from({ length: size * 6 }, (_, i) => Math.sin(i * (index + 1))),
      [size, 6],
    ),
  );
  const results: number[] = [];
  for (const [index, x] of inputs.entries()) {
    between?.(index);
    results.push(await step(x, labels(x.shape[0] as number)).item());
  }
  return results;
}

test('compiled and eager give the same bits, with dropout, two shapes and a changing rate', async () => {
  const sizes = [8, 8, 5, 8, 5, 8];
  const eager = trainer(3);
  const schedule = (optimizer: optim.SGD) => (index: number) => {
    optimizer.lr = 0.1 / (index + 1);
  };
  const want = await losses(eager.step, sizes, schedule(eager.optimizer));
  const compiled = trainer(3);
  const step = compile(compiled.step);
  const got = await losses(step, sizes, schedule(compiled.optimizer));
  expect(got).toEqual(want);
  expect(bits(compiled.model)).toEqual(bits(eager.model));
  expect(step.programs()).toHaveLength(2);
});

test('a model fills one program per shape', async () => {
  const model = models.lenet5();
  const forward = compile((x: Tensor) => noGrad(() => model.forward(x)));
  const x = randn([2, 28, 28, 1]);
  const want = noGrad(() => model.forward(x)).dataSync();
  expect(forward(x).dataSync()).toEqual(want);
  expect(forward(x).dataSync()).toEqual(want);
  forward(randn([3, 28, 28, 1]));
  expect(forward.programs()).toHaveLength(2);
});

test('an output is not touched by later calls', () => {
  const double = compile((x: Tensor) => x.mul(2));
  const first = double(tensor([1, 2]));
  double(tensor([5, 6]));
  expect(first.dataSync()).toEqual(Float32Array.of(2, 4));
});

test('inputs and outputs in arrays and objects, constants by value', () => {
  const f = compile((inputs: { a: Tensor; list: Tensor[] }, scale: number) => ({
    sum: inputs.a.add(inputs.list[0] as Tensor).mul(scale),
    scale,
  }));
  const result = f({ a: tensor([1]), list: [tensor([2])] }, 10);
  expect(result.sum.dataSync()[0]).toBe(30);
  expect(result.scale).toBe(10);
  expect(f({ a: tensor([1]), list: [tensor([2])] }, 100).sum.dataSync()[0]).toBe(300);
  expect(f.programs()).toHaveLength(2);
});

test('a call like the last is told from one that is not', () => {
  const f = compile((x: Tensor, scale: number) => x.mul(scale).sum([0]));
  const calls: [Tensor, number][] = [];
  for (const shape of [[2, 3], [3, 2], [2, 3, 1], [6]]) {
    const plain = randn(shape);
    const wanted = randn(shape);
    wanted.requiresGrad = true;
    for (const x of [plain, plain, wanted]) for (const scale of [2, 2, 3]) calls.push([x, scale]);
  }
  for (const [x, scale] of calls) {
    const y = f(x, scale);
    expect(y.dataSync()).toEqual(x.mul(scale).sum([0]).dataSync());
    expect(y.requiresGrad).toBe(false);
  }
  const x = tensor([1]);
  // 1 / 0 and 1 / -0 are not the same.
  const inverse = compile((x: Tensor, divisor: number) => x.mul(1 / divisor));
  for (const divisor of [0, -0, 0, -0]) expect(inverse(x, divisor).dataSync()[0]).toBe(1 / divisor);
  f(x, 2);
  f.dispose();
  expect(f(x, 2).dataSync()[0]).toBe(2);
  expect(() => (f as (...inputs: unknown[]) => Tensor)(x)).toThrow('affine: scale: expected a number, got undefined');
});

test('an input, a parameter and one tensor twice as outputs', () => {
  const w = tensor([7]);
  const f = compile((x: Tensor) => {
    const y = x.add(1);
    return [x, y, y, w];
  });
  for (const value of [1, 2]) {
    const outputs = f(tensor([value])).map((output) => output.dataSync()[0]);
    expect(outputs).toEqual([value, value + 1, value + 1, 7]);
  }
});

test('evaluation mode records anew', () => {
  manualSeed(1);
  const dropout = new nn.Dropout(0.5);
  const f = compile((x: Tensor) => dropout.forward(x));
  const x = zeros([1000]).add(1);
  const dropped = (y: Tensor) => Array.from(y.dataSync()).filter((value) => value === 0).length;
  expect(dropped(f(x))).toBeGreaterThan(300);
  dropout.eval();
  expect(dropped(f(x))).toBe(0);
  dropout.train();
  expect(dropped(f(x))).toBeGreaterThan(300);
});

test('each replay draws fresh random numbers, the same as eager', () => {
  const x = zeros([64]).add(1);
  manualSeed(9);
  const want = [ops.dropout(x).dataSync(), ops.dropout(x).dataSync()];
  const f = compile((input: Tensor) => ops.dropout(input));
  manualSeed(9);
  const got = [f(x).dataSync(), f(x).dataSync()];
  expect(got).toEqual(want);
  expect(got[0]).not.toEqual(got[1]);
});

test('gradients that are not cleared add up as in eager', () => {
  const w = tensor([1, 2], undefined, { requiresGrad: true });
  const f = compile((x: Tensor) => {
    w.mul(x).sum().backward();
  });
  const gradient = () => w.grad?.dataSync();
  for (let call = 1; call <= 4; call++) {
    f(tensor([1, 10]));
    expect(gradient()).toEqual(Float32Array.of(call, 10 * call));
  }
  w.grad = null;
  f(tensor([1, 10]));
  expect(gradient()).toEqual(Float32Array.of(1, 10));
});

test('grad after a replay is readable, also after it was disposed', () => {
  const { model, optimizer, step } = trainer(5);
  const compiled = compile(step);
  const x = randn([4, 6]);
  compiled(x, labels(4));
  optimizer.zeroGrad();
  compiled(x, labels(4));
  expect(model.parameters().every((parameter) => (parameter.grad as Tensor).dataSync().length === parameter.size)).toBe(
    true,
  );
});

test('loadStateDict is seen by recorded programs', () => {
  const model = new nn.Linear(2, 1, { bias: false });
  const f = compile((x: Tensor) => noGrad(() => model.forward(x)));
  f(tensor([[1, 1]]));
  model.loadStateDict({ weight: tensor([[3, 4]]) });
  expect(f(tensor([[1, 1]])).dataSync()[0]).toBe(7);
});

test('requiresGrad turned off is seen', () => {
  const w = tensor([2], undefined, { requiresGrad: true });
  const f = compile((x: Tensor) => {
    const y = w.mul(x).sum();
    if (y.requiresGrad) y.backward();
    return y;
  });
  f(tensor([1]));
  expect(w.grad).not.toBeNull();
  w.requiresGrad = false;
  w.grad = null;
  f(tensor([1]));
  expect(w.grad).toBeNull();
});

test('old programs go, the newest 8 stay, and dispose frees them', () => {
  const before = memory().used;
  const f = compile((x: Tensor) => x.add(1).mul(2).sum());
  for (let size = 1; size <= 12; size++) f(zeros([size])).dispose();
  expect(f.programs()).toHaveLength(8);
  f.dispose();
  expect(f.programs()).toHaveLength(0);
  expect(memory().used - before).toBeLessThan(20 * 128);
});

test('a function in a compiled function runs in its recording', () => {
  const inner = compile((x: Tensor) => x.add(1));
  const outer = compile((x: Tensor) => inner(inner(x)));
  expect(outer(tensor([1])).dataSync()[0]).toBe(3);
  expect(inner.programs()).toHaveLength(0);
});

describe('refused', () => {
  const x = () => tensor([1, 2]);

  test('reading a value while recording', () => {
    const f = compile((input: Tensor) => {
      input.dataSync();
      return input;
    });
    expect(() => f(x())).toThrow(/readSync: a value cannot be read inside a compiled function/);
  });

  test('an async function', () => {
    expect(() => compile(async (input: Tensor) => input)(x())).toThrow(/Expected a synchronous function/);
  });

  test('an argument that is neither tensor nor plain', () => {
    expect(() => compile((_: unknown) => 1)(new Map())).toThrow(
      /compile: Expected tensors, plain values, arrays and plain objects/,
    );
  });

  test('a tensor that was made inside and not returned', () => {
    const leaked: Tensor[] = [];
    compile((input: Tensor) => {
      leaked.push(input.add(1));
      return input.add(2);
    })(x());
    expect(() => leaked[0]?.dataSync()).toThrow(/disposed tensor/);
  });

  test('an error in the function leaves everything as it was', () => {
    const { model, optimizer, step } = trainer(7);
    const before = bits(model);
    const f = compile((input: Tensor, classes: Tensor) => {
      step(input, classes);
      throw new Error('in the middle');
    });
    expect(() => f(randn([4, 6]), labels(4))).toThrow('in the middle');
    expect(bits(model)).toEqual(before);
    expect(model.parameters().every((parameter) => parameter.grad === null)).toBe(true);
    expect(optimizer.lr).toBe(0.1);
    expect(step(randn([4, 6]), labels(4)).shape).toEqual([]);
  });

  test('a label out of range: the read after it rejects, and the step is not taken', async () => {
    const { model, step } = trainer(8);
    const compiled = compile(step);
    await compiled(randn([4, 6]), labels(4)).item();
    const before = bits(model);
    await expect(compiled(randn([4, 6]), tensor(Int32Array.of(0, 1, 2, 4))).item()).rejects.toThrow(
      /softmax_cross_entropy: /,
    );
    expect(bits(model)).toEqual(before);
  });
});
