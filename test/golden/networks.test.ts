// The large networks against PyTorch from the same state dicts and batches: networks.json, made by networks.py beside it.
import { compile, io, models, nn, noGrad, optim, type Tensor, tensor } from '../../lib';
import { numbers } from '../harness/values';
import golden from './networks.json';

const CLASSES = 10;
const LOGITS_RELATIVE = 1e-4;
const LOSS_RELATIVE = 1e-3;

const options = { classes: CLASSES, dropout: 0 };
const networks: Record<keyof typeof golden.networks, () => nn.Module> = {
  alexnet: () => models.alexnet(options),
  vgg16: () => models.vgg16(options),
  googlenet: () => models.googlenet({ ...options, auxiliary: true, auxiliaryDropout: 0 }),
  resnet18: () => models.resnet18({ classes: CLASSES }),
  resnet50: () => models.resnet50({ classes: CLASSES }),
};

/** FNV-1a, 32 bits. */
function seedOf(name: string): number {
  return [...name].reduce((value, letter) => Math.imul(value ^ letter.charCodeAt(0), 16777619) >>> 0, 2166136261);
}

function draw(size: number, seed: number, low: number, high: number): Float32Array {
  // numbers() of the harness without a call for each: there are 138 million.
  const values = new Float32Array(size);
  const scale = (high - low) / 2 ** 32;
  let state = seed >>> 0;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[index] = low + state * scale;
  }
  return values;
}

/** The state dict that networks.py gives its model: PyTorch's names and layouts. */
function torchState(model: nn.Module): nn.StateDict {
  const tensors = model.namedTensors();
  const translated = (name: string) => name.replace(/runningMean$/, 'running_mean').replace(/runningVariance$/, 'running_var');
  const names = new Set(tensors.map(([name]) => translated(name)));
  const rangeOf = (name: string) => {
    if (name.endsWith('weight')) return [0.5, 1];
    return name.endsWith('running_var') || names.has(name.replace('bias', 'running_mean')) ? [0.5, 1.5] : [-0.05, 0.05];
  };
  return Object.fromEntries(
    tensors.map(([name, { shape, size }]) => {
      const theirs = translated(name);
      const [out, height, width, channels] = shape as [number, number, number, number];
      const layout = shape.length === 4 ? [out, channels, height, width] : shape;
      const bound = Math.sqrt(6 / (size / out));
      const [low, high] = (shape.length > 1 ? [-bound, bound] : rangeOf(theirs)) as [number, number];
      return [theirs, tensor(draw(size, seedOf(theirs), low, high), layout)];
    }),
  );
}

function batch(size: number, extent: number, step: number): [Tensor, Tensor] {
  const images = draw(size * extent * extent * 3, 1 + step, -1, 1);
  const next = numbers(101 + step);
  const labels = Int32Array.from({ length: size }, () => Math.floor(next() * CLASSES));
  return [tensor(images, [size, extent, extent, 3]), tensor(labels)];
}

function lossOf(model: nn.Module, images: Tensor, labels: Tensor): Tensor {
  if (!(model instanceof models.GoogLeNet)) return nn.functional.crossEntropy(model.forward(images), labels);
  const { logits, auxiliary } = model.forwardWithAuxiliary(images);
  const loss = (head: Tensor) => nn.functional.crossEntropy(head, labels);
  return auxiliary.reduce((sum, head) => sum.add(loss(head).mul(0.3)), loss(logits));
}

describe.each(Object.entries(networks))('%s', (name, make) => {
  const want = golden.networks[name as keyof typeof networks];

  test('logits and training losses are PyTorch’s', async () => {
    const model = make();
    const state = torchState(model);
    const ours = io.fromTorch(model, state);
    model.loadStateDict(ours);
    for (const used of [...Object.values(state), ...Object.values(ours)]) used.dispose();

    const [images] = batch(want.batch, want.extent, 0);
    const logits = await noGrad(() => model.eval().forward(images)).data();
    const scale = Math.max(...want.logits.map(Math.abs));
    const off = want.logits.map((value, index) => Math.abs((logits[index] as number) - value) / scale);
    expect(Math.max(...off)).toBeLessThan(LOGITS_RELATIVE);

    model.train();
    const optimizer = new optim.SGD(model.parameters(), { lr: want.rate, momentum: 0.9, weightDecay: 5e-4 });
    const step = compile((x: Tensor, labels: Tensor) => {
      optimizer.zeroGrad();
      const loss = lossOf(model, x, labels);
      loss.backward();
      optimizer.step();
      return loss;
    });
    const losses: number[] = [];
    for (let index = 0; index < want.losses.length; index++) {
      losses.push(await step(...batch(want.batch, want.extent, index)).item());
    }
    const relative = losses.map((loss, index) => Math.abs(loss / (want.losses[index] as number) - 1));
    expect(Math.max(...relative)).toBeLessThan(LOSS_RELATIVE);
    step.dispose();
    for (const parameter of model.parameters()) parameter.clearGrad();
    for (const [, value] of model.namedTensors()) value.dispose();
  });
});
