import { Conv2d, Linear, type Module } from '../nn';
import { assign } from '../ops/movement';
import { normal } from '../random';
import { filled, type Tensor } from '../tensor';

function set(target: Tensor, values: Tensor): void {
  assign(target, values);
  values.dispose();
}

/**
 * Normal weights of deviation √(2 / (kH · kW · out)) for convolutions (He et al. 2015, by fan-out), 0.01 for linear
 * layers unless left as they are, and biases of 0: without them deep networks of ReLUs do not start to learn.
 */
export function initializeForReLU(module: Module, linear = true): void {
  if (module instanceof Conv2d || (linear && module instanceof Linear)) {
    const { weight, bias } = module;
    const [out, height, width] = weight.shape as [number, number, number];
    const deviation = module instanceof Conv2d ? Math.sqrt(2 / (height * width * out)) : 0.01;
    set(weight, normal(weight.shape, 0, deviation, { device: weight.device }));
    if (bias) set(bias, filled(bias.shape, 0, 'float32', bias.deviceNumber));
  }
  for (const [, child] of module.children()) initializeForReLU(child, linear);
}
