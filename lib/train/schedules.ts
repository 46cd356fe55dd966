import { HebbError } from '../errors';

/** Where a training is, for a schedule. */
export interface ScheduleStep {
  /** Number of the epoch, from 0. */
  readonly epoch: number;
  /** Number of the step since training began, from 0. */
  readonly step: number;
  /** Steps that the whole training will take. */
  readonly totalSteps: number;
}

/** The learning rate of a step. */
export type Schedule = (at: ScheduleStep) => number;

/**
 * From `lr` down to `floor` (default 0) along half a cosine over the whole training, after `warmup` steps (default 0)
 * of linear rise. Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, without
 * the restarts.
 */
export function cosine(lr: number, options: { warmup?: number; floor?: number } = {}): Schedule {
  const { warmup = 0, floor = 0 } = options;
  return ({ step, totalSteps }) => {
    if (step < warmup) return (lr * (step + 1)) / warmup;
    const progress = Math.min(1, (step - warmup) / Math.max(1, totalSteps - warmup));
    return floor + (lr - floor) * 0.5 * (1 + Math.cos(Math.PI * progress));
  };
}

/** `lr` multiplied by `factor` (default 0.1) every `every` epochs. */
export function stepDecay(lr: number, options: { every: number; factor?: number }): Schedule {
  const { every, factor = 0.1 } = options;
  if (!(every > 0)) throw new HebbError(`Expected a positive number of epochs for every but received ${every}`);
  return ({ epoch }) => lr * factor ** Math.floor(epoch / every);
}
