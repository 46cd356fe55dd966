// Single kernels. Convolutions are [batch, in channels, height = width, out channels, kernel, stride, padding, groups].
import { labels, normal } from '../inputs.mjs';

/** @import { Workload } from './index.mjs' */

const FLOAT = 4;

/** Bytes of float32 tensors of these sizes. */
const bytesOf = (...sizes) => FLOAT * sizes.reduce((sum, size) => sum + size, 0);

const convolutions = {
  lenet1: [64, 1, 28, 6, 5, 1, 2, 1],
  lenet2: [64, 6, 14, 16, 5, 1, 0, 1],
  alex1: [16, 3, 224, 96, 11, 4, 2, 1],
  alex2: [16, 96, 27, 256, 5, 1, 2, 2],
  alex3: [16, 256, 13, 384, 3, 1, 1, 1],
  alex4: [16, 384, 13, 384, 3, 1, 1, 2],
  vgg1_2: [4, 64, 224, 64, 3, 1, 1, 1],
  vgg3_2: [4, 256, 56, 256, 3, 1, 1, 1],
  vgg5_1: [4, 512, 14, 512, 3, 1, 1, 1],
  res_1x1: [8, 256, 56, 64, 1, 1, 0, 1],
  res_3x3s2: [8, 128, 56, 128, 3, 2, 1, 1],
  res_7x7: [8, 3, 224, 64, 7, 2, 3, 1],
};

/** @returns {Workload} */
function gemm(n) {
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
function convolution(name, [batch, channels, size, out, kernel, stride, padding, groups]) {
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

const image = normal(32, 56, 56, 64);

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
  bytes: bytesOf(image.size, 32 * 27 * 27 * 64),
  inputs: { x: image },
  run: ({ hebb }, { x }) => [hebb.ops.maxPool2d(x, 3, { stride: 2 })],
};

const [rows, classes] = [256, 1000];

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

/** @type {Workload[]} */
export const kernels = [
  ...[64, 256, 512, 1024, 2048].map(gemm),
  linear('mlp1', 128, 784, 400),
  linear('fc6', 32, 9216, 4096),
  linear('skinny', 1, 4096, 4096),
  ...Object.entries(convolutions).flatMap(([name, shape]) => convolution(name, shape)),
  relu,
  maxpool,
  softmaxCrossEntropy,
];
