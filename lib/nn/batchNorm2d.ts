import { ones, zeros } from '../create';
import type { Activation } from '../ops/activation';
import { batchNorm } from '../ops/normalization';
import { keep } from '../scope';
import type { Tensor } from '../tensor';
import { Module } from './module';

export interface BatchNorm2dOptions {
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** How far the running statistics move to each batch's. Default: 0.1. */
  momentum?: number;
}

/**
 * Batch normalisation of images [N, H, W, channels]: with the batch's statistics in training, with the running ones
 * (buffers, kept by the state dict) in evaluation.
 */
export class BatchNorm2d extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
  readonly eps: number;
  readonly momentum: number;

  constructor(
    readonly channels: number,
    { eps = 1e-5, momentum = 0.1 }: BatchNorm2dOptions = {},
  ) {
    super();
    this.eps = eps;
    this.momentum = momentum;
    this.weight = keep(ones([channels], { requiresGrad: true }));
    this.bias = keep(zeros([channels], { requiresGrad: true }));
    this.runningMean = keep(zeros([channels]));
    this.runningVariance = keep(ones([channels]));
  }

  forward(x: Tensor): Tensor {
    return this.forwardActivated(x, 'none');
  }

  /** With a residual added, and the activation, in the same pass. */
  forwardActivated(x: Tensor, activation: Activation, residual: Tensor | null = null): Tensor {
    const { weight, bias, runningMean, runningVariance, training, momentum, eps } = this;
    return batchNorm(x, weight, bias, runningMean, runningVariance, { training, momentum, eps, residual, activation });
  }
}
