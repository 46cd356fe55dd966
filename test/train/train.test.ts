import { type ArrayDataset, loader } from '../../lib/data';
import { HebbError, manualSeed, nn, optim, tensor, train } from '../../lib/index';
import type { BatchInfo } from '../../lib/train';
import { LossMeter } from '../../lib/train/meter';
import { formatEpoch, type ProgressState } from '../../lib/train/progress';
import { usedMemory } from '../harness/garbage';

/** Two classes told apart by which half of the image is bright, with some noise. */
function halves(length: number, seed = 1): ArrayDataset {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const images = new Uint8Array(length * 16);
  const labels = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    labels[i] = random() < 0.5 ? 0 : 1;
    for (let p = 0; p < 16; p++)
      images[i * 16 + p] = p < 8 === (labels[i] === 0) ? 120 + 135 * random() : 120 * random();
  }
  return { length, imageShape: [4, 4, 1], images, labels, classes: 2 };
}

function make(lr = 0.1) {
  manualSeed(1);
  const model = new nn.Sequential(
    new nn.Flatten(),
    new nn.Linear(16, 8),
    new nn.ReLU(),
    new nn.Dropout(0.1),
    new nn.Linear(8, 2),
  );
  return { model, optimizer: new optim.SGD(model.parameters(), { lr, momentum: 0.9 }) };
}

const weights = ({ model }: ReturnType<typeof make>): string =>
  Object.entries(model.stateDict())
    .map(([name, t]) => `${name} ${Buffer.from(t.dataSync().slice().buffer).toString('hex')}`)
    .join('\n');

const base = { batchSize: 16, seed: 4, progress: false } as const;

describe('fit', () => {
  test('learns, and reports each epoch', async () => {
    const { model, optimizer } = make();
    model.eval();
    const { history, aborted, position } = await train.fit(model, {
      ...base,
      data: halves(200),
      validation: halves(100, 2),
      optimizer,
      epochs: 5,
    });
    expect(aborted).toBe(false);
    expect(position).toEqual({ epoch: 5, batch: 0 });
    expect(history.map((record) => record.epoch)).toEqual([0, 1, 2, 3, 4]);
    expect(history[4]?.validation?.error).toBeLessThan(0.05);
    expect(history[4]?.loss).toBeLessThan((history[0]?.loss as number) / 2);
    expect(history[0]?.imagesPerSecond).toBeGreaterThan(0);
    expect(model.training).toBe(false);
  });

  test('compiled, eager, and again: the same bits', async () => {
    const run = async (compile: boolean): Promise<string> => {
      const made = make();
      const { history } = await train.fit(made.model, {
        ...base,
        data: halves(72),
        optimizer: made.optimizer,
        epochs: 3,
        compile,
      });
      return `${history.map((record) => record.loss)}\n${weights(made)}`;
    };
    const compiled = await run(true);
    expect(await run(false)).toBe(compiled);
    expect(await run(true)).toBe(compiled);
  });

  test('calls back in order, and hands out the loss on request', async () => {
    const { model, optimizer } = make();
    const calls: string[] = [];
    const losses: Promise<number>[] = [];
    const { history } = await train.fit(model, {
      ...base,
      data: halves(40),
      optimizer,
      epochs: 2,
      callbacks: [
        {
          onEpochStart: ({ epoch }) => calls.push(`start ${epoch}`),
          onBatchEnd: ({ epoch, batch, step, size, loss }: BatchInfo) => {
            calls.push(`batch ${epoch} ${batch} ${step} ${size}`);
            if (epoch === 0) losses.push(loss());
          },
        },
        {
          onEpochEnd: async ({ epoch }) =>
            new Promise<void>((resolve) => setTimeout(() => resolve(void calls.push(`end ${epoch}`)), 10)),
        },
      ],
    });
    expect(calls).toEqual([
      ...['start 0', 'batch 0 0 0 16', 'batch 0 1 1 16', 'batch 0 2 2 8', 'end 0'],
      ...['start 1', 'batch 1 0 3 16', 'batch 1 1 4 16', 'batch 1 2 5 8', 'end 1'],
    ]);
    const read = await Promise.all(losses);
    expect(read.reduce((a, b) => a + b) / 3).toBeCloseTo(history[0]?.loss as number, 6);
  });

  test('an error of a callback ends it', async () => {
    const { model, optimizer } = make();
    const failing = { onBatchEnd: () => Promise.reject(new Error('from the callback')) };
    const fitted = train.fit(model, { ...base, data: halves(40), optimizer, callbacks: failing });
    await expect(fitted).rejects.toThrow('from the callback');
  });

  test('a schedule sets the learning rate before each step, of recorded steps too', async () => {
    const { model, optimizer } = make();
    const seen: number[] = [];
    const before = weights({ model, optimizer });
    await train.fit(model, {
      ...base,
      data: halves(48),
      optimizer,
      epochs: 2,
      schedule: ({ epoch, step, totalSteps }) => {
        seen.push(epoch * 100 + step * 10 + totalSteps);
        return 0;
      },
    });
    expect(seen).toEqual([6, 16, 26, 136, 146, 156]);
    expect(weights({ model, optimizer })).toBe(before);
  });

  test('a signal stops it after the step, and start goes on from there to the same bits', async () => {
    const whole = make();
    await train.fit(whole.model, {
      ...base,
      data: halves(72),
      optimizer: whole.optimizer,
      epochs: 3,
      schedule: train.cosine(0.1),
    });
    for (const compile of [true, false]) {
      const parts = make();
      const controller = new AbortController();
      const options = {
        ...base,
        data: halves(72),
        optimizer: parts.optimizer,
        epochs: 3,
        schedule: train.cosine(0.1),
        compile,
      };
      const first = await train.fit(parts.model, {
        ...options,
        signal: controller.signal,
        callbacks: { onBatchEnd: ({ step }) => step === 7 && controller.abort() },
      });
      expect(first).toMatchObject({ aborted: true, position: { epoch: 1, batch: 3 } });
      expect(first.history).toHaveLength(1);
      const second = await train.fit(parts.model, { ...options, start: first.position });
      expect(second.history.map((record) => record.epoch)).toEqual([1, 2]);
      expect(weights(parts)).toBe(weights(whole));
    }
  });

  test('a signal that has been given before, or at the last step of all', async () => {
    const { model, optimizer } = make();
    const options = { ...base, data: halves(32), optimizer, epochs: 1 };
    expect(await train.fit(model, { ...options, signal: AbortSignal.abort() })).toEqual({
      history: [],
      position: { epoch: 0, batch: 0 },
      aborted: true,
    });
    const controller = new AbortController();
    const last = await train.fit(model, {
      ...options,
      signal: controller.signal,
      validation: halves(10),
      callbacks: { onBatchEnd: ({ batch }) => batch === 1 && controller.abort() },
    });
    expect(last).toMatchObject({ aborted: false, position: { epoch: 1, batch: 0 } });
    expect(last.history[0]?.validation).toBeUndefined();
  });

  test('a loss that is not a number ends it with an error that says so', async () => {
    const { model, optimizer } = make(1e30);
    const fitted = train.fit(model, { ...base, data: halves(64), optimizer, epochs: 3 });
    await expect(fitted).rejects.toThrow(HebbError);
    await expect(fitted).rejects.toThrow(/diverged in epoch 1/);
  });

  test('a loader of one’s own is used as it is', async () => {
    const { model, optimizer } = make();
    const batches = loader(halves(40), { batchSize: 10, autoDispose: true });
    const sizes: number[] = [];
    await train.fit(model, {
      ...base,
      data: batches,
      optimizer,
      callbacks: { onBatchEnd: ({ size }) => sizes.push(size) },
    });
    expect(sizes).toEqual([10, 10, 10, 10]);
  });

  test('nothing to do, and nothing to learn from', async () => {
    const { model, optimizer } = make();
    expect((await train.fit(model, { ...base, data: halves(4), optimizer, epochs: 0 })).history).toEqual([]);
    await expect(train.fit(model, { ...base, data: halves(0), optimizer })).rejects.toThrow(/at least one batch/);
    await expect(train.fit(model, { ...base, data: halves(4), optimizer, epochs: -1 })).rejects.toThrow(
      /number of epochs/,
    );
  });

  test.each([true, false])('memory stays flat from epoch to epoch (compile: %s)', async (compile) => {
    const { model, optimizer } = make();
    const used: number[] = [];
    await train.fit(model, {
      ...base,
      data: halves(100),
      validation: halves(20),
      optimizer,
      epochs: 6,
      compile,
      callbacks: {
        onEpochEnd: async () => {
          used.push(await usedMemory());
        },
      },
    });
    expect(used[5]).toBe(used[1]);
  });
});

describe('evaluate', () => {
  test('counts errors and averages losses over images, not batches', async () => {
    const { model } = make();
    const dataset = halves(50);
    const results = await Promise.all([7, 50, 1000].map((batchSize) => train.evaluate(model, dataset, { batchSize })));
    for (const result of results) {
      expect(result.n).toBe(50);
      expect(result.error).toBe(results[0]?.error);
      expect(result.accuracy).toBeCloseTo(1 - result.error, 12);
      expect(result.loss).toBeCloseTo(results[0]?.loss as number, 5);
    }
    model.eval();
    const logits = await model
      .forward(
        tensor(
          Float32Array.from(dataset.images, (v) => v / 255),
          [50, 4, 4, 1],
        ),
      )
      .data();
    const wrong = dataset.labels.filter(
      (label, i) => ((logits[2 * i] as number) >= (logits[2 * i + 1] as number) ? 0 : 1) !== label,
    );
    expect(results[0]?.error).toBeCloseTo(wrong.length / 50, 12);
  });

  test('leaves the mode as it was, also after an error, and keeps no memory', async () => {
    const { model } = make();
    await train.evaluate(model, halves(10));
    const before = await usedMemory();
    await train.evaluate(model, halves(10));
    expect(model.training).toBe(true);
    await expect(train.evaluate(model, halves(0))).rejects.toThrow(/at least one image/);
    await expect(train.evaluate(model, halves(10), { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
    expect(model.training).toBe(true);
    model.eval();
    await train.evaluate(model, halves(10));
    expect(model.training).toBe(false);
    expect(await usedMemory()).toBe(before);
  });
});

describe('schedules', () => {
  const at = (schedule: train.Schedule, step: number, epoch = 0): number => schedule({ epoch, step, totalSteps: 100 });

  test('cosine', () => {
    const schedule = train.cosine(2);
    expect([0, 50, 100].map((step) => at(schedule, step))).toEqual([2, expect.closeTo(1, 12), expect.closeTo(0, 12)]);
    const warm = train.cosine(2, { warmup: 4, floor: 0.5 });
    expect([0, 1, 3, 4, 100, 1000].map((step) => at(warm, step))).toEqual([0.5, 1, 2, 2, 0.5, 0.5]);
  });

  test('stepDecay', () => {
    const schedule = train.stepDecay(1, { every: 2, factor: 0.5 });
    expect([0, 1, 2, 3, 4].map((epoch) => at(schedule, 0, epoch))).toEqual([1, 1, 0.5, 0.5, 0.25]);
    expect(() => train.stepDecay(1, { every: 0 })).toThrow(/every/);
  });
});

test('LossMeter means what was added, also while it is read', async () => {
  const meter = new LossMeter();
  expect(await meter.mean()).toBe(0);
  meter.refresh();
  meter.add(tensor(1));
  meter.refresh();
  meter.add(tensor(3));
  expect(await meter.mean()).toBe(2);
  expect(meter.latest).toBe(2);
  meter.dispose();
});

describe('progress', () => {
  const state: ProgressState = {
    epoch: 0,
    epochs: 8,
    batch: 469,
    batches: 938,
    loss: 0.25,
    imagesPerSecond: 12_345.6,
    secondsLeft: 83.2,
  };
  const record = { epoch: 0, loss: 0.2, lr: 0.1, seconds: 4.94, imagesPerSecond: 12_145 };
  const stream = (isTTY: boolean) => {
    const lines: string[] = [];
    return { isTTY, lines, columns: 100, write: (text: string) => lines.push(text) };
  };

  test('plain lines where there is no terminal', () => {
    const out = stream(false);
    const reporter = train.progress({ stream: out, interval: 0 });
    reporter.update(state);
    reporter.update({ ...state, loss: undefined, secondsLeft: 3700 });
    reporter.epochEnd({ ...record, validation: { loss: 0.1, error: 0.0185, accuracy: 0.9815, n: 10_000 } }, 8);
    reporter.stop();
    expect(out.lines).toEqual([
      'epoch 1/8  step 469/938  loss 0.2500  12,346 images/s  1 min 24 s left\n',
      'epoch 1/8  step 469/938  loss …  12,346 images/s  1 h 1 min left\n',
      'epoch 1/8  loss 0.2000  test error 1.85 %  test loss 0.1000  12,145 images/s  4.9 s\n',
    ]);
  });

  test('not more than a line every few seconds', () => {
    const out = stream(false);
    const reporter = train.progress({ stream: out });
    for (let i = 0; i < 100; i++) reporter.update(state);
    expect(out.lines).toEqual([]);
  });

  test('results may go elsewhere', () => {
    const [out, results] = [stream(false), stream(false)];
    train.progress({ stream: out, results }).epochEnd(record, 8);
    expect(out.lines).toEqual([]);
    expect(results.lines).toEqual([`${formatEpoch(record, 8)}\n`]);
  });

  test('fit shows where it is', async () => {
    const { model, optimizer } = make();
    const states: ProgressState[] = [];
    let stopped = 0;
    const progress = { update: (s: ProgressState) => states.push(s), epochEnd: () => {}, stop: () => stopped++ };
    await train.fit(model, { ...base, data: halves(64), optimizer, epochs: 2, progress });
    expect(stopped).toBe(1);
    expect(states.filter(({ batch, batches }) => batch === batches).map(({ epoch }) => epoch)).toEqual([0, 1]);
    for (const s of states) expect(s).toMatchObject({ epochs: 2, batches: 4 });
  });
});
