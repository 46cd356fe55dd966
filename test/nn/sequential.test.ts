import { nn, noGrad, type Tensor, tensor } from '../../lib';
import { expectClose } from '../harness/compare';
import { floats } from '../harness/values';

const images = () => tensor(floats(96, 5), [2, 4, 4, 3]);

test('convolution, batch norm and ReLU give in one kernel what they give in three', () => {
  const norm = new nn.BatchNorm2d(5);
  const model = new nn.Sequential(
    new nn.Conv2d(3, 5, 3),
    norm,
    new nn.ReLU(),
    new nn.Conv2d(5, 5, 1),
    new nn.BatchNorm2d(5),
  );
  model.forward(images());
  model.eval();
  const x = images();
  const apart = model.layers.reduce((y: Tensor, layer) => layer.forward(y), x);
  const fused = noGrad(() => model.forward(x));
  expect(fused.node).toBeNull();
  // Sums of 27 and 5 products, each scaled and shifted.
  expectClose(fused.dataSync(), apart.dataSync(), 100, 4);
});

test.each([
  ['a convolution', [new nn.Conv2d(3, 6, 3, { padding: 1 })]],
  ['a convolution with batch norm', [new nn.Conv2d(3, 6, 3, { padding: 1 }), new nn.BatchNorm2d(6)]],
])('ReLU and max-pooling behind %s give together what they give apart, gradients too', (_, layers) => {
  const model = new nn.Sequential(...layers, new nn.ReLU(), new nn.MaxPool2d(2));
  const run = (forward: (x: Tensor) => Tensor) => {
    const x = images();
    x.requiresGrad = true;
    for (const parameter of model.parameters()) parameter.grad = null;
    const y = forward(x);
    (y.mul(tensor(floats(48, 7), [2, 2, 2, 6])) as Tensor).sum().backward();
    return [y, x.grad as Tensor, ...model.parameters().map(({ grad }) => grad as Tensor)].map((t) => t.dataSync());
  };
  const together = run((x) => model.forward(x));
  const apart = run((x) => model.layers.reduce((y, layer) => layer.forward(y), x));
  expect(together[0]?.some((value) => value === 0)).toBe(true);
  expect(together).toEqual(apart);
});

test('a class of one’s own keeps its forward', () => {
  class Doubled extends nn.Conv2d {
    override forward(x: Tensor): Tensor {
      return super.forward(x).mul(2) as Tensor;
    }
  }
  const conv = new Doubled(3, 5, 1);
  const norm = new nn.BatchNorm2d(5);
  const model = new nn.Sequential(conv, norm).eval();
  const x = images();
  expect(noGrad(() => model.forward(x)).dataSync()).toEqual(norm.forward(conv.forward(x)).dataSync());
  const activated = new nn.Sequential(conv, new nn.ReLU());
  expect(activated.forward(x).dataSync()).toEqual(conv.forward(x).relu().dataSync());
});
