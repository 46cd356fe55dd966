import { type LocalResponseNormOptions, localResponseNorm } from '../ops/normalization';
import type { Tensor } from '../tensor';
import { Module } from './module';

/** Local response normalisation across `size` neighbouring channels; defaults: alpha 1e-4, beta 0.75, k 1. */
export class LocalResponseNorm extends Module {
  constructor(
    readonly size = 5,
    readonly options: Omit<LocalResponseNormOptions, 'size'> = {},
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return localResponseNorm(x, { ...this.options, size: this.size });
  }
}
