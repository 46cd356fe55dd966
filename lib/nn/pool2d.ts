import { type AvgPool2dOptions, avgPool2d, maxPool2d, type Pool2dOptions } from '../ops/pool2d';
import type { Pair } from '../ops/shapes';
import type { Tensor } from '../tensor';
import { Module } from './module';

/** The largest in each window. Default stride: the window. */
export class MaxPool2d extends Module {
  constructor(
    readonly kernelSize: Pair,
    readonly options: Pool2dOptions = {},
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return maxPool2d(x, this.kernelSize, this.options);
  }
}

/** The mean of each window. Default stride: the window. */
export class AvgPool2d extends Module {
  constructor(
    readonly kernelSize: Pair,
    readonly options: AvgPool2dOptions = {},
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return avgPool2d(x, this.kernelSize, this.options);
  }
}
