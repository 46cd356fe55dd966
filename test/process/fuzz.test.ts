// 10,000 wrong calls at the native boundary.
import { runScript } from './run';

test.each([1, 2])('seed %i: every wrong call throws an Error that names the op, none crashes', (seed) => {
  const { status, stdout, output } = runScript('fuzz.cjs', ['10000', String(seed)]);
  if (status !== 0) throw new Error(output);
  const { errors, problems } = JSON.parse(stdout);
  expect(problems).toEqual([]);
  expect(errors).toBeGreaterThanOrEqual(10000);
});
