// Devices, threads and memory.
import { availableParallelism, cpus } from 'node:os';
import { HebbError } from './errors';
import { type MemoryStatistics, native } from './native';

export type { MemoryStatistics };

const known = native.devices();
const numbers = new Map(known.map((device, number) => [device.name, number]));
let defaultDevice = 0;

/** The devices tensors can live on: `['cpu']`, and `'cuda:0'` … where there are GPUs. */
export function devices(): string[] {
  return known.filter((device) => device.listed).map((device) => device.name);
}

export function deviceNumber(name: string): number {
  const number = numbers.get(name);
  if (number === undefined) {
    throw new HebbError(`Expected a device (${devices().join(', ')}) but received '${name}'`);
  }
  return number;
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
 * Whether the CPU kernels may compute convolutions of 3 x 3 windows by Winograd's F(4 x 4, 3 x 3) where it is faster (many
 * channels and filters, strides and dilations of 1): about twice the speed, at three times the rounding error.
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

/** What `hebb doctor` prints: which instruction set is used, and for each that is not, why. */
export function describe() {
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
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  };
}
