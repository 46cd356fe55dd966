import { handOver } from '../autograd';
import { concat } from '../ops/movement';
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

/** Branches [N, H, W, …] side by side in depth. */
export function depthConcat(branches: readonly Tensor[]): Tensor {
  const y = concat(branches, 3);
  for (const branch of branches) handOver(branch, y);
  return y;
}
