// Opening the plugin for GPUs: where it is looked for, and what is said where it cannot be used.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Device from '../../lib/device';
import type * as Native from '../../lib/native';
import { native } from '../../lib/native';

const folder = mkdtempSync(join(tmpdir(), 'hebb-plugin-'));
const before = process.env.HEBB_CUDA_PLUGIN;
afterEach(() => {
  if (before === undefined) delete process.env.HEBB_CUDA_PLUGIN;
  else process.env.HEBB_CUDA_PLUGIN = before;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Modules that have not opened a plugin yet. */
function fresh(plugin: string): { device: typeof Device; native: typeof Native } {
  process.env.HEBB_CUDA_PLUGIN = plugin;
  let modules: ReturnType<typeof fresh> | undefined;
  jest.isolateModules(() => {
    modules = { device: require('../../lib/device'), native: require('../../lib/native') };
  });
  return modules as ReturnType<typeof fresh>;
}

function compiled(name: string, source: string): string {
  const file = join(folder, name);
  const { status, stderr } = spawnSync('g++', ['-shared', '-fPIC', '-x', 'c++', '-', '-o', file], {
    input: source,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return file;
}

describe('what cannot be opened', () => {
  test.each<[string, () => string, RegExp]>([
    ['a relative path', () => 'hebb_cuda.so', /openPlugin: path: expected an absolute path, got 'hebb_cuda.so'/],
    ['no file', () => join(folder, 'none.so'), /openPlugin: could not load the plugin: .*none\.so: cannot open/],
    [
      'a file of text',
      () => {
        const file = join(folder, 'text.so');
        writeFileSync(file, 'no shared object, but long enough to look like one at first sight, or so it seems');
        return file;
      },
      /openPlugin: could not load the plugin: .*text\.so/,
    ],
    [
      'a library that is no plugin',
      () => compiled('other.so', 'int nothing = 0;'),
      /openPlugin: '.*other\.so' is no plugin of hebb: it has no function hebb_plugin/,
    ],
    [
      'a plugin of another version',
      () => compiled('old.so', 'extern "C" void* hebb_plugin(unsigned, unsigned) { return nullptr; }'),
      /openPlugin: '.*old\.so' is a plugin for another version of hebb; this one wants plugins of version \d+ with kernels \d+/,
    ],
  ])('%s', (_, make, message) => {
    const path = make();
    expect(() => native.openPlugin(path)).toThrow(message);
    const { device } = fresh(path);
    expect(device.devices()).toContain('cpu');
    const { gpu } = device.describe();
    expect(gpu.plugin).toBe(path);
    expect(gpu.facts).toEqual([]);
    if (gpu.devices.length > 0) return; // another test of this process has opened one
    expect(gpu.reason).toMatch(message);
    expect(gpu.remedy).toMatch(/set HEBB_CUDA_PLUGIN to the absolute path of a plugin, or unset it/);
    expect(() => device.deviceNumber('cuda:0')).toThrow(
      /Expected a device \(cpu\) but received 'cuda:0'; no such GPU is used: openPlugin: .*; set HEBB_CUDA_PLUGIN/,
    );
  });

  test('what is no path', () => {
    expect(() => native.openPlugin(7 as never)).toThrow('openPlugin: path: expected an absolute path, got 7');
  });
});

test.each(['', '0'])("HEBB_CUDA_PLUGIN='%s' turns it off", (value) => {
  const { devices, ...rest } = fresh(value).device.describe().gpu;
  // Devices that another test of this process has brought stay.
  const [reason, remedy] = devices.length > 0 ? ['', ''] : ['HEBB_CUDA_PLUGIN turns it off', 'unset HEBB_CUDA_PLUGIN'];
  expect(rest).toEqual({ plugin: null, facts: [], reason, remedy });
});

test('a plugin is opened when somebody asks for more than the processor, once', () => {
  const { device, native: isolated } = fresh(join(folder, 'none.so'));
  const open = jest.spyOn(isolated.native, 'openPlugin');
  expect(device.deviceNumber('cpu')).toBe(0);
  expect(device.getDefaultDevice()).toBe('cpu');
  expect(open).not.toHaveBeenCalled();
  device.devices();
  device.devices();
  expect(open).toHaveBeenCalledTimes(1);
  open.mockRestore();
});
