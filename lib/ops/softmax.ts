// Softmax and its fusion with the cross-entropy.
import { record } from '../autograd';
import { HebbError } from '../errors';
import { run } from '../kernel';
import { empty, emptyLike, type Tensor } from '../tensor';
import { expectRank, normalizeAxis } from './shapes';

function normalized(op: 'softmax' | 'log_softmax', x: Tensor, axis: number): Tensor {
  const along = normalizeAxis(op, axis, x.shape.length);
  const y = emptyLike(x);
  run(op, x, y, along);
  return record(op, y, [x], (grad) => {
    const dx = emptyLike(x);
    run(`${op}_backward`, grad, y, dx, along);
    return [dx];
  });
}

/** e^x over its sum along `axis` (default: the last). */
export function softmax(x: Tensor, axis = -1): Tensor {
  return normalized('softmax', x, axis);
}

/** The logarithm of the softmax along `axis` (default: the last). */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return normalized('log_softmax', x, axis);
}

export type Reduction = 'none' | 'mean' | 'sum';
const reductions: readonly Reduction[] = ['none', 'mean', 'sum'];

export interface LossOptions {
  /** Default: 'mean'. */
  reduction?: Reduction;
}

/** The cross-entropy of softmax(logits [N, C]) against int32 labels [N]. A label outside 0 … C - 1 fails when it runs. */
export function crossEntropy(logits: Tensor, labels: Tensor, { reduction = 'mean' }: LossOptions = {}): Tensor {
  expectRank('crossEntropy', 'logits', logits, 2, '[batch, classes]');
  expectRank('crossEntropy', 'labels', labels, 1, '[batch]');
  const number = reductions.indexOf(reduction);
  if (number < 0)
    throw new HebbError(`crossEntropy: Expected a reduction (${reductions.join(', ')}) but received '${reduction}'`);
  const rows = logits.shape.slice(0, 1);
  const loss = empty(reduction === 'none' ? rows : [], 'float32', logits.deviceNumber);
  const logSumExp = empty(rows, 'float32', logits.deviceNumber);
  run('softmax_cross_entropy', logits, labels, loss, logSumExp, number);
  const backward = (grad: Tensor) => {
    const dlogits = emptyLike(logits);
    run('softmax_cross_entropy_backward', grad, logits, labels, logSumExp, dlogits, number);
    return [dlogits];
  };
  return record('softmax_cross_entropy', loss, [logits], backward, [logSumExp]);
}
