// Against PyTorch from the same weights and batches: golden.json, made by make.py beside it.
import { compile, copyInto, models, nn, optim, setDefaultDevice, tensor, type Tensor } from '../../lib';
import { testDevices } from '../harness/devices';
import { numbers } from '../harness/values';
import golden from './golden.json';

const CLASSES = 10;
const RELATIVE = 1e-5;

function draw(size: number, seed: number, map: (value: number) => number): number[] {
  const next = numbers(seed);
  return Array.from({ length: size }, () => map(next()));
}

function loadWeights(model: nn.Module): void {
  model.parameters().forEach((parameter, index) => {
    const { shape } = parameter;
    const fanIn = parameter.size / (shape[0] as number);
    const bound = shape.length > 1 ? 1 / Math.sqrt(fanIn) : 0.05;
    copyInto(parameter, Float32Array.from(draw(parameter.size, 1000 + index, (value) => (value * 2 - 1) * bound)));
  });
}

function batch(step: number, imageShape: number[]): [Tensor, Tensor] {
  return [
    tensor(Float32Array.from(draw(golden.batch * 784, 1 + step, (value) => value)), [golden.batch, ...imageShape]),
    tensor(Int32Array.from(draw(golden.batch, 101 + step, (value) => Math.floor(value * CLASSES)))),
  ];
}

function norm(values: ArrayLike<number>): number {
  return Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));
}

const networks = [
  ['lenet5', models.lenet5, [28, 28, 1]],
  ['mlp', models.mlp, [784]],
] as const;

afterAll(() => setDefaultDevice('cpu'));

describe.each(testDevices)('on %s', (device) => {
  describe.each(networks)('%s', (name, make, imageShape) => {
    const want = golden[name].float32;

    function start() {
      setDefaultDevice(device);
      const model = make();
      loadWeights(model);
      return { model, optimizer: new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9, weightDecay: 5e-4 }) };
    }

    test('first logits and gradients are PyTorch’s', async () => {
      const { model } = start();
      const [images, labels] = batch(0, [...imageShape]);
      const logits = model.forward(images);
      nn.functional.crossEntropy(logits, labels).backward();
      const row = (await logits.data()).slice(0, CLASSES);
      const scale = Math.max(...want.logits.map(Math.abs));
      row.forEach((value, index) => {
        expect(Math.abs(value - (want.logits[index] as number))).toBeLessThan(RELATIVE * scale);
      });
      const norms = await Promise.all(model.parameters().map(async ({ grad }) => norm(await (grad as Tensor).data())));
      norms.forEach((got, index) => {
        const expected = want.gradientNorms[index] as number;
        expect(Math.abs(got - expected) / expected).toBeLessThan(RELATIVE);
      });
    });

    test.each(['eager', 'compiled'])('ten %s losses are PyTorch’s', async (mode) => {
      const { model, optimizer } = start();
      const eager = (images: Tensor, labels: Tensor) => {
        optimizer.zeroGrad();
        const loss = nn.functional.crossEntropy(model.forward(images), labels);
        loss.backward();
        optimizer.step();
        return loss;
      };
      const step = mode === 'compiled' ? compile(eager) : eager;
      for (let index = 0; index < golden.steps; index++) {
        const expected = want.losses[index] as number;
        const loss = await step(...batch(index, [...imageShape])).item();
        expect(Math.abs(loss - expected) / expected).toBeLessThan(RELATIVE);
      }
    });
  });
});
