// What `npm pack` would publish must load on a slim system: no compiler, no lifecycle scripts, nothing but glibc.
// Run it after `npm run build:lib` and `npm run prebuild`.
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { output, root, run } from './run.mjs';

const maxPackedBytes = 5e6;
const newestGlibc = '2.36'; // Debian 12's, the base of Node's slim images
const glibc = /^(libc|libm|libpthread|libdl|librt)\.so\.\d+$|^ld-linux-[\w-]+\.so\.\d+$/;
const target = `${process.platform}-${process.arch}`;
const prebuilds = `prebuilds/${target}`;

function check(fact, condition, detail = '') {
  if (!condition) throw new Error(`expected ${fact}${detail && ` but received ${detail}`}`);
  console.log(`ok: ${fact}${detail && ` (${detail})`}`);
}

const newer = (a, b) => a.localeCompare(b, 'en', { numeric: true }) > 0;

function checkBinary(path, shipped) {
  const dynamic = output('readelf', ['--dynamic', '--wide', path]);
  const needed = [...dynamic.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1]);
  const foreign = needed.filter((name) => !glibc.test(name) && !shipped.includes(name));
  check(`${path} to need only glibc and what is shipped`, foreign.length === 0, needed.join(', '));

  const symbols = output('objdump', ['--dynamic-syms', path]);
  const versions = [...symbols.matchAll(/\(?GLIBC_([\d.]+)\)?/g)].map((match) => match[1]);
  const highest = versions.reduce((a, b) => (newer(b, a) ? b : a), '0');
  check(`${path} to run on glibc ${newestGlibc}`, !newer(highest, newestGlibc), `glibc ${highest}`);
  return { dynamic, symbols };
}

const files = readdirSync(root + prebuilds);
const addon = `${prebuilds}/${files.find((name) => name.endsWith('.node'))}`;
const libraries = files.filter((name) => name.includes('.so'));
const { dynamic, symbols } = checkBinary(addon, libraries);
check('the addon to find its libraries beside itself', /(RUNPATH|RPATH).*\[\$ORIGIN\]/.test(dynamic));
check('the addon to stay loaded when a worker exits', /NODELETE/.test(dynamic));
const exported = symbols
  .split('\n')
  .filter((line) => line.includes('.text'))
  .map((line) => line.split(' ').at(-1));
check(
  'the addon to export its entry points alone',
  exported.every((name) => /^napi_register_module_v\d+$|^node_api_module_get_api_version_v\d+$/.test(name)),
  exported.join(', '),
);
const missing = output('nm', ['-DC', '--undefined-only', addon])
  .split('\n')
  .filter((line) => line.includes('hebb::'));
check('no kernel to be missing', missing.length === 0, missing[0]?.trim());
for (const library of libraries.filter((name) => !name.endsWith('.txt')))
  checkBinary(`${prebuilds}/${library}`, libraries);

const workspace = mkdtempSync(join(tmpdir(), 'hebb-package-'));
try {
  const [packed] = JSON.parse(output('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', workspace]));
  check(
    `the package to be under ${maxPackedBytes / 1e6} MB`,
    packed.size < maxPackedBytes,
    `${(packed.size / 1e6).toFixed(2)} MB`,
  );
  const paths = packed.files.map((file) => file.path);
  for (const path of [
    'LICENSE',
    'README.md',
    'binding.gyp',
    'native/sources.txt',
    'dist/index.js',
    'dist/index.mjs',
    'dist/index.d.mts',
    addon,
  ]) {
    check(`the package to hold ${path}`, paths.includes(path));
  }

  const app = join(workspace, 'app');
  mkdirSync(app);
  run('npm', ['init', '--yes'], { cwd: app, stdio: 'ignore' });
  run(
    'npm',
    ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', join(workspace, packed.filename)],
    { cwd: app },
  );
  check('nothing to have been compiled', !existsSync(join(app, 'node_modules/hebb/build')));
  for (const name of ['smoke.cjs', 'smoke.mjs']) copyFileSync(`${root}test/package/${name}`, join(app, name));
  for (const name of ['smoke.cjs', 'smoke.mjs']) run(process.execPath, [name], { cwd: app });

  // A root folder with node, the libraries that node itself needs, and the app: no compiler, no libgomp, no /proc.
  const slim = join(workspace, 'slim');
  const place = (path) => {
    mkdirSync(join(slim, dirname(path)), { recursive: true });
    copyFileSync(path, join(slim, path));
  };
  place(process.execPath);
  for (const [path] of output('ldd', [process.execPath]).matchAll(/\/[^\s:]+/g)) place(path);
  check('the slim system to lack an OpenMP runtime', output('find', [slim, '-name', 'libgomp*']) === '');
  cpSync(app, join(slim, 'app'), { recursive: true });
  const enter = process.getuid() === 0 ? ['chroot'] : ['unshare', '--map-root-user', 'chroot'];
  for (const name of ['smoke.cjs', 'smoke.mjs']) {
    run(enter[0], [...enter.slice(1), slim, process.execPath, `/app/${name}`]);
  }
  check('the package to work in a slim system', true);
} finally {
  rmSync(workspace, { recursive: true, force: true });
}
