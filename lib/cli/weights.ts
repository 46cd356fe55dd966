import type { Normalization } from '../data';
import { MNIST_NORMALIZATION } from '../data';
import { InputError } from '../errors';
import { loadWeights } from '../io';
import { fitting } from '../io/checkpoint';
import type { Module } from '../nn';
import { type Network, network } from './networks';

/** A trained network, ready to use. */
export interface Trained {
  readonly network: Network;
  readonly model: Module;
  readonly normalization: Normalization;
}

/**
 * The network that a file of weights, or a checkpoint, belongs to. Its metadata say which, and how images were
 * normalised; `modelName` must not contradict them.
 */
export async function loadTrained(path: string, modelName: string | undefined): Promise<Trained> {
  const { tensors, metadata } = await loadWeights(path);
  try {
    if (modelName !== undefined && metadata.model !== undefined && modelName !== metadata.model) {
      throw new InputError(`Expected weights of ${modelName} in '${path}' but received weights of ${metadata.model}`);
    }
    const chosen = network(modelName ?? metadata.model ?? 'lenet5');
    const model = chosen.create();
    fitting(path, () => model.loadStateDict(tensors));
    return { network: chosen, model: model.eval(), normalization: parseNormalization(metadata.normalization, path) };
  } finally {
    for (const tensor of Object.values(tensors)) tensor.dispose();
  }
}

/** Reads `{"mean":0.1307,"std":0.3081}`; MNIST's own where there is nothing. */
export function parseNormalization(json: string | undefined, path: string): Normalization {
  if (json === undefined) return MNIST_NORMALIZATION;
  try {
    const { mean, std } = JSON.parse(json) as Normalization;
    if (Number.isFinite(mean) && Number.isFinite(std) && std > 0) return { mean, std };
  } catch {
    // Said below.
  }
  throw new InputError(
    `Expected a mean and a positive std for metadata normalization in '${path}' but received other metadata`,
  );
}
