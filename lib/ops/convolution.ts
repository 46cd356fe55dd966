// The extents of a two-dimensional convolution.
import type { Tensor } from '../tensor';
import { expectRank, type Pair, pair, windowCount } from './shapes';

export interface ConvolutionOptions {
  /** Default: 1. */
  stride?: Pair;
  /** Zeros on each side, of height and width. Default: 0. */
  padding?: Pair;
  /** Default: 1. */
  dilation?: Pair;
  /** Default: 1. */
  groups?: number;
}

/** The output's shape and what the kernels want to know, of x [N, H, W, in] with weight [out, kH, kW, in / groups]. */
export function convolution(
  x: Tensor,
  weight: Tensor,
  options: ConvolutionOptions,
): { shape: number[]; geometry: number[] } {
  expectRank('conv2d', 'x', x, 4, '[batch, height, width, channels]');
  expectRank('conv2d', 'weight', weight, 4, '[out, height, width, in / groups]');
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
    options.groups ?? 1,
  ];
  const shape = [
    batch,
    windowCount('conv2d', height, kernelHeight, strideHeight, 2 * padHeight, dilationHeight),
    windowCount('conv2d', width, kernelWidth, strideWidth, 2 * padWidth, dilationWidth),
    channels,
  ];
  return { shape, geometry };
}
