import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError, io, nn, tensor } from '../../lib';

const model = () => new nn.Sequential(new nn.Conv2d(2, 2, 1, { bias: false }), new nn.BatchNorm2d(2));

test('a state dict as PyTorch saves it, with its count of batches', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hebb-torch-'));
  const values: [string, number[], Float32Array | BigInt64Array][] = [
    ['1.num_batches_tracked', [], BigInt64Array.of(12345n)],
    ['0.weight', [2, 2, 1, 1], Float32Array.of(1, 2, 3, 4)],
    ['1.weight', [2], Float32Array.of(5, 6)],
    ['1.bias', [2], Float32Array.of(7, 8)],
    ['1.running_mean', [2], Float32Array.of(9, 10)],
    ['1.running_var', [2], Float32Array.of(11, 12)],
  ];
  let end = 0;
  const header = Object.fromEntries(
    values.map(([name, shape, data]) => {
      const begin = end;
      end += data.byteLength;
      return [name, { dtype: data instanceof Float32Array ? 'F32' : 'I64', shape, data_offsets: [begin, end] }];
    }),
  );
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const path = join(folder, 'torch.safetensors');
  try {
    writeFileSync(path, Buffer.concat([length, json, ...values.map(([, , data]) => Buffer.from(data.buffer))]));
    const state = await io.loadSafetensors(path);
    expect(state['1.num_batches_tracked']?.dataSync()).toEqual(Int32Array.of(12345));
    const own = model();
    own.loadStateDict(io.fromTorch(own, state));
    const flat = Object.values(own.stateDict()).flatMap((one) => [...one.dataSync()]);
    expect(flat).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what is missing or has no place is named', () => {
  const own = model();
  expect(() => io.fromTorch(own, {})).toThrow(
    new InputError("Expected '0.weight' in a PyTorch state dict of this model but it is missing"),
  );
  const state = io.fromTorch(own, {
    '0.weight': tensor([1, 2, 3, 4], [2, 2, 1, 1]),
    '1.weight': tensor([1, 1]),
    '1.bias': tensor([1, 1]),
    '1.running_mean': tensor([1, 1]),
    '1.running_var': tensor([1, 1]),
  });
  expect(Object.keys(state)).toEqual(Object.keys(own.stateDict()));
  const more = {
    ...state,
    '1.running_mean': tensor([1, 1]),
    '1.running_var': tensor([1, 1]),
    'fc.weight': tensor([1]),
  };
  expect(() => io.fromTorch(own, more)).toThrow(/but received one with '1.runningMean' and 2 more/);
});
