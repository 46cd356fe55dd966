// hebb's public names.
import './ops/methods';

export { gradEnabled, noGrad } from './autograd';
export { type Compiled, compile } from './compile';
export { arange, full, type Nested, ones, tensor, zeros } from './create';
export * as data from './data';
export {
  describe,
  devices,
  getDefaultDevice,
  getThreads,
  getWinograd,
  type MemoryStatistics,
  mark,
  memory,
  type PluginFact,
  resetPeakMemory,
  setDefaultDevice,
  setMemoryLimit,
  setThreads,
  setWinograd,
  synchronize,
  trimMemory,
} from './device';
export { HebbError, InputError } from './errors';
export * as io from './io';
export * as models from './models';
export type { TypedArray } from './native';
export * as nn from './nn';
export * as ops from './ops';
export * as optim from './optim';
export { getDeterministic, getPrecision, type Precision, setDeterministic, setPrecision } from './precision';
export { bernoulli, manualSeed, normal, rand, randn, uniform } from './random';
export { copyInto, type DType, type Shape, Tensor, type TensorOptions } from './tensor';
export { tidy } from './tidy';
export * as train from './train';
