// Collects what the CUDA compiler reported of each kernel in a build folder (see cuda-compile.mjs) in its
// cuda-registers.txt, one line a kernel and architecture, and prints those that spill registers to memory.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
if (!folder) {
  console.error('cuda-report: expected a build folder');
  process.exit(2);
}

const kernels = [];
for (const file of readdirSync(folder, { recursive: true })) {
  if (!file.endsWith('.ptxas')) continue;
  for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
    const entry = /Compiling entry function '(\w+)' for '(\w+)'/.exec(line);
    if (entry) kernels.push({ name: entry[1], architecture: entry[2], registers: 0, stack: 0, spilled: 0 });
    const kernel = kernels.at(-1);
    const memory = /(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/.exec(line);
    if (memory && kernel) [kernel.stack, kernel.spilled] = [Number(memory[1]), Number(memory[2]) + Number(memory[3])];
    const used = /Used (\d+) registers/.exec(line);
    if (used && kernel) kernel.registers = Number(used[1]);
  }
}
if (kernels.length === 0) {
  console.error(`cuda-report: no kernels in ${folder}: build hebb_cuda there first`);
  process.exit(1);
}

const names = execFileSync('c++filt', { input: kernels.map(({ name }) => name).join('\n'), encoding: 'utf8' }).split(
  '\n',
);
const text = ({ architecture, registers, stack, spilled }, index) =>
  `${architecture} ${registers} registers, ${stack} bytes of stack, ${spilled} spilled: ${names[index]}`;
const lines = kernels.map(text);
writeFileSync(join(folder, 'cuda-registers.txt'), `${lines.toSorted().join('\n')}\n`);
const spilling = lines.filter((_, index) => kernels[index].spilled > 0);
for (const line of spilling) console.log(line);
console.log(
  `${kernels.length} kernels compiled, ${spilling.length} spill registers (${join(folder, 'cuda-registers.txt')})`,
);
