import { machineTicks, processTicks } from '../../bench/disturbance.mjs';
import { exactName, floorSeconds } from '../../bench/machine.mjs';
import { errorsOf, geometricMean, measure, median, ratio } from '../../bench/measure.mjs';
import { bytes, duration, rate } from '../../bench/table.mjs';

test('median: the middle value, or the mean of the two middle ones, whatever the order', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([10, 2, 4, 1])).toBe(3);
  expect(median([7])).toBe(7);
});

test('geometricMean', () => {
  expect(geometricMean([2, 8])).toBeCloseTo(4, 12);
  expect(geometricMean([0.5, 2])).toBeCloseTo(1, 12);
});

test('ratio: of the medians, with the least and greatest pair', () => {
  // Medians 4 and 2; pairs 4/2, 9/1, 2/4.
  expect(ratio([4, 9, 2], [2, 1, 4])).toEqual({ ratio: 2, low: 0.5, high: 9 });
});

test('measure: warms up, then makes three calls at least, and keeps what the last one gave', async () => {
  let calls = 0;
  const { n, s, min, last } = await measure(async () => ++calls, 0);
  expect(n).toBe(3);
  expect(last).toBe(calls);
  expect(calls).toBeGreaterThanOrEqual(5);
  expect(s).toBeGreaterThanOrEqual(min);
});

test('floorSeconds: the longer of computing and moving, at the bandwidth of the working set', () => {
  const bandwidth = [
    { bytes: 1000, read: 4, copy: 2 },
    { bytes: 4000, read: 1, copy: 1 },
  ];
  const limits = { gflops: 10, bandwidth };
  expect(floorSeconds(limits, { flop: 1e10 })).toBeCloseTo(1, 12);
  expect(floorSeconds(limits, { bytes: 1000 })).toBeCloseTo(1000 / 4e9, 15);
  expect(floorSeconds(limits, { bytes: 1500 })).toBeCloseTo(1500 / 1e9, 15);
  expect(floorSeconds(limits, { bytes: 1e9 })).toBeCloseTo(1, 12);
  expect(floorSeconds(limits, { flop: 1e9, bytes: 1e9 })).toBeCloseTo(1, 12);
});

test("machineTicks: what kept the CPUs busy, and what the hypervisor took, not what they waited; guests' are in user", () => {
  const stat = 'cpu  100 20 30 4000 500 6 7 8 90 1\ncpu0 1 1 1 1 1 1 1 1 1 1\nbtime 5\n';
  expect(machineTicks(stat)).toBe(100 + 20 + 30 + 6 + 7 + 8);
});

test("processTicks: a process's own and its finished children's, whatever its name", () => {
  const fields = ['S', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1000, 200, 30, 4, 20, 0];
  expect(processTicks(`77 (node (x) y) ${fields.join(' ')}`)).toBe(1234);
});

test('figures for people', () => {
  expect(duration(1.234e-5)).toBe('12.3 µs');
  expect(duration(0.01234)).toBe('12.3 ms');
  expect(duration(2.5)).toBe('2.50 s');
  expect(rate({ flop: 2e9, bytes: 1e9 }, 0.5)).toBe('4.0 GFLOP/s');
  expect(rate({ bytes: 1e9 }, 0.5)).toBe('2.0 GB/s');
  expect(bytes(123_456_789)).toBe('123 MB');
  expect(bytes(1.93e9)).toBe('1.93 GB');
});

test("exactName: with the processor's family and model, where they are given", () => {
  const cpuinfo = 'processor\t: 0\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\n';
  expect(exactName('AMD EPYC', cpuinfo)).toBe('AMD EPYC (family 26, model 2)');
  expect(exactName('Neoverse-N1', 'CPU implementer\t: 0x41\n')).toBe('Neoverse-N1');
});

test('errorsOf: relative to the root mean square of the exact values', () => {
  expect(errorsOf([3, 5], [3, 4])).toEqual({ rms: Math.sqrt(0.5) / Math.sqrt(12.5), max: 1 / Math.sqrt(12.5) });
  expect(errorsOf([Number.NaN, 5], [3, 4]).max).toBeNaN();
});
