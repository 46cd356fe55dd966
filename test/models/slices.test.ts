import { manualSeed, models, nn, noGrad, randn, type Tensor } from '../../lib';
import { inSlices } from '../../lib/models/slices';
import { usedMemory } from '../harness/garbage';

const LARGE = 2 ** 40;

/** The numbers of images that `forward` was called with. */
function visited(module: nn.Module, x: Tensor, bytes: number): number[] {
  const images: number[] = [];
  inSlices(module, x, bytes, (part) => {
    images.push(part.shape[0] as number);
    return part.relu();
  }).dispose();
  return images;
}

test('a batch whose activations are large goes in even slices, in evaluation without gradients alone', () => {
  const module = new nn.ReLU();
  const x = randn([5, 2]);
  module.eval();
  noGrad(() => {
    expect(visited(module, x, LARGE)).toEqual([1, 1, 1, 1, 1]);
    expect(visited(module, x, 6 << 20)).toEqual([1, 2, 2]);
    expect(visited(module, x, 1)).toEqual([5]);
    expect(visited(module, randn([0, 2]), LARGE)).toEqual([0]);
  });
  expect(visited(module, x, LARGE)).toEqual([5]);
  module.train();
  expect(noGrad(() => visited(module, x, LARGE))).toEqual([5]);
});

test('a layer that is trained within a network that is not sees the whole batch', () => {
  const norm = new nn.BatchNorm2d(2);
  const module = new nn.Sequential(new nn.ReLU(), norm).eval();
  const x = randn([3, 2]);
  expect(noGrad(() => visited(module, x, LARGE))).toEqual([1, 1, 1]);
  norm.train();
  expect(noGrad(() => visited(module, x, LARGE))).toEqual([3]);
});

test('slices are put together in their order, and nothing else is left', async () => {
  const module = new nn.ReLU().eval();
  const x = randn([4, 3]);
  const before = await usedMemory();
  const y = noGrad(() => inSlices(module, x, LARGE, (part) => part.mul(2)));
  expect(y.dataSync()).toEqual(x.mul(2).dataSync());
  y.dispose();
  expect(await usedMemory()).toBe(before);
});

// 448 x 448: 12.8 MB an image behind the stem, so each goes alone. What is compared to was not computed in slices.
test.each(['resnet18', 'googlenet'] as const)('%s in slices gives what it gives at once', (name) => {
  manualSeed(3);
  const model = models[name]({ classes: 10 }).eval();
  const x = randn([2, 448, 448, 3]);
  const sliced = noGrad(() => model.forward(x)).dataSync() as Float32Array;
  const whole = model.forward(x).dataSync() as Float32Array;
  const scale = Math.max(...whole.map(Math.abs));
  // Ways of other roundings may be taken for one image than for two: 1e-4 relative, as against PyTorch.
  for (const [index, value] of sliced.entries())
    expect(Math.abs(value - (whole[index] as number)) / scale).toBeLessThan(1e-4);
});
