// bench/RESULTS.md from the saved results.
import { geometricMean } from './measure.mjs';
import { bytes, duration, leastMemory, percent, rate, times } from './table.mjs';

/** @typedef {import('./results.mjs').Results} Results */
/** @typedef {import('./results.mjs').SavedRow} SavedRow */

const introduction = `# Results

Made by \`npm run bench -- --save\`; each row carries its date, versions and command in \`results/\`. NOTES.md says what was
tried and learned.

Times are medians: of the calls of a trial, and of the trials. A trial is a process of its own, and hebb and its peers
take turns. Share is the least time that the machine's measured limits allow over hebb's. **Bold** is the fastest peer
of a row. Ratio is its time over hebb's with the least and greatest of the trials: above 1, hebb is faster. "!" marks
rows that other programs disturbed. Outputs are compared with the reference before they are timed, except for rows with
a "?". Every side has as many threads as hebb and computes in float32, or in the precision that the heading names.
`;

/** Groups of rows, each with its title. */
const groups = [
  { title: 'GEMM and linear layers', has: ({ name }) => /^(gemm|linear)-/.test(name) },
  { title: 'Convolutions', has: ({ name }) => name.startsWith('conv-') },
  { title: 'Memory-bound kernels', has: ({ name, kind }) => kind === 'kernel' && !/^(gemm|linear|conv)-/.test(name) },
  { title: 'Training steps', has: ({ kind }) => kind === 'train' },
  { title: 'Inference', has: ({ kind }) => kind === 'infer' },
];

/** A table; the first column is aligned left, the others right. */
function grid(titles, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(titles), line(titles.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

const fastestOf = ({ peers }) => peers.find(({ fastest }) => fastest);
const sideName = ({ side, mode }) => (side === 'torch' ? `${side} ${mode}` : side);
const distinct = (values) => [...new Set(values)];

/** The sides of some rows, in the order in which they come up. */
const sidesOf = (rows) => distinct(rows.flatMap(({ peers }) => peers.map(sideName)));

/** One group's rows, with a column for each peer that has any of them. */
function timesTable(rows) {
  const sides = sidesOf(rows);
  const cells = rows.map((row) => {
    const fastest = fastestOf(row);
    const disturbed = [row.hebb, ...row.peers].some((side) => side.disturbed);
    return [
      `${row.name}${disturbed ? ' !' : ''}${row.checked ? '' : ' ?'}`,
      duration(row.hebb.s),
      rate(row, row.hebb.s),
      row.floor ? percent(row.floor / row.hebb.s) : '',
      ...sides.map((name) => {
        const side = row.peers.find((peer) => sideName(peer) === name);
        if (!side) return '';
        return side === fastest ? `**${duration(side.s)}**` : duration(side.s);
      }),
      fastest ? times(fastest) : '',
    ];
  });
  return grid(['workload', 'hebb', 'rate', 'share', ...sides, 'ratio'], cells);
}

/** Peak memory of training steps: what hebb's allocator says, and by how much each process grew. */
function memoryTable(rows) {
  const sides = sidesOf(rows);
  const cells = rows.map(({ name, hebb, peers }) => [
    name,
    bytes(hebb.memory.allocated),
    bytes(hebb.memory.resident),
    ...sides.map((title) => {
      const memory = peers.find((peer) => sideName(peer) === title)?.memory;
      return memory ? bytes(memory.resident) : '';
    }),
    peers.length > 0 ? `${(leastMemory(peers) / hebb.memory.resident).toFixed(2)}x` : '',
  ]);
  return grid(['workload', 'hebb allocated', 'hebb', ...sides, 'least peer ÷ hebb'], cells);
}

function summaryTable(rows) {
  const cells = groups.flatMap(({ title, has }) => {
    const ratios = rows.filter(has).flatMap((row) => fastestOf(row)?.ratio ?? []);
    if (ratios.length === 0) return [];
    const lost = ratios.filter((ratio) => ratio < 1).length;
    return [[title, ratios.length, `${geometricMean(ratios).toFixed(2)}x`, `${Math.min(...ratios).toFixed(2)}x`, lost]];
  });
  return grid(['against the fastest peer of each row', 'rows', 'geometric mean', 'least', 'rows below 1'], cells);
}

function losses(rows) {
  const lost = rows.filter((row) => fastestOf(row)?.ratio < 1);
  if (lost.length === 0) return 'In no row.';
  const line = (row) => `- ${row.name}: ${times(fastestOf(row))} (${sideName(fastestOf(row))})`;
  return lost
    .sort((a, b) => fastestOf(a).ratio - fastestOf(b).ratio)
    .map(line)
    .join('\n');
}

/** Where a setting's rows come from. */
function provenance({ machine, limits, rows }) {
  const { cpu, cores, isa, threads, device, platform, system, gpu, software = [] } = machine;
  const dates = rows.map(({ date }) => date.slice(0, 10)).sort();
  const described = ({ versions }) => `hebb ${versions.hebb}, Node ${versions.node}, ${versions.compiler}`;
  const lines = [
    `- ${cpu}, ${cores} cores, ${platform}, ${system}; instruction set ${isa}, ${threads} threads, device ${device}`,
    ...(gpu ? [`- ${gpu}`, ...software.map((line) => `- ${line}`)] : []),
    ...(limits
      ? [
          `- limits: ${limits.gflops} GFLOP/s; reading/copying in GB/s by working set: ${limits.bandwidth
            .map((level) => `${level.bytes / 2 ** 20} MiB ${level.read}/${level.copy}`)
            .join(', ')}`,
        ]
      : []),
    ...distinct(rows.map(described)).map((line) => `- ${line}`),
    ...distinct(rows.flatMap(({ peers }) => peers.map(({ peer }) => peer))).map((peer) => `- ${peer}`),
    ...(dates.length > 0 ? [`- measured ${distinct([dates[0], dates.at(-1)]).join(' to ')} by`] : []),
    ...distinct(rows.map(({ command }) => command)).map((command) => `  - \`${command}\``),
  ];
  return lines.join('\n');
}

/** A GPU's kernels beside a plain copy. @param {import('./bandwidth.mjs').Bandwidth} bandwidth */
export function bandwidthTable({ copy, kernels }) {
  const rate = (bytesPerSecond) => `${(bytesPerSecond / 1e9).toFixed(0)} GB/s`;
  const cells = kernels.map(({ name, bytesPerSecond }) => [name, rate(bytesPerSecond), percent(bytesPerSecond / copy)]);
  return grid(['memory-bound kernel', 'bandwidth', 'share of a copy'], [['copy', rate(copy), ''], ...cells]);
}

/** Rounding errors of Winograd's convolutions. @param {readonly import('./errors.mjs').ErrorRow[]} rows */
export function errorTable(rows) {
  const cells = rows.map(({ name, output, winograd, direct }) => [
    `${name}, ${output}`,
    ...[winograd.rms, direct.rms].map((error) => error.toExponential(1)),
    `${(winograd.rms / direct.rms).toFixed(1)}x`,
    ...[winograd.max, direct.max].map((error) => error.toExponential(1)),
    `${(winograd.max / direct.max).toFixed(1)}x`,
  ]);
  return grid(['convolution', 'rms', 'direct', 'ratio', 'greatest', 'direct', 'ratio'], cells);
}

/** One machine and setting. @param {Results & { plots?: readonly string[] }} results */
function section(results) {
  const { machine, rows, plots = [], bandwidth, errors } = results;
  const title = machine.gpu
    ? `${machine.gpu.split(',')[0]}, ${machine.precision}`
    : `${machine.cpu}, ${machine.isa}, ${machine.threads} threads`;
  const parts = [`## ${title}`, provenance(results)];
  if (bandwidth) parts.push(bandwidthTable(bandwidth));
  if (sidesOf(rows).length > 0) parts.push(summaryTable(rows), '### Where hebb loses', losses(rows));
  for (const { title, has } of groups) {
    const members = rows.filter(has);
    if (members.length > 0) parts.push(`### ${title}`, timesTable(members));
  }
  const training = rows.filter(({ kind }) => kind === 'train');
  if (training.length > 0) {
    parts.push(
      '### Peak memory of a training step',
      'Parameters, gradients, momentum, activations and workspace: by how much the process grew at its peak once it had its inputs. Allocated: what hebb asked for.',
      memoryTable(training),
    );
  }
  if (errors) {
    parts.push(
      "### Rounding errors of Winograd's convolutions",
      'Against sums in double, relative to the root mean square of the exact values, on inputs that are normal with mean 0. By `npm run bench:errors -- --save`.',
      errorTable(errors),
    );
  }
  if (plots.length > 0)
    parts.push('### Across sizes and threads', plots.map((plot) => `![${plot}](${plot})`).join('\n'));
  return parts.join('\n\n');
}

/** @param {readonly Results[]} all */
export function markdown(all) {
  return `${[introduction.trimEnd(), ...all.map(section)].join('\n\n')}\n`;
}
