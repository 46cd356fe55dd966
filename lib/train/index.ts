export { type EvaluateOptions, type Evaluation, evaluate, type LossFunction } from './evaluate';
export {
  type BatchInfo,
  type Callbacks,
  type EpochRecord,
  type FitOptimizer,
  type FitOptions,
  type FitResult,
  fit,
} from './fit';
export { type ProgressOptions, type ProgressReporter, type ProgressState, progress } from './progress';
export { cosine, type Schedule, type ScheduleStep, stepDecay } from './schedules';
