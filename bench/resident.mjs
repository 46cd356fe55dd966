// How much memory of this process is resident, from the kernel's account.
import { readFileSync, writeFileSync } from 'node:fs';

const RESET_PEAK = '5';

function kilobytes(field) {
  return Number(readFileSync('/proc/self/status', 'utf8').match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'))[1]);
}

/** Starts to watch; the function it returns gives the bytes by which the process has grown at its peak. */
export function watchResident() {
  // Or a peak before this span would count. (man 5 proc, clear_refs)
  writeFileSync('/proc/self/clear_refs', RESET_PEAK);
  const before = kilobytes('VmRSS');
  return () => 1024 * Math.max(0, kilobytes('VmHWM') - before);
}
