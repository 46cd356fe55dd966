import { handOver } from '../autograd';
import { add } from '../ops/binary';
import { concat } from '../ops/movement';
import { relu } from '../ops/unary';
import type { Tensor } from '../tensor';

/** The steps one after the other; what lies between them belongs to the graph, or is freed at once. */
export function chain(x: Tensor, ...steps: readonly ((x: Tensor) => Tensor)[]): Tensor {
  let current = x;
  for (const step of steps) {
    const next = step(current);
    if (current !== x) handOver(current, next);
    current = next;
  }
  return current;
}

/** relu(branch + shortcut), where the shortcut may be the block's input x itself. */
export function residual(x: Tensor, branch: Tensor, shortcut: Tensor): Tensor {
  const sum = add(branch, shortcut);
  handOver(branch, sum);
  if (shortcut !== x) handOver(shortcut, sum);
  const y = relu(sum);
  handOver(sum, y);
  return y;
}

/** Branches [N, H, W, …] side by side in depth. */
export function depthConcat(branches: readonly Tensor[]): Tensor {
  const y = concat(branches, 3);
  for (const branch of branches) handOver(branch, y);
  return y;
}
