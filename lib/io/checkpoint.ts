import { InputError, oneLine } from '../errors';
import type { Module } from '../nn';
import type { Optimizer } from '../optim';
import type { Tensor } from '../tensor';
import { emptyRecord } from './codec';
import {
  disposeAll,
  type LoadOptions,
  loadSafetensorsFile,
  type SafetensorsFile,
  saveSafetensors,
} from './safetensors';

/** What a training needs to go on where it stopped. */
export interface Checkpoint {
  model: Module;
  optimizer?: Optimizer;
}

export interface SaveCheckpointOptions extends Checkpoint {
  /** Strings by name, such as the epoch reached; `format` is the checkpoint's own. */
  metadata?: Readonly<Record<string, string>>;
}

const FORMAT = 'hebb-checkpoint-1';
const MODEL = 'model.';
const OPTIMIZER = 'optimizer.';

/** Whether metadata is that of a checkpoint rather than of bare weights. */
export function isCheckpoint(metadata: Readonly<Record<string, string>>): boolean {
  return metadata.format === FORMAT;
}

/**
 * Saves a model, its optimizer's state and metadata in one safetensors file, whole or not at all. The model's tensors
 * are named `model.<name>`, the optimizer's `optimizer.<name>`.
 */
export async function saveCheckpoint(path: string, options: SaveCheckpointOptions): Promise<void> {
  const tensors = emptyRecord<Tensor>();
  for (const [name, tensor] of Object.entries(options.model.stateDict())) tensors[MODEL + name] = tensor;
  for (const [name, tensor] of Object.entries(options.optimizer?.stateDict() ?? {})) tensors[OPTIMIZER + name] = tensor;
  const metadata = { ...options.metadata, format: FORMAT };
  await saveSafetensors(path, tensors, { metadata });
}

/**
 * Loads what {@link saveCheckpoint} saved into a model and, where given, an optimizer of the same kind.
 *
 * @returns the metadata that was saved with it.
 * @throws InputError where the file is no checkpoint, has no optimizer though one is wanted, or does not fit.
 */
export async function loadCheckpoint(
  path: string,
  into: Checkpoint,
  options: LoadOptions = {},
): Promise<Record<string, string>> {
  const file = await loadSafetensorsFile(path, options);
  try {
    if (!isCheckpoint(file.metadata)) {
      throw new InputError(
        `Expected a checkpoint with metadata format ${FORMAT} in '${path}' but received a file without it`,
      );
    }
    const { model, optimizer } = split(file, path);
    if (into.optimizer !== undefined) {
      if (Object.keys(optimizer).length === 0) {
        throw new InputError(`Expected an optimizer's state in checkpoint '${path}' but it holds a model only`);
      }
      fitting(path, () => into.optimizer?.loadStateDict(optimizer));
    }
    fitting(path, () => into.model.loadStateDict(model));
    const { format, ...metadata } = file.metadata;
    return metadata;
  } finally {
    disposeAll(file.tensors);
  }
}

/** A model's weights, from a file of weights or from a checkpoint, with the metadata. The caller frees the tensors. */
export async function loadWeights(path: string, options: LoadOptions = {}): Promise<SafetensorsFile> {
  const file = await loadSafetensorsFile(path, options);
  if (!isCheckpoint(file.metadata)) return file;
  const tensors = emptyRecord<Tensor>();
  for (const [name, tensor] of Object.entries(file.tensors)) {
    if (name.startsWith(MODEL)) tensors[name.slice(MODEL.length)] = tensor;
    else tensor.dispose();
  }
  const { format, ...metadata } = file.metadata;
  return { tensors, metadata };
}

/** Loads weights into a model, and says in an error which file did not fit. */
export function fitting(path: string, load: () => void): void {
  try {
    load();
  } catch (error) {
    throw error instanceof InputError
      ? new InputError(`'${path}' does not fit: ${error.message}`, { cause: error })
      : error;
  }
}

function split(
  file: SafetensorsFile,
  path: string,
): { model: Record<string, Tensor>; optimizer: Record<string, Tensor> } {
  const model = emptyRecord<Tensor>();
  const optimizer = emptyRecord<Tensor>();
  for (const [name, tensor] of Object.entries(file.tensors)) {
    if (name.startsWith(MODEL)) model[name.slice(MODEL.length)] = tensor;
    else if (name.startsWith(OPTIMIZER)) optimizer[name.slice(OPTIMIZER.length)] = tensor;
    else
      throw new InputError(
        `Expected tensors named ${MODEL}… or ${OPTIMIZER}… in checkpoint '${path}' but received '${oneLine(name, 80)}'`,
      );
  }
  return { model, optimizer };
}
