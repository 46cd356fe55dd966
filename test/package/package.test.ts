// The package as its users see it: both module systems, the files that are published, the lockfile.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: root, encoding: 'utf8' });

test.each(['smoke.cjs', 'smoke.mjs'])('%s trains and reads through the built package', (program) => {
  expect(run(process.execPath, `test/package/${program}`)).toBe('smoke test passed\n');
});

test('the published files are the library, the sources of the addon, and nothing of development', () => {
  const [packed] = JSON.parse(run('npm', 'pack', '--dry-run', '--json', '--ignore-scripts'));
  const paths: string[] = packed.files.map((file: { path: string }) => file.path);
  // The plugin for GPUs is a package of its own.
  const sources = readFileSync(join(root, 'native/sources.txt'), 'utf8')
    .split('\n')
    .filter((line) => line && !/^(#|cuda |gpu |emulation )/.test(line))
    .map((line) => line.split(' ')[1]);
  expect(paths).toEqual(
    expect.arrayContaining(['LICENSE', 'package.json', 'binding.gyp', 'dist/index.js', 'dist/index.mjs', ...sources]),
  );
  expect(paths.filter((path) => !/^(dist|native|prebuilds)\/|^[^/]+$/.test(path))).toEqual([]);
  expect(paths.filter((path) => /safetensors$|\.test\.|^build/.test(path))).toEqual([]);
});

interface LockEntry {
  resolved?: string;
  integrity?: string;
  optionalDependencies?: Record<string, string>;
}

test('the lockfile is complete and names no registry', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const entries = Object.entries<LockEntry>(lock.packages).filter(([path]) => path !== '');
  expect(entries.filter(([, entry]) => entry.resolved)).toEqual([]);
  expect(entries.filter(([, entry]) => !entry.integrity)).toEqual([]);
  // npm leaves out what it could not find, such as a platform's binary not yet published, and `npm ci` then refuses the
  // file: pin a version that has all of them.
  const optional = entries.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}));
  const paths = entries.map(([path]) => path);
  expect(optional.filter((name) => !paths.some((path) => path.endsWith(`node_modules/${name}`)))).toEqual([]);
});
