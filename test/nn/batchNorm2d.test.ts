import { compile, nn, ops, type Tensor, tensor } from '../../lib';
import { usedMemory } from '../harness/garbage';
import { floats } from '../harness/values';

const images = (seed = 3) => tensor(floats(48, seed), [2, 4, 3, 2]);

/** Mean and unbiased variance of channel 0 or 1. */
function statistics(x: Tensor, channel: number): [number, number] {
  const values = Array.from(x.dataSync()).filter((_, index) => index % 2 === channel);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)];
}

test('training moves the running statistics by a tenth, and evaluation uses them', () => {
  const layer = new nn.BatchNorm2d(2);
  expect(Object.keys(layer.stateDict())).toEqual(['weight', 'bias', 'runningMean', 'runningVariance']);
  expect(layer.namedParameters().map(([name]) => name)).toEqual(['weight', 'bias']);
  const x = images();
  layer.forward(x);
  for (const channel of [0, 1]) {
    const [mean, variance] = statistics(x, channel);
    expect(layer.runningMean.dataSync()[channel]).toBeCloseTo(0.1 * mean, 6);
    expect(layer.runningVariance.dataSync()[channel]).toBeCloseTo(0.9 + 0.1 * variance, 6);
  }
  layer.eval();
  const before = layer.runningMean.dataSync();
  const y = layer.forward(x).dataSync();
  expect(layer.runningMean.dataSync()).toEqual(before);
  const want =
    ((x.dataSync()[0] as number) - (before[0] as number)) /
    Math.sqrt((layer.runningVariance.dataSync()[0] as number) + 1e-5);
  expect(y[0]).toBeCloseTo(want, 5);
});

test('compiled and eager leave the same bits', () => {
  const results = [true, false].map((compiled) => {
    const model = new nn.Sequential(
      new nn.BatchNorm2d(2),
      new nn.ReLU(),
      new nn.LocalResponseNorm(),
      new nn.BatchNorm2d(2),
    );
    const eager = (x: Tensor) => {
      const loss = ops.mean(ops.mul(model.forward(x), x));
      loss.backward();
      return loss;
    };
    const step = compiled ? compile(eager) : eager;
    const losses = [1, 2, 3].map((seed) => step(images(seed)).dataSync()[0]);
    model.eval();
    losses.push(step(images(4)).dataSync()[0]);
    return [
      losses,
      model.parameters().map(({ grad }) => grad?.dataSync()),
      model.namedTensors().map(([, t]) => t.dataSync()),
    ];
  });
  expect(results[0]).toEqual(results[1]);
});

test('a step leaves nothing behind but gradients', async () => {
  const layer = new nn.BatchNorm2d(2);
  const x = images();
  const step = () => {
    const y = layer.forward(x);
    const loss = ops.sum(y);
    loss.backward();
    loss.dispose();
    y.dispose();
  };
  step();
  const before = await usedMemory();
  for (let i = 0; i < 5; i++) step();
  layer.eval();
  step();
  expect(await usedMemory()).toBe(before);
});

test('one value a channel is refused in training', () => {
  expect(() => new nn.BatchNorm2d(3).forward(tensor(new Float32Array(3), [1, 1, 1, 3]))).toThrow(
    'at least 2 values a channel',
  );
});
