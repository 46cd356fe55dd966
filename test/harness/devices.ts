// Every device the op table runs on: the reference kernels, each instruction set of this machine, and what else is listed.
import { native } from '../../lib/native';

/** The slow, obvious kernels: the oracle. */
export const reference = 'cpu:ref';

export const testDevices: readonly string[] = native.devices().map((device) => device.name);
