// Elementwise functions of one tensor. Each takes and returns float32 of any shape.
import { record } from '../autograd';
import { run } from '../kernel';
import { emptyLike, type Tensor } from '../tensor';

type Backward = (grad: Tensor, x: Tensor, y: Tensor) => Tensor;

function apply(op: string, x: Tensor, backward: Backward, ...parameters: number[]): Tensor {
  const y = emptyLike(x);
  run(op, x, y, ...parameters);
  return record(op, y, [x], (grad) => [backward(grad, x, y)]);
}

/** A gradient kernel of the form (grad, saved, dx, ...parameters). */
function gradient(op: string, grad: Tensor, saved: Tensor, ...parameters: number[]): Tensor {
  const dx = emptyLike(saved);
  run(op, grad, saved, dx, ...parameters);
  return dx;
}

function binary(op: string, a: Tensor, b: Tensor): Tensor {
  const y = emptyLike(a);
  run(op, a, b, y);
  return y;
}

/** x * scale + shift. */
export function affine(x: Tensor, scale: number, shift: number): Tensor {
  return apply('affine', x, (grad) => affine(grad, scale, 0), scale, shift);
}

/** -x. */
export function neg(x: Tensor): Tensor {
  return apply('negate', x, (grad) => neg(grad));
}

/** |x|; the derivative at 0 is 0. */
export function abs(x: Tensor): Tensor {
  return apply('absolute', x, (grad) => gradient('absolute_backward', grad, x));
}

/** e to the x. */
export function exp(x: Tensor): Tensor {
  return apply('exponential', x, (grad, _, y) => binary('multiply', grad, y));
}

/** The natural logarithm. */
export function log(x: Tensor): Tensor {
  return apply('logarithm', x, (grad) => binary('divide', grad, x));
}

/** The square root. */
export function sqrt(x: Tensor): Tensor {
  return apply('square_root', x, (grad, _, y) => gradient('square_root_backward', grad, y));
}

function timesNegativeSine(grad: Tensor, x: Tensor): Tensor {
  const sine = emptyLike(x);
  run('sine', x, sine);
  const product = binary('multiply', grad, sine);
  sine.dispose();
  const negated = emptyLike(x);
  run('negate', product, negated);
  product.dispose();
  return negated;
}

/** The sine, x in radians. */
export function sin(x: Tensor): Tensor {
  return apply('sine', x, (grad) => {
    const cosine = emptyLike(x);
    run('cosine', x, cosine);
    const product = binary('multiply', grad, cosine);
    cosine.dispose();
    return product;
  });
}

/** The cosine, x in radians. */
export function cos(x: Tensor): Tensor {
  return apply('cosine', x, timesNegativeSine);
}

/** max(x, 0); the derivative at 0 is 0. */
export function relu(x: Tensor): Tensor {
  return apply('relu', x, (grad, _, y) => gradient('relu_backward', grad, y));
}

/** 1 / (1 + e^-x). */
export function sigmoid(x: Tensor): Tensor {
  return apply('sigmoid', x, (grad, _, y) => gradient('sigmoid_backward', grad, y));
}

/** The hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return apply('hyperbolic_tangent', x, (grad, _, y) => gradient('hyperbolic_tangent_backward', grad, y));
}

/** x where positive, else slope * x (Maas et al. 2013). Default slope: 0.01. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return apply('leaky_relu', x, (grad) => gradient('leaky_relu_backward', grad, x, slope), slope);
}

/** x where positive, else alpha * (e^x - 1) (Clevert et al. 2015). Default alpha: 1. */
export function elu(x: Tensor, alpha = 1): Tensor {
  return apply('elu', x, (grad) => gradient('elu_backward', grad, x, alpha), alpha);
}

/** x to a constant power. */
export function powScalar(x: Tensor, exponent: number): Tensor {
  return apply('power_scalar', x, (grad) => gradient('power_scalar_backward', grad, x, exponent), exponent);
}
