// A convolution with the batch norm behind it.
import { handOver } from '../autograd';
import type { Activation } from '../ops/activation';
import { conv2dBatchNorm } from '../ops/conv2dBatchNorm';
import type { Tensor } from '../tensor';
import type { BatchNorm2d } from './batchNorm2d';
import type { Conv2d } from './conv2d';

let apart = false;

/** Runs `fn` with every layer on its own, as a summary wants to see them. */
export function withLayersApart<R>(fn: () => R): R {
  const before = apart;
  apart = true;
  try {
    return fn();
  } finally {
    apart = before;
  }
}

export function layersAreApart(): boolean {
  return apart;
}

/** activation(norm(conv(x)) + residual); in evaluation, where no gradient is wanted, it is one kernel. */
export function normalizedConv2d(
  x: Tensor,
  conv: Conv2d,
  norm: BatchNorm2d,
  activation: Activation = 'none',
  residual: Tensor | null = null,
): Tensor {
  if (apart) {
    const sums = conv.forward(x);
    const y = norm.forwardActivated(sums, activation, residual);
    handOver(sums, y);
    return y;
  }
  const { training, momentum, eps } = norm;
  return conv2dBatchNorm(x, conv.weight, conv.bias, norm, {
    ...conv.options,
    training,
    momentum,
    eps,
    activation,
    residual,
  });
}
