// Elementwise functions of two tensors, broadcast against each other from the last axis (a number stands for a scalar).
import { record } from '../autograd';
import { run } from '../kernel';
import { empty, filled, Tensor } from '../tensor';
import { sumTo } from './reduce';
import { broadcastShape } from './shapes';
import { affine, neg, powScalar } from './unary';

export type Operand = Tensor | number;

type Backward = (
  grad: Tensor,
  a: Tensor,
  b: Tensor,
  y: Tensor,
  needs: readonly boolean[],
) => readonly (Tensor | null)[];

function compute(op: string, a: Tensor, b: Tensor): Tensor {
  const y = empty(broadcastShape(op, a.shape, b.shape), 'float32', a.deviceNumber);
  run(op, a, b, y);
  return y;
}

function apply(op: string, a: Tensor, b: Tensor, backward: Backward): Tensor {
  const y = compute(op, a, b);
  return record(op, y, [a, b], (grad, needs) => {
    const [da, db] = backward(grad, a, b, y, needs);
    return [da ? reduce(da, a, grad) : null, db ? reduce(db, b, grad) : null];
  });
}

/** Sums a gradient down to its operand's shape, and frees it if it was made here. */
function reduce(gradient: Tensor, operand: Tensor, incoming: Tensor): Tensor {
  const reduced = sumTo(gradient, operand.shape);
  if (reduced !== gradient && gradient !== incoming) gradient.dispose();
  return reduced;
}

/** Runs `first`, then `second` on its result, which is freed. */
function chain(first: Tensor, second: (x: Tensor) => Tensor): Tensor {
  const result = second(first);
  first.dispose();
  return result;
}

function scalarLike(x: Tensor, value: number): Tensor {
  return filled([], value, 'float32', x.deviceNumber);
}

/** a + b. */
export function add(a: Tensor, b: Operand): Tensor {
  if (!(b instanceof Tensor)) return affine(a, 1, b);
  return apply('add', a, b, (grad, _a, _b, _y, needs) => needs.map((need) => (need ? grad : null)));
}

/** a - b. */
export function sub(a: Tensor, b: Operand): Tensor {
  if (!(b instanceof Tensor)) return affine(a, 1, -b);
  return apply('subtract', a, b, (grad, _a, _b, _y, needs) => [needs[0] ? grad : null, needs[1] ? neg(grad) : null]);
}

/** a * b. */
export function mul(a: Tensor, b: Operand): Tensor {
  if (!(b instanceof Tensor)) return affine(a, b, 0);
  return apply('multiply', a, b, (grad, left, right, _y, needs) => [
    needs[0] ? compute('multiply', grad, right) : null,
    needs[1] ? compute('multiply', grad, left) : null,
  ]);
}

/** a / b. */
export function div(a: Tensor, b: Operand): Tensor {
  const divisor = b instanceof Tensor ? b : scalarLike(a, b);
  return apply('divide', a, divisor, (grad, _a, right, y, needs) => [
    needs[0] ? compute('divide', grad, right) : null,
    // d(a / b) / db = -y / b
    needs[1]
      ? chain(
          chain(compute('multiply', grad, y), (product) => compute('divide', product, right)),
          neg,
        )
      : null,
  ]);
}

/** a to the power b. */
export function pow(a: Tensor, b: Operand): Tensor {
  if (!(b instanceof Tensor)) return powScalar(a, b);
  return apply('power', a, b, (grad, base, exponent, y, needs) => [
    // d(a^b) / da = b a^(b - 1)
    needs[0]
      ? chain(
          chain(
            chain(affine(exponent, 1, -1), (lower) => compute('power', base, lower)),
            (power) => compute('multiply', power, exponent),
          ),
          (slope) => compute('multiply', grad, slope),
        )
      : null,
    // d(a^b) / db = a^b ln a
    needs[1]
      ? chain(
          chain(logOf(base), (logarithm) => compute('multiply', logarithm, y)),
          (slope) => compute('multiply', grad, slope),
        )
      : null,
  ]);
}

function logOf(x: Tensor): Tensor {
  const y = empty(x.shape, 'float32', x.deviceNumber);
  run('logarithm', x, y);
  return y;
}

function extremumGradient(op: string, grad: Tensor, a: Tensor, b: Tensor): Tensor {
  const da = empty(grad.shape, 'float32', grad.deviceNumber);
  run(op, grad, a, b, da);
  return da;
}

/** The larger of a and b; where they are equal the gradient is shared evenly. */
export function maximum(a: Tensor, b: Operand): Tensor {
  return apply('maximum', a, b instanceof Tensor ? b : scalarLike(a, b), (grad, left, right, _y, needs) => [
    needs[0] ? extremumGradient('maximum_backward', grad, left, right) : null,
    needs[1] ? extremumGradient('maximum_backward', grad, right, left) : null,
  ]);
}

/** The smaller of a and b; where they are equal the gradient is shared evenly. */
export function minimum(a: Tensor, b: Operand): Tensor {
  return apply('minimum', a, b instanceof Tensor ? b : scalarLike(a, b), (grad, left, right, _y, needs) => [
    needs[0] ? extremumGradient('minimum_backward', grad, left, right) : null,
    needs[1] ? extremumGradient('minimum_backward', grad, right, left) : null,
  ]);
}

function compare(op: string, a: Tensor, b: Operand): Tensor {
  return compute(op, a, b instanceof Tensor ? b : scalarLike(a, b));
}

/** 1 where a equals b, else 0. Comparisons have no gradient. */
export function equal(a: Tensor, b: Operand): Tensor {
  return compare('equal', a, b);
}

/** 1 where a > b, else 0. */
export function greater(a: Tensor, b: Operand): Tensor {
  return compare('greater', a, b);
}

/** 1 where a >= b, else 0. */
export function greaterEqual(a: Tensor, b: Operand): Tensor {
  return compare('greater_equal', a, b);
}
