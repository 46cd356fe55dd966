// What `--save` keeps: one JSON file per machine and setting in bench/results/, and RESULTS.md made from all of them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { floorSeconds } from './machine.mjs';
import { markdown } from './markdown.mjs';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * @typedef {object} SavedRow
 * @property {string} name
 * @property {'kernel' | 'train' | 'infer'} kind
 * @property {number} [flop]
 * @property {number} [bytes]
 * @property {string} date
 * @property {{ hebb: string, node: string, compiler: string }} versions
 * @property {string} command
 * @property {number | null} floor seconds that the machine's limits allow at least
 * @property {string | null} checked the reference its outputs were compared with; `why` not
 * @property {string} why
 * @property {import('./row.mjs').Side} hebb
 * @property {import('./row.mjs').Side[]} peers
 */

/**
 * @typedef {object} Results
 * @property {object} machine
 * @property {import('./machine.mjs').Limits | null} limits
 * @property {SavedRow[]} rows
 * @property {import('./bandwidth.mjs').Bandwidth} [bandwidth] of a GPU
 * @property {readonly import('./errors.mjs').ErrorRow[]} [errors] of Winograd's convolutions
 */

/** The name of a machine's file: its processor, and what was not left at its default. */
export function slug(cpu, settings) {
  return [cpu.replace(/\((R|TM)\)|CPU|@ [\d.]+GHz/gi, ' '), ...settings]
    .join(' ')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** A setting's results with rows put in, each in place of the one of its name, in the order of `names`. */
export function merge(before, { machine, limits, rows }, names) {
  const found = new Map([...(before?.rows ?? []), ...rows].map((row) => [row.name, row]));
  const known = names.filter((name) => found.has(name)).map((name) => found.get(name));
  // Rows of workloads that this version does not have would never be measured again.
  return { ...before, machine, limits: limits ?? before?.limits ?? null, rows: known };
}

/** Whole or not at all: a reader, or an interrupt, never finds half a file. */
export function writeWhole(file, text) {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, file);
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

function existing(file) {
  try {
    return readJson(file);
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw new Error(`${file}: ${error.message}`);
  }
}

/** What compiled hebb, as its file says. */
function compilerOf(addon) {
  const found = readFileSync(addon, 'latin1').match(/(GCC: \([^)]*\) [\d.]+|clang version [\d.]+)/);
  return found ? found[0].replace(/^GCC: \(([^)]*)\) /, 'GCC ') : 'unknown';
}

function versions({ node, root }) {
  const { version } = readJson(path('../package.json'));
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  const described = git('describe', '--always');
  // The results change as they are saved: that does not make them another hebb's.
  const changed = git('diff', '--quiet', 'HEAD', '--', ':/', ':!/bench/results', ':!/bench/RESULTS.md').status !== 0;
  const commit = described.status === 0 ? ` (${described.stdout.trim()}${changed ? '-dirty' : ''})` : '';
  let compiler = 'unknown';
  try {
    compiler = compilerOf(path('../build/Release/hebb.node'));
  } catch {
    compiler = 'that of the prebuilt package';
  }
  return { hebb: `${version}${commit}`, node, compiler };
}

/** The command, without paths of this machine. */
export function commandOf({ sides, modes, budget, trials, threads, isa, device, precision = 'float32' }) {
  const names = [...new Set(sides.map(({ name }) => name))];
  const given = [
    ['peer', names.join(',')],
    ['modes', modes],
    ['budget', budget],
    ['trials', trials],
    ['threads', threads],
    ['isa', isa],
    ['device', device === 'cpu' ? null : device],
    ['precision', precision === 'float32' ? null : precision],
  ];
  const words = given.flatMap(([name, value]) => (value ? [`--${name} ${value}`] : []));
  return ['npm run bench -- --save', ...words].join(' ');
}

const folder = path('results');

/** Where a setting's results lie: the name of its files without what follows it. */
export function fileOf({ isa, threads, device, precision = 'float32' }, machine) {
  mkdirSync(folder, { recursive: true });
  const settings = [isa ?? '', threads === null ? '' : `${machine.threads} threads`, device === 'cpu' ? '' : device];
  const gpu = gpuOf(machine, device).split(',')[0];
  settings.push(gpu, precision === 'float32' ? '' : precision);
  return `${folder}/${slug(machine.cpu, settings)}`;
}

/** What `hebb doctor` says of the GPU behind a device; '' for the CPU. */
function gpuOf({ gpu }, device) {
  return gpu?.facts.find(({ item }) => item === device)?.found ?? '';
}

/** What is said of the machine beside its results. */
export function descriptionOf({ device, precision = 'float32' }, machine) {
  const { cpu, cores, isa, threads, platform, gpu } = machine;
  const system = `Linux ${release()}`;
  const common = { cpu, cores, isa, threads, device, platform, system };
  if (gpuOf(machine, device) === '') return common;
  const software = gpu.facts.filter(({ item, found }) => found !== '' && !item.startsWith('cuda:'));
  return {
    ...common,
    ...{ precision, gpu: gpuOf(machine, device) },
    software: software.map(({ item, found }) => `${item} ${found.replace(/,? \/.*$/, '')}`),
  };
}

/** All that is kept, a machine and setting each. */
export function saved() {
  mkdirSync(folder, { recursive: true });
  const files = readdirSync(folder).sort();
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => {
      const name = file.replace(/json$/, '');
      const plots = files.filter((plot) => plot.startsWith(name) && plot.endsWith('.svg'));
      return { ...readJson(`${folder}/${file}`), plots: plots.map((plot) => `results/${plot}`) };
    });
}

/** Makes RESULTS.md from all that is kept. */
export function writeMarkdown() {
  writeWhole(path('RESULTS.md'), markdown(saved()));
}

/**
 * Keeps what is not a row beside a setting's rows.
 * @param {Partial<Pick<Results, 'bandwidth' | 'errors'>>} found
 */
export function keepBeside(given, machine, found) {
  const file = `${fileOf(given, machine)}.json`;
  const before = existing(file) ?? { limits: null, rows: [] };
  const results = { ...before, machine: descriptionOf(given, machine), ...found };
  writeWhole(file, `${JSON.stringify(results, null, 1)}\n`);
  writeMarkdown();
}

/**
 * Keeps rows as they come.
 * @param {ReturnType<typeof import('./options.mjs').options>} given
 * @param {object} machine what `hebb doctor` says
 * @param {import('./machine.mjs').Limits | null} limits
 * @param {readonly string[]} names of all workloads, in order
 */
export function keeper(given, machine, limits, names) {
  const { node, root } = machine;
  const file = `${fileOf(given, machine)}.json`;
  const description = descriptionOf(given, machine);
  const made = { versions: versions({ node, root }), command: commandOf(given) };
  return ({ name, kind, flop, bytes }, result) => {
    const row = {
      ...{ name, kind, flop, bytes },
      ...{ date: new Date().toISOString(), ...made },
      floor: limits ? floorSeconds(limits, { flop, bytes }) : null,
      ...result,
    };
    const results = merge(existing(file), { machine: description, limits, rows: [row] }, names);
    writeWhole(file, `${JSON.stringify(results, null, 1)}\n`);
    writeMarkdown();
  };
}
