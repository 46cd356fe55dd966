// Batch normalisation and local response normalisation.
import { noGrad, record, wantsGradient } from '../autograd';
import { HebbError } from '../errors';
import { run } from '../kernel';
import { emptyLike, type Tensor } from '../tensor';
import { type Activation, activationNumber } from './activation';
import { affine, powScalar } from './unary';

export interface BatchNormOptions {
  /** Whether the batch's statistics are used, and the running ones updated. Default: true. */
  training?: boolean;
  /** How far the running statistics move to the batch's. Default: 0.1. */
  momentum?: number;
  /** Added to the variance. Default: 1e-5. */
  eps?: number;
  /** Added after the bias, of x's shape. Default: none. */
  residual?: Tensor | null;
  /** Applied last. Default: 'none'. */
  activation?: Activation;
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015) of x [..., C]: (x - mean) / √(variance + eps) · weight + bias, each
 * channel with the batch's mean and variance in training, else with the running ones; then `residual` is added, and
 * `activation` applied, in the same pass. In training the running
 * statistics [C] are updated in place, the variance with the unbiased one; it takes two values a channel at least.
 */
export function batchNorm(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  runningMean: Tensor,
  runningVariance: Tensor,
  { training = true, momentum = 0.1, eps = 1e-5, residual = null, activation = 'none' }: BatchNormOptions = {},
): Tensor {
  const act = activationNumber(activation);
  const inputs = residual ? [x, weight, bias, residual] : [x, weight, bias];
  const y = emptyLike(x);
  let mean = runningMean;
  let inverseDeviation: Tensor | null = null;
  const saved: Tensor[] = [];
  if (training) {
    mean = emptyLike(runningMean);
    inverseDeviation = emptyLike(runningMean);
    saved.push(mean, inverseDeviation);
    const statistics = [mean, inverseDeviation];
    run('batch_norm', x, weight, bias, residual, runningMean, runningVariance, y, ...statistics, momentum, eps, act);
  } else {
    run('batch_norm_inference', x, weight, bias, residual, runningMean, runningVariance, y, eps, act);
    if (wantsGradient(inputs)) {
      inverseDeviation = inverseRoot(runningVariance, eps);
      saved.push(inverseDeviation);
    }
  }
  const backward = (grad: Tensor, needs: readonly boolean[]) => {
    const dx = needs[0] ? emptyLike(x) : null;
    const dweight = emptyLike(weight);
    const dbias = emptyLike(bias);
    // Without an activation the residual's gradient is the output's; without a residual x tells what ReLU let pass.
    const masked = residual !== null && activation !== 'none';
    const dresidual = masked && needs[3] ? emptyLike(x) : null;
    const given = [weight, bias, mean, inverseDeviation];
    const results = [dx, dresidual, dweight, dbias];
    run('batch_norm_backward', grad, x, masked ? y : null, ...given, ...results, training, act);
    if (!needs[1]) dweight.dispose();
    if (!needs[2]) dbias.dispose();
    return [dx, needs[1] ? dweight : null, needs[2] ? dbias : null, masked ? dresidual : grad];
  };
  return record('batch_norm', y, inputs, backward, saved);
}

function inverseRoot(variance: Tensor, eps: number): Tensor {
  return noGrad(() => {
    const shifted = affine(variance, 1, eps);
    const result = powScalar(shifted, -0.5);
    shifted.dispose();
    return result;
  });
}

export interface LocalResponseNormOptions {
  /** Channels in a window. Default: 5. */
  size?: number;
  /** Default: 1e-4. */
  alpha?: number;
  /** Default: 0.75. */
  beta?: number;
  /** Default: 1. AlexNet's is 2. */
  k?: number;
}

/**
 * Local response normalisation (Krizhevsky et al. 2012, with PyTorch's mean in place of a sum) of x [..., C]: x over
 * (k + alpha · the mean of x² over `size` neighbouring channels, absent ones counting as 0)^beta.
 */
export function localResponseNorm(x: Tensor, options: LocalResponseNormOptions = {}): Tensor {
  const { size = 5, alpha = 1e-4, beta = 0.75, k = 1 } = options;
  if (!Number.isInteger(size) || size < 1) {
    throw new HebbError(`localResponseNorm: Expected a whole number of channels but received size ${size}`);
  }
  const y = emptyLike(x);
  run('local_response_norm', x, y, size, alpha, beta, k);
  return record('local_response_norm', y, [x], (grad) => {
    const dx = emptyLike(x);
    run('local_response_norm_backward', grad, x, dx, size, alpha, beta, k);
    return [dx];
  });
}
