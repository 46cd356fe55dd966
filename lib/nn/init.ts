// Initial values of weights.
import { uniform } from '../random';
import { keep } from '../scope';
import type { Shape, Tensor } from '../tensor';

/**
 * A parameter, uniform within ±1/√fanIn: Kaiming's uniform initialisation (He et al. 2015) with a = √5, which is
 * PyTorch's default for linear and convolution layers, and for their biases.
 */
export function uniformParameter(shape: Shape, fanIn: number): Tensor {
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  return keep(uniform(shape, -bound, bound, { requiresGrad: true }));
}
