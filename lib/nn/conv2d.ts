import { HebbError } from '../errors';
import type { Activation } from '../ops/activation';
import { conv2d } from '../ops/conv2d';
import { type Pair, pair } from '../ops/shapes';
import type { Shape, Tensor } from '../tensor';
import { uniformParameter } from './init';
import { Module } from './module';

export interface Conv2dLayerOptions {
  /** Default: 1. */
  stride?: Pair;
  /** Zeros on each side. Default: 0. */
  padding?: Pair;
  /** Default: 1. */
  dilation?: Pair;
  /** Default: 1. */
  groups?: number;
  /** Default: true. */
  bias?: boolean;
}

/** Convolution of x [N, H, W, in]: weight [out, kH, kW, in / groups], bias [out]. */
export class Conv2d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly options: Required<Omit<Conv2dLayerOptions, 'bias'>>;

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    kernelSize: Pair,
    { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true }: Conv2dLayerOptions = {},
  ) {
    super();
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new HebbError(
        `Conv2d: Expected channels divisible by ${groups} groups but received ${inChannels} and ${outChannels}`,
      );
    }
    const [height, width] = pair(kernelSize);
    const fanIn = (inChannels / groups) * height * width;
    this.options = { stride, padding, dilation, groups };
    this.weight = uniformParameter([outChannels, height, width, inChannels / groups], fanIn);
    this.bias = bias ? uniformParameter([outChannels], fanIn) : null;
  }

  forward(x: Tensor): Tensor {
    return this.forwardActivated(x, 'none');
  }

  /** With the activation fused into the convolution's epilogue. */
  forwardActivated(x: Tensor, activation: Activation): Tensor {
    return conv2d(x, this.weight, this.bias, { ...this.options, activation });
  }

  override multiplyAdds(outputShape: Shape): number {
    return outputShape.reduce((size, extent) => size * extent, this.weight.size / this.outChannels);
  }
}
