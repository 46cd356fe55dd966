// What compile() must learn while it records: assumptions to check before a replay, and gradients the replay sets.
import { native } from './native';
import type { Tensor } from './tensor';

/** The recording in progress. */
export class Recorder {
  readonly assumptions: (() => boolean)[] = [];
  /** Tensors whose `grad` was set, with what it was before. */
  readonly gradients = new Map<Tensor, Tensor | null>();

  readonly #leaves = new Set<Tensor>();

  /** Something outside that the recording takes for granted; it is checked before each replay. */
  assume(holds: () => boolean): void {
    this.assumptions.push(holds);
  }

  assumeRequiresGrad(leaf: Tensor): void {
    if (this.#leaves.has(leaf)) return;
    this.#leaves.add(leaf);
    const { requiresGrad } = leaf;
    this.assume(() => leaf.requiresGrad === requiresGrad);
  }
}

let current: Recorder | null = null;

export function recorder(): Recorder | null {
  return current;
}

export function setRecorder(next: Recorder | null): void {
  current = next;
}

/** Runs `fn` at once even while recording: for state that must live on between replays. */
export function outsideRecording<R>(fn: () => R): R {
  if (!current) return fn();
  const paused = current;
  native.pauseRecording();
  current = null;
  try {
    return fn();
  } finally {
    current = paused;
    native.resumeRecording();
  }
}
