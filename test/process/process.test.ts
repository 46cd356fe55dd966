// What only a process of its own shows: leaks, timers, workers, ways to end.
import { runScript } from './run';

const MEBIBYTE = 2 ** 20;

describe.each(['eager', 'compiled'])('10,000 %s steps', (mode) => {
  test('leave memory() and RSS flat', () => {
    const { status, stdout, output } = runScript('steps.cjs', [mode, '10000']);
    if (status !== 0) throw new Error(output);
    const { early, late } = JSON.parse(stdout);
    expect(late.used).toBeLessThanOrEqual(early.used);
    expect(late.reserved - early.reserved).toBeLessThanOrEqual(MEBIBYTE);
    // Over 9,000 steps a leak of 512 bytes a step would be more.
    expect(late.rss - early.rss).toBeLessThan(4 * MEBIBYTE);
    expect(late.heapUsed - early.heapUsed).toBeLessThan(4 * MEBIBYTE);
  });
});

test('a 1 ms timer is not held up by training steps', () => {
  const { status, stdout, output } = runScript('timer.cjs');
  if (status !== 0) throw new Error(output);
  const { worst, ticks, step } = JSON.parse(stdout);
  console.log(`steps of ${step.toFixed(0)} ms, ${ticks} ticks, the latest ${worst.toFixed(1)} ms late`);
  // No deadline on a shared machine: but a blocked loop would tick once a step.
  expect(ticks).toBeGreaterThan(50);
  expect(worst).toBeLessThan(step);
});

test('the event loop has its turns while one short result is awaited after the other', () => {
  const { status, stdout, output } = runScript('turns.cjs');
  if (status !== 0) throw new Error(output);
  const { turns, reads, milliseconds } = JSON.parse(stdout);
  console.log(`${reads} reads and ${turns} turns in ${milliseconds.toFixed(0)} ms`);
  // One every millisecond; a tenth of that on a machine that is busy with other things.
  expect(turns).toBeGreaterThan(milliseconds / 10);
});

test('8 workers, half of them terminated in mid-work, 50 rounds', () => {
  const { status, stdout, output } = runScript('workers.cjs', ['50']);
  if (status !== 0) throw new Error(output);
  expect(JSON.parse(stdout).wrong).toEqual([]);
});

describe('with work in flight', () => {
  test('a process that returns waits for its promises', () => {
    const { status, stdout } = runScript('exit.cjs', ['return']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'loss true\n' });
  });

  test('process.exit() exits at once with its code', () => {
    expect(runScript('exit.cjs', ['exit']).status).toBe(7);
  });

  test('an uncaught error ends the process as usual', () => {
    const { status, output } = runScript('exit.cjs', ['throw']);
    expect(status).toBe(1);
    expect(output).toContain('uncaught on purpose');
  });
});

test('HEBB_CPU that names nothing is one clear error', () => {
  const { status, output } = runScript('exit.cjs', ['return'], { HEBB_CPU: 'mmx' });
  expect(status).not.toBe(0);
  expect(output).toMatch(/HEBB_CPU/);
});

test.each(['scalar', 'ref'])('HEBB_CPU=%s caps the instruction set', (isa) => {
  const { status, stdout, output } = runScript('isa.cjs', [], { HEBB_CPU: isa });
  expect({ status, stdout: stdout.trim() || output }).toEqual({ status: 0, stdout: isa });
});
