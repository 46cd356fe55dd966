import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError, io, models, nn, optim, type Tensor, tensor } from '../../lib/index';
import { encodeSafetensors } from '../../lib/io/codec';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hebb-io-'));
  path = join(folder, 'x.safetensors');
});
afterEach(() => rmSync(folder, { recursive: true }));

const bits = (tensors: Record<string, Tensor>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => {
      const data = t.dataSync();
      return [
        name,
        `${t.dtype} ${t.shape} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')}`,
      ];
    }),
  );

test('saves and loads every type, bit for bit', async () => {
  const tensors = {
    weight: tensor(Float32Array.of(1, -0, Number.NaN, 1e-40, 3, 4), [2, 3]),
    labels: tensor(Int32Array.of(-1, 2), [2]),
    pixels: tensor(Uint8Array.of(0, 128, 255), [3]),
    scalar: tensor(5),
  };
  await io.saveSafetensors(path, tensors, { metadata: { model: 'x', note: 'ü' } });
  expect(readdirSync(folder)).toEqual(['x.safetensors']);
  const file = await io.loadSafetensorsFile(path);
  expect(bits(file.tensors)).toEqual(bits(tensors));
  expect({ ...file.metadata }).toEqual({ model: 'x', note: 'ü' });
  expect(bits(await io.loadSafetensors(path))).toEqual(bits(tensors));
});

test('a model goes through a file', async () => {
  const one = models.lenet5();
  const two = models.lenet5();
  await io.saveSafetensors(path, one.stateDict());
  two.loadStateDict(await io.loadSafetensors(path));
  expect(bits(two.stateDict())).toEqual(bits(one.stateDict()));
});

test('the Python package reads it, where it is installed', async () => {
  try {
    execFileSync('python3', ['-c', 'import safetensors.numpy'], { stdio: 'ignore' });
  } catch {
    return;
  }
  await io.saveSafetensors(
    path,
    { b: tensor(Uint8Array.of(1)), a: tensor([1.5, 2.5]), n: tensor(Int32Array.of(-7)) },
    { metadata: { k: 'v' } },
  );
  const script = `
import sys
from safetensors.numpy import load_file
from safetensors import safe_open
t = load_file(sys.argv[1])
print({k: (str(v.dtype), v.tolist()) for k, v in sorted(t.items())}, safe_open(sys.argv[1], 'np').metadata())`;
  expect(execFileSync('python3', ['-c', script, path], { encoding: 'utf8' }).trim()).toBe(
    "{'a': ('float32', [1.5, 2.5]), 'b': ('uint8', [1]), 'n': ('int32', [-7])} {'k': 'v'}",
  );
});

test('bad files are refused with a line that names them', async () => {
  await expect(io.loadSafetensors(join(folder, 'absent'))).rejects.toThrow(
    /Cannot read '.*absent': no such file or folder/,
  );
  await expect(io.loadSafetensors(folder)).rejects.toThrow(/a folder/);
  await expect(io.loadSafetensors('/dev/zero')).rejects.toThrow(/device or pipe/);
  writeFileSync(path, 'plain text, and not a model');
  await expect(io.loadSafetensors(path)).rejects.toThrow(InputError);
  await io.saveSafetensors(path, { a: tensor([1, 2, 3]) });
  const size = readFileSync(path).length;
  for (const cut of [0, 7, 8, 20, size - 1]) {
    truncateSync(path, size);
    writeFileSync(path, readFileSync(path).subarray(0, cut));
    await expect(io.loadSafetensors(path)).rejects.toThrow(InputError);
    await io.saveSafetensors(path, { a: tensor([1, 2, 3]) });
  }
  const rank = 40;
  writeFileSync(
    path,
    Buffer.concat(encodeSafetensors({ deep: { shape: new Array(rank).fill(1), data: Float32Array.of(1) } })),
  );
  await expect(io.loadSafetensors(path)).rejects.toThrow(InputError);
});

test('a failed save leaves the old file', async () => {
  await io.saveSafetensors(path, { a: tensor([1]) });
  const before = readFileSync(path);
  const gone = tensor([2]);
  gone.dispose();
  await expect(io.saveSafetensors(path, { a: gone })).rejects.toThrow();
  await expect(
    io.saveSafetensors(path, { a: tensor([2]) }, { metadata: { n: 1 as unknown as string } }),
  ).rejects.toThrow(InputError);
  expect(readFileSync(path)).toEqual(before);
  expect(readdirSync(folder)).toEqual(['x.safetensors']);
});

describe('checkpoints', () => {
  const make = () => {
    const model = new nn.Sequential(new nn.Linear(3, 2), new nn.ReLU(), new nn.Linear(2, 2));
    return { model, optimizer: new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 }) };
  };
  const step = ({ model, optimizer }: ReturnType<typeof make>, seed: number): void => {
    optimizer.zeroGrad();
    const x = tensor([seed, 1, -2, 0.5, -seed, 3], [2, 3]);
    nn.functional.crossEntropy(model.forward(x), tensor(Int32Array.of(0, 1))).backward();
    optimizer.step();
  };

  test('training goes on as if it had not stopped', async () => {
    const one = make();
    step(one, 1);
    step(one, 2);
    await io.saveCheckpoint(path, { ...one, metadata: { epoch: '2' } });
    const two = make();
    expect({ ...(await io.loadCheckpoint(path, two)) }).toEqual({ epoch: '2' });
    expect(bits(two.model.stateDict())).toEqual(bits(one.model.stateDict()));
    expect(bits(two.optimizer.stateDict())).toEqual(bits(one.optimizer.stateDict()));
    for (const pair of [one, two]) {
      step(pair, 3);
      step(pair, 4);
    }
    expect(bits(two.model.stateDict())).toEqual(bits(one.model.stateDict()));
  });

  test('weights alone come from either kind of file', async () => {
    const { model, optimizer } = make();
    const weights = join(folder, 'weights');
    await io.saveCheckpoint(path, { model, optimizer, metadata: { model: 'm' } });
    await io.saveSafetensors(weights, model.stateDict(), { metadata: { model: 'm' } });
    for (const file of [path, weights]) {
      const { tensors, metadata } = await io.loadWeights(file);
      expect(bits(tensors)).toEqual(bits(model.stateDict()));
      expect(metadata.model).toBe('m');
    }
  });

  test('what does not fit is refused, and named', async () => {
    const one = make();
    await io.saveSafetensors(path, one.model.stateDict());
    await expect(io.loadCheckpoint(path, one)).rejects.toThrow(/Expected a checkpoint .*x.safetensors/);
    await io.saveCheckpoint(path, { model: one.model });
    await expect(io.loadCheckpoint(path, make())).rejects.toThrow(/holds a model only/);
    await io.loadCheckpoint(path, { model: make().model });
    await io.saveCheckpoint(path, one);
    const other = models.mlp();
    await expect(io.loadCheckpoint(path, { model: other })).rejects.toThrow(/x.safetensors' does not fit: /);
    await expect(
      io.loadCheckpoint(path, { model: one.model, optimizer: new optim.SGD(one.model.parameters(), { lr: 0.1 }) }),
    ).rejects.toThrow(/does not fit: .*momentum/);
  });
});
