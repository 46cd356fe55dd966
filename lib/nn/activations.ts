// Activations as layers.
import { relu, sigmoid, tanh } from '../ops/unary';
import type { Tensor } from '../tensor';
import { Module } from './module';

/** max(x, 0). After a linear or a convolution in a Sequential it is fused into it. */
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** 1 / (1 + e^-x). */
export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return tanh(x);
  }
}
