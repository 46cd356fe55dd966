// Max and average pooling.
import { handOver, record, wantsGradient } from '../autograd';
import { tensor } from '../create';
import { HebbError } from '../errors';
import { run } from '../kernel';
import { empty, emptyLike, type Tensor } from '../tensor';
import { type Activation, activationNumber } from './activation';
import { matmul } from './matmul';
import { reshape } from './movement';
import { mean } from './reduce';
import { expectRank, type Pair, pair, windowCount } from './shapes';
import { relu } from './unary';

export interface Pool2dOptions {
  /** Default: the window, so that windows do not overlap. */
  stride?: Pair;
  /** Cells on each side; less than the window. Default: 0. */
  padding?: Pair;
}

export interface MaxPool2dOptions extends Pool2dOptions {
  /** Whether a last window that reaches over the bottom or the right edge counts, if it starts before that. Default: false. */
  ceilMode?: boolean;
  /** Applied to the largest; as good as before the windows are taken, on fewer values. Default: 'none'. */
  activation?: Activation;
}

export interface AvgPool2dOptions extends Pool2dOptions {
  /** Whether cells of the padding count in the mean. Default: true. */
  countIncludePad?: boolean;
}

/** Cells that the last window of ceilMode reaches beyond the padding. */
function overhang(extent: number, kernel: number, stride: number, padding: number): number {
  const windows = Math.ceil((extent + 2 * padding - kernel) / stride);
  const last = windows * stride >= extent + padding ? windows - 1 : windows;
  return Math.max(0, last * stride + kernel - extent - 2 * padding);
}

function geometryOf(op: string, x: Tensor, kernelSize: Pair, options: MaxPool2dOptions) {
  expectRank(op, 'x', x, 4, '[batch, height, width, channels]');
  const [kernelHeight, kernelWidth] = pair(kernelSize);
  const [strideHeight, strideWidth] = pair(options.stride ?? kernelSize);
  const [padHeight, padWidth] = pair(options.padding ?? 0);
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const padBottom = padHeight + (options.ceilMode ? overhang(height, kernelHeight, strideHeight, padHeight) : 0);
  const padRight = padWidth + (options.ceilMode ? overhang(width, kernelWidth, strideWidth, padWidth) : 0);
  return {
    geometry: [kernelHeight, kernelWidth, strideHeight, strideWidth, padHeight, padWidth, padBottom, padRight],
    shape: [
      batch,
      windowCount(op, height, kernelHeight, strideHeight, padHeight + padBottom),
      windowCount(op, width, kernelWidth, strideWidth, padWidth + padRight),
      channels,
    ],
  };
}

/** The largest in each window of x [N, H, W, C]; padding never wins. Windows have 256 cells at most. */
export function maxPool2d(x: Tensor, kernelSize: Pair, options: MaxPool2dOptions = {}): Tensor {
  const { activation = 'none' } = options;
  const { geometry, shape } = geometryOf('maxPool2d', x, kernelSize, options);
  const [kernelHeight, kernelWidth] = pair(kernelSize);
  if (activation === 'relu' && kernelHeight * kernelWidth > 255) {
    // No number is left for a window that lets no gradient pass.
    const largest = maxPool2d(x, kernelSize, { ...options, activation: 'none' });
    const y = relu(largest);
    handOver(largest, y);
    return y;
  }
  const y = empty(shape, 'float32', x.deviceNumber);
  if (!wantsGradient([x])) {
    run('max_pool2d', x, y, null, geometry, activationNumber(activation));
    return y;
  }
  const argmax = empty(shape, 'uint8', x.deviceNumber);
  run('max_pool2d', x, y, argmax, geometry, activationNumber(activation));
  const backward = (grad: Tensor) => {
    const dx = emptyLike(x);
    run('max_pool2d_backward', grad, argmax, dx, geometry);
    return [dx];
  };
  return record('max_pool2d', y, [x], backward, [argmax]);
}

/** The mean of each window of x [N, H, W, C]. */
export function avgPool2d(x: Tensor, kernelSize: Pair, options: AvgPool2dOptions = {}): Tensor {
  const { geometry, shape } = geometryOf('avgPool2d', x, kernelSize, options);
  const { countIncludePad = true } = options;
  const y = empty(shape, 'float32', x.deviceNumber);
  run('average_pool2d', x, y, geometry, countIncludePad);
  return record('average_pool2d', y, [x], (grad) => {
    const dx = emptyLike(x);
    run('average_pool2d_backward', grad, dx, geometry, countIncludePad);
    return [dx];
  });
}

/** Row i holds the weights of mean i of `outputs` over `extent` cells: those from ⌊i extent / outputs⌋ to ⌈(i + 1) extent / outputs⌉. */
function meansMatrix(extent: number, outputs: number, device: string): Tensor {
  const weights = new Float32Array(outputs * extent);
  for (let i = 0; i < outputs; i++) {
    const first = Math.floor((i * extent) / outputs);
    const end = Math.ceil(((i + 1) * extent) / outputs);
    weights.fill(1 / (end - first), i * extent + first, i * extent + end);
  }
  return tensor(weights, [outputs, extent], { device });
}

/**
 * x [N, H, W, C] pooled to [N, h, w, C], (h, w) being `outputSize`: window i spans rows ⌊i H / h⌋ to ⌈(i + 1) H / h⌉ - 1,
 * columns likewise (PyTorch's definition). The means of rows and of columns are products with two small matrices, unless
 * plain windows or one mean will do.
 */
export function adaptiveAvgPool2d(x: Tensor, outputSize: Pair): Tensor {
  expectRank('adaptiveAvgPool2d', 'x', x, 4, '[batch, height, width, channels]');
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [rows, columns] = pair(outputSize);
  if (!(Number.isInteger(rows) && rows >= 1 && Number.isInteger(columns) && columns >= 1 && height * width >= 1)) {
    throw new HebbError(
      `adaptiveAvgPool2d: Expected extents of at least 1 but received [${height}, ${width}] to pool to [${rows}, ${columns}]`,
    );
  }
  if (rows === height && columns === width) return x;
  if (rows === 1 && columns === 1) return mean(x, [1, 2], { keepDims: true });
  if (height % rows === 0 && width % columns === 0) return avgPool2d(x, [height / rows, width / columns]);
  let current = x;
  const then = (next: Tensor): void => {
    if (current !== x) handOver(current, next);
    current = next;
  };
  for (const [means, flat] of [
    [meansMatrix(height, rows, x.device), [batch, height, width * channels]],
    [meansMatrix(width, columns, x.device), [batch * rows, width, channels]],
  ] as const) {
    then(reshape(current, flat));
    then(matmul(means, current));
    handOver(means, current);
  }
  then(reshape(current, [batch, rows, columns, channels]));
  return current;
}
