import { reshape } from '../ops/movement';
import type { Tensor } from '../tensor';
import { Module } from './module';

/** [N, ...] to [N, the product of the rest]. Images are flattened in NHWC order. */
export class Flatten extends Module {
  forward(x: Tensor): Tensor {
    return reshape(x, [x.shape[0] as number, x.shape.slice(1).reduce((size, extent) => size * extent, 1)]);
  }
}
