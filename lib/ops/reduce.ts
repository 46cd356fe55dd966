// Sums, means and extremes over axes; broadcasting; argmax.
import { record } from '../autograd';
import { HebbError } from '../errors';
import { run } from '../kernel';
import { alias, empty, emptyLike, type Shape, type Tensor } from '../tensor';
import { reshape } from './movement';
import { normalizeAxes, normalizeAxis, product, sameShape } from './shapes';

export interface ReduceOptions {
  /** Keep the reduced axes with extent 1. Default: false. */
  keepDims?: boolean;
}

type Axes = number | readonly number[];

function keptShape(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
}

/** Drops the reduced axes from a result made here, unless they are to be kept. */
function squeeze(y: Tensor, axes: readonly number[], options: ReduceOptions | undefined): Tensor {
  if (options?.keepDims || axes.length === 0) return y;
  const squeezed = reshape(
    y,
    y.shape.filter((_, axis) => !axes.includes(axis)),
  );
  if (squeezed.node) y.ownedByGraph = true;
  else y.dispose();
  return squeezed;
}

function scaledSum(x: Tensor, axes: readonly number[], scale: number): Tensor {
  const y = empty(keptShape(x.shape, axes), 'float32', x.deviceNumber);
  run('sum', x, y, axes, scale);
  return record('sum', y, [x], (grad) => [expandScaled(grad, x.shape, scale)]);
}

function expandScaled(x: Tensor, shape: Shape, scale: number): Tensor {
  const y = empty(shape, 'float32', x.deviceNumber);
  run('broadcast', x, y, scale);
  return y;
}

/** The sum over `axes` (default: all). */
export function sum(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  const list = normalizeAxes('sum', axes, x.shape.length);
  return squeeze(scaledSum(x, list, 1), list, options);
}

/** The mean over `axes` (default: all); NaN over nothing. */
export function mean(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  const list = normalizeAxes('mean', axes, x.shape.length);
  const count = product(list.map((axis) => x.shape[axis] as number));
  return squeeze(scaledSum(x, list, count === 0 ? Number.NaN : 1 / count), list, options);
}

function extremum(op: 'reduce_maximum' | 'reduce_minimum', x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  const list = normalizeAxes(op, axes, x.shape.length);
  const y = empty(keptShape(x.shape, list), 'float32', x.deviceNumber);
  run(op, x, y, list);
  record(op, y, [x], (grad) => {
    const dx = emptyLike(x);
    run('reduce_extremum_backward', grad, x, y, dx);
    return [dx];
  });
  return squeeze(y, list, options);
}

/** The largest over `axes` (default: all); the gradient is shared among equals. */
export function max(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  return extremum('reduce_maximum', x, axes, options);
}

/** The smallest over `axes` (default: all); the gradient is shared among equals. */
export function min(x: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
  return extremum('reduce_minimum', x, axes, options);
}

/** int32 indices of the first largest element along `axis` (default: the last). */
export function argmax(x: Tensor, axis = -1): Tensor {
  const along = normalizeAxis('argmax', axis, x.shape.length);
  const y = empty(
    x.shape.filter((_, index) => index !== along),
    'int32',
    x.deviceNumber,
  );
  run('argmax', x, y, along);
  return y;
}

/** x repeated to `shape`, aligned at the last axis. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return record('broadcast', expandScaled(x, shape, 1), [x], (grad) => [sumTo(grad, x.shape)]);
}

/** Sums x down to a shape that broadcasts to its own; x itself if the shapes are equal. Not differentiable. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const extra = x.shape.length - shape.length;
  if (extra < 0) throw new HebbError(`sum: Expected a shape that broadcasts to [${x.shape}] but received [${shape}]`);
  const axes = x.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < extra || (shape[axis - extra] === 1 && x.shape[axis] !== 1));
  const y = empty(keptShape(x.shape, axes), 'float32', x.deviceNumber);
  run('sum', x, y, axes, 1);
  if (extra === 0) return y;
  const reshaped = alias(y, shape);
  y.dispose();
  reshaped.shared = false; // y, the other holder of its memory, is gone
  return reshaped;
}
