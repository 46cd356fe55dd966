// Other libraries on the same workloads. Each is a script of ours that runs one workload in one mode, in a process of
// its own, and prints one JSON line like hebb's, with its `mode`.
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * @typedef {object} Peer
 * @property {readonly string[]} modes all it has, the first ones by default
 * @property {readonly string[]} defaultModes
 * @property {(workload: import('./workloads/index.mjs').Workload, mode: string) => boolean} has whether a mode differs
 *   from the others for a workload
 * @property {(trial: Trial) => [command: string, args: string[]]} command
 */

/** @typedef {{ work: string, mode: string, budget: number, threads: number, device: string, python: string }} Trial */

/** @type {Readonly<Record<string, Peer>>} */
export const peers = {
  torch: {
    modes: ['eager', 'channels_last', 'compile'],
    defaultModes: ['eager', 'channels_last'],
    has: ({ kind, images }, mode) => {
      if (mode === 'channels_last') return images === true;
      return mode === 'eager' || kind !== 'kernel';
    },
    command: ({ work, mode, budget, threads, device, python }) => [
      python,
      [
        path('peers/torch_peer.py'),
        ...['--work', work, '--mode', mode, '--budget', String(budget)],
        ...['--threads', String(threads), '--device', device.startsWith('cuda') ? 'cuda' : 'cpu'],
      ],
    ],
  },
};
