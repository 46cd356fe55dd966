import { noGrad } from '../autograd';
import { type Dataset, Loader } from '../data';
import { getDefaultDevice } from '../device';
import { HebbError } from '../errors';
import { crossEntropy } from '../nn/functional';
import type { Module } from '../nn/module';
import { argmax } from '../ops/reduce';
import type { Tensor } from '../tensor';
import { tidy } from '../tidy';

/** Mean loss of a batch, from outputs [batch, classes] and labels [batch]. */
export type LossFunction = (outputs: Tensor, labels: Tensor) => Tensor;

export interface EvaluateOptions {
  /** Images a batch. Default 250. */
  batchSize?: number;
  /** Default: cross-entropy of the outputs as logits. */
  loss?: LossFunction;
  /** The device to put the batches on. Default: where the model is. */
  device?: string;
  /** Stops the evaluation: it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** How good a model is on a dataset. */
export interface Evaluation {
  /** Mean over the images. */
  readonly loss: number;
  /** Fraction of the images whose largest output is not their label's, 0 to 1. */
  readonly error: number;
  /** 1 - error. */
  readonly accuracy: number;
  /** Number of images. */
  readonly n: number;
}

/** The device that a model is on; the default device where it has no tensors. */
export function deviceOf(model: Module): string {
  return model.namedTensors()[0]?.[1].device ?? getDefaultDevice();
}

/**
 * Measures a classifier on a dataset, without gradients and in evaluation mode; the model's mode is then as before.
 *
 * @throws HebbError for a dataset without images.
 */
export async function evaluate(model: Module, dataset: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
  const { batchSize = 250, loss: lossFunction = crossEntropy, device = deviceOf(model), signal } = options;
  const batches = new Loader(dataset, { batchSize, autoDispose: true, device });
  const training = model.training;
  model.eval();
  let n = 0;
  let wrong = 0;
  let lossSum = 0;
  try {
    const reads: Promise<void>[] = [];
    for await (const { images, labels, size } of batches) {
      signal?.throwIfAborted();
      const { loss, guesses } = tidy(() =>
        noGrad(() => {
          const outputs = model.forward(images);
          return { loss: lossFunction(outputs, labels), guesses: argmax(outputs, 1) };
        }),
      );
      // Reads are enqueued now and awaited later: the device goes on with the next batch meanwhile.
      const read = Promise.all([loss.item(), guesses.data(), labels.data()]).then(([value, guessed, actual]) => {
        n += size;
        lossSum += value * size;
        for (let i = 0; i < size; i++) if (guessed[i] !== actual[i]) wrong++;
      });
      read.catch(() => {});
      reads.push(read);
      loss.dispose();
      guesses.dispose();
      if (reads.length > 2) await reads.shift();
    }
    await Promise.all(reads);
  } finally {
    model.train(training);
  }
  if (n === 0) throw new HebbError('Expected at least one image to evaluate but received none');
  return { loss: lossSum / n, error: wrong / n, accuracy: (n - wrong) / n, n };
}
