// The same seed gives the same bits: at any number of threads, compiled or not, run after run.
import { compile, data, getThreads, manualSeed, models, nn, optim, setThreads } from '../../lib';

async function trained(threads: number, compiled: boolean): Promise<{ losses: number[]; weights: number[][] }> {
  setThreads(threads);
  manualSeed(3);
  const model = models.lenet5();
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.02, momentum: 0.9, weightDecay: 5e-4 });
  const eager = (images: Parameters<typeof model.forward>[0], labels: Parameters<typeof model.forward>[0]) => {
    optimizer.zeroGrad();
    const loss = nn.functional.crossEntropy(model.forward(images), labels);
    loss.backward();
    optimizer.step();
    return loss;
  };
  const step = compiled ? compile(eager) : eager;
  const pending: Promise<number>[] = [];
  const digits = data.mnist({ split: 'test' });
  // 10,000 digits in batches of 96: the last has 16, so two shapes are seen.
  for await (const { images, labels } of data.loader(digits, { batchSize: 96, shuffle: true })) {
    pending.push(step(images, labels).item());
  }
  return { losses: await Promise.all(pending), weights: model.parameters().map((p) => Array.from(p.dataSync())) };
}

const before = getThreads();
afterAll(() => setThreads(before));

test('LeNet-5 over the 10,000 test digits: 1, 2, 3, 4 threads, compiled and eager, twice', async () => {
  const want = await trained(2, true);
  expect(want.losses).toHaveLength(105);
  expect(want.losses.at(-1)).toBeLessThan(want.losses[0] as number);
  for (const [threads, compiled] of [
    [2, true],
    [1, true],
    [3, true],
    [4, true],
    [2, false],
    [3, false],
  ] as const) {
    expect({ threads, compiled, ...(await trained(threads, compiled)) }).toEqual({ threads, compiled, ...want });
  }
});
