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
});
