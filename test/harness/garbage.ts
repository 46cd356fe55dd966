// Collects what earlier tests left to the garbage collector, so that memory() can be compared exactly.
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { getDefaultDevice, memory, synchronize } from '../../lib';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes in use once nothing is queued and all garbage is gone; finalizers run a turn of the event loop later. */
export async function usedMemory(device: string = getDefaultDevice()): Promise<number> {
  await synchronize(device);
  // What is freed may free more, and not all in the first turns of the event loop: until nothing is any more.
  let used = -1;
  for (let unchanged = 0; unchanged < 5; ) {
    collectGarbage();
    await setTimeout(1);
    unchanged = memory(device).used === used ? unchanged + 1 : 0;
    used = memory(device).used;
  }
  return used;
}
