// A batch in slices whose activations stay in the processor's cache.
import { gradEnabled } from '../autograd';
import type { Module } from '../nn';
import { layersAreApart } from '../nn/normalized';
import { concat, slice } from '../ops/movement';
import type { Tensor } from '../tensor';

/**
 * What a slice's largest activation may take: 4 images of ResNet's 112 x 112 x 64, the fastest with a third-level cache
 * of 32 MiB, which then holds what a residual block reads and writes.
 */
const SLICE_BYTES = 13 << 20;

/** The bytes of an image behind a stem that halves the images x and has so many filters. */
export function stemBytes(x: Tensor, filters: number): number {
  const [, height = 0, width = 0] = x.shape;
  return Math.ceil(height / 2) * Math.ceil(width / 2) * filters * Float32Array.BYTES_PER_ELEMENT;
}

/** A layer that is trained, such as a batch norm, may treat images together. */
function evaluates(module: Module): boolean {
  return !module.training && module.children().every(([, child]) => evaluates(child));
}

/**
 * `forward` of x [N, …]: layers that treat each image alone, the largest of whose outputs takes `bytes` an image. In
 * evaluation without gradients on a CPU a few images go through all of them before the next: what one layer writes is
 * still in the cache when the next one reads it, and memory is needed for so many images only.
 */
export function inSlices(module: Module, x: Tensor, bytes: number, forward: (x: Tensor) => Tensor): Tensor {
  const images = x.shape[0] ?? 0;
  const slices = Math.ceil(images / Math.max(1, Math.floor(SLICE_BYTES / bytes)));
  if (slices <= 1 || gradEnabled() || layersAreApart() || x.device !== 'cpu' || !evaluates(module)) return forward(x);
  const parts = Array.from({ length: slices }, (_, index) => {
    const begin = Math.floor((images * index) / slices);
    const part = slice(x, [begin], [Math.floor((images * (index + 1)) / slices) - begin]);
    const y = forward(part);
    part.dispose();
    return y;
  });
  const y = concat(parts, 0);
  for (const part of parts) part.dispose();
  return y;
}
