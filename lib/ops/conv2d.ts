// Two-dimensional convolution.
import { record } from '../autograd';
import { run } from '../kernel';
import { empty, emptyLike, type Tensor } from '../tensor';
import { type Activation, activationNumber, throughActivation } from './activation';
import { sumTo } from './reduce';
import { expectRank, type Pair, pair, windowCount } from './shapes';

export interface Conv2dOptions {
  /** Default: 1. */
  stride?: Pair;
  /** Zeros on each side, of height and width. Default: 0. */
  padding?: Pair;
  /** Default: 1. */
  dilation?: Pair;
  /** Default: 1. */
  groups?: number;
  /** Applied after the bias. Default: 'none'. */
  activation?: Activation;
}

/**
 * x [N, H, W, in] with weight [out, kH, kW, in / groups] and bias [out] gives [N, OH, OW, out], where
 * OH = floor((H + 2 padding - dilation (kH - 1) - 1) / stride) + 1. It is a cross-correlation, as everywhere in the field.
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv2dOptions = {}): Tensor {
  expectRank('conv2d', 'x', x, 4, '[batch, height, width, channels]');
  expectRank('conv2d', 'weight', weight, 4, '[out, height, width, in / groups]');
  const { activation = 'none', groups = 1 } = options;
  const [strideHeight, strideWidth] = pair(options.stride ?? 1);
  const [padHeight, padWidth] = pair(options.padding ?? 0);
  const [dilationHeight, dilationWidth] = pair(options.dilation ?? 1);
  const [batch, height, width] = x.shape as [number, number, number, number];
  const [channels, kernelHeight, kernelWidth] = weight.shape as [number, number, number, number];
  const geometry = [
    strideHeight,
    strideWidth,
    padHeight,
    padWidth,
    padHeight,
    padWidth,
    dilationHeight,
    dilationWidth,
    groups,
  ];
  const shape = [
    batch,
    windowCount('conv2d', height, kernelHeight, strideHeight, 2 * padHeight, dilationHeight),
    windowCount('conv2d', width, kernelWidth, strideWidth, 2 * padWidth, dilationWidth),
    channels,
  ];
  const y = empty(shape, 'float32', x.deviceNumber);
  run('conv2d', x, weight, null, bias, null, y, geometry, activationNumber(activation));
  const inputs = bias ? [x, weight, bias] : [x, weight];
  return record('conv2d', y, inputs, (grad, needs) =>
    throughActivation(activation, grad, y, (dy) => {
      const dx = needs[0] ? emptyLike(x) : null;
      if (dx) run('conv2d_input_gradient', dy, weight, dx, geometry);
      const dweight = needs[1] ? emptyLike(weight) : null;
      if (dweight) run('conv2d_weight_gradient', dy, x, dweight, geometry);
      return [dx, dweight, needs[2] && bias ? sumTo(dy, bias.shape) : null];
    }),
  );
}
