// Whether other programs disturbed a trial. The kernel counts the CPU time of the whole machine (/proc/stat) and that of
// this process's finished children with all of theirs (/proc/self/stat). What the machine spent beyond the trial, and
// what the hypervisor took away, went to others. A load average would say it too, but a minute late, and of the trial
// itself.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const TICKS = 100; // a second: USER_HZ, which Linux fixes for programs
const MOST = 0.1; // of one CPU
// /proc/stat counts whole ticks of each CPU: less than this cannot be told from none.
const LEAST_TICKS = 5;

/** Ticks that the machine's CPUs were busy, or wanted to be, since it started. */
export function machineTicks(stat) {
  const [user, nice, system, , , irq, softirq, steal] = stat
    .match(/^cpu +(.*)$/m)[1]
    .split(' ')
    .map(Number);
  return user + nice + system + irq + softirq + steal;
}

/** Ticks of a process and its finished children, from its line in /proc. */
export function processTicks(stat) {
  // The name, in parentheses, may hold spaces and parentheses. (man 5 proc: fields 14 to 17)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

function othersTicks() {
  return machineTicks(readFileSync('/proc/stat', 'utf8')) - processTicks(readFileSync('/proc/self/stat', 'utf8'));
}

/** Starts to watch; the function it returns gives the share of a CPU that others took, and whether that disturbs. */
export function watchOthers() {
  const before = othersTicks();
  const start = performance.now();
  return () => {
    const ticks = Math.max(0, othersTicks() - before);
    const others = ticks / TICKS / ((performance.now() - start) / 1000);
    return { others: Number(others.toFixed(3)), disturbed: ticks >= LEAST_TICKS && others > MOST };
  };
}
