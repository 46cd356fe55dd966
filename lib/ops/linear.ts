// The fully connected layer, with bias and activation in the product's epilogue.
import { record } from '../autograd';
import { run } from '../kernel';
import { empty, emptyLike, type Tensor } from '../tensor';
import { type Activation, activationNumber, throughActivation } from './activation';
import { sumTo } from './reduce';
import { expectRank } from './shapes';

/** activation(x [N, in] · weight [out, in]ᵀ + bias [out]). */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null, activation: Activation = 'none'): Tensor {
  expectRank('linear', 'x', x, 2, '[batch, in]');
  expectRank('linear', 'weight', weight, 2, '[out, in]');
  const y = empty([x.shape[0] as number, weight.shape[0] as number], 'float32', x.deviceNumber);
  run('linear', x, weight, bias, y, activationNumber(activation));
  const inputs = bias ? [x, weight, bias] : [x, weight];
  return record('linear', y, inputs, (grad, needs) =>
    throughActivation(activation, grad, y, (dy) => {
      const dx = needs[0] ? emptyLike(x) : null;
      if (dx) run('matmul', dy, weight, dx, false, false);
      const dweight = needs[1] ? emptyLike(weight) : null;
      if (dweight) run('matmul', dy, x, dweight, true, false);
      return [dx, dweight, needs[2] && bias ? sumTo(dy, bias.shape) : null];
    }),
  );
}
