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

/** @typedef {{ machine: object, limits: import('./machine.mjs').Limits | null, rows: SavedRow[] }} Results */

/** The name of a machine's file: its processor, and what was not left at its default. */
export function slug(cpu, settings) {
  return [cpu.replace(/\((R|TM)\)|CPU|@.*$/gi, ' '), ...settings]
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
  return { machine, limits: limits ?? before?.limits ?? null, rows: known };
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
  const git = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8' });
  const commit = git.status === 0 ? ` (${git.stdout.trim()})` : '';
  let compiler = 'unknown';
  try {
    compiler = compilerOf(path('../build/Release/hebb.node'));
  } catch {
    compiler = 'that of the prebuilt package';
  }
  return { hebb: `${version}${commit}`, node, compiler };
}

/** The command, without paths of this machine. */
export function commandOf({ sides, modes, budget, trials, threads, isa, device }) {
  const names = [...new Set(sides.map(({ name }) => name))];
  const given = [
    ['peer', names.join(',')],
    ['modes', modes],
    ['budget', budget],
    ['trials', trials],
    ['threads', threads],
    ['isa', isa],
    ['device', device === 'cpu' ? null : device],
  ];
  const words = given.flatMap(([name, value]) => (value ? [`--${name} ${value}`] : []));
  return ['npm run bench -- --save', ...words].join(' ');
}

const folder = path('results');

/** Where a setting's results lie: the name of its files without what follows it. */
export function fileOf({ isa, threads, device }, machine) {
  mkdirSync(folder, { recursive: true });
  const settings = [isa ?? '', threads === null ? '' : `${machine.threads} threads`, device === 'cpu' ? '' : device];
  return `${folder}/${slug(machine.cpu, settings)}`;
}

/** Makes RESULTS.md from all that is kept. */
export function writeMarkdown() {
  const files = readdirSync(folder).sort();
  const all = files
    .filter((file) => file.endsWith('.json'))
    .map((file) => {
      const name = file.replace(/json$/, '');
      const plots = files.filter((plot) => plot.startsWith(name) && plot.endsWith('.svg'));
      return { ...readJson(`${folder}/${file}`), plots: plots.map((plot) => `results/${plot}`) };
    });
  writeWhole(path('RESULTS.md'), markdown(all));
}

/**
 * Keeps rows as they come.
 * @param {ReturnType<typeof import('./options.mjs').options>} given
 * @param {object} machine what `hebb doctor` says
 * @param {import('./machine.mjs').Limits | null} limits
 * @param {readonly string[]} names of all workloads, in order
 */
export function keeper(given, machine, limits, names) {
  const { cpu, cores, isa, threads, node, platform, root } = machine;
  const file = `${fileOf(given, machine)}.json`;
  const description = { cpu, cores, isa, threads, device: given.device, platform, system: `Linux ${release()}` };
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
