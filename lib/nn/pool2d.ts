import type { Activation } from '../ops/activation';
import { type AvgPool2dOptions, adaptiveAvgPool2d, avgPool2d, type MaxPool2dOptions, maxPool2d } from '../ops/pool2d';
import type { Pair } from '../ops/shapes';
import type { Tensor } from '../tensor';
import { Module } from './module';

/** The largest in each window. Default stride: the window. */
export class MaxPool2d extends Module {
  constructor(
    readonly kernelSize: Pair,
    readonly options: MaxPool2dOptions = {},
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return maxPool2d(x, this.kernelSize, this.options);
  }

  /** Of the activated x, the activation being left to the pooling. */
  forwardActivated(x: Tensor, activation: Activation): Tensor {
    return maxPool2d(x, this.kernelSize, { ...this.options, activation });
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

/** The means of a grid of `outputSize` windows that cover the image, whatever its size. */
export class AdaptiveAvgPool2d extends Module {
  constructor(readonly outputSize: Pair) {
    super();
  }

  forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }
}
