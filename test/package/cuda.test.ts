// The package with the plugin for GPUs, around a stand-in: its layout, its checks, and that hebb finds it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'hebb-cuda-package-'));
afterAll(() => rmSync(folder, { recursive: true }));

function plugin(name: string, source: string, ...options: string[]): string {
  const file = join(folder, name);
  const compiled = spawnSync('g++', ['-shared', '-fPIC', '-x', 'c++', '-', '-o', file, ...options], {
    input: source,
    encoding: 'utf8',
  });
  if (compiled.status !== 0) throw new Error(compiled.stderr);
  return file;
}

const entry = '__attribute__((visibility("default"))) void* hebb_plugin(unsigned, unsigned) { return nullptr; }';
const packed = (file: string) =>
  spawnSync(process.execPath, ['native/tools/pack-cuda.mjs', file, join(folder, 'package')], {
    cwd: root,
    encoding: 'utf8',
  });

test('holds the plugin as its main file, for the version of hebb, and packs', () => {
  const file = plugin('good.so', `extern "C" { ${entry} }`, '-nostdlib');
  const { status, stderr } = packed(file);
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const description = JSON.parse(readFileSync(join(folder, 'package/package.json'), 'utf8'));
  expect(description).toMatchObject({ name: 'hebb-cuda-linux-x64', version, os: ['linux'], cpu: ['x64'] });
  expect(description.peerDependencies).toEqual({ hebb: version });
  expect(description.scripts).toBeUndefined();
  expect(readdirSync(join(folder, 'package')).sort()).toEqual([
    'LICENSE',
    'README.md',
    'hebb-cuda-linux-x64-'.concat(version, '.tgz'),
    'hebb_cuda.so',
    'package.json',
  ]);
  // As lib/plugin.ts looks for it.
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(folder, 'package'), join(folder, 'node_modules/hebb-cuda-linux-x64'));
  const found = createRequire(join(folder, 'noop.js')).resolve('hebb-cuda-linux-x64');
  expect(readFileSync(found)).toEqual(readFileSync(file));
});

test.each<[string, () => string, RegExp]>([
  [
    'a plugin that exports more',
    () => plugin('loud.so', `extern "C" { ${entry} int more; }`, '-nostdlib'),
    /to export hebb_plugin alone but received .*more/,
  ],
  [
    'a plugin that needs other libraries',
    () => plugin('needy.so', `extern "C" { ${entry} }`, '-Wl,--no-as-needed', '-lgomp'),
    /to need glibc alone but received .*libgomp\.so\.1/,
  ],
  ['no plugin', () => join(folder, 'none.so'), /no plugin in .*none\.so: npm run build:cuda/],
])('%s is refused', (_, make, message) => {
  const { status, stderr } = packed(make());
  expect(status).toBe(1);
  expect(stderr).toMatch(message);
});
