// Runs the CUDA compiler given as arguments, and keeps what its assembler reports of each kernel (-Xptxas -v) beside the
// object file; cuda-report.mjs reads it. Everything else that the compiler says is shown.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const [command, ...args] = process.argv.slice(2);
const { status, stderr, error } = spawnSync(command, args, { stdio: ['inherit', 'inherit', 'pipe'], encoding: 'utf8' });
if (error) throw error;

const lines = stderr.split('\n');
const isReport = (line, index) => /^ptxas info/.test(line) || (/^ +\d+ bytes stack frame/.test(line) && index > 0);
const report = lines.filter(isReport);
const rest = lines.filter((line, index) => !isReport(line, index)).join('\n');
if (rest.trim() !== '') process.stderr.write(rest);
const output = args.indexOf('-o');
if (status === 0 && output >= 0 && report.length > 0) writeFileSync(`${args[output + 1]}.ptxas`, report.join('\n'));
process.exit(status ?? 1);
