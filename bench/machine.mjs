// The machine: what hebb finds on it, and its limits.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * A processor's name with its family and model, where /proc/cpuinfo gives them: virtual machines often say no more than
 * "AMD EPYC", which has been five generations.
 */
export function exactName(name, cpuinfo) {
  const [family, model] = [/^cpu family\s*: (\d+)$/m, /^model\s*: (\d+)$/m].map((field) => cpuinfo.match(field)?.[1]);
  return family && model ? `${name} (family ${family}, model ${model})` : name;
}

function cpuinfo() {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}

/** What `hebb doctor` says under an environment. Throws with its words where hebb does not work. */
export function describe(env) {
  const { stdout, stderr } = spawnSync(process.execPath, [path('../dist/cli/main.js'), 'doctor', '--json'], {
    env,
    encoding: 'utf8',
  });
  if (!stdout) throw new Error(`${stderr.trim()} Build hebb first: npm run build:all`);
  const found = JSON.parse(stdout);
  if (!found.ok) throw new Error(found.problem);
  return { ...found, cpu: exactName(found.cpu, cpuinfo()) };
}

/** Per instruction set: compiler options, floats in a vector, and the compiler's name for a vector register. */
const vectors = {
  avx512: { options: ['-mavx512f', '-mfma'], lanes: 16, register: 'v' },
  avx2: { options: ['-mavx2', '-mfma'], lanes: 8, register: 'x' },
  scalar: { options: [], lanes: 4, register: process.arch === 'arm64' ? 'w' : 'x' },
  neon: { options: [], lanes: 4, register: 'w' },
};

/**
 * @typedef {object} Limits
 * @property {number} gflops fused multiply-adds from registers
 * @property {readonly { bytes: number, read: number, copy: number }[]} bandwidth in GB/s, by size of the working set
 */

/**
 * Measures the processor with an instruction set and a number of threads; null, and why, where it cannot.
 * @returns {{ limits: Limits | null, why: string }}
 */
export function measureLimits(isa, threads) {
  const { options, lanes, register } = vectors[isa] ?? vectors.scalar;
  const folder = mkdtempSync(join(tmpdir(), 'hebb-bench-'));
  try {
    const program = join(folder, 'limits');
    const definitions = [`-DLANES=${lanes}`, `-DVECTOR_REGISTER="${register}"`];
    const compiler = process.env.CXX || 'c++';
    const compiled = spawnSync(
      compiler,
      ['-std=c++20', '-O3', '-fopenmp', ...options, ...definitions, path('limits.cc'), '-o', program],
      { encoding: 'utf8' },
    );
    if (compiled.status !== 0) return { limits: null, why: `${compiler} did not compile bench/limits.cc` };
    const { stdout } = spawnSync(program, {
      encoding: 'utf8',
      env: { ...process.env, OMP_NUM_THREADS: String(threads), GOMP_SPINCOUNT: '20000' },
    });
    return stdout ? { limits: JSON.parse(stdout), why: '' } : { limits: null, why: 'bench/limits.cc did not run' };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * The least seconds a workload can take: all its operations at the peak, or all its bytes at the bandwidth of the working
 * set nearest in size, whichever is longer. (Williams, Waterman and Patterson, "Roofline", 2009.)
 * @param {Limits} limits
 * @param {import('./workloads/index.mjs').Workload} workload
 */
export function floorSeconds(limits, { flop = 0, bytes = 0 }) {
  const level = limits.bandwidth.find((size) => Math.SQRT2 * size.bytes >= bytes) ?? limits.bandwidth.at(-1);
  return Math.max(flop / limits.gflops, bytes / Math.max(level.read, level.copy)) / 1e9;
}
