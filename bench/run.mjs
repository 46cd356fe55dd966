// `npm run bench`: the suite, on hebb and beside its peers. One process a trial, one after the other. This process only
// starts them: it does not load hebb, so that nothing of it reaches a peer's environment.
import { parseArgs } from 'node:util';
import { REFERENCE } from './check.mjs';
import { busy, describe, floorSeconds, measureLimits } from './machine.mjs';
import { median, ratio } from './measure.mjs';
import { peers } from './peers.mjs';
import { duration, percent, rate, table, times } from './table.mjs';
import { hebbCommand, trial } from './trials.mjs';
import { select } from './workloads/index.mjs';

const usage = `npm run bench -- [options]

  --only NAME,NAME   workloads whose name contains one of these; default: all
  --budget SECONDS   time spent on one workload in one trial; default: 2
  --threads N        default: the CPUs the container allows
  --isa NAME         the widest instruction set to use: scalar, avx2, avx512, neon
  --device NAME      default: cpu
  --peer NAME        run a peer in turns with hebb: ${Object.keys(peers).join(', ')}
  --modes NAME,NAME  the peer's modes; default: ${Object.entries(peers).map(([name, { defaultModes }]) => `${defaultModes.join(',')} (${name})`)}
  --python PATH      the Python that has the peer; default: python3
  --trials N         trials of each workload; default: 1, with a peer 3
  --json             one JSON object a line on stdout, everything else on stderr

Share: the least time the machine's measured limits allow (peak of multiply-adds, bandwidth of a working set of that
size) over the median. Ratio: the peer's time over hebb's; above 1, hebb is faster.`;

const note = (text) => process.stderr.write(`${text}\n`);

function number(values, name, least) {
  const value = Number(values[name]);
  if (!(value >= least)) throw new RangeError(`Expected a number of at least ${least} for --${name}`);
  return value;
}

/** The command line, checked. Throws for a person to read. */
function options() {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const { values } = parseArgs({
    options: {
      only: { ...text, default: '' },
      budget: { ...text, default: '2' },
      threads: text,
      isa: text,
      device: { ...text, default: 'cpu' },
      peer: text,
      modes: text,
      python: { ...text, default: 'python3' },
      trials: text,
      json: flag,
      help: flag,
    },
  });
  const peer = values.peer === undefined ? null : peers[values.peer];
  if (peer === undefined) throw new RangeError(`Expected a peer (${Object.keys(peers)}) but received '${values.peer}'`);
  const modes = values.modes?.split(',') ?? peer?.defaultModes ?? [];
  const unknown = modes.find((mode) => !peer?.modes.includes(mode));
  if (unknown) throw new RangeError(`Expected modes (${peer?.modes ?? 'of a --peer'}) but received '${unknown}'`);
  const works = select(values.only);
  if (works.length === 0) throw new RangeError(`No workload's name contains any of '${values.only}'`);
  return {
    ...values,
    works,
    peer,
    modes,
    budget: number(values, 'budget', 0),
    trials: values.trials === undefined ? (peer ? 3 : 1) : number(values, 'trials', 1),
    threads: values.threads === undefined ? null : number(values, 'threads', 1),
  };
}

/** The environment of hebb's processes, and what hebb says of the machine under it. */
function environment({ isa, threads, device }) {
  const env = { ...process.env };
  if (isa !== undefined) env.HEBB_CPU = isa;
  if (threads !== null) env.HEBB_NUM_THREADS = String(threads);
  const machine = describe(env);
  if (isa !== undefined && machine.isa !== isa) throw new RangeError(`This processor does not run ${isa}`);
  const known = [
    ...machine.devices,
    REFERENCE,
    ...machine.isas.filter((isa) => isa.supported).map(({ name }) => `cpu:${name}`),
  ];
  if (!known.includes(device)) {
    throw new RangeError(`Expected a device (${machine.devices.join(', ')}) but received '${device}'`);
  }
  return { env, machine };
}

/** The trials of one side as one result. */
function summary(results) {
  return {
    ...results[0],
    s: median(results.map(({ s }) => s)),
    min: Math.min(...results.map(({ min }) => min)),
    n: results.reduce((calls, { n }) => calls + n, 0),
  };
}

/** Runs hebb and the peer's modes in turns, and gives hebb's result and each mode's with its ratio. */
function compareOn(workload, given, { env, machine }) {
  const modes = given.modes.filter((mode) => given.peer.has(workload, mode));
  const ours = [];
  const theirs = modes.map(() => []);
  for (let index = 0; index < given.trials; index++) {
    ours.push(trial(hebbCommand({ ...given, work: workload.name, check: index === 0 }), env));
    for (const [place, mode] of modes.entries()) {
      const command = given.peer.command({ ...given, work: workload.name, mode, threads: machine.threads });
      theirs[place].push(trial(command, process.env));
    }
  }
  const seconds = (results) => results.map(({ s }) => s);
  return {
    hebb: summary(ours),
    peers: theirs.map((results) => ({ ...summary(results), ...ratio(seconds(results), seconds(ours)) })),
  };
}

/** Prints results as rows of a table. */
function tablePrinter({ modes, works }, limits) {
  const columns = [
    { title: 'workload', width: Math.max(...works.map(({ name }) => name.length)) },
    { title: 'median', width: 8 },
    { title: 'minimum', width: 8 },
    { title: 'calls', width: 6 },
    { title: 'rate', width: 15 },
    { title: 'share', width: 5 },
    ...modes.flatMap((mode) => [
      { title: mode, width: Math.max(mode.length, 8) },
      { title: 'ratio', width: 18 },
    ]),
  ];
  const rows = table(columns, console.log);
  return (workload, { hebb, peers: theirs }) => {
    const counted = workload.flop || workload.bytes;
    rows.row([
      workload.name,
      duration(hebb.s),
      duration(hebb.min),
      String(hebb.n),
      rate(workload, hebb.s),
      limits && counted ? percent(floorSeconds(limits, workload) / hebb.s) : '',
      ...modes.flatMap((mode) => {
        const found = theirs.find((result) => result.mode === mode);
        return found ? [duration(found.s), times(found)] : ['', ''];
      }),
    ]);
  };
}

function jsonPrinter() {
  return (_, { hebb, peers: theirs }) => {
    for (const result of [hebb, ...theirs]) console.log(JSON.stringify(result));
  };
}

/** What the table is about: the machine, and its limits where they can be measured. */
function introduce(machine, { device, trials, budget }) {
  const { cpu, isa, threads } = machine;
  console.log(`${cpu}, ${isa}, ${threads} threads, device ${device}; ${trials} trials of ${budget} s`);
  const { limits, why } = device.startsWith('cpu')
    ? measureLimits(device.split(':')[1] ?? isa, threads)
    : { limits: null, why: `they are not measured for ${device}` };
  if (limits) {
    const bandwidth = limits.bandwidth.map(({ bytes, read, copy }) => `${bytes / 2 ** 20} MiB ${read}/${copy}`);
    console.log(`Limits: ${limits.gflops} GFLOP/s; reading/copying in GB/s: ${bandwidth.join(', ')}`);
  } else {
    console.log(`No share of the machine's limits: ${why}`);
  }
  console.log();
  return limits;
}

function fastestRatios(results) {
  const ratios = results.flatMap(({ peers: theirs }) =>
    theirs.length > 0 ? [Math.min(...theirs.map((result) => result.ratio))] : [],
  );
  const mean = Math.exp(ratios.reduce((sum, value) => sum + Math.log(value), 0) / ratios.length);
  return `\nAgainst the peer's fastest mode: ${mean.toFixed(2)}x (geometric mean of ${ratios.length}), least ${Math.min(...ratios).toFixed(2)}x`;
}

function main() {
  const given = options();
  if (given.help) {
    console.log(usage);
    return 0;
  }
  const setting = environment(given);
  const warning = busy();
  if (warning !== '') note(warning);
  const print = given.json ? jsonPrinter() : tablePrinter(given, introduce(setting.machine, given));
  const results = [];
  let failed = 0;
  for (const workload of given.works) {
    try {
      const result = compareOn(workload, given, setting);
      results.push(result);
      print(workload, result);
    } catch (error) {
      failed++;
      note(`${workload.name}: ${error.message}`);
    }
  }
  if (!given.json && given.peer && results.length > 0) console.log(fastestRatios(results));
  return failed > 0 ? 1 : 0;
}

try {
  process.exitCode = main();
} catch (error) {
  note(error.message);
  process.exitCode = 2;
}
