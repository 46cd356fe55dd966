import { models, type nn } from '../../lib';

test('LeNet-5, by hand', () => {
  const model = models.lenet5();
  const summary = model.summary([2, 28, 28, 1]);
  expect(summary.layers.map(({ name, type, outputShape }) => [name, type, ...outputShape])).toEqual([
    ['0', 'Conv2d', 2, 28, 28, 6],
    ['2', 'MaxPool2d', 2, 14, 14, 6],
    ['3', 'Conv2d', 2, 10, 10, 16],
    ['5', 'MaxPool2d', 2, 5, 5, 16],
    ['6', 'Flatten', 2, 400],
    ['7', 'Linear', 2, 120],
    ['9', 'Linear', 2, 84],
    ['11', 'Linear', 2, 10],
  ]);
  expect(summary.parameters).toBe(61_706);
  expect(summary.layers[0]?.parameters).toBe(156);
  const products = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10;
  expect(summary.multiplyAdds).toBe(2 * products);
  const lines = String(summary).split('\n');
  expect(lines).toHaveLength(10);
  expect(lines[1]).toMatch(/^0 +Conv2d +\[2, 28, 28, 6\] +156 +235,200$/);
});

test('ResNet-18 has the 1.81 billion of the paper, and is left as it was', () => {
  const model = models.resnet18();
  const frozen = model.children()[1]?.[1] as nn.BatchNorm2d;
  frozen.eval();
  const before = frozen.runningMean.dataSync();
  const summary = model.summary([1, 224, 224, 3]);
  expect(summary.multiplyAdds).toBe(1_814_073_344);
  expect(summary.parameters).toBe(11_689_512);
  expect(model.training).toBe(true);
  expect(frozen.training).toBe(false);
  expect(frozen.runningMean.dataSync()).toEqual(before);
  expect(Object.hasOwn(frozen, 'forward')).toBe(false);
});
