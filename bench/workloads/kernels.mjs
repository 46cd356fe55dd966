// Single kernels.
import { labels, normal } from '../inputs.mjs';
import { shapes } from './shapes.mjs';

/** @import { Workload } from './index.mjs' */

const FLOAT = 4;

/** Bytes of float32 tensors of these sizes. */
const bytesOf = (...sizes) => FLOAT * sizes.reduce((sum, size) => sum + size, 0);

/** @returns {Workload} */
export function gemm(n) {
  return {
    name: `gemm-${n}`,
    kind: 'kernel',
    flop: 2 * n ** 3,
    bytes: bytesOf(3 * n * n),
    inputs: { a: normal(n, n), b: normal(n, n) },
    run: ({ hebb }, { a, b }) => [hebb.ops.matmul(a, b)],
  };
}

/** x [m, k] times weight [n, k] transposed. @returns {Workload} */
function linear(name, m, k, n) {
  return {
    name: `linear-${name}`,
    kind: 'kernel',
    flop: 2 * m * n * k,
    bytes: bytesOf(m * k, n * k, m * n),
    inputs: { x: normal(m, k), weight: normal(n, k) },
    run: ({ hebb }, { x, weight }) => [hebb.ops.linear(x, weight)],
  };
}

/** Forward, and both gradients. @returns {Workload[]} */
export function convolution(name, [batch, channels, size, out, kernel, stride, padding, groups]) {
  const after = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  const x = normal(batch, size, size, channels);
  const weight = normal(out, kernel, kernel, channels / groups);
  const y = normal(batch, after, after, out);
  const flop = 2 * y.size * (weight.size / out);
  const geometry = [stride, stride, padding, padding, padding, padding, 1, 1, groups];
  return [
    {
      name: `conv-fwd-${name}`,
      kind: 'kernel',
      images: true,
      flop,
      bytes: bytesOf(x.size, weight.size, y.size),
      inputs: { x, weight },
      run: ({ hebb }, inputs) => [hebb.ops.conv2d(inputs.x, inputs.weight, null, { stride, padding, groups })],
    },
    {
      name: `conv-bwd-${name}`,
      kind: 'kernel',
      images: true,
      flop: 2 * flop,
      bytes: bytesOf(y.size, 2 * x.size, 2 * weight.size),
      inputs: { dy: y, x, weight },
      run: ({ kernel: enqueue, emptyLike }, inputs) => {
        const dx = emptyLike(inputs.x);
        enqueue('conv2d_input_gradient', inputs.dy, inputs.weight, dx, geometry);
        const dweight = emptyLike(inputs.weight);
        enqueue('conv2d_weight_gradient', inputs.dy, inputs.x, dweight, geometry);
        return [dx, dweight];
      },
    },
  ];
}

/** y = max(x, 0), and y = a + b: as much computing as none. @returns {Workload[]} */
export function elementwise(elements) {
  const [x, a, b] = Array.from({ length: 3 }, () => normal(elements));
  return [
    {
      name: `relu-${elements}`,
      kind: 'kernel',
      bytes: bytesOf(2 * elements),
      inputs: { x },
      run: ({ hebb }, inputs) => [hebb.ops.relu(inputs.x)],
    },
    {
      name: `add-${elements}`,
      kind: 'kernel',
      bytes: bytesOf(3 * elements),
      inputs: { a, b },
      run: ({ hebb }, inputs) => [hebb.ops.add(inputs.a, inputs.b)],
    },
  ];
}

const image = normal(...shapes.image);
const [images, , , channels] = shapes.image;

/** @type {Workload} */
const relu = {
  name: 'relu-6.4M',
  kind: 'kernel',
  images: true,
  bytes: bytesOf(2 * image.size),
  inputs: { x: image },
  run: ({ hebb }, { x }) => [hebb.ops.relu(x)],
};

/** @type {Workload} */
const maxpool = {
  name: 'maxpool3s2-6.4M',
  kind: 'kernel',
  images: true,
  bytes: bytesOf(image.size, images * 27 * 27 * channels),
  inputs: { x: image },
  run: ({ hebb }, { x }) => [hebb.ops.maxPool2d(x, 3, { stride: 2 })],
};

/** In training: with the batch's statistics, the running ones moved. @type {Workload} */
const batchNorm = {
  name: 'batchnorm-6.4M',
  kind: 'kernel',
  images: true,
  bytes: bytesOf(2 * image.size),
  inputs: { x: image },
  prepare: ({ hebb, device }, { x }) => {
    const layer = new hebb.nn.BatchNorm2d(channels).to(device);
    const forward = () => hebb.noGrad(() => layer.forward(x));
    const call = () => {
      forward().dispose();
      return hebb.synchronize(device);
    };
    const outputs = () => [forward(), layer.runningMean.detach(), layer.runningVariance.detach()];
    return { call, outputs };
  },
};

/** @type {Workload} */
const responseNorm = {
  name: 'lrn-6.4M',
  kind: 'kernel',
  images: true,
  bytes: bytesOf(2 * image.size),
  inputs: { x: image },
  run: ({ hebb }, { x }) => [hebb.ops.localResponseNorm(x, shapes.responseNorm)],
};

const [rows, classes] = shapes.logits;

/** The loss and its gradient by the logits. @type {Workload} */
const softmaxCrossEntropy = {
  name: `softmax-xent-fb-${rows}x${classes}`,
  kind: 'kernel',
  bytes: bytesOf(2 * rows * classes, rows),
  inputs: { logits: normal(rows, classes), targets: labels(rows, classes) },
  run: ({ hebb }, { logits, targets }) => {
    logits.requiresGrad = true;
    const loss = hebb.ops.crossEntropy(logits, targets);
    loss.backward();
    const { grad } = logits;
    logits.grad = null;
    return [loss, grad];
  },
};

/** @returns {Workload[]} */
export function kernels(onGpu) {
  return [
    ...[...shapes.gemms, ...(onGpu ? shapes.gpuGemms : [])].map(gemm),
    ...Object.entries(shapes.linears).map(([name, shape]) => linear(name, ...shape)),
    ...Object.entries(shapes.convolutions).flatMap(([name, shape]) => convolution(name, shape)),
    relu,
    maxpool,
    batchNorm,
    responseNorm,
    softmaxCrossEntropy,
  ];
}
