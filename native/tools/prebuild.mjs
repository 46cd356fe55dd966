// `npm run prebuild`: prebuilds/<platform>-<arch>/hebb.<libc>.node with the OpenMP runtime it needs beside it, so that the
// package works without compiler and lifecycle scripts. prebuildify moves the addon out of its build folder: it gets a
// folder of its own, and the one of the checkout stays as it is.
import { copyFileSync, cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { output, root, run } from './run.mjs';

const prebuildify = promisify(createRequire(import.meta.url)('prebuildify'));
const openmp = 'libgomp.so.1';
const target = `${process.platform}-${process.arch}`;

const workspace = mkdtempSync(join(tmpdir(), 'hebb-prebuild-'));
try {
  for (const name of ['binding.gyp', 'package.json']) copyFileSync(root + name, join(workspace, name));
  cpSync(`${root}native`, join(workspace, 'native'), { recursive: true });
  symlinkSync(`${root}node_modules`, join(workspace, 'node_modules'));

  process.env.JOBS ??= `${availableParallelism()}`;
  rmSync(`${root}prebuilds/${target}`, { recursive: true, force: true });
  await prebuildify({
    cwd: workspace,
    out: root,
    napi: true,
    strip: true,
    tagLibc: true,
    targets: [process.versions.node],
  });
} finally {
  rmSync(workspace, { recursive: true, force: true });
}

const folder = `${root}prebuilds/${target}`;
const library = realpathSync(output('g++', [`-print-file-name=${openmp}`]).trim());
run('strip', ['--strip-unneeded', '-o', `${folder}/${openmp}`, library]);
writeFileSync(
  `${folder}/${openmp}.txt`,
  `${openmp} is the OpenMP runtime of GCC ${output('g++', ['-dumpfullversion']).trim()}, unchanged but stripped of debug symbols.
Copyright (C) Free Software Foundation, Inc. It is free software under the GNU General Public License, version 3 or later,
with the GCC Runtime Library Exception, version 3.1, which lets programs of any licence use it.
Its licence and source code: https://gcc.gnu.org/
`,
);
run('ls', ['-l', folder]);
