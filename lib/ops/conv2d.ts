// Two-dimensional convolution.
import { record } from '../autograd';
import { run } from '../kernel';
import { empty, emptyLike, type Tensor } from '../tensor';
import { type Activation, activationNumber, throughActivation } from './activation';
import { type ConvolutionOptions, convolution } from './convolution';
import { sumTo } from './reduce';

export interface Conv2dOptions extends ConvolutionOptions {
  /** Applied after the bias. Default: 'none'. */
  activation?: Activation;
}

/**
 * x [N, H, W, in] with weight [out, kH, kW, in / groups] and bias [out] gives [N, OH, OW, out], where
 * OH = floor((H + 2 padding - dilation (kH - 1) - 1) / stride) + 1. It is a cross-correlation, as everywhere in the field.
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv2dOptions = {}): Tensor {
  const { activation = 'none' } = options;
  const { shape, geometry } = convolution(x, weight, options);
  const y = empty(shape, 'float32', x.deviceNumber);
  run('conv2d', x, weight, null, bias, null, y, geometry, activationNumber(activation));
  const inputs = bias ? [x, weight, bias] : [x, weight];
  return record('conv2d', y, inputs, (grad, needs) =>
    throughActivation(activation, grad, y, (dy) => {
      const dx = needs[0] ? emptyLike(x) : null;
      if (dx) run('conv2d_input_gradient', dy, weight, dx, geometry);
      const dweight = needs[1] ? emptyLike(weight) : null;
      if (dweight) run('conv2d_weight_gradient', dy, x, dweight, geometry);
      return [dx, dweight, needs[2] && bias ? sumTo(dy, bias.shape) : null];
    }),
  );
}
