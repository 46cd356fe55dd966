// Collects what earlier tests left to the garbage collector, so that memory() can be compared exactly.
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { getDefaultDevice, memory, synchronize } from '../../lib';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes in use once nothing is queued and all garbage is gone; finalizers run a turn of the event loop later. */
export async function usedMemory(device: string = getDefaultDevice()): Promise<number> {
  await synchronize(device);
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await setImmediate();
  }
  return memory(device).used;
}
