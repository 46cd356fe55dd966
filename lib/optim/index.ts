export type { Optimizer, OptimizerState, ParameterGroup } from './optimizer';
export * from './sgd';
