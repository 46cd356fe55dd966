// The linker keeps one copy of an inline function that several objects define, and it may be the one compiled for
// AVX-512: then other processors crash in code that never asked for it. So every symbol that objects compiled per
// instruction set define for the linker must bear their own namespace hebb::cpu::<isa> in its name: be in it, or be a
// template over something in it.
import { existsSync } from 'node:fs';
import { output, root } from './run.mjs';

const isas = process.arch === 'arm64' ? ['scalar', 'neon'] : ['scalar', 'avx2', 'avx512'];
const personality = 'DW.ref.__gxx_personality_v0'; // a pointer for the unwinder, the same in every object
const shown = 20;

let problems = 0;
let symbols = 0;
for (const isa of isas) {
  const archive = `build/Release/hebb_${isa}.a`;
  if (!existsSync(root + archive)) throw new Error(`${archive}: not found: run npm run build:native first`);
  const own = `3cpu${isa.length}${isa}`; // `cpu::<isa>` as the Itanium C++ ABI mangles it
  let object = '';
  for (const line of output('nm', ['--format=posix', archive]).split('\n')) {
    if (line.endsWith(':')) object = line.slice(0, -1);
    const [name, type] = line.split(' ');
    // Lower case is local to the object (except u, v, w), U is undefined; w and v without a definition are references.
    if (!/^[A-TV-Zu]$/.test(type ?? '')) continue;
    symbols++;
    if (name === personality || name.includes(own)) continue;
    if (problems < shown) {
      console.error(`${object}: ${type} ${output('c++filt', [name]).trim()}: does not bear hebb::cpu::${isa}`);
    }
    problems++;
  }
}
if (symbols === 0) throw new Error('no symbols found: expected the kernels of every instruction set');
if (problems > 0) {
  console.error(`${problems} symbols may be kept for every instruction set`);
  process.exit(1);
}
console.log(`${symbols} symbols of ${isas.join(', ')}, each in its own namespace`);
