// The tape: accumulation, lifetimes, errors.
import { memory, noGrad, type Tensor, tensor, tidy, zeros } from '../../lib';

const leaf = (values: number[], shape?: number[]) => tensor(Float32Array.from(values), shape, { requiresGrad: true });
const grad = (x: Tensor) => Array.from((x.grad as Tensor).dataSync());

test('gradients of several uses add up', () => {
  const x = leaf([2, 3]);
  x.mul(x).add(x).add(x).sum().backward();
  expect(grad(x)).toEqual([6, 8]);
});

test('a second backward adds to grad', () => {
  const x = leaf([1, 2]);
  x.mul(3).sum().backward();
  x.mul(4).sum().backward();
  expect(grad(x)).toEqual([7, 7]);
});

test('two leaves that receive one gradient do not share memory', () => {
  const a = leaf([1, 2]);
  const b = leaf([3, 4]);
  a.add(b).sum().backward();
  a.mul(10).sum().backward();
  expect(grad(a)).toEqual([11, 11]);
  expect(grad(b)).toEqual([1, 1]);
});

test('a gradient that arrives through reshape does not share memory', () => {
  const a = leaf([1, 2]);
  const b = leaf([3, 4], [2, 1]);
  a.reshape([2, 1]).add(b).sum().backward();
  a.mul(10).sum().backward();
  expect(grad(a)).toEqual([11, 11]);
  expect(grad(b)).toEqual([1, 1]);
});

test('a long diamond is linear in its length', () => {
  const x = leaf([1]);
  let y: Tensor = x;
  for (let depth = 0; depth < 200; depth++) y = y.mul(0.5).add(y.mul(0.5));
  y.sum().backward();
  expect(grad(x)).toEqual([1]);
});

test('noGrad records nothing and restores itself after an error', () => {
  const x = leaf([1]);
  expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
  expect(() =>
    noGrad(() => {
      throw new Error('inside');
    }),
  ).toThrow('inside');
  expect(x.mul(2).requiresGrad).toBe(true);
});

test('detach cuts the graph', () => {
  const x = leaf([3]);
  x.mul(x.detach()).sum().backward();
  expect(grad(x)).toEqual([3]);
});

test('an explicit gradient of a non-scalar', () => {
  const x = leaf([1, 2, 3]);
  x.mul(x).backward(tensor([1, 10, 100]));
  expect(grad(x)).toEqual([2, 40, 600]);
});

test('a tensor used on both sides of a graph that is only partly differentiable', () => {
  const x = leaf([1, 2]);
  const constant = tensor([5, 6]);
  x.mul(constant).sum().backward();
  expect(grad(x)).toEqual([5, 6]);
  expect(constant.grad).toBeNull();
});

test.each<[string, () => void, RegExp]>([
  [
    'of a vector without a gradient',
    () => leaf([1, 2]).mul(2).backward(),
    /Expected a tensor of one element for backward\(\) but received shape \[2\]/,
  ],
  ['of what depends on nothing', () => tensor(1).backward(), /depends on one with requiresGrad/],
  [
    'with a gradient of another shape',
    () =>
      leaf([1, 2])
        .mul(2)
        .backward(zeros([3])),
    /Expected a gradient of shape \[2\]/,
  ],
])('backward %s is refused', (_, run, message) => {
  expect(run).toThrow(message);
});

test('backward twice through one graph is refused', () => {
  const y = leaf([1]).mul(2).sum();
  y.backward();
  expect(() => y.backward()).toThrow(/a second time through/);
});

test('backward frees what only the graph saw', () => {
  const x = leaf(
    Array.from({ length: 4096 }, (_, index) => index / 4096),
    [4, 1024],
  );
  const before = memory().used;
  const loss = x.softmax().max(1).sum();
  loss.backward();
  loss.dispose();
  x.grad?.dispose();
  // What user code made by method calls (softmax's and max's results) is the user's until collected.
  expect(memory().used - before).toBeLessThanOrEqual(4096 * 4 + 3 * 64);
});

test('tidy keeps what the gradient of its result needs', () => {
  const x = leaf([1, 2, 3]);
  const before = memory().used;
  const loss = tidy(() => x.mul(x).exp().sum());
  loss.backward();
  expect(grad(x)[0]).toBeCloseTo(2 * Math.E, 5);
  loss.dispose();
  x.grad?.dispose();
  expect(memory().used).toBe(before);
});
