// The rooms of native/ and who may know whom (ARCHITECTURE.md). Also: every source file is in native/sources.txt.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { root } from './run.mjs';
import { sources } from './sources.mjs';

const allowed = {
  core: ['core'],
  ops: ['core', 'ops'],
  ref: ['core', 'ops', 'ref'],
  cpu: ['core', 'ops', 'cpu'],
  cuda: ['core', 'ops', 'cuda'],
  node: ['core', 'ops', 'node'],
};
// The list of devices, what doctor reports of it, and a backend's own settings name the backends that are linked in.
const exceptions = new Set([
  'native/node/runtime.cc cpu/isa.h',
  'native/node/addon.cc cpu/isa.h',
  'native/node/addon.cc cpu/winograd_switch.h',
]);
// Rooms within native/cuda, and who else may know them.
const inner = {
  'cuda/emulation': ['native/cuda/runtime/api.h'],
  'cuda/libraries': ['native/cuda/runtime/plugin.cc'],
};
const runtimes = { node: /^(napi|node_api|js_native_api|uv|v8|node)\b/, cuda: /^(cuda|cublas|cudnn)/ };

const problems = [];
for (const room of Object.keys(allowed)) {
  if (!existsSync(`${root}native/${room}`)) continue;
  for (const entry of readdirSync(`${root}native/${room}`, { recursive: true })) {
    if (!/\.(cc|cu|h|inc|def)$/.test(entry)) continue;
    const file = `native/${room}/${entry}`;
    const text = readFileSync(root + file, 'utf8');
    for (const [, path] of text.matchAll(/^\s*#\s*include\s*["<]([^">]+)[">]/gm)) {
      for (const [owner, header] of Object.entries(runtimes)) {
        if (header.test(path) && owner !== room) problems.push(`${file}: ${path} is for native/${owner} alone`);
      }
      for (const [folder, others] of Object.entries(inner)) {
        if (!path.startsWith(`${folder}/`) || file.startsWith(`native/${folder}/`) || others.includes(file)) continue;
        problems.push(`${file}: ${path} is for native/${folder} and ${others.join(', ')}`);
      }
      const known = path.split('/')[0];
      if (known in allowed && !allowed[room].includes(known) && !exceptions.has(`${file} ${path}`)) {
        problems.push(`${file}: ${room} may not include ${path}, it knows ${allowed[room].join(', ')}`);
      }
    }
    if (/\.(cc|cu)$/.test(file)) {
      const rooms = { cpu: ['cpu', 'isa'], cuda: ['cuda', 'gpu', 'emulation'] }[room] ?? [room];
      if (!sources(...rooms).includes(file)) problems.push(`${file}: not in native/sources.txt`);
    }
  }
}
const listed = sources('core', 'ops', 'ref', 'cpu', 'isa', 'node', 'cuda', 'gpu', 'emulation');
for (const file of listed)
  if (!existsSync(root + file)) problems.push(`${file}: in native/sources.txt, but no such file`);
for (const file of new Set(listed)) {
  if (listed.indexOf(file) !== listed.lastIndexOf(file)) problems.push(`${file}: twice in native/sources.txt`);
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`${listed.length} native sources, every include within its room's knowledge`);
