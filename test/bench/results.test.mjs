import { markdown } from '../../bench/markdown.mjs';
import { commandOf, descriptionOf, merge, slug } from '../../bench/results.mjs';

test('slug: the processor without marks and frequency, then the settings', () => {
  expect(slug('Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz', ['', '', ''])).toBe('intel-xeon-gold-6230');
  expect(slug('AMD Ryzen 9 7950X 16-Core Processor', ['avx2', '1 threads', 'cuda:0'])).toBe(
    'amd-ryzen-9-7950x-16-core-processor-avx2-1-threads-cuda-0',
  );
  expect(slug('Intel(R) Xeon(R) Processor @ 2.70GHz (family 6, model 143)', [])).toBe(
    'intel-xeon-processor-family-6-model-143',
  );
});

const results = (rows, limits = null) => ({ machine: { cpu: 'x' }, limits, rows });

test('merge: a row takes the place of its namesake, others stay, in the order of the suite', () => {
  const before = results([
    { name: 'b', date: 1 },
    { name: 'a', date: 1 },
    { name: 'gone', date: 1 },
  ]);
  const merged = merge(
    before,
    results(
      [
        { name: 'c', date: 2 },
        { name: 'b', date: 2 },
      ],
      { gflops: 1 },
    ),
    ['a', 'b', 'c'],
  );
  expect(merged.rows).toEqual([
    { name: 'a', date: 1 },
    { name: 'b', date: 2 },
    { name: 'c', date: 2 },
  ]);
  expect(merged.limits).toEqual({ gflops: 1 });
});

test('merge: the first rows; limits stay where a run has none', () => {
  expect(merge(null, results([{ name: 'a' }]), ['a']).rows).toEqual([{ name: 'a' }]);
  expect(merge(results([], { gflops: 2 }), results([]), []).limits).toEqual({ gflops: 2 });
});

test('commandOf: what was asked for, without paths and defaults', () => {
  const sides = [{ name: 'torch' }, { name: 'torch' }, { name: 'tf' }];
  const given = { sides, budget: 1, trials: 3, threads: null, device: 'cpu', python: '/home/me/venv/bin/python' };
  expect(commandOf(given)).toBe('npm run bench -- --save --peer torch,tf --budget 1 --trials 3');
  expect(commandOf({ ...given, sides: [], threads: 1, isa: 'avx2', device: 'cuda:0' })).toBe(
    'npm run bench -- --save --budget 1 --trials 3 --threads 1 --isa avx2 --device cuda:0',
  );
});

const memory = (resident) => ({ allocated: 4e6, resident });
const side = (s, more = {}) => ({ s, disturbed: false, memory: memory(5e6), ...more });
const torch = (mode, s, hebb, more) => ({
  ...side(s, { side: 'torch', peer: 'torch-9', mode, memory: memory(2e7) }),
  ...{ ratio: s / hebb, low: s / hebb, high: s / hebb, fastest: false },
  ...more,
});
const row = (name, kind, hebb, peers, more = {}) => ({
  ...{ name, kind, flop: 1e9, date: '2026-01-02T03:04:05Z', floor: hebb.s / 2, checked: 'cpu:ref', why: '' },
  ...{ versions: { hebb: '1', node: 'v20', compiler: 'GCC 12' }, command: 'npm run bench -- --save', hebb, peers },
  ...more,
});

const rows = [
  row('gemm-64', 'kernel', side(1), [torch('eager', 0.5, 1, { fastest: true })]),
  row('gemm-256', 'kernel', side(1), [torch('eager', 8, 1, { fastest: true, disturbed: true })]),
  row('conv-fwd-x', 'kernel', side(1), [torch('eager', 3, 1), torch('channels_last', 2, 1, { fastest: true })]),
  row('train-mlp-b128', 'train', side(1), [torch('eager', 4, 1, { fastest: true })], { checked: null }),
];
const machine = {
  cpu: 'Processor',
  cores: 2,
  isa: 'avx2',
  threads: 2,
  device: 'cpu',
  platform: 'p',
  system: 'Linux 6',
};
const page = markdown([{ machine, limits: null, rows }]);
const lineOf = (start) => page.split('\n').find((line) => line.startsWith(start));

test('markdown: the fastest peer is bold, disturbed and unchecked rows are marked', () => {
  expect(lineOf('| conv-fwd-x')).toBe(
    '| conv-fwd-x | 1.00 s | 1.0 GFLOP/s | 50% | 3.00 s | **2.00 s** | 2.00x [2.00–2.00] |',
  );
  expect(lineOf('| gemm-256')).toContain('| gemm-256 ! |');
  expect(lineOf('| train-mlp-b128')).toContain('| train-mlp-b128 ? |');
});

test('markdown: geometric means by group, and where hebb loses', () => {
  // √(0.5 · 8)
  expect(lineOf('| GEMM')).toBe('| GEMM and linear layers | 2 | 2.00x | 0.50x | 1 |');
  expect(page).toContain('### Where hebb loses\n\n- gemm-64: 0.50x [0.50–0.50] (torch eager)\n');
  expect(page).toContain('`npm run bench -- --save`');
});

test('markdown: peak memory of training steps', () => {
  const heading = page.indexOf('### Peak memory');
  expect(page.slice(heading)).toContain('| train-mlp-b128 | 4.00 MB | 5.00 MB | 20.0 MB | 4.00x |');
});

test('markdown: a run without peers has no comparison', () => {
  const alone = markdown([{ machine, limits: null, rows: [row('gemm-64', 'kernel', side(1), [])] }]);
  expect(alone).not.toContain('Where hebb loses');
  expect(alone).toContain('| gemm-64 | 1.00 s | 1.0 GFLOP/s | 50% |  |');
});

const facts = [
  { item: 'NVIDIA driver', found: '580.1, CUDA 13.0' },
  { item: 'cuda:0', found: 'NVIDIA H200, compute capability 9.0, 139.8 GiB' },
  { item: 'cuBLAS', found: '13.0, /opt/cuda/lib64/libcublas.so.13' },
  { item: 'cuDNN', found: '' },
];

test("a GPU's results tell of the GPU, the precision and the software, without paths of the machine", () => {
  const found = descriptionOf({ device: 'cuda:0', precision: 'tf32' }, { ...machine, gpu: { facts } });
  expect(found).toMatchObject({ precision: 'tf32', gpu: 'NVIDIA H200, compute capability 9.0, 139.8 GiB' });
  expect(found.software).toEqual(['NVIDIA driver 580.1, CUDA 13.0', 'cuBLAS 13.0']);
  expect(descriptionOf({ device: 'cpu' }, { ...machine, gpu: { facts } }).gpu).toBeUndefined();
  const bandwidth = { copy: 4e12, kernels: [{ name: 'relu', bytesPerSecond: 3e12 }] };
  const text = markdown([{ machine: found, limits: null, rows: [], bandwidth }]);
  expect(text).toContain('## NVIDIA H200, tf32\n');
  expect(text).toContain('| relu | 3000 GB/s | 75% |');
  expect(text).not.toContain('/opt');
});

test('merge: what is kept beside the rows stays', () => {
  const before = { ...results([]), bandwidth: { copy: 1, kernels: [] } };
  expect(merge(before, results([{ name: 'a' }]), ['a']).bandwidth).toBe(before.bandwidth);
});

test("Winograd's rounding errors stand beside the direct way's", () => {
  const errors = [
    {
      name: 'vgg3_2',
      output: 'forward',
      winograd: { rms: 3e-7, max: 4e-6 },
      direct: { rms: 1.5e-7, max: 1e-6 },
    },
  ];
  const text = markdown([{ machine: { cpu: 'x' }, limits: null, rows: [], errors }]);
  expect(text).toContain('| vgg3_2, forward | 3.0e-7 | 1.5e-7 | 2.0x | 4.0e-6 | 1.0e-6 | 4.0x |');
});
