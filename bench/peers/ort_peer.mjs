// onnxruntime-node on one inference workload: the network from a file of torch_peer.py --export.
//
//     node ort_peer.mjs --work NAME --onnx FILE --ort DIR [--budget SECONDS] [--threads N]
//
// DIR is a folder where onnxruntime-node is installed. Prints one JSON line, as hebb's trials.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measure } from '../measure.mjs';
import { watchResident } from '../resident.mjs';
import { shapes } from '../workloads/shapes.mjs';

/** Normal with mean 0 and deviation 1, from two uniform numbers (Box and Muller 1958). */
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

const text = { type: 'string' };
const { values } = parseArgs({ options: { work: text, onnx: text, ort: text, budget: text, threads: text } });
const require = createRequire(`${resolve(values.ort)}/`);
const ort = require('onnxruntime-node');
const { version } = require('onnxruntime-node/package.json');

const [, network, batch] = values.work.split('-b').join('-').split('-');
const { shape } = shapes.networks[network];
const channelsFirst = [shape.at(-1), ...shape.slice(0, -1)];
const dimensions = [Number(batch), ...channelsFirst];
const size = dimensions.reduce((product, extent) => product * extent, 1);
const x = new ort.Tensor('float32', Float32Array.from({ length: size }, normal), dimensions);

const resident = watchResident();
const intraOpNumThreads = Number(values.threads);
const session = await ort.InferenceSession.create(values.onnx, { intraOpNumThreads });
const run = async () => {
  await session.run({ x });
};
const { last: _, ...times } = await measure(run, Number(values.budget));
console.log(
  JSON.stringify({
    peer: `onnxruntime-node-${version}`,
    device: 'cpu',
    mode: 'session',
    work: values.work,
    ...times,
    memory: { allocated: null, resident: resident() },
    threads: intraOpNumThreads,
    precision: 'float32',
  }),
);
