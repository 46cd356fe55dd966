// Activations fused into the epilogue of a linear or a convolution.

import { run } from '../kernel';
import { emptyLike, type Tensor } from '../tensor';

export type Activation = 'none' | 'relu';
const activations: readonly Activation[] = ['none', 'relu'];

export function activationNumber(activation: Activation): number {
  return activations.indexOf(activation);
}

/** Calls `use` with the gradient before the activation, known from its output y, and frees what was made for it. */
export function throughActivation<R>(activation: Activation, grad: Tensor, y: Tensor, use: (dy: Tensor) => R): R {
  if (activation === 'none') return use(grad);
  const dy = emptyLike(y);
  run('relu_backward', grad, y, dy);
  const result = use(dy);
  dy.dispose();
  return result;
}
