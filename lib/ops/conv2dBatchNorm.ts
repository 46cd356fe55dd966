// Convolution, batch normalisation, residual and activation in one.
import { handOver, wantsGradient } from '../autograd';
import { run } from '../kernel';
import { empty, emptyLike, type Tensor } from '../tensor';
import { activationNumber } from './activation';
import { conv2d } from './conv2d';
import { type ConvolutionOptions, convolution } from './convolution';
import { type BatchNormOptions, batchNorm } from './normalization';

export interface BatchNormTensors {
  /** All [out]. */
  weight: Tensor;
  bias: Tensor;
  runningMean: Tensor;
  runningVariance: Tensor;
}

/**
 * activation(batchNorm(conv2d(x, weight, bias)) + residual). In evaluation, where no gradient is wanted, it runs as one
 * convolution, whose sums are scaled and shifted on their way to memory; else as one op after the other.
 */
export function conv2dBatchNorm(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  norm: BatchNormTensors,
  options: ConvolutionOptions & BatchNormOptions = {},
): Tensor {
  const { training = true, eps = 1e-5, residual = null, activation = 'none' } = options;
  const inputs = [x, weight, bias, norm.weight, norm.bias, residual].filter((input) => input !== null);
  if (training || wantsGradient(inputs)) {
    const sums = conv2d(x, weight, bias, { ...options, activation: 'none' });
    const y = batchNorm(sums, norm.weight, norm.bias, norm.runningMean, norm.runningVariance, options);
    handOver(sums, y);
    return y;
  }
  const { shape, geometry } = convolution(x, weight, options);
  const scale = emptyLike(norm.weight);
  const shift = emptyLike(norm.weight);
  run('batch_norm_fold', bias, norm.weight, norm.bias, norm.runningMean, norm.runningVariance, scale, shift, eps);
  const y = empty(shape, 'float32', x.deviceNumber);
  run('conv2d', x, weight, scale, shift, residual, y, geometry, activationNumber(activation));
  scale.dispose();
  shift.dispose();
  return y;
}
