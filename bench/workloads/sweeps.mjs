// One operation across sizes: powers of two, and awkward ones beside them.
import { convolution, elementwise, gemm } from './kernels.mjs';
import { shapes } from './shapes.mjs';

/**
 * @typedef {object} Sweep
 * @property {string} name
 * @property {string} title
 * @property {string} along what changes
 * @property {'gflops' | 'bandwidth'} unit
 * @property {readonly { line: string, at: number, workload: import('./index.mjs').Workload }[]} points
 */

const { gemms, batch, channels, imageForChannels, images, channelsForImages, elements } = shapes.sweep;

/** A 3 × 3 convolution, stride 1, as many channels out as in. */
function convolutionAt(name, width, image) {
  const [forward] = convolution(name, [batch, width, image, width, 3, 1, 1, 1]);
  return forward;
}

/** @type {readonly Sweep[]} */
export const sweeps = [
  {
    name: 'gemm',
    title: 'Square matrix product',
    along: 'rows = columns',
    unit: 'gflops',
    points: gemms.map((n) => ({ line: '', at: n, workload: gemm(n) })),
  },
  {
    name: 'conv-channels',
    title: `Convolution 3 × 3 forward, ${batch} images of ${imageForChannels} × ${imageForChannels}`,
    along: 'channels in = out',
    unit: 'gflops',
    points: channels.map((width) => ({
      line: '',
      at: width,
      workload: convolutionAt(`channels${width}`, width, imageForChannels),
    })),
  },
  {
    name: 'conv-image',
    title: `Convolution 3 × 3 forward, ${batch} images, ${channelsForImages} channels in and out`,
    along: 'height = width',
    unit: 'gflops',
    points: images.map((size) => ({
      line: '',
      at: size,
      workload: convolutionAt(`image${size}`, channelsForImages, size),
    })),
  },
  {
    name: 'bandwidth',
    title: 'Elementwise operations, called one at a time',
    along: 'bytes read and written',
    unit: 'bandwidth',
    points: elements
      .flatMap(elementwise)
      .map((workload) => ({ line: workload.name.split('-')[0], at: workload.bytes, workload })),
  },
];
