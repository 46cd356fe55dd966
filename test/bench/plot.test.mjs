import { decimalTicks, plot, powerTicks, scale } from '../../bench/plot.mjs';

test('decimalTicks: 1, 2 and 5 times powers of ten, around the values', () => {
  expect(decimalTicks(3, 60)).toEqual([2, 5, 10, 20, 50, 100]);
  expect(decimalTicks(0.1, 0.5)).toEqual([0.1, 0.2, 0.5]);
  expect(decimalTicks(0.07, 0.2)).toEqual([0.05, 0.1, 0.2]);
});

test('powerTicks: powers around the values, exact ones at the ends', () => {
  expect(powerTicks(2, 16, 2049)).toEqual([16, 32, 64, 128, 256, 512, 1024, 2048, 4096]);
  expect(powerTicks(2, 7, 64)).toEqual([4, 8, 16, 32, 64]);
  expect(powerTicks(4, 8192, 65536)).toEqual([4096, 16384, 65536]);
});

test('scale: equal factors are equal distances on a logarithmic axis, equal steps on a linear one', () => {
  const log = scale({ log: true, ticks: [1, 10, 100] }, 0, 200);
  expect([1, 10, 100].map(log)).toEqual([0, 100, 200]);
  const linear = scale({ log: false, ticks: [0, 4] }, 100, 0);
  expect([0, 1, 4].map(linear)).toEqual([100, 75, 0]);
});

const axis = { title: 'a', log: false, ticks: [0, 1, 2] };
const line = (name, style = 'solid') => ({
  name,
  color: 0,
  style,
  points: [
    [0, 1],
    [1, 2, true],
    [2, 0],
  ],
});

test('the line goes through the filled points; hollow ones are dots; a limit has none', () => {
  const svg = plot({ title: 't', subtitle: 's', x: axis, y: axis, lines: [line('one'), line('limit', 'limit')] });
  const [solid, limit] = [...svg.matchAll(/<polyline[^>]*points="([^"]*)"/g)].map(([, points]) => points.split(' '));
  expect(solid).toHaveLength(2);
  expect(limit).toHaveLength(2);
  expect(svg.match(/<circle class="d0"/g)).toHaveLength(2);
  expect(svg.match(/<circle class="h0"/g)).toHaveLength(1);
});

test('text is escaped, and a long legend takes more rows', () => {
  const lines = Array.from({ length: 9 }, (_, index) => line(`a line with a long name & <${index}>`));
  const svg = plot({ title: '<t>', subtitle: 's', x: axis, y: axis, lines });
  expect(svg).toContain('<title>&lt;t&gt;</title>');
  expect(svg).toContain('long name &amp; &lt;8&gt;');
  const heights = [...svg.matchAll(/y="(\d+)">a line/g)].map(([, y]) => Number(y));
  expect(new Set(heights).size).toBeGreaterThan(2);
  expect(svg).toContain('prefers-color-scheme:dark');
});
