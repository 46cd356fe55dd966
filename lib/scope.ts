// Scopes that free the tensors made inside them.
import { HebbError } from './errors';
import type { Tensor } from './tensor';

const scopes: Set<Tensor>[] = [];

/** Called for every new tensor. */
export function enterScope(tensor: Tensor): void {
  scopes[scopes.length - 1]?.add(tensor);
}

/** Takes a tensor out of the scope it was made in: what holds it now decides when it is freed. */
export function keep<T extends Tensor | null>(tensor: T): T {
  if (tensor) for (const scope of scopes) scope.delete(tensor);
  return tensor;
}

/** Every tensor in a value made of arrays and plain objects, in order. */
export function tensorsIn(
  value: unknown,
  isTensor: (value: unknown) => value is Tensor,
  found: Tensor[] = [],
): Tensor[] {
  if (isTensor(value)) found.push(value);
  else if (Array.isArray(value)) for (const item of value) tensorsIn(item, isTensor, found);
  else if (isPlainObject(value)) for (const item of Object.values(value)) tensorsIn(item, isTensor, found);
  return found;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Runs `fn` collecting the tensors it makes; the caller decides what becomes of them. */
export function collect<R>(fn: () => R): { result: R; made: Set<Tensor> } {
  const made = new Set<Tensor>();
  scopes.push(made);
  try {
    const result = fn();
    if (result instanceof Promise) throw new HebbError('Expected a synchronous function but received an async one');
    return { result, made };
  } catch (error) {
    for (const tensor of made) tensor.dispose();
    throw error;
  } finally {
    scopes.pop();
  }
}
