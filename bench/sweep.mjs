// `npm run bench:sweep`: one operation across sizes, and workloads across threads, as plots in bench/results/.
import { parseArgs } from 'node:util';
import { cappedTo, peers } from './peers.mjs';
import { decimalTicks, plot, powerTicks } from './plot.mjs';
import { fileOf, writeMarkdown, writeWhole } from './results.mjs';
import { environment, limitsOf } from './setting.mjs';
import { duration } from './table.mjs';
import { hebbCommand, trial } from './trials.mjs';
import { workloadNamed } from './workloads/index.mjs';
import { sweeps } from './workloads/sweeps.mjs';

const SCALED = ['gemm-1024', 'conv-fwd-vgg3_2', 'conv-bwd-vgg3_2', 'relu-6.4M', 'train-lenet5-b64'];
const MOST_COUNTS = 8;
const names = [...sweeps.map(({ name }) => name), 'threads'];

const usage = `npm run bench:sweep -- [options]

  --only NAME,NAME   of ${names.join(', ')}; default: all
  --budget SECONDS   time spent on one point; default: 0.3
  --threads N        default: the CPUs the container allows
  --isa NAME         the widest instruction set to use: scalar, avx2, avx512, neon
  --device NAME      default: cpu
  --peer torch       a second line: the faster of eager and channels_last
  --python PATH      the Python that has PyTorch; default: python3`;

/** The command line, checked. */
function options(args) {
  const text = { type: 'string' };
  const { values } = parseArgs({
    args,
    options: {
      only: text,
      budget: { ...text, default: '0.3' },
      threads: text,
      isa: text,
      device: { ...text, default: 'cpu' },
      peer: text,
      python: { ...text, default: 'python3' },
      help: { type: 'boolean', default: false },
    },
  });
  const only = values.only?.split(',') ?? names;
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new RangeError(`Expected names of ${names.join(', ')} but received '${unknown}'`);
  if (values.peer !== undefined && values.peer !== 'torch') {
    throw new RangeError(`Expected torch for --peer but received '${values.peer}'`);
  }
  const numbers = {
    budget: Number(values.budget),
    threads: values.threads === undefined ? null : Number(values.threads),
  };
  if (!(numbers.budget >= 0)) throw new RangeError('Expected a number of at least 0 for --budget');
  if (numbers.threads !== null && !(numbers.threads >= 1)) {
    throw new RangeError('Expected a number of at least 1 for --threads');
  }
  return { ...values, only, ...numbers };
}

/** Seconds of a call with a number of threads: hebb's, and PyTorch's where it was asked for. */
function timesOf(workload, given, env, threads) {
  const ours = trial(hebbCommand({ ...given, workload }), { ...env, HEBB_NUM_THREADS: String(threads) }).s;
  const torchModes = ['eager', 'channels_last'].filter((mode) => given.peer && peers.torch.has(workload, mode));
  const torch = torchModes.map((mode) => {
    const command = peers.torch.command({ ...given, workload, mode, threads });
    return trial(command, { ...process.env, ...cappedTo(given.isa) }).s;
  });
  const theirs = torch.length > 0 ? Math.min(...torch) : null;
  console.log(`${workload.name}, ${threads} threads: ${duration(ours)}${theirs ? `, torch ${duration(theirs)}` : ''}`);
  return { hebb: ours, torch: theirs };
}

/** hebb's line and the peer's, of points { line, at, hollow, hebb, torch }; `y` makes a value of seconds and a point. */
function linesOf(points, y) {
  const lines = [...new Set(points.map(({ line }) => line))];
  return lines.flatMap((line, index) => {
    const members = points.filter((point) => point.line === line);
    const along = (side) => members.map((point) => [point.at, y(point[side], point, members[0][side]), point.hollow]);
    const hebb = { name: `hebb ${line}`.trim(), color: index, style: 'solid', points: along('hebb') };
    if (members[0].torch === null) return [hebb];
    // Of a single operation the sides differ in colour, of several the operations do.
    const color = lines.length > 1 ? index : 1;
    return [hebb, { name: `torch ${line}`.trim(), color, style: 'dashed', points: along('torch') }];
  });
}

const valuesOf = (lines) => lines.flatMap(({ points }) => points.map(([, value]) => value));

/** What the processor allows, as a line over [least, most]. */
function limitLine(unit, limits, least, most) {
  if (!limits) return [];
  if (unit === 'gflops')
    return [{ name: 'limit', style: 'limit', points: [least, most].map((at) => [at, limits.gflops]) }];
  const levels = limits.bandwidth.filter((level) => level.bytes >= least && level.bytes <= most);
  return [
    { name: 'limit', style: 'limit', points: levels.map(({ bytes: at, read, copy }) => [at, Math.max(read, copy)]) },
  ];
}

function sweepPlot({ title, along, unit, points: described }, given, { env, machine }, limits, subtitle) {
  const inBytes = unit === 'bandwidth';
  const points = described.map(({ workload, ...point }) => {
    const amount = unit === 'gflops' ? workload.flop : workload.bytes;
    const hollow = !inBytes && !Number.isInteger(Math.log2(point.at));
    return { ...point, hollow, amount, ...timesOf(workload, given, env, machine.threads) };
  });
  const places = points.map(({ at }) => at);
  const [least, most] = [Math.min(...places), Math.max(...places)];
  const lines = linesOf(points, (seconds, { amount }) => amount / seconds / 1e9);
  lines.push(...limitLine(unit, limits, least, most));
  const values = valuesOf(lines);
  return plot({
    title,
    subtitle: inBytes ? subtitle : `${subtitle}; hollow: not a power of two`,
    x: { title: along, log: true, ticks: powerTicks(inBytes ? 4 : 2, least, most), format: inBytes ? binary : String },
    y: {
      title: inBytes ? 'GB/s' : 'GFLOP/s',
      log: true,
      ticks: decimalTicks(Math.min(...values), Math.max(...values)),
    },
    lines,
  });
}

/** Bytes in powers of 1,024. */
function binary(count) {
  const power = Math.min(3, Math.floor(Math.log2(count) / 10));
  return `${count / 1024 ** power} ${['B', 'KiB', 'MiB', 'GiB'][power]}`;
}

/** 1…most, or the powers of two among them and the last where that would be many. */
function threadCounts(most) {
  if (most <= MOST_COUNTS) return Array.from({ length: most }, (_, index) => index + 1);
  const powers = Array.from({ length: Math.ceil(Math.log2(most)) }, (_, power) => 2 ** power);
  return [...powers, most];
}

function threadsPlot(given, { env, machine }, subtitle) {
  const counts = threadCounts(machine.threads);
  const points = SCALED.flatMap((name) => {
    const workload = workloadNamed(name, given.device);
    return counts.map((at) => ({ line: name, at, ...timesOf(workload, given, env, at) }));
  });
  const lines = linesOf(points, (seconds, _, alone) => alone / seconds);
  lines.push({ name: 'ideal', style: 'limit', points: [counts[0], counts.at(-1)].map((count) => [count, count]) });
  const highest = Math.ceil(Math.max(...valuesOf(lines)));
  const step = Math.ceil(highest / 8);
  return plot({
    title: 'Speed-up by threads',
    subtitle,
    x: { title: 'threads', log: false, ticks: counts },
    y: {
      title: 'times as fast as one thread',
      log: false,
      ticks: Array.from({ length: Math.ceil(highest / step) + 1 }, (_, index) => index * step),
    },
    lines,
  });
}

function main() {
  const given = options(process.argv.slice(2));
  if (given.help) {
    console.log(usage);
    return;
  }
  const setting = environment(given);
  const { cpu, isa, threads } = setting.machine;
  const { limits } = limitsOf(setting.machine, given.device);
  const file = fileOf(given, setting.machine);
  const subtitle = `${cpu}, ${isa}, float32`;
  for (const name of given.only) {
    const sweep = sweeps.find((candidate) => candidate.name === name);
    const svg = sweep
      ? sweepPlot(sweep, given, setting, limits, `${subtitle}, ${threads} threads`)
      : threadsPlot(given, setting, subtitle);
    writeWhole(`${file}.${name}.svg`, svg);
    console.log(`${file}.${name}.svg\n`);
    writeMarkdown();
  }
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
