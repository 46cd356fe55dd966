import { spawnSync } from 'node:child_process';
import { options, sidesOf } from '../../bench/options.mjs';

test('sides: every mode of the peers unless some are named', () => {
  const described = (sides) => sides.map(({ name, mode }) => `${name} ${mode}`);
  expect(described(sidesOf(['torch', 'tf'], []))).toEqual([
    'torch eager',
    'torch channels_last',
    'torch cudagraph',
    'torch compile',
    'tf function',
  ]);
  // A peer that has none of the named modes keeps its own.
  expect(described(sidesOf(['torch', 'ort'], ['eager']))).toEqual(['torch eager', 'ort session']);
});

test('a peer is left out of what it has not', () => {
  const [tf] = sidesOf(['tf'], []);
  expect(tf.has({ kind: 'train', network: 'vgg16' }, 'function', 'cpu')).toBe(true);
  expect(tf.has({ kind: 'train', network: 'googlenet' }, 'function', 'cpu')).toBe(false);
  expect(tf.has({ kind: 'train', network: 'vgg16' }, 'function', 'cuda:0')).toBe(false);
  const [ort] = sidesOf(['ort'], []);
  expect(ort.has({ kind: 'train', network: 'mlp' }, 'session', 'cpu')).toBe(false);
  const [eager, channelsLast, captured, compiled] = sidesOf(['torch'], []);
  expect(eager.has({ kind: 'kernel' }, 'eager')).toBe(true);
  expect(channelsLast.has({ kind: 'kernel' }, 'channels_last')).toBe(false);
  expect(channelsLast.has({ kind: 'kernel', images: true }, 'channels_last')).toBe(true);
  expect(compiled.has({ kind: 'kernel', images: true }, 'compile')).toBe(false);
  expect(captured.has({ kind: 'train' }, 'cudagraph', 'cpu')).toBe(false);
  expect(captured.has({ kind: 'train' }, 'cudagraph', 'cuda:0')).toBe(true);
  const modes = (...args) => options(['--peer', 'torch', ...args]).sides.map(({ mode }) => mode);
  expect(modes('--only', 'train-mlp')).toEqual(['eager', 'compile']);
  expect(modes('--only', 'train-mlp', '--device', 'cuda:0')).toEqual(['eager', 'cudagraph', 'compile']);
});

test.each([
  [['--peer', 'jax'], /Expected peers \(torch, tf, ort\) but received 'jax'/],
  [['--peer', 'toString'], /Expected peers/],
  [['--modes', 'eager'], /Expected modes \(of a --peer\) but received 'eager'/],
  [['--peer', 'tf', '--modes', 'eager'], /Expected modes \(function\) but received 'eager'/],
  [['--only', 'nothing'], /No workload's name contains any of 'nothing'/],
  [['--precision', 'tf32'], /Expected float32 for --precision but received 'tf32'/],
  [['--device', 'cuda:0', '--precision', 'float16'], /Expected float32, tf32, bfloat16 for --precision/],
  [['--budget', 'x'], /--budget/],
  [['--trials', '0'], /--trials/],
  [['--threads', '0'], /--threads/],
  [['--wrong'], /--wrong/],
])('options %j are refused', (args, message) => {
  expect(() => options(args)).toThrow(message);
});

test('defaults: one trial alone, three with peers', () => {
  expect(options([])).toMatchObject({ trials: 1, budget: 1, threads: null, device: 'cpu', sides: [] });
  expect(options(['--peer', 'tf', '--python', 'p'])).toMatchObject({ trials: 3, tfPython: 'p' });
});

const bench = (...args) =>
  spawnSync(process.execPath, ['bench/run.mjs', ...args], { encoding: 'utf8', cwd: `${__dirname}/../..` });

test('--json prints one line a workload, with its check', () => {
  const { status, stdout } = bench('--json', '--only', 'gemm-64,train-lenet5', '--budget', '0');
  expect(status).toBe(0);
  const [gemm, lenet] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(gemm).toMatchObject({ peer: 'hebb', device: 'cpu', work: 'gemm-64', n: 3, checked: 'cpu:ref' });
  expect(gemm.s).toBeGreaterThanOrEqual(gemm.min);
  expect(Number.isFinite(lenet.loss)).toBe(true);
  // Parameters, their gradients and their momentum at least.
  expect(lenet.memory.allocated).toBeGreaterThan(3 * 4 * 61_706);
});

test('a wrong option ends with 2 and one line; a peer that is not there ends with 1, hebb measured', () => {
  const wrong = bench('--peer', 'jax');
  expect(wrong.status).toBe(2);
  expect(wrong.stderr.trim().split('\n')).toHaveLength(1);
  const missing = bench('--only', 'gemm-64', '--budget', '0', '--json', '--peer', 'tf,torch', '--python', '/no/python');
  expect(missing.status).toBe(1);
  expect(missing.stderr).toContain('/no/python: not found');
  expect(JSON.parse(missing.stdout)).toMatchObject({ peer: 'hebb', work: 'gemm-64' });
});

test('the sweeps refuse wrong options with 2', () => {
  for (const wrong of [
    ['--only', 'nothing'],
    ['--peer', 'tf'],
    ['--budget', 'x'],
    ['--threads', '0'],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, ['bench/sweep.mjs', ...wrong], {
      encoding: 'utf8',
      cwd: `${__dirname}/../..`,
    });
    expect(status).toBe(2);
    expect(stderr).toContain(wrong[0] === '--only' ? 'gemm, conv-channels' : wrong[0]);
  }
});
