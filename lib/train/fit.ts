import { type Compiled, compile } from '../compile';
import { type Batch, type Dataset, Loader } from '../data';
import { HebbError } from '../errors';
import { crossEntropy } from '../nn/functional';
import type { Module } from '../nn/module';
import type { Tensor } from '../tensor';
import { tidy } from '../tidy';
import { deviceOf, type Evaluation, evaluate, type LossFunction } from './evaluate';
import { LossMeter } from './meter';
import { progress as defaultProgress, type ProgressReporter } from './progress';
import type { Schedule } from './schedules';

/** What `fit` needs of an optimizer. */
export interface FitOptimizer {
  lr: number;
  zeroGrad(): void;
  step(): void;
}

/** A batch that has been enqueued; it may still be being computed. */
export interface BatchInfo {
  /** Number of the epoch, from 0. */
  readonly epoch: number;
  /** Number of the batch in its epoch, from 0. */
  readonly batch: number;
  /** Number of the step since training began, from 0. */
  readonly step: number;
  /** Number of images. */
  readonly size: number;
  /**
   * Reads the batch's loss. To be called, if at all, before `onBatchEnd` returns; each read costs a wait on the device,
   * so do not await it on every step.
   */
  loss(): Promise<number>;
}

/** An epoch that has ended. */
export interface EpochRecord {
  /** Number of the epoch, from 0. */
  readonly epoch: number;
  /** Mean of the batches' losses. */
  readonly loss: number;
  /** Learning rate of the last step. */
  readonly lr: number;
  /** Spent on training, without the validation. */
  readonly seconds: number;
  readonly imagesPerSecond: number;
  /** On the validation data, where there are some. */
  readonly validation?: Evaluation;
}

/** Called as training goes; where a promise is returned, training waits for it. */
export interface Callbacks {
  onEpochStart?(info: { epoch: number }): unknown;
  onBatchEnd?(info: BatchInfo): unknown;
  onEpochEnd?(record: EpochRecord): unknown;
}

export interface FitOptions {
  /** What to learn: a dataset, or a loader, which has its own batch size, order and seed. */
  data: Dataset | Loader;
  /** What to measure the model on after each epoch. */
  validation?: Dataset;
  optimizer: FitOptimizer;
  /** Default: cross-entropy of the outputs as logits. */
  loss?: LossFunction;
  /** Times through the data. Default 1. */
  epochs?: number;
  /** Images a step. Default 64. */
  batchSize?: number;
  /** Whether each epoch takes the images in a new random order. Default true. */
  shuffle?: boolean;
  /** Of the random order; see `LoaderOptions.seed`. */
  seed?: number;
  /** Whether a step is recorded once and then replayed natively. Default true. */
  compile?: boolean;
  /** Sets the learning rate before each step. Default: the optimizer's stays. */
  schedule?: Schedule;
  callbacks?: Callbacks | readonly Callbacks[];
  /** Default true: a bar on stderr where it is a terminal, else plain lines. */
  progress?: boolean | ProgressReporter;
  /** The device to put the batches on. Default: where the model is. */
  device?: string;
  /** Stops training after the step in progress. */
  signal?: AbortSignal;
  /** Where to go on, to resume a training: the number of the epoch and of its batch, both from 0. Default 0, 0. */
  start?: { epoch: number; batch: number };
}

export interface FitResult {
  /** The epochs that this call ended, in order. */
  readonly history: readonly EpochRecord[];
  /** Where training stopped: give it as `start` to go on. After the last epoch: `{ epoch: epochs, batch: 0 }`. */
  readonly position: { readonly epoch: number; readonly batch: number };
  /** Whether the signal stopped it before its end. */
  readonly aborted: boolean;
}

/** Milliseconds between looks at the loss. */
const LOOK_MS = 200;

/**
 * Trains a model: for each batch the gradients of the loss, one step of the optimizer; after each epoch the validation.
 * The event loop stays free, and the loss is read now and then only, so that the device never waits for the host.
 * The model's mode (training or evaluation) is then as before.
 *
 * @throws HebbError when the loss becomes infinite or not a number.
 */
export async function fit(model: Module, options: FitOptions): Promise<FitResult> {
  const fitting = new Fitting(model, options);
  const training = model.training;
  try {
    return await fitting.run();
  } finally {
    fitting.end();
    model.train(training);
  }
}

/** One call of `fit`. */
class Fitting {
  readonly #model: Module;
  readonly #options: FitOptions;
  readonly #batches: Loader;
  readonly #step: (images: Tensor, labels: Tensor) => Tensor;
  readonly #compiled: Compiled<[Tensor, Tensor], Tensor> | undefined;
  readonly #reporter: ProgressReporter | undefined;
  readonly #callbacks: readonly Callbacks[];
  readonly #epochs: number;
  readonly #history: EpochRecord[] = [];
  #images = 0;
  #trainSeconds = 0;
  #validationSeconds = 0;
  #lastLook = 0;

  constructor(model: Module, options: FitOptions) {
    const { data, epochs = 1, batchSize = 64, shuffle = true, seed, optimizer, loss = crossEntropy } = options;
    const { device = deviceOf(model) } = options;
    if (!Number.isSafeInteger(epochs) || epochs < 0)
      throw new HebbError(`Expected a whole number of epochs but received ${epochs}`);
    this.#model = model;
    this.#options = options;
    this.#epochs = epochs;
    this.#batches =
      data instanceof Loader
        ? data
        : new Loader(data, {
            batchSize,
            shuffle,
            autoDispose: true,
            ...(seed === undefined ? {} : { seed }),
            device,
          });
    if (this.#batches.length === 0) throw new HebbError('Expected at least one batch to train on but received none');
    const step = (images: Tensor, labels: Tensor): Tensor => {
      optimizer.zeroGrad();
      const value = loss(model.forward(images), labels);
      value.backward();
      optimizer.step();
      return value;
    };
    this.#compiled = options.compile === false ? undefined : compile(step);
    this.#step = this.#compiled ?? ((images, labels) => tidy(() => step(images, labels).detach()));
    const shown = options.progress ?? true;
    this.#reporter = shown === true ? defaultProgress() : shown === false ? undefined : shown;
    const { callbacks = [] } = options;
    this.#callbacks = Array.isArray(callbacks) ? callbacks : [callbacks as Callbacks];
  }

  async run(): Promise<FitResult> {
    const start = this.#options.start ?? { epoch: 0, batch: 0 };
    let batch = start.batch;
    for (let epoch = start.epoch; epoch < this.#epochs; epoch++) {
      if (this.#aborted) return this.#result(epoch, batch);
      await this.#call('onEpochStart', { epoch });
      const ended = await this.#epoch(epoch, batch);
      if (ended.record === undefined) return this.#result(epoch, ended.batch);
      this.#history.push(ended.record);
      this.#reporter?.epochEnd(ended.record, this.#epochs);
      await this.#call('onEpochEnd', ended.record);
      batch = 0;
    }
    return { history: this.#history, position: { epoch: this.#epochs, batch: 0 }, aborted: false };
  }

  end(): void {
    this.#reporter?.stop();
    this.#compiled?.dispose();
  }

  get #aborted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  #result(epoch: number, batch: number): FitResult {
    return { history: this.#history, position: { epoch, batch }, aborted: true };
  }

  /** Trains one epoch from a batch on. Without a record: the signal stopped it before `batch`. */
  async #epoch(epoch: number, from: number): Promise<{ record?: EpochRecord; batch: number }> {
    const meter = new LossMeter();
    const began = performance.now();
    const before = this.#trainSeconds;
    const imagesBefore = this.#images;
    const clock = (): void => {
      this.#trainSeconds = before + (performance.now() - began) / 1000;
    };
    let batch = from;
    this.#model.train();
    this.#batches.epoch = epoch;
    this.#batches.startBatch = from;
    try {
      for await (const next of this.#batches) {
        this.#trainBatch(next, epoch, batch, meter);
        const called = this.#pendingCall;
        if (called !== undefined) await called;
        batch++;
        this.#images += next.size;
        clock();
        this.#look(epoch, batch, meter);
        if (this.#aborted && batch < this.#batches.length) return { batch };
      }
      const loss = await meter.mean();
      if (!Number.isFinite(loss)) throw diverged(epoch, loss);
      clock();
      const seconds = this.#trainSeconds - before;
      const record = {
        epoch,
        loss,
        lr: this.#options.optimizer.lr,
        seconds,
        imagesPerSecond: (this.#images - imagesBefore) / seconds,
      };
      const validation = await this.#validate();
      return { record: validation === undefined ? record : { ...record, validation }, batch: 0 };
    } finally {
      meter.dispose();
    }
  }

  #pendingCall: Promise<unknown> | undefined;

  #trainBatch({ images, labels, size }: Batch, epoch: number, batch: number, meter: LossMeter): void {
    const { schedule, optimizer } = this.#options;
    const step = epoch * this.#batches.length + batch;
    if (schedule !== undefined)
      optimizer.lr = schedule({ epoch, step, totalSteps: this.#epochs * this.#batches.length });
    const loss = this.#step(images, labels);
    meter.add(loss);
    this.#pendingCall = this.#call('onBatchEnd', { epoch, batch, step, size, loss: () => loss.item() });
    loss.dispose();
  }

  /** Shows how far training is, every now and then. */
  #look(epoch: number, batch: number, meter: LossMeter): void {
    const now = performance.now();
    if (now - this.#lastLook < LOOK_MS && batch < this.#batches.length) return;
    this.#lastLook = now;
    meter.refresh();
    const loss = meter.latest;
    if (loss !== undefined && !Number.isFinite(loss)) throw diverged(epoch, loss);
    const imagesPerSecond = this.#images / this.#trainSeconds;
    const batchesLeft = (this.#epochs - epoch) * this.#batches.length - batch;
    const perValidation = this.#validationSeconds / Math.max(1, this.#history.length);
    const secondsLeft =
      (batchesLeft * this.#batches.batchSize) / imagesPerSecond + (this.#epochs - epoch) * perValidation;
    this.#reporter?.update({
      epoch,
      epochs: this.#epochs,
      batch,
      batches: this.#batches.length,
      loss,
      imagesPerSecond,
      secondsLeft,
    });
  }

  /** Nothing where there is nothing to validate on, or where the signal stops it. */
  async #validate(): Promise<Evaluation | undefined> {
    const { validation, loss, device, signal } = this.#options;
    if (validation === undefined) return undefined;
    const began = performance.now();
    try {
      const result = await evaluate(this.#model, validation, {
        ...(signal === undefined ? {} : { signal }),
        ...(loss === undefined ? {} : { loss }),
        ...(device === undefined ? {} : { device }),
      });
      this.#validationSeconds += (performance.now() - began) / 1000;
      return result;
    } catch (error) {
      if (this.#aborted) return undefined;
      throw error;
    }
  }

  /** Calls the callbacks of a name, in order; a promise where one of them gave one. */
  #call<K extends keyof Callbacks>(
    name: K,
    argument: Parameters<NonNullable<Callbacks[K]>>[0],
  ): Promise<unknown> | undefined {
    const promises: Promise<unknown>[] = [];
    for (const callbacks of this.#callbacks) {
      const result = (callbacks[name] as ((argument: unknown) => unknown) | undefined)?.call(callbacks, argument);
      if (result instanceof Promise) promises.push(result);
    }
    return promises.length === 0 ? undefined : Promise.all(promises);
  }
}

function diverged(epoch: number, loss: number): HebbError {
  return new HebbError(`Training diverged in epoch ${epoch + 1}: its loss is ${loss}; a lower learning rate may help`);
}
