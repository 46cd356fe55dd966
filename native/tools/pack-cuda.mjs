// `npm run pack:cuda`: the package hebb-cuda-linux-x64 with the plugin that `npm run build:cuda` built, laid out in
// build-cuda/package/ and packed there. lib/plugin.ts finds the plugin as the package's main file.
//   node native/tools/pack-cuda.mjs [PLUGIN [FOLDER]]
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output, root, run } from './run.mjs';

const NAME = 'hebb-cuda-linux-x64';
const PLUGIN = 'hebb_cuda.so';
const ENTRY = 'hebb_plugin';

const readme = (version) => `# ${NAME}

The plugin by which [hebb](https://www.npmjs.com/package/hebb) ${version} computes on NVIDIA GPUs. Install it beside hebb, in
the same version, and the GPUs are among its devices:

    npm install hebb@${version} ${NAME}@${version}
    npx hebb doctor

It needs Linux on x64, a GPU of compute capability 7.5 or later, and the NVIDIA driver. cuBLAS and cuDNN are used where
they are installed; \`hebb doctor\` says what was found and what is missing.
`;

/** Lays the package out in a folder, around a plugin. */
export function layOut(plugin, folder) {
  const { version, license, author } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const description = {
    ...{ name: NAME, version, description: 'The plugin by which hebb computes on NVIDIA GPUs' },
    ...{ license, author, keywords: ['hebb', 'cuda', 'gpu', 'neural-network'] },
    ...{ os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
    ...{ main: PLUGIN, files: [PLUGIN], peerDependencies: { hebb: version } },
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
  writeFileSync(join(folder, 'README.md'), readme(version));
  copyFileSync(`${root}LICENSE`, join(folder, 'LICENSE'));
  copyFileSync(plugin, join(folder, PLUGIN));
}

/** @throws Error where the plugin gives more away than its one function, or cannot be loaded without CUDA. */
export function checkPlugin(file) {
  const exported = output('nm', ['-D', '--defined-only', file])
    .split('\n')
    .flatMap((line) => line.trim().split(/\s+/).slice(2));
  if (exported.join() !== ENTRY) {
    throw new Error(`expected ${file} to export ${ENTRY} alone but received ${exported.join(', ') || 'nothing'}`);
  }
  const dynamic = output('readelf', ['--dynamic', '--wide', file]);
  const needed = [...dynamic.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1]);
  const foreign = needed.filter((name) => !/^(libc|libm|libpthread|libdl|librt)\.so\.|^ld-linux/.test(name));
  if (foreign.length > 0) throw new Error(`expected ${file} to need glibc alone but received ${foreign.join(', ')}`);
}

function main([plugin, folder = join(root, 'build-cuda/package')]) {
  const built = ['build-cuda', 'build-cuda/Release'].map((place) => join(root, place, PLUGIN));
  const file = plugin === undefined ? built.find((path) => existsSync(path)) : resolve(plugin);
  if (file === undefined || !existsSync(file)) {
    throw new Error(`no plugin in ${file ?? built.join(' or ')}: npm run build:cuda`);
  }
  checkPlugin(file);
  layOut(file, resolve(folder));
  run('npm', ['pack', '--ignore-scripts'], { cwd: resolve(folder) });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(`pack-cuda: ${error.message}`);
    process.exitCode = 1;
  }
}
