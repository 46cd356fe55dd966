// The command line of `npm run bench`.
import { parseArgs } from 'node:util';
import { peers } from './peers.mjs';
import { select, workloadsOf } from './workloads/index.mjs';

const described = Object.entries(peers).map(([name, { modes }]) => `${name} (${modes.join(', ')})`);

export const usage = `npm run bench -- [options]

  --only NAME,NAME   workloads whose name contains one of these; default: all
  --budget SECONDS   time spent on one workload in one trial; default: 1
  --threads N        default: the CPUs the container allows; the peers use as many
  --isa NAME         the widest instruction set to use: scalar, avx2, avx512, neon; torch and tf are held to avx2 too
  --device NAME      default: cpu
  --precision NAME   of products on a GPU, the peers' too: float32, tf32, bfloat16; default: float32
  --peer NAME,NAME   run peers in turns with hebb: ${described.join(', ')}
  --modes NAME,NAME  the peers' modes; default: all
  --python PATH      the Python that has PyTorch, for ort onnx too; default: python3
  --tf-python PATH   the Python that has TensorFlow; default: --python
  --ort DIR          a folder where onnxruntime-node is installed; default: this one
  --trials N         trials of each workload; default: 1, with peers 3
  --unchecked        leave out the comparison of each workload's outputs with the reference
  --save             write the results to bench/results/ and bench/RESULTS.md; rows of earlier runs stay
  --json             one JSON object a line on stdout, everything else on stderr

Share: the least time the machine's measured limits allow (peak of multiply-adds, bandwidth of a working set of that
size) over the median. Ratio: the fastest peer's time over hebb's; above 1, hebb is faster. Memory: by how much a
process grew at its peak once it had its inputs. A trial that other programs disturbed is repeated up to twice; ! marks
a row that stayed disturbed.`;

function number(values, name, least) {
  const value = Number(values[name]);
  if (!(value >= least)) throw new RangeError(`Expected a number of at least ${least} for --${name}`);
  return value;
}

const PRECISIONS = ['float32', 'tf32', 'bfloat16'];

/** The peers that were asked for, each with a mode: [{ name, mode, has, command }]. */
export function sidesOf(names, modes) {
  const chosen = names.map((name) => {
    if (!Object.hasOwn(peers, name)) {
      throw new RangeError(`Expected peers (${Object.keys(peers).join(', ')}) but received '${name}'`);
    }
    return { name, ...peers[name] };
  });
  const known = chosen.flatMap((peer) => peer.modes);
  const unknown = modes.find((mode) => !known.includes(mode));
  if (unknown !== undefined) {
    throw new RangeError(`Expected modes (${known.join(', ') || 'of a --peer'}) but received '${unknown}'`);
  }
  return chosen.flatMap(({ modes: all, ...peer }) => {
    const wanted = all.filter((mode) => modes.includes(mode));
    return (wanted.length > 0 ? wanted : all).map((mode) => ({ ...peer, mode }));
  });
}

const list = (value = '') => value.split(',').filter(Boolean);

/** The command line, checked. Throws for a person to read. @param {readonly string[]} args */
export function options(args) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const { values } = parseArgs({
    args,
    options: {
      only: { ...text, default: '' },
      budget: { ...text, default: '1' },
      threads: text,
      isa: text,
      device: { ...text, default: 'cpu' },
      precision: { ...text, default: 'float32' },
      peer: text,
      modes: text,
      python: { ...text, default: 'python3' },
      'tf-python': text,
      ort: { ...text, default: '.' },
      trials: text,
      unchecked: flag,
      save: flag,
      json: flag,
      help: flag,
    },
  });
  const works = select(workloadsOf(values.device), values.only);
  // A mode that none of the workloads has here would be an empty column.
  const sides = sidesOf(list(values.peer), list(values.modes)).filter(({ has, mode }) =>
    works.some((work) => has(work, mode, values.device)),
  );
  const known = values.device.startsWith('cpu') ? PRECISIONS.slice(0, 1) : PRECISIONS;
  if (!known.includes(values.precision)) {
    throw new RangeError(`Expected ${known.join(', ')} for --precision but received '${values.precision}'`);
  }
  if (works.length === 0) throw new RangeError(`No workload's name contains any of '${values.only}'`);
  return {
    ...values,
    tfPython: values['tf-python'] ?? values.python,
    works,
    sides,
    budget: number(values, 'budget', 0),
    trials: values.trials === undefined ? (sides.length > 0 ? 3 : 1) : number(values, 'trials', 1),
    threads: values.threads === undefined ? null : number(values, 'threads', 1),
  };
}
