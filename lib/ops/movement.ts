// Ops that move elements: reshape, transpose, slice, pad, concat, rows by index, copies.
import { record } from '../autograd';
import { deviceNumber } from '../device';
import { HebbError } from '../errors';
import { run } from '../kernel';
import { alias, empty, emptyLike, type Shape, type Tensor, transferred } from '../tensor';
import { normalizeAxis, product, sameShape } from './shapes';

/** The same elements in another shape, sharing memory. One extent may be -1: the rest. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = product(shape.filter((extent) => extent !== -1));
  const resolved = shape.map((extent) => (extent === -1 ? x.size / known : extent));
  const fits =
    shape.filter((extent) => extent === -1).length <= 1 &&
    product(resolved) === x.size &&
    resolved.every(Number.isInteger);
  if (!fits) throw new HebbError(`reshape: Expected a shape of ${x.size} elements but received [${shape}]`);
  return record('reshape', alias(x, resolved), [x], (grad) => [alias(grad, x.shape)]);
}

/** Axes reordered: y's axis i is x's axis permutation[i]. Default: the last two exchanged. */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const rank = x.shape.length;
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  if (!permutation && rank < 2)
    throw new HebbError(`transpose: Expected two dimensions at least but received shape [${x.shape}]`);
  const order = permutation
    ? permutation.map((axis) => normalizeAxis('transpose', axis, rank))
    : [...axes.slice(0, -2), rank - 1, rank - 2];
  if (order.length !== rank || new Set(order).size !== rank) {
    throw new HebbError(`transpose: Expected a permutation of ${rank} axes but received [${permutation}]`);
  }
  const y = empty(
    order.map((axis) => x.shape[axis] as number),
    x.dtype,
    x.deviceNumber,
  );
  run('transpose', x, y, order);
  return record('transpose', y, [x], (grad) => [
    transpose(
      grad,
      axes.map((axis) => order.indexOf(axis)),
    ),
  ]);
}

/** x[starts[0] : starts[0] + sizes[0], …]. A size of -1 means up to the end; missing trailing axes are whole. */
export function slice(x: Tensor, starts: readonly number[], sizes: readonly number[]): Tensor {
  const begin = x.shape.map((_, axis) => starts[axis] ?? 0);
  const shape = x.shape.map((extent, axis) => {
    const size = sizes[axis] ?? -1;
    return size === -1 ? extent - (begin[axis] as number) : size;
  });
  const y = empty(shape, x.dtype, x.deviceNumber);
  run('slice', x, y, begin);
  return record('slice', y, [x], (grad) => {
    const dx = emptyLike(x);
    run('pad', grad, dx, begin, 0);
    return [dx];
  });
}

/** x with `before[i]` and `after[i]` elements of `value` (default 0) around axis i. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[], value = 0): Tensor {
  if (before.length !== x.shape.length || after.length !== x.shape.length) {
    throw new HebbError(
      `pad: Expected ${x.shape.length} amounts before and after but received [${before}] and [${after}]`,
    );
  }
  const shape = x.shape.map((extent, axis) => extent + (before[axis] as number) + (after[axis] as number));
  const y = empty(shape, x.dtype, x.deviceNumber);
  run('pad', x, y, before, value);
  return record('pad', y, [x], (grad) => {
    const dx = emptyLike(x);
    run('slice', grad, dx, before);
    return [dx];
  });
}

/** Tensors of equal extents but at `axis` (default: the last), one after the other. */
export function concat(tensors: readonly Tensor[], axis = -1): Tensor {
  const first = tensors[0];
  if (!first) throw new HebbError('concat: Expected one tensor at least but received none');
  const along = normalizeAxis('concat', axis, first.shape.length);
  const shape = first.shape.map((extent, index) =>
    index === along ? tensors.reduce((sum, tensor) => sum + (tensor.shape[along] ?? 0), 0) : extent,
  );
  const y = empty(shape, first.dtype, first.deviceNumber);
  run('concat', tensors, y, along);
  return record('concat', y, tensors, (grad, needs) => {
    let start = 0;
    return tensors.map((tensor, index) => {
      const begin = shape.map((_, position) => (position === along ? start : 0));
      start += tensor.shape[along] as number;
      if (!needs[index]) return null;
      const dx = emptyLike(tensor);
      run('slice', grad, dx, begin);
      return dx;
    });
  });
}

/** Rows of `table` by int32 index: y[i, …] = table[rows[i], …]. A row outside the table fails when it runs. */
export function gatherRows(table: Tensor, rows: Tensor): Tensor {
  const y = empty([...rows.shape, ...table.shape.slice(1)], table.dtype, table.deviceNumber);
  run('gather_rows', table, rows, y);
  return record('gather_rows', y, [table], (grad) => {
    const dtable = emptyLike(table);
    run('gather_rows_backward', grad, rows, dtable);
    return [dtable];
  });
}

/** A copy with memory of its own. */
export function clone(x: Tensor): Tensor {
  const y = emptyLike(x);
  run('copy', x, y);
  return record('copy', y, [x], (grad) => [grad]);
}

/**
 * x on another device: a copy, which nothing waits for and through which gradients flow back. Where x is there already,
 * x itself.
 */
export function to(x: Tensor, device: string): Tensor {
  const number = deviceNumber(device);
  if (number === x.deviceNumber) return x;
  return record('to', transferred(x, number), [x], (grad) => [transferred(grad, x.deviceNumber)]);
}

/** Overwrites `target` with x, of the same shape and dtype, from any device. Not differentiable. */
export function assign(target: Tensor, x: Tensor): void {
  if (!sameShape(target.shape, x.shape))
    throw new HebbError(`assign: Expected shape [${target.shape}] but received [${x.shape}]`);
  if (x.deviceNumber === target.deviceNumber) {
    run('copy', x, target);
    return;
  }
  const here = transferred(x, target.deviceNumber);
  run('copy', here, target);
  here.dispose();
}
