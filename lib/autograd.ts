// Reverse-mode differentiation: a tape of nodes, each holding its own gradient function.
// (Linnainmaa 1970; Griewank and Walther, "Evaluating Derivatives", 2008, chapter 3.)
import { HebbError } from './errors';
import { callKernel } from './native';
import { recorder } from './recorder';
import { keep } from './scope';
import type { Tensor } from './tensor';

/** Given the output's gradient, those of the inputs; `needs[i]` is false where input i's is not wanted (return null). */
export type GradientFunction = (grad: Tensor, needs: readonly boolean[]) => readonly (Tensor | null)[];

export interface GradientNode {
  readonly op: string;
  /** Made later than its inputs' nodes: descending order is a topological order. */
  readonly order: number;
  inputs: readonly Tensor[];
  /** Tensors only this node knows (masks, statistics), freed after use. */
  saved: readonly Tensor[];
  /** Null once backward has used it. */
  backward: GradientFunction | null;
}

let enabled = true;
let made = 0;

export function gradEnabled(): boolean {
  return enabled;
}

/** Runs `fn` without recording gradients, and gives back what it returns. For an async `fn` use it inside, around the synchronous part. */
export function noGrad<R>(fn: () => R): R {
  const before = enabled;
  enabled = false;
  try {
    return fn();
  } finally {
    enabled = before;
  }
}

/** Whether an op on these inputs should go on the tape. */
export function wantsGradient(inputs: readonly Tensor[]): boolean {
  if (!enabled) return false;
  const recording = recorder();
  if (recording) for (const input of inputs) if (!input.node) recording.assumeRequiresGrad(input);
  return inputs.some((input) => input.requiresGrad);
}

/**
 * Puts an op on the tape, if any input wants a gradient, and returns its output. `saved` are tensors made for the
 * gradient alone: freed after backward, or now if there will be none.
 */
export function record(
  op: string,
  output: Tensor,
  inputs: readonly Tensor[],
  backward: GradientFunction,
  saved: readonly Tensor[] = [],
): Tensor {
  if (wantsGradient(inputs)) {
    output.requiresGrad = true;
    output.node = { op, order: made++, inputs, saved, backward };
  } else {
    for (const tensor of saved) tensor.dispose();
  }
  return output;
}

/**
 * For a tensor made between two layers that nobody else can see: it is freed once backward has used it, or now where
 * nothing was recorded. `next` is what was computed from it.
 */
export function handOver(tensor: Tensor, next: Tensor): void {
  if (tensor === next) return;
  if (next.node) tensor.ownedByGraph = true;
  else tensor.dispose();
}

/** All tensors that the gradients of `roots` will need. */
export function graphTensors(roots: readonly Tensor[]): Set<Tensor> {
  const found = new Set<Tensor>();
  const waiting = [...roots];
  for (let tensor = waiting.pop(); tensor; tensor = waiting.pop()) {
    if (found.has(tensor)) continue;
    found.add(tensor);
    if (tensor.node) waiting.push(...tensor.node.inputs, ...tensor.node.saved);
  }
  return found;
}

/** Gradients on their way to a tensor. Several may hold one tensor object, so holders are counted. */
class Pending {
  readonly #gradients = new Map<Tensor, Tensor>();
  readonly #holders = new Map<Tensor, number>();

  hold(gradient: Tensor): void {
    this.#holders.set(gradient, (this.#holders.get(gradient) ?? 0) + 1);
  }

  release(gradient: Tensor): void {
    const left = (this.#holders.get(gradient) ?? 0) - 1;
    if (left > 0) {
      this.#holders.set(gradient, left);
    } else {
      this.#holders.delete(gradient);
      gradient.dispose();
    }
  }

  /** Whether nobody else can see the memory of a gradient that is held once. */
  isExclusive(gradient: Tensor): boolean {
    return this.#holders.get(gradient) === 1 && !gradient.shared;
  }

  /** Adds a gradient, which the caller holds: in place of one of the two where nobody else can see it. */
  add(target: Tensor, gradient: Tensor, sumOf: (a: Tensor, b: Tensor) => Tensor): void {
    const before = this.#gradients.get(target);
    if (!before) {
      this.hold(gradient);
      this.#gradients.set(target, gradient);
    } else if (this.isExclusive(before)) {
      callKernel('accumulate', before.handle, gradient.handle);
    } else if (this.isExclusive(gradient)) {
      callKernel('accumulate', gradient.handle, before.handle);
      this.#replace(target, before, gradient);
    } else {
      this.#replace(target, before, sumOf(before, gradient));
    }
  }

  #replace(target: Tensor, before: Tensor, sum: Tensor): void {
    this.hold(sum);
    this.release(before);
    this.#gradients.set(target, sum);
  }

  /** The gradient of a tensor, still held; null if none arrived. */
  take(target: Tensor): Tensor | null {
    const gradient = this.#gradients.get(target) ?? null;
    this.#gradients.delete(target);
    return gradient;
  }
}

/** Helpers that need to make tensors; tensor.ts and the ops set them, since they know this file and not it them. */
export const tensorMakers: { sum: (a: Tensor, b: Tensor) => Tensor; copy: (tensor: Tensor) => Tensor } = {
  sum: () => {
    throw new HebbError('the ops are not loaded');
  },
  copy: () => {
    throw new HebbError('the ops are not loaded');
  },
};

/** Runs the tape behind `root`. `ownSeed`: whether the seed gradient may be freed. */
export function runBackward(root: Tensor, seed: Tensor, ownSeed: boolean): void {
  if (!root.requiresGrad) {
    throw new HebbError(
      'Expected a tensor that depends on one with requiresGrad for backward() but received one that does not',
    );
  }
  const pending = new Pending();
  if (!ownSeed) pending.hold(seed);
  noGrad(() => {
    pending.add(root, seed, tensorMakers.sum);
    if (!root.node) {
      settleLeaf(root, pending);
      return;
    }
    for (const tensor of reachable(root)) {
      const node = tensor.node as GradientNode;
      const gradient = pending.take(tensor);
      if (gradient) differentiate(node, gradient, pending);
      for (const saved of node.saved) saved.dispose();
      node.backward = null;
      node.inputs = [];
      node.saved = [];
      if (tensor.ownedByGraph) tensor.dispose();
    }
  });
}

/** The computed tensors behind `root`, latest first. */
function reachable(root: Tensor): Tensor[] {
  const computed = new Set<Tensor>();
  const waiting = [root];
  for (let tensor = waiting.pop(); tensor; tensor = waiting.pop()) {
    if (!tensor.node || computed.has(tensor)) continue;
    if (!tensor.node.backward) {
      throw new HebbError(`backward() was called a second time through ${tensor.node.op}: its graph has been freed`);
    }
    computed.add(tensor);
    for (const input of tensor.node.inputs) if (input.requiresGrad) waiting.push(input);
  }
  return [...computed].sort((a, b) => (b.node as GradientNode).order - (a.node as GradientNode).order);
}

function differentiate(node: GradientNode, gradient: Tensor, pending: Pending): void {
  const needs = node.inputs.map((input) => input.requiresGrad);
  const gradients = (node.backward as GradientFunction)(gradient, needs);
  // Every result is held before any is let go: one tensor may stand for several.
  const wanted = gradients.map((result, index) => (needs[index] ? result : null));
  for (const result of wanted) if (result) pending.hold(result);
  pending.release(gradient);
  wanted.forEach((result, index) => {
    const input = node.inputs[index] as Tensor;
    if (!result) return;
    pending.add(input, result, tensorMakers.sum);
  });
  for (const result of wanted) if (result) pending.release(result);
  for (const input of node.inputs) if (!input.node && input.requiresGrad) settleLeaf(input, pending);
}

/** Adds the gradient that has arrived to the leaf's `grad`. */
function settleLeaf(leaf: Tensor, pending: Pending): void {
  const gradient = pending.take(leaf);
  if (!gradient) return;
  const before = leaf.grad;
  if (before) {
    callKernel('accumulate', before.handle, gradient.handle);
    pending.release(gradient);
  } else if (pending.isExclusive(gradient)) {
    leaf.grad = keep(gradient);
  } else {
    leaf.grad = keep(tensorMakers.copy(gradient));
    pending.release(gradient);
  }
}
