// Dropout (Srivastava et al. 2014), inverted: what is kept is scaled up, so evaluation needs no change.
import { record } from '../autograd';
import { run } from '../kernel';
import { generator } from '../random';
import { empty, emptyLike, type Tensor } from '../tensor';

/** Each element is 0 with the given probability, else x / (1 - probability). Always drops: nn.Dropout knows about evaluation. */
export function dropout(x: Tensor, probability = 0.5): Tensor {
  const y = emptyLike(x);
  const mask = empty(x.shape, 'uint8', x.deviceNumber);
  run('dropout', x, y, mask, generator(x.deviceNumber), probability);
  const backward = (grad: Tensor) => {
    const dx = emptyLike(x);
    run('dropout_backward', grad, mask, dx, probability);
    return [dx];
  };
  return record('dropout', y, [x], backward, [mask]);
}
