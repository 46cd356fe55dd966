// The ops as methods of Tensor: one line an op, here and in the interface. Each is op(this, ...arguments).
import { tensorMakers } from '../autograd';
import { Tensor } from '../tensor';
import * as ops from './index';

type Method<F> = F extends (first: Tensor, ...rest: infer Rest) => infer R ? (...rest: Rest) => R : never;

const methods = {
  abs: ops.abs,
  adaptiveAvgPool2d: ops.adaptiveAvgPool2d,
  add: ops.add,
  affine: ops.affine,
  argmax: ops.argmax,
  avgPool2d: ops.avgPool2d,
  batchNorm: ops.batchNorm,
  broadcastTo: ops.broadcastTo,
  cast: ops.cast,
  clone: ops.clone,
  conv2d: ops.conv2d,
  cos: ops.cos,
  div: ops.div,
  dropout: ops.dropout,
  elu: ops.elu,
  equal: ops.equal,
  exp: ops.exp,
  gatherRows: ops.gatherRows,
  greater: ops.greater,
  greaterEqual: ops.greaterEqual,
  leakyRelu: ops.leakyRelu,
  localResponseNorm: ops.localResponseNorm,
  log: ops.log,
  logSoftmax: ops.logSoftmax,
  matmul: ops.matmul,
  max: ops.max,
  maxPool2d: ops.maxPool2d,
  maximum: ops.maximum,
  mean: ops.mean,
  min: ops.min,
  minimum: ops.minimum,
  mul: ops.mul,
  neg: ops.neg,
  pad: ops.pad,
  pow: ops.pow,
  relu: ops.relu,
  reshape: ops.reshape,
  sigmoid: ops.sigmoid,
  sin: ops.sin,
  slice: ops.slice,
  softmax: ops.softmax,
  sqrt: ops.sqrt,
  sub: ops.sub,
  sum: ops.sum,
  tanh: ops.tanh,
  to: ops.to,
  transpose: ops.transpose,
} as const;

type Methods = { [name in keyof typeof methods]: Method<(typeof methods)[name]> };

declare module '../tensor' {
  interface Tensor extends Methods {
    /** This tensor and others, one after the other along `axis` (default: the last). */
    concat(others: Tensor | readonly Tensor[], axis?: number): Tensor;
  }
}

for (const [name, op] of Object.entries(methods)) {
  Object.defineProperty(Tensor.prototype, name, {
    configurable: true,
    writable: true,
    value(this: Tensor, ...rest: unknown[]) {
      return (op as (first: Tensor, ...rest: unknown[]) => Tensor)(this, ...rest);
    },
  });
}

Tensor.prototype.concat = function (others, axis) {
  return ops.concat([this, ...(others instanceof Tensor ? [others] : others)], axis);
};

tensorMakers.sum = ops.add;
tensorMakers.copy = ops.clone;
