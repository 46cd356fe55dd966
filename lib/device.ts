// Devices, threads and memory.
import { availableParallelism, cpus } from 'node:os';
import { HebbError } from './errors';
import { type MemoryStatistics, native, type PluginFact } from './native';
import { type PluginState, plugin } from './plugin';

export type { MemoryStatistics, PluginFact };

let known = native.devices();
let defaultDevice = 0;

/** Opens the plugin for GPUs, where that has not been done. */
function open(): PluginState {
  const state = plugin();
  known = native.devices();
  return state;
}

/** The devices tensors can live on: `['cpu']`, and `'cuda:0'` … where there are GPUs. */
export function devices(): string[] {
  open();
  return known.filter((device) => device.listed).map((device) => device.name);
}

/** `'cuda'` is `'cuda:0'`. GPUs are looked for when a name is not known without them. */
export function deviceNumber(name: string): number {
  const find = (): number => {
    const exact = known.findIndex((device) => device.name === name);
    return exact >= 0 ? exact : known.findIndex((device) => device.name === `${name}:0`);
  };
  let number = find();
  if (number < 0) {
    open();
    number = find();
  }
  if (number < 0) {
    const why = /^cuda/.test(name) ? `; no such GPU is used: ${whyNoGpu(open())}` : '';
    throw new HebbError(`Expected a device (${devices().join(', ')}) but received '${name}'${why}`);
  }
  return number;
}

function whyNoGpu(state: PluginState): string {
  const { reason, remedy } = obstacle(state);
  return `${reason}${remedy === '' ? '' : `; ${remedy}`}`;
}

/** Why a GPU that one might expect is not there. */
function obstacle({ reason, remedy, facts }: PluginState): { reason: string; remedy: string } {
  if (reason !== '') return { reason, remedy };
  const missing = facts.find((fact) => fact.reason !== '');
  if (missing === undefined) return { reason: 'there is none', remedy: '' };
  return { reason: `${missing.item}: ${missing.reason}`, remedy: missing.remedy };
}

export function deviceName(number: number): string {
  return (known[number] as { name: string }).name;
}

/** New tensors are made on this device. Default: `'cpu'`. */
export function setDefaultDevice(name: string): void {
  defaultDevice = deviceNumber(name);
}

export function getDefaultDevice(): string {
  return deviceName(defaultDevice);
}

export function defaultDeviceNumber(): number {
  return defaultDevice;
}

/** Threads the CPU kernels use, process-wide. Results do not depend on it. Default: the CPUs the container allows, or HEBB_NUM_THREADS. */
export function setThreads(count: number): void {
  native.setThreads(count);
}

export function getThreads(): number {
  return native.threads();
}

/**
 * Whether the CPU kernels may compute convolutions of 3 x 3 and 5 x 5 windows by Winograd's way where it is faster (many
 * channels and filters, no dilation, strides of 1, or of 2 with 3 x 3): up to twice the speed, at three times the
 * rounding error.
 * Process-wide, for all that is called from now on, replays of compiled functions too. Default: true, false if
 * HEBB_WINOGRAD is 0.
 */
export function setWinograd(on: boolean): void {
  native.setWinograd(on);
}

export function getWinograd(): boolean {
  return native.winograd();
}

/** Bytes in use, reserved, the peak and the limit of a device. */
export function memory(device: string = getDefaultDevice()): MemoryStatistics {
  return native.memory(deviceNumber(device));
}

/** The peak of `memory()` is counted anew from now on. */
export function resetPeakMemory(device: string = getDefaultDevice()): void {
  native.resetPeakMemory(deviceNumber(device));
}

/**
 * The most memory that tensors on a device may take, in bytes; what is in use beyond it stays. Default: all there is, or
 * for GPUs what HEBB_CUDA_MEMORY says.
 */
export function setMemoryLimit(bytes: number, device: string = getDefaultDevice()): void {
  native.setMemoryLimit(deviceNumber(device), bytes);
}

/** Waits for the device, blocking, and gives cached memory back to the system. */
export function trimMemory(device: string = getDefaultDevice()): void {
  native.trimMemory(deviceNumber(device));
}

/** Resolves when everything enqueued so far has run; rejects with the first failure nobody has read yet. */
export function synchronize(device: string = getDefaultDevice()): Promise<void> {
  return native.mark(deviceNumber(device), true);
}

/** As `synchronize`, but leaves failures to whoever reads a value: for back-pressure. */
export function mark(device: string = getDefaultDevice()): Promise<void> {
  return native.mark(deviceNumber(device), false);
}

/** What `hebb doctor` prints: which devices and which instruction set are used, and for each that is not, why. */
export function describe() {
  const state = open();
  const isas = native.instructionSets().map(({ name, unusable, used }) => ({
    name,
    supported: unusable === '',
    used,
    reason: unusable,
  }));
  return {
    devices: devices(),
    isa: isas.find((isa) => isa.used)?.name ?? 'ref',
    isas,
    threads: getThreads(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory: memory('cpu'),
    gpu: describeGpu(state),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  };
}

function describeGpu(state: PluginState) {
  const used = known.filter((device) => device.listed).map((device) => device.name);
  const gpus = used.filter((name) => name !== deviceName(0));
  const why = gpus.length > 0 ? { reason: '', remedy: '' } : obstacle(state);
  return { devices: gpus, plugin: state.path, facts: state.facts, ...why };
}
