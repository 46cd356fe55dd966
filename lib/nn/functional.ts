// Layers without state, and losses.

import { handOver } from '../autograd';
import { HebbError } from '../errors';
import { sub } from '../ops/binary';
import { mean, sum } from '../ops/reduce';
import { sameShape } from '../ops/shapes';
import { crossEntropy, type LossOptions } from '../ops/softmax';
import { abs, powScalar } from '../ops/unary';
import type { Tensor } from '../tensor';

export { conv2d } from '../ops/conv2d';
export { dropout } from '../ops/dropout';
export { linear } from '../ops/linear';
export { batchNorm, localResponseNorm } from '../ops/normalization';
export { adaptiveAvgPool2d, avgPool2d, maxPool2d } from '../ops/pool2d';
export { logSoftmax, softmax } from '../ops/softmax';
export { elu, leakyRelu, relu, sigmoid, tanh } from '../ops/unary';
export { crossEntropy, type LossOptions };

function reduced(losses: Tensor, { reduction = 'mean' }: LossOptions): Tensor {
  if (reduction === 'none') return losses;
  const loss = reduction === 'mean' ? mean(losses) : sum(losses);
  handOver(losses, loss);
  return loss;
}

function difference(op: string, prediction: Tensor, target: Tensor): Tensor {
  if (!sameShape(prediction.shape, target.shape)) {
    throw new HebbError(`${op}: Expected a target of shape [${prediction.shape}] but received [${target.shape}]`);
  }
  return sub(prediction, target);
}

/** The squared difference. */
export function mseLoss(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const error = difference('mseLoss', prediction, target);
  const losses = powScalar(error, 2);
  handOver(error, losses);
  return reduced(losses, options);
}

/** The absolute difference. */
export function l1Loss(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const error = difference('l1Loss', prediction, target);
  const losses = abs(error);
  handOver(error, losses);
  return reduced(losses, options);
}
