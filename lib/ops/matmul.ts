// Matrix products.
import { record } from '../autograd';
import { HebbError } from '../errors';
import { run } from '../kernel';
import { empty, type Tensor } from '../tensor';
import { sumTo } from './reduce';
import { sameShape } from './shapes';

export interface MatmulOptions {
  /** Use a transposed in its last two axes. Default: false. */
  transposeA?: boolean;
  /** Use b transposed in its last two axes. Default: false. */
  transposeB?: boolean;
}

function compute(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new HebbError(
      `matmul: Expected matrices or batches of them but received shapes [${a.shape}] and [${b.shape}]`,
    );
  }
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  if (batchA.length > 0 && batchB.length > 0 && !sameShape(batchA, batchB)) {
    throw new HebbError(
      `matmul: Expected equal batches, or one matrix, but received shapes [${a.shape}] and [${b.shape}]`,
    );
  }
  const rows = a.shape.at(transposeA ? -1 : -2) as number;
  const columns = b.shape.at(transposeB ? -2 : -1) as number;
  const y = empty([...(batchA.length > 0 ? batchA : batchB), rows, columns], 'float32', a.deviceNumber);
  run('matmul', a, b, y, transposeA, transposeB);
  return y;
}

/** Sums a gradient over the batch for an operand that was one matrix for all. */
function reduceBatch(gradient: Tensor, operand: Tensor): Tensor {
  const reduced = sumTo(gradient, operand.shape);
  if (reduced !== gradient) gradient.dispose();
  return reduced;
}

/** a [..., M, K] times b [..., K, N]; batches are equal, or one of the two is a plain matrix. */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: MatmulOptions = {}): Tensor {
  const y = compute(a, b, transposeA, transposeB);
  return record('matmul', y, [a, b], (grad, needs) => [
    needs[0]
      ? reduceBatch(transposeA ? compute(b, grad, transposeB, true) : compute(grad, b, false, !transposeB), a)
      : null,
    needs[1]
      ? reduceBatch(transposeB ? compute(grad, a, true, transposeA) : compute(a, grad, !transposeA, false), b)
      : null,
  ]);
}
