import { compile, manualSeed, models, nn, noGrad, optim, randn, type Tensor, tensor } from '../../lib';
import { usedMemory } from '../harness/garbage';

const count = (model: nn.Module) => model.parameters().reduce((sum, parameter) => sum + parameter.size, 0);
const dispose = (model: nn.Module) => {
  for (const [, value] of model.namedTensors()) value.dispose();
};

// PyTorch's counts: sum(p.numel() for p in model.parameters()).
test.each([
  ['lenet5', () => models.lenet5(), 61_706],
  ['mlp', () => models.mlp(), 437_310],
  ['alexnet', () => models.alexnet(), 60_965_224],
  ['vgg16', () => models.vgg16(), 138_357_544],
  ['googlenet', () => models.googlenet(), 6_624_904],
  ['googlenet with auxiliary heads', () => models.googlenet({ auxiliary: true }), 13_004_888],
  ['resnet18', () => models.resnet18(), 11_689_512],
  ['resnet34', () => models.resnet34(), 21_797_672],
  ['resnet50', () => models.resnet50(), 25_557_032],
  ['resnet101', () => models.resnet101(), 44_549_160],
  ['resnet152', () => models.resnet152(), 60_192_808],
] as const)('parameters of %s', (_, make, want) => {
  const model = make();
  expect(count(model)).toBe(want);
  dispose(model);
});

describe.each([
  ['googlenet', () => models.googlenet({ classes: 10, auxiliary: true }), 64],
  ['resnet18', () => models.resnet18({ classes: 10 }), 64],
  ['resnet50', () => models.resnet50({ classes: 10 }), 32],
] as const)('%s', (_, make, size) => {
  const lossOf = (model: nn.Module, x: Tensor, labels: Tensor) => {
    if (!(model instanceof models.GoogLeNet)) return nn.functional.crossEntropy(model.forward(x), labels);
    const { logits, auxiliary } = model.forwardWithAuxiliary(x);
    const loss = (head: Tensor) => nn.functional.crossEntropy(head, labels);
    return auxiliary.reduce((sum, head) => sum.add(loss(head).mul(0.3)), loss(logits));
  };
  const labels = () => tensor(Int32Array.of(3, 7));

  test('compiled steps give the bits of eager ones', async () => {
    const losses = [true, false].map((compiled) => {
      manualSeed(5);
      const model = make();
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
      const eager = (x: Tensor, y: Tensor) => {
        optimizer.zeroGrad();
        const loss = lossOf(model, x, y);
        loss.backward();
        optimizer.step();
        return loss;
      };
      const step = compiled ? compile(eager) : eager;
      const results = [1, 2, 3].map(() => step(randn([2, size, size, 3]), labels()).dataSync()[0]);
      dispose(model);
      return results;
    });
    expect(losses[0]).toEqual(losses[1]);
  });

  test('inference and a forward and backward pass leave nothing but results and gradients', async () => {
    const model = make();
    const x = randn([2, size, size, 3]);
    const y = labels();
    const before = await usedMemory();
    noGrad(() => model.eval().forward(x)).dispose();
    expect(await usedMemory()).toBe(before);
    model.train();
    const logits = model.forward(x);
    const loss = nn.functional.crossEntropy(logits, y);
    loss.backward();
    for (const used of [logits, loss]) used.dispose();
    for (const parameter of model.parameters()) parameter.clearGrad();
    expect(await usedMemory()).toBe(before);
    dispose(model);
  });
});
