export { type Optimizer, type OptimizerState, type ParameterGroup } from './optimizer';
export * from './sgd';
