// node bench/bandwidth.mjs --device NAME [--save]: the bandwidth of memory-bound kernels on a GPU, beside that of a copy.
// Calls are enqueued many at a time and waited for once, so that what counts is the device; tensors are larger than its
// caches.
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import hebb from '../dist/index.js';
import { run as kernel } from '../dist/kernel.js';
import { emptyLike } from '../dist/tensor.js';
import { bandwidthTable } from './markdown.mjs';
import { keepBeside } from './results.mjs';
import { environment } from './setting.mjs';
import { shapes } from './workloads/shapes.mjs';

const CALLS = 20;
const ROUNDS = 7;
const IMAGES = [256, 56, 56, 64];
const LOGITS = [2 ** 16, 1000];
const PARAMETERS = 2 ** 26;
const FLOAT = 4;

/** @typedef {{ copy: number, kernels: { name: string, bytesPerSecond: number }[] }} Bandwidth in bytes per second */

const sizeOf = (shape) => shape.reduce((product, extent) => product * extent, 1);

/** Seconds of a call on the device: the least of some rounds. */
async function secondsOf(call, device) {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    await hebb.synchronize(device);
    const start = performance.now();
    for (let index = 0; index < CALLS; index++) call();
    await hebb.synchronize(device);
    least = Math.min(least, (performance.now() - start) / 1000 / CALLS);
  }
  return least;
}

/** [name, bytes that a call has to read and write at least, call], made when it is its turn. */
function kernelsOn(device) {
  const image = sizeOf(IMAGES);
  const images = () => hebb.randn(IMAGES, { device });
  const forward = (op) => {
    const x = images();
    return () => op(x).dispose();
  };
  const adding = () => {
    const other = images();
    return forward((x) => x.add(other));
  };
  return [
    ['copy', 2 * image, () => forward((x) => x.clone())],
    ['relu', 2 * image, () => forward((x) => x.relu())],
    ['add', 3 * image, adding],
    [
      'max pool 3 x 3, stride 2',
      image + IMAGES[0] * 27 * 27 * IMAGES[3],
      () => forward((x) => x.maxPool2d(3, { stride: 2 })),
    ],
    // Its statistics have to be known before the first value is written: the images are read twice.
    ['batch normalisation in training', 3 * image, () => batchNorm(images(), device)],
    ['response normalisation', 2 * image, () => forward((x) => x.localResponseNorm(shapes.responseNorm))],
    ['softmax cross-entropy, both ways', 3 * sizeOf(LOGITS), () => crossEntropy(device)],
    ['SGD with momentum', 5 * PARAMETERS, () => sgd(device)],
  ];
}

function batchNorm(x, device) {
  const layer = new hebb.nn.BatchNorm2d(IMAGES[3]).to(device);
  return () => hebb.noGrad(() => layer.forward(x)).dispose();
}

function crossEntropy(device) {
  const [rows, classes] = LOGITS;
  const logits = hebb.randn(LOGITS, { device });
  logits.requiresGrad = true;
  const numbers = Int32Array.from({ length: rows }, (_, row) => (row * 7) % classes);
  const labels = hebb.tensor(numbers, [rows], { device });
  return () => {
    const loss = hebb.ops.crossEntropy(logits, labels);
    loss.backward();
    logits.grad.dispose();
    logits.grad = null;
    loss.dispose();
  };
}

function sgd(device) {
  const parameter = hebb.randn([PARAMETERS], { device });
  parameter.requiresGrad = true;
  const optimizer = new hebb.optim.SGD([parameter], { lr: 1e-6, ...shapes.optimizer });
  parameter.grad = emptyLike(parameter);
  kernel('fill', parameter.grad, 1e-3);
  return () => optimizer.step();
}

async function main() {
  const { values } = parseArgs({
    options: { device: { type: 'string', default: 'cuda:0' }, save: { type: 'boolean', default: false } },
  });
  const { device } = values;
  const { machine } = environment({ threads: null, device });
  hebb.setDefaultDevice(device);
  const measured = [];
  for (const [name, elements, make] of kernelsOn(device)) {
    hebb.manualSeed(1);
    const seconds = await secondsOf(make(), device);
    measured.push({ name, bytesPerSecond: (FLOAT * elements) / seconds });
  }
  const [{ bytesPerSecond: copy }, ...kernels] = measured;
  console.log(bandwidthTable({ copy, kernels }));
  if (values.save) keepBeside({ threads: null, device }, machine, { bandwidth: { copy, kernels } });
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
