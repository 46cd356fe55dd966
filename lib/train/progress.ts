import { Presets, SingleBar } from 'cli-progress';
import type { EpochRecord } from './fit';

/** Where a training is, for whoever shows it. */
export interface ProgressState {
  /** Number of the epoch, from 0. */
  readonly epoch: number;
  readonly epochs: number;
  /** Batches of the epoch that are done, and all. */
  readonly batch: number;
  readonly batches: number;
  /** Mean loss of the epoch so far; undefined until it has been read. */
  readonly loss: number | undefined;
  readonly imagesPerSecond: number;
  /** Of the whole training. */
  readonly secondsLeft: number;
}

/** Shows a training to people. All methods return at once. */
export interface ProgressReporter {
  update(state: ProgressState): void;
  epochEnd(record: EpochRecord, epochs: number): void;
  /** Training has ended, by whatever cause. */
  stop(): void;
}

/** A stream to write lines on; `isTTY` where it is a terminal. */
export interface TextStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface ProgressOptions {
  /** Where the progress goes: a bar on a terminal, else plain lines. Default stderr. */
  stream?: TextStream;
  /** Where each epoch's result goes. Default: `stream`. */
  results?: TextStream;
  /** Seconds between plain lines. Default 5. */
  interval?: number;
}

/** A progress bar on a terminal; elsewhere a plain line every few seconds. */
export function progress(options: ProgressOptions = {}): ProgressReporter {
  const { stream = process.stderr, results = stream, interval = 5 } = options;
  return stream.isTTY === true ? new BarProgress(stream, results) : new LineProgress(stream, results, interval);
}

class BarProgress implements ProgressReporter {
  readonly #results: TextStream;
  readonly #bar: SingleBar;
  #epoch = -1;

  constructor(stream: TextStream, results: TextStream) {
    this.#results = results;
    this.#bar = new SingleBar(
      {
        stream: stream as NodeJS.WritableStream,
        format: '{title} {bar} {percentage}% | loss {loss} | {speed} images/s | {left} left',
        barsize: 16,
        clearOnComplete: true,
        // Whoever uses hebb decides what a signal does.
        gracefulExit: false,
      },
      Presets.shades_classic,
    );
  }

  update(state: ProgressState): void {
    const fields = {
      title: `epoch ${state.epoch + 1}/${state.epochs}`,
      loss: formatLoss(state.loss),
      speed: formatCount(state.imagesPerSecond),
      left: formatSeconds(state.secondsLeft),
    };
    if (this.#epoch !== state.epoch) {
      this.#bar.stop();
      this.#bar.start(state.batches, state.batch, fields);
      this.#epoch = state.epoch;
    } else {
      this.#bar.update(state.batch, fields);
    }
  }

  epochEnd(record: EpochRecord, epochs: number): void {
    this.stop();
    this.#results.write(`${formatEpoch(record, epochs)}\n`);
  }

  stop(): void {
    if (this.#epoch >= 0) this.#bar.stop();
    this.#epoch = -1;
  }
}

class LineProgress implements ProgressReporter {
  readonly #stream: TextStream;
  readonly #results: TextStream;
  readonly #interval: number;
  #last = performance.now();

  constructor(stream: TextStream, results: TextStream, interval: number) {
    this.#stream = stream;
    this.#results = results;
    this.#interval = interval;
  }

  update(state: ProgressState): void {
    const now = performance.now();
    if (now - this.#last < this.#interval * 1000) return;
    this.#last = now;
    const { epoch, epochs, batch, batches, loss, imagesPerSecond, secondsLeft } = state;
    this.#stream.write(
      `epoch ${epoch + 1}/${epochs}  step ${batch}/${batches}  loss ${formatLoss(loss)}  ` +
        `${formatCount(imagesPerSecond)} images/s  ${formatSeconds(secondsLeft)} left\n`,
    );
  }

  epochEnd(record: EpochRecord, epochs: number): void {
    this.#last = performance.now();
    this.#results.write(`${formatEpoch(record, epochs)}\n`);
  }

  stop(): void {}
}

/** One line on an epoch. */
export function formatEpoch(record: EpochRecord, epochs: number): string {
  const { epoch, loss, validation, imagesPerSecond, seconds } = record;
  const test =
    validation === undefined
      ? ''
      : `  test error ${formatPercent(validation.error)}  test loss ${formatLoss(validation.loss)}`;
  return `epoch ${epoch + 1}/${epochs}  loss ${formatLoss(loss)}${test}  ${formatCount(imagesPerSecond)} images/s  ${seconds.toFixed(1)} s`;
}

/** `0.0078` as `0.78 %`. */
export function formatPercent(fraction: number): string {
  return `${(fraction * 100).toFixed(2)} %`;
}

function formatLoss(loss: number | undefined): string {
  if (loss === undefined) return '…';
  return loss !== 0 && loss < 0.001 ? loss.toExponential(2) : loss.toFixed(4);
}

function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.ceil(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${rest} s` : `${rest} s`;
}
