// Other libraries on the same workloads. Each is a script of ours that runs one workload in one mode, in a process of
// its own, and prints one JSON line like hebb's, with its `mode`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** @typedef {import('./workloads/index.mjs').Workload} Workload */

/**
 * @typedef {object} Trial
 * @property {Workload} workload
 * @property {string} mode
 * @property {number} budget
 * @property {number} threads
 * @property {string} device
 * @property {string} [precision]
 * @property {string} python the Python that has PyTorch
 * @property {string} tfPython the Python that has TensorFlow
 * @property {string} ort a folder where onnxruntime-node is installed
 */

/**
 * @typedef {object} Peer
 * @property {readonly string[]} modes all it has
 * @property {(workload: Workload, mode: string, device: string) => boolean} has whether it has a workload, and a mode
 *   differs from the others there
 * @property {(trial: Trial) => [command: string, args: string[]]} command
 */

const onCpu = (device) => device.startsWith('cpu');
const common = ({ workload, budget, threads }) => [
  ...['--work', workload.name, '--budget', String(budget), '--threads', String(threads)],
];

const tfNetworks = ['mlp', 'lenet5', 'vgg16', 'resnet50'];

/** @type {Readonly<Record<string, Peer>>} */
export const peers = {
  torch: {
    modes: ['eager', 'channels_last', 'cudagraph', 'compile'],
    has: ({ kind, images }, mode, device) => {
      if (mode === 'channels_last') return images === true;
      if (mode === 'cudagraph' && onCpu(device)) return false;
      return mode === 'eager' || kind !== 'kernel';
    },
    command: ({ mode, device, precision = 'float32', python, ...trial }) => [
      python,
      [
        ...[path('peers/torch_peer.py'), ...common(trial), '--mode', mode, '--precision', precision],
        ...['--device', onCpu(device) ? 'cpu' : device],
      ],
    ],
  },
  tf: {
    modes: ['function'],
    has: ({ network }, _, device) => onCpu(device) && tfNetworks.includes(network),
    command: ({ tfPython, ...trial }) => [tfPython, [path('peers/tf_peer.py'), ...common(trial)]],
  },
  ort: {
    modes: ['session'],
    has: ({ kind }, _, device) => onCpu(device) && kind === 'infer',
    command: ({ python, ort, ...trial }) => [
      process.execPath,
      [path('peers/ort_peer.mjs'), ...common(trial), '--ort', ort, '--onnx', exported(trial.workload, python)],
    ],
  },
};

/** The file of a workload's network as ONNX, made by PyTorch where it is not in the cache yet. */
function exported({ name, network }, python) {
  const folder = join(tmpdir(), `hebb-bench-${userInfo().username}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${network}.onnx`);
  if (existsSync(file)) return file;
  const unfinished = `${file}.${process.pid}`;
  const args = [path('peers/torch_peer.py'), '--work', name, '--export', unfinished];
  const { status, error, stderr } = spawnSync(python, args, { encoding: 'utf8' });
  if (status !== 0) {
    rmSync(unfinished, { force: true });
    throw new Error(`${network} was not exported: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
  }
  renameSync(unfinished, file);
  return file;
}

/**
 * Variables that hold the peers to an instruction set, as HEBB_CPU holds hebb. onnxruntime-node has none.
 * @param {string | undefined} isa
 */
export function cappedTo(isa) {
  return isa === 'avx2'
    ? { ATEN_CPU_CAPABILITY: 'avx2', ONEDNN_MAX_CPU_ISA: 'AVX2', MKL_ENABLE_INSTRUCTIONS: 'AVX2' }
    : {};
}
