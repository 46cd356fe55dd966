import { HebbError } from '../errors';
import { dropout } from '../ops/dropout';
import type { Tensor } from '../tensor';
import { Module } from './module';

/** In training each element is 0 with probability `p` (default 0.5), else scaled by 1 / (1 - p); in evaluation nothing. */
export class Dropout extends Module {
  constructor(readonly p = 0.5) {
    super();
    if (!(p >= 0 && p <= 1)) throw new HebbError(`Dropout: Expected a probability from 0 to 1 but received ${p}`);
  }

  forward(x: Tensor): Tensor {
    return this.training && this.p > 0 ? dropout(x, this.p) : x;
  }
}
