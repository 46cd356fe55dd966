// Loads the addon, and says what is wrong when it does not load.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { HebbError } from './errors';

/** A native tensor: an opaque object that only the addon can open. */
export type Handle = { readonly __handle: unique symbol };
/** A recorded program. `bytes`: its memory; `commands`: how many it replays. */
export type ProgramHandle = { readonly __program: unique symbol; readonly commands: number; readonly bytes: number };
export type TypedArray = Float32Array | Int32Array | Uint8Array;
export type KernelArgument = Handle | readonly Handle[] | null | number | boolean | readonly number[];

/** Bytes. `used`: in tensors' hands; `reserved`: used and cached; `peak`: the largest `used`; `limit`: the most `reserved` may be. */
export interface MemoryStatistics {
  used: number;
  reserved: number;
  peak: number;
  limit: number;
}

/** A line of what a plugin says of the machine. `found`: what and where, or ''; `reason`: why it is missing or not used. */
export interface PluginFact {
  readonly item: string;
  readonly found: string;
  readonly reason: string;
  readonly remedy: string;
}

interface Addon {
  readonly kernels: Readonly<Record<string, (...values: KernelArgument[]) => void>>;
  allocate(device: number, dtype: number, shape: readonly number[]): Handle;
  create(device: number, dtype: number, shape: readonly number[], values: TypedArray): Handle;
  write(tensor: Handle, values: TypedArray, offset: number): void;
  transfer(tensor: Handle, device: number): Handle;
  reshape(tensor: Handle, shape: readonly number[]): Handle;
  dispose(tensor: Handle): void;
  read(tensor: Handle): Promise<TypedArray>;
  readSync(tensor: Handle): TypedArray;
  mark(device: number, reports: boolean): Promise<void>;
  inspect(tensor: Handle): { dtype: number; shape: number[] };
  beginRecording(device: number): void;
  recordInput(dtype: number, shape: readonly number[]): Handle;
  endRecording(outputs: readonly Handle[], kept: readonly Handle[]): ProgramHandle;
  abortRecording(): void;
  pauseRecording(): void;
  resumeRecording(): void;
  replay(program: ProgramHandle, inputs: readonly Handle[]): Handle[];
  disposeProgram(program: ProgramHandle): void;
  devices(): { name: string; listed: boolean }[];
  openPlugin(path: string): PluginFact[];
  instructionSets(): { name: string; unusable: string; used: boolean }[];
  memory(device: number): MemoryStatistics;
  resetPeakMemory(device: number): void;
  trimMemory(device: number): void;
  setMemoryLimit(device: number, bytes: number): void;
  stopAccelerators(): void;
  setThreads(count: number): void;
  threads(): number;
  setPrecision(precision: number): void;
  precision(): number;
  setDeterministic(on: boolean): void;
  deterministic(): boolean;
  setWinograd(on: boolean): void;
  winograd(): boolean;
}

export const packageRoot = join(__dirname, '..');

function load(): Addon {
  try {
    return require('node-gyp-build')(packageRoot) as Addon;
  } catch (error) {
    throw new HebbError(explain(error as Error), { cause: error });
  }
}

function explain(error: Error): string {
  const system = `${process.platform}-${process.arch}, Node ${process.version}`;
  if (error.message.startsWith('hebb: ')) return error.message.slice('hebb: '.length);
  if (/No native build was found/.test(error.message)) {
    const advice = existsSync(join(packageRoot, 'binding.gyp'))
      ? 'Build it with `npm rebuild hebb` (it needs python3, make and a C++20 compiler such as g++ 12).'
      : 'Reinstall the package: its sources are missing.';
    return `Expected a native build of hebb for ${system} but found none in ${packageRoot}. ${advice}`;
  }
  if (/GLIBC(XX)?_/.test(error.message)) {
    return `hebb's native build needs a newer system library: ${error.message}. Build it here with \`npm rebuild hebb --build-from-source\`.`;
  }
  return `hebb's native build for ${system} could not be loaded: ${error.message}`;
}

export const native: Addon = load();

// process.exit() and an uncaught error end the process without ending its environment.
if (isMainThread) process.once('exit', () => native.stopAccelerators());

/** Enqueues a kernel by its name in native/ops/ops.def, on handles. `run` of kernel.ts does it on tensors. */
export function callKernel(name: string, ...values: KernelArgument[]): void {
  const kernel = native.kernels[name];
  if (!kernel) throw new HebbError(`Expected the name of a kernel but received '${name}'`);
  kernel(...values);
}
