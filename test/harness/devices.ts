// Every device the op table runs on: the reference kernels, each instruction set of this machine, and the GPUs there
// are. HEBB_CUDA_PLUGIN may name a plugin with an emulated one.
import { describe as describeMachine } from '../../lib';
import { native } from '../../lib/native';

/** The slow, obvious kernels: the oracle. */
export const reference = 'cpu:ref';

const { gpu } = describeMachine();
const named = process.env.HEBB_CUDA_PLUGIN;
if (named && named !== '0' && gpu.devices.length === 0) {
  throw new Error(`no GPU, though HEBB_CUDA_PLUGIN is '${named}': ${gpu.reason}`);
}

export const accelerators: readonly string[] = gpu.devices;

/** `describe` for tests that need so many accelerators: where there are fewer, they are skipped and say so. */
export function describeOnAccelerators(count: number, name: string, tests: (devices: string[]) => void): void {
  if (accelerators.length >= count) {
    describe(name, () => tests(accelerators.slice(0, count)));
  } else {
    const why = `needs ${count} accelerator${count > 1 ? 's' : ''}, and there are ${accelerators.length}: ${gpu.reason}`;
    describe.skip(`${name} (${why})`, () => tests(Array.from({ length: count }, (_, index) => `cuda:${index}`)));
  }
}

export const testDevices: readonly string[] = native.devices().map((device) => device.name);
