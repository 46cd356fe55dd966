// Tensors, models and optimizers that go from one device to another.
import {
  compile,
  copyInto,
  data,
  getDefaultDevice,
  manualSeed,
  memory,
  models,
  nn,
  noGrad,
  optim,
  setDefaultDevice,
  setMemoryLimit,
  synchronize,
  type Tensor,
  tensor,
  train,
  trimMemory,
  zeros,
} from '../../lib';
import { describeOnAccelerators } from '../harness/devices';
import { floats } from '../harness/values';

const MEBIBYTE = 2 ** 20;

function ways(devices: string[]) {
  test.each(devices.flatMap((from) => devices.filter((to) => to !== from).map((to): [string, string] => [from, to])))(
    'from %s to %s, in the order of both',
    async (from, to) => {
      const values = floats(5000, 1);
      const x = tensor(values, { device: from });
      const y = x.add(1);
      const z = y.to(to);
      copyInto(y, new Float32Array(5000)); // comes later
      expect(z.device).toBe(to);
      expect(z.mul(2).dataSync()).toEqual(values.map((value) => Math.fround(value + 1) * 2));
    },
  );
}

function trainer() {
  manualSeed(4);
  const model = new nn.Sequential(new nn.Linear(6, 16), new nn.ReLU(), new nn.Linear(16, 4));
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
  const step = (x: Tensor, labels: Tensor) => {
    optimizer.zeroGrad();
    const loss = nn.functional.crossEntropy(model.forward(x), labels);
    loss.backward();
    optimizer.step();
    return loss;
  };
  const batch = () => {
    const device = model.parameters()[0]?.device as string;
    return [
      tensor(floats(48, 7), [8, 6], { device }),
      tensor(Int32Array.of(0, 1, 2, 3, 0, 1, 2, 3), { device }),
    ] as const;
  };
  return { model, optimizer, step, batch };
}

test('a tensor that is there already is itself', () => {
  const x = tensor([1]);
  expect(x.to('cpu')).toBe(x);
  expect(() => x.to('tpu')).toThrow(/Expected a device \(cpu.*\) but received 'tpu'/);
});

test('between names of one processor', () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const y = x.to('cpu:ref');
  expect(y.mul(3).dataSync()).toEqual(Float32Array.of(3, 6));
  y.sum().backward();
  expect(x.grad?.dataSync()).toEqual(Float32Array.of(1, 1));
});

describeOnAccelerators(1, 'to and from an accelerator', ([name]) => {
  const device = name as string;

  ways(['cpu', device]);

  test('integers, bytes and nothing', () => {
    for (const values of [Int32Array.of(1, -2), Uint8Array.of(3, 255), new Float32Array(0)]) {
      expect(tensor(values).to(device).dataSync()).toEqual(values);
      expect(tensor(values, { device }).to('cpu').dataSync()).toEqual(values);
    }
  });

  test('gradients flow back', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    x.mul(3)
      .to(device)
      .mul(tensor([10, 100], { device }))
      .to('cpu')
      .sum()
      .backward();
    expect(x.grad?.device).toBe('cpu');
    expect(x.grad?.dataSync()).toEqual(Float32Array.of(30, 300));
  });

  test('back and forth many times', async () => {
    let x = zeros([100]);
    for (let round = 0; round < 300; round++) x = x.to(device).add(1).to('cpu').add(1);
    expect(await x.data()).toEqual(new Float32Array(100).fill(600));
  });

  test('a failure before it is told by the next read', async () => {
    const y = zeros([3, 2], { device }).gatherRows(tensor(Int32Array.of(9), { device }));
    await expect(y.to('cpu').data()).rejects.toThrow(/gather_rows: /);
    expect(zeros([1], { device }).to('cpu').dataSync()).toEqual(new Float32Array(1));
  });

  test('not in a compiled function', () => {
    expect(() => compile((x: Tensor) => x.to(device))(zeros([1]))).toThrow(
      'transfer: a tensor cannot go to another device inside a compiled function',
    );
  });

  describe('a model', () => {
    test('computes there what it computed here, and gives back its memory', async () => {
      const model = models.lenet5();
      const images = tensor(floats(2 * 784, 5), [2, 28, 28, 1]);
      const want = noGrad(() => model.forward(images)).dataSync();
      const before = memory(device).used;
      expect(model.to(device)).toBe(model);
      expect(model.namedTensors().every(([, value]) => value.device === device)).toBe(true);
      const got = noGrad(() => model.forward(images.to(device))).dataSync();
      got.forEach((value, index) => {
        expect(value).toBeCloseTo(want[index] as number, 4);
      });
      model.to('cpu');
      expect(noGrad(() => model.forward(images)).dataSync()).toEqual(want);
      await synchronize(device);
      expect(memory(device).used - before).toBeLessThan(MEBIBYTE);
    });

    test('takes its optimizer and gradients along, in the middle of training', () => {
      const whole = trainer();
      const moved = trainer();
      const results = [whole, moved].map(({ model, step, batch }) => {
        const losses: number[] = [];
        for (const place of ['cpu', device, device, 'cpu']) {
          if (model === moved.model) model.to(place);
          losses.push(step(...batch()).dataSync()[0] as number);
        }
        return losses;
      });
      (results[1] as number[]).forEach((loss, index) => {
        expect(loss).toBeCloseTo((results[0] as number[])[index] as number, 5);
      });
      const gradients = moved.model.parameters().map(({ grad }) => grad?.dataSync());
      moved.model.to(device);
      expect(moved.model.parameters().every(({ grad }) => grad?.device === device)).toBe(true);
      expect(moved.model.parameters().map(({ grad }) => grad?.dataSync())).toEqual(gradients);
    });

    test('records its programs anew, and the optimizer follows within them', () => {
      const { model, optimizer, step, batch } = trainer();
      const compiled = compile(step);
      const losses: number[] = [];
      for (const place of ['cpu', 'cpu', device, device, device, 'cpu', 'cpu']) {
        model.to(place);
        optimizer.lr = 0.05;
        losses.push(compiled(...batch()).dataSync()[0] as number);
      }
      expect([...losses].sort((a, b) => b - a)).toEqual(losses); // it goes on learning
      expect(Object.values(optimizer.stateDict()).every((value) => value.device === 'cpu')).toBe(true);
    });

    test('loads states from another device', () => {
      const source = trainer();
      const target = trainer();
      source.step(...source.batch());
      target.model.to(device);
      target.step(...target.batch());
      target.model.loadStateDict(source.model.stateDict());
      target.optimizer.loadStateDict(source.optimizer.stateDict());
      const values = (state: Record<string, Tensor>) => Object.values(state).map((value) => value.dataSync());
      expect(values(target.model.stateDict())).toEqual(values(source.model.stateDict()));
      expect(values(target.optimizer.stateDict())).toEqual(values(source.optimizer.stateDict()));
      expect(Object.values(target.model.stateDict()).every((value) => value.device === device)).toBe(true);
    });

    test('stays whole where the memory does not suffice', () => {
      const model = models.mlp();
      trimMemory(device);
      const { limit, reserved } = memory(device);
      setMemoryLimit(reserved + 64 * 1024, device);
      try {
        expect(() => model.to(device)).toThrow(/transfer: out of memory/);
      } finally {
        setMemoryLimit(limit, device);
      }
      expect(model.namedTensors().every(([, value]) => value.device === 'cpu')).toBe(true);
    });
  });

  test('a loader puts its batches there', async () => {
    const images = Uint8Array.from({ length: 40 }, (_, index) => index);
    const dataset = { images, labels: Int32Array.from({ length: 10 }, (_, i) => i), imageShape: [2, 2, 1], length: 10 };
    let seen = 0;
    for await (const batch of data.loader(dataset as never, { batchSize: 4, device })) {
      expect([batch.images.device, batch.labels.device]).toEqual([device, device]);
      expect(batch.labels.dataSync()[0]).toBe(seen);
      seen += batch.size;
    }
    expect(seen).toBe(10);
  });

  test('fit and evaluate work where the model is', async () => {
    manualSeed(2);
    const model = new nn.Sequential(new nn.Flatten(), new nn.Linear(4, 2)).to(device);
    const count = 64;
    const images = Float32Array.from({ length: count * 4 }, (_, index) => ((index >> 2) % 2 ? 1 : -1));
    const labels = Int32Array.from({ length: count }, (_, index) => index % 2);
    const dataset = { images, labels, imageShape: [2, 2, 1], length: count } as never;
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.5 });
    const before = await train.evaluate(model, dataset);
    await train.fit(model, { data: dataset, optimizer, epochs: 5, batchSize: 16, progress: false });
    const after = await train.evaluate(model, dataset);
    expect(after.loss).toBeLessThan(before.loss / 2);
    expect(after.error).toBe(0);
  });

  test('new tensors and models are made on the default device', () => {
    const before = getDefaultDevice();
    setDefaultDevice(device);
    try {
      expect(zeros([1]).device).toBe(device);
      expect(new nn.Linear(2, 2).weight.device).toBe(device);
    } finally {
      setDefaultDevice(before);
    }
  });
});

describeOnAccelerators(2, 'between two accelerators', (devices) => {
  ways(devices);

  test('in a circle', async () => {
    const [first, second] = devices as [string, string];
    let [x, y] = [zeros([10], { device: first }), zeros([10], { device: second })];
    for (let round = 0; round < 100; round++) [x, y] = [y.to(first).add(1), x.to(second).add(1)];
    expect(await x.data()).toEqual(new Float32Array(10).fill(100));
    expect(await y.data()).toEqual(new Float32Array(10).fill(100));
  });
});
