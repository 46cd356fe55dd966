// Translates the tests that test/gpu/run.sh runs into plain JavaScript on the built library, in .gpu/tests/: a machine
// with a GPU needs neither TypeScript nor jest. Run it where npm has installed the development tools, after
// `npm run build:lib`, and take .gpu/ and dist/ along.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = join(root, '.gpu/tests');
const folders = ['core', 'harness', 'ops', 'process'];

/** From .gpu/tests/ROOM/ the root is a folder further up than from test/ROOM/, and the library lies in dist/. */
function relocated(code) {
  return code
    .replace(/(["'])\.\.\/\.\.\/(?:lib|dist)\b/g, '$1../../../dist')
    .replace(/(["'])\.\.\/\.\.\1/g, '$1../../..$1');
}

rmSync(out, { recursive: true, force: true });
let count = 0;
for (const folder of folders) {
  for (const name of readdirSync(join(root, 'test', folder))) {
    const source = join(root, 'test', folder, name);
    const file = join(out, folder, name.replace(/\.ts$/, '.js'));
    const text = readFileSync(source, 'utf8');
    const { code } = name.endsWith('.ts')
      ? transformSync(text, {
          filename: source,
          jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
          module: { type: 'commonjs' },
        })
      : { code: text };
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, relocated(code));
    count++;
  }
}
console.log(`${count} files of tests in .gpu/tests`);
