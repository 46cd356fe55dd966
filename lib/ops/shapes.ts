// Shape arithmetic that several ops share.
import { HebbError } from '../errors';
import type { Shape, Tensor } from '../tensor';

/** `axis` counted from the end when negative, checked against the rank. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new HebbError(`${op}: Expected an axis from ${-rank} to ${rank - 1} but received ${axis}`);
  }
  return positive;
}

/** Distinct ascending axes; all of them when none are given. */
export function normalizeAxes(op: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = (typeof axes === 'number' ? [axes] : [...axes]).map((axis) => normalizeAxis(op, axis, rank));
  if (new Set(list).size !== list.length) throw new HebbError(`${op}: Expected distinct axes but received [${axes}]`);
  return list.sort((a, b) => a - b);
}

/** The shape that `a` and `b` broadcast to, aligned at the last axis. */
export function broadcastShape(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new HebbError(`${op}: Expected shapes that broadcast but received [${a}] and [${b}]`);
    }
    return left === 1 ? right : left;
  });
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

export function expectRank(op: string, name: string, tensor: Tensor, rank: number, layout: string): void {
  if (tensor.shape.length !== rank) {
    throw new HebbError(`${op}: Expected ${layout} for ${name} but received shape [${tensor.shape}]`);
  }
}

export function product(extents: Shape): number {
  return extents.reduce((size, extent) => size * extent, 1);
}

/** An extent given once, or for height and width apart. */
export type Pair = number | readonly [number, number];

export function pair(value: Pair): [number, number] {
  return typeof value === 'number' ? [value, value] : [value[0], value[1]];
}

/** Windows of `kernel` cells, `dilation` apart, that fit in `extent` cells with `before` and `after` cells of padding. */
export function windowCount(
  op: string,
  extent: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation = 1,
): number {
  const count = Math.floor((extent + padding - dilation * (kernel - 1) - 1) / stride) + 1;
  if (!(count >= 1)) {
    throw new HebbError(
      `${op}: Expected an image at least as large as the window but received extent ${extent} with a window of ${dilation * (kernel - 1) + 1} and padding ${padding}`,
    );
  }
  return count;
}
