// Max and average pooling.
import { record, wantsGradient } from '../autograd';
import { run } from '../kernel';
import { empty, emptyLike, type Tensor } from '../tensor';
import { expectRank, type Pair, pair, windowCount } from './shapes';

export interface Pool2dOptions {
  /** Default: the window, so that windows do not overlap. */
  stride?: Pair;
  /** Cells on each side; less than the window. Default: 0. */
  padding?: Pair;
}

export interface AvgPool2dOptions extends Pool2dOptions {
  /** Whether cells of the padding count in the mean. Default: true. */
  countIncludePad?: boolean;
}

function geometryOf(op: string, x: Tensor, kernelSize: Pair, options: Pool2dOptions) {
  expectRank(op, 'x', x, 4, '[batch, height, width, channels]');
  const [kernelHeight, kernelWidth] = pair(kernelSize);
  const [strideHeight, strideWidth] = pair(options.stride ?? kernelSize);
  const [padHeight, padWidth] = pair(options.padding ?? 0);
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  return {
    geometry: [kernelHeight, kernelWidth, strideHeight, strideWidth, padHeight, padWidth, padHeight, padWidth],
    shape: [
      batch,
      windowCount(op, height, kernelHeight, strideHeight, 2 * padHeight),
      windowCount(op, width, kernelWidth, strideWidth, 2 * padWidth),
      channels,
    ],
  };
}

/** The largest in each window of x [N, H, W, C]; padding never wins. Windows have 256 cells at most. */
export function maxPool2d(x: Tensor, kernelSize: Pair, options: Pool2dOptions = {}): Tensor {
  const { geometry, shape } = geometryOf('maxPool2d', x, kernelSize, options);
  const y = empty(shape, 'float32', x.deviceNumber);
  if (!wantsGradient([x])) {
    run('max_pool2d', x, y, null, geometry);
    return y;
  }
  const argmax = empty(shape, 'uint8', x.deviceNumber);
  run('max_pool2d', x, y, argmax, geometry);
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
