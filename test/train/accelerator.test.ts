// A short training of LeNet-5 on a device with a memory of its own: it learns, compiled and eager give the same bits, and
// the losses are those of the CPU within rounding.
import { compile, manualSeed, models, nn, optim, type Tensor, tensor } from '../../lib';
import { expectClose } from '../harness/compare';
import { describeOnAccelerators } from '../harness/devices';
import { numbers } from '../harness/values';

const BATCH = 8;
const STEPS = 6;
const CLASSES = 10;

/** Images of one bright column each, which is their class. */
function batch(seed: number): { images: Float32Array; labels: Int32Array } {
  const next = numbers(seed);
  const labels = Int32Array.from({ length: BATCH }, () => Math.floor(next() * CLASSES));
  const images = new Float32Array(BATCH * 28 * 28).map(
    (_, index) => (index % 28 === 4 + 2 * (labels[Math.floor(index / 784)] as number) ? 1 : 0) + 0.1 * next(),
  );
  return { images, labels };
}

async function losses(device: string, compiled: boolean): Promise<Float32Array> {
  manualSeed(7);
  const model = models.lenet5();
  model.to(device);
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.05, momentum: 0.9, weightDecay: 5e-4 });
  const eager = (images: Tensor, labels: Tensor): Tensor => {
    optimizer.zeroGrad();
    const loss = nn.functional.crossEntropy(model.forward(images), labels);
    loss.backward();
    optimizer.step();
    return loss;
  };
  const step = compiled ? compile(eager) : eager;
  const results = new Float32Array(STEPS);
  for (let index = 0; index < STEPS; index++) {
    const { images, labels } = batch(index % 2);
    results[index] = await step(tensor(images, [BATCH, 28, 28, 1], { device }), tensor(labels, { device })).item();
  }
  return results;
}

describeOnAccelerators(1, 'training LeNet-5', ([name]) => {
  test('learns, the same compiled and eager, and as on the CPU', async () => {
    const device = name as string;
    const compiled = await losses(device, true);
    expect(compiled[STEPS - 1]).toBeLessThan(compiled[0] as number);
    expect(compiled).toEqual(await losses(device, false));
    // Sums of up to 400 products, differently ordered, whose roundings six steps carry on.
    expectClose(compiled, await losses('cpu', true), 400 * STEPS, 1);
  });
});
