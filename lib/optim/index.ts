export type { OptimizerState, ParameterGroup } from './optimizer';
export { Optimizer } from './optimizer';
export * from './sgd';
