// Conversion between element types.

import { run } from '../kernel';
import { type DType, empty, type Tensor } from '../tensor';

export interface CastOptions {
  /** Default: 1. */
  scale?: number;
  /** Default: 0. */
  shift?: number;
}

/** x * scale + shift in another element type; to integers by truncation, saturating. Not differentiable. */
export function cast(x: Tensor, dtype: DType, { scale = 1, shift = 0 }: CastOptions = {}): Tensor {
  const y = empty(x.shape, dtype, x.deviceNumber);
  run('cast', x, y, scale, shift);
  return y;
}
