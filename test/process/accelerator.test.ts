// What only a process of its own shows of accelerators: ways to end, workers, settings from the environment, garbage.
import { describe as describeMachine } from '../../lib';
import { describeOnAccelerators } from '../harness/devices';
import { runScript } from './run';

const MEBIBYTE = 2 ** 20;

describeOnAccelerators(1, 'on an accelerator', ([name]) => {
  const device = name as string;
  const run = (script: string, args: string[], environment: NodeJS.ProcessEnv = {}) =>
    runScript(script, args, { HEBB_TEST_DEVICE: device, ...environment });
  const results = (script: string, args: string[], environment: NodeJS.ProcessEnv = {}) => {
    const { status, stdout, output } = run(script, args, environment);
    if (status !== 0) throw new Error(output);
    return JSON.parse(stdout);
  };

  describe('with work in flight', () => {
    test('a process that returns waits for its promises', () => {
      const { status, stdout } = run('exit.cjs', ['return', '16']);
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'loss true\n' });
    });

    test('process.exit() exits with its code', () => {
      expect(run('exit.cjs', ['exit', '16']).status).toBe(7);
    });

    test('an uncaught error ends the process as usual', () => {
      const { status, output } = run('exit.cjs', ['throw', '16']);
      expect(status).toBe(1);
      expect(output).toContain('uncaught on purpose');
    });
  });

  test('8 workers, half of them terminated in mid-work', () => {
    expect(results('workers.cjs', ['3']).wrong).toEqual([]);
  });

  test.each(['eager', 'compiled'])('%s steps leave memory() flat', (mode) => {
    const { early, late } = results('steps.cjs', [mode, '100']);
    expect(late.used).toBeLessThanOrEqual(early.used);
    expect(late.reserved - early.reserved).toBeLessThanOrEqual(MEBIBYTE);
  });

  test('HEBB_CUDA_GRAPHS=0 gives the same bits without captures', () => {
    expect(results('losses.cjs', ['5'], { HEBB_CUDA_GRAPHS: '0' })).toEqual(results('losses.cjs', ['5']));
  });

  test('HEBB_CUDA_MEMORY limits the memory', () => {
    const limit = (text: string) => results('losses.cjs', ['0'], { HEBB_CUDA_MEMORY: text }).limit;
    expect(limit('64M')).toBe(64 * MEBIBYTE);
    expect(limit('50000000')).toBe(50_000_000);
    const total = limit('100%');
    expect(limit('50%')).toBe(Math.floor(total / 2));
    // A sixteenth, 2 GiB at most, is left for what is not tensors.
    expect(limit('')).toBe(total - Math.min(Math.floor(total / 16), 2 ** 31));
  });

  test('HEBB_CUDA_MEMORY that is no size is one clear error', () => {
    const { status, output } = run('losses.cjs', ['0'], { HEBB_CUDA_MEMORY: 'much' });
    expect(status).not.toBe(0);
    expect(output).toContain(
      "HEBB_CUDA_MEMORY: expected bytes such as 6000000000, 512M or 6G, or a share such as 80%, got 'much'",
    );
  });

  test('forgotten tensors are collected before the memory is full, and V8 counts none of it as its own', () => {
    const { peak, limit, external } = results('forgotten.cjs', ['1000'], { HEBB_CUDA_MEMORY: '100M' });
    expect(limit).toBe(100 * MEBIBYTE);
    expect(peak).toBeGreaterThan(limit / 2);
    expect(external).toBeLessThan(50 * MEBIBYTE);
  });

  test('wrong calls at the native boundary throw an Error that names the op, and none crashes', () => {
    const { plugin } = describeMachine().gpu;
    const { errors, problems } = results('fuzz.cjs', ['3000', '3', plugin as string]);
    expect(problems).toEqual([]);
    expect(errors).toBeGreaterThanOrEqual(3000);
  });
});
