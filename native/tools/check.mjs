// `npm run check`: every check of style and structure, or those named on the command line.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { output, root, succeeds } from './run.mjs';
import { sources } from './sources.mjs';

const nativeFiles = ['native', 'test/native']
  .flatMap((folder) => readdirSync(root + folder, { recursive: true }).map((file) => `${folder}/${file}`))
  .filter((file) => /\.(h|cc|cu)$/.test(file));

const checks = {
  biome: () => succeeds('biome', ['ci', '--error-on-warnings']),
  types: () => succeeds('tsc', ['--noEmit']),
  imports: () => succeeds('depcruise', ['lib', '--config', '.dependency-cruiser.cjs']),
  includes: () => succeeds('node', ['native/tools/check-includes.mjs']),
  format: () => succeeds('clang-format', ['--dry-run', '-Werror', ...nativeFiles]),
  cppcheck: () =>
    succeeds('cppcheck', [
      '--quiet',
      '--std=c++20',
      '--language=c++',
      '--enable=warning,performance,portability',
      '--inline-suppr',
      '--suppressions-list=native/tools/cppcheck.txt',
      '--error-exitcode=1',
      '-Inative',
      `-j${availableParallelism()}`,
      process.arch === 'arm64' ? '-DHEBB_ARM=1' : '-DHEBB_X86=1',
      '-DHEBB_ISA=scalar',
      '-DHEBB_EMULATED=1',
      ...sources('core', 'ops', 'ref', 'cpu', 'isa', 'node', 'cuda', 'gpu', 'emulation'),
    ]),
  symbols: () => succeeds('node', ['native/tools/check-symbols.mjs']),
  package: () => {
    const folder = mkdtempSync(join(tmpdir(), 'hebb-check-'));
    try {
      const [packed] = JSON.parse(output('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]));
      const tarball = join(folder, packed.filename);
      return succeeds('publint', ['run', tarball, '--strict']) && succeeds('attw', [tarball]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (!(name in checks)) {
    console.error(`check: expected names of ${Object.keys(checks).join(', ')} but received ${name}`);
    process.exit(2);
  }
}

const failed = [];
for (const [name, check] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n--- check ${name}`);
  if (!check()) failed.push(name);
}
console.log(failed.length > 0 ? `\nfailed: ${failed.join(', ')}` : '\nall checks passed');
process.exit(failed.length > 0 ? 1 : 0);
