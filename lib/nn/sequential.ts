import { handOver } from '../autograd';
import type { Activation } from '../ops/activation';
import type { Tensor } from '../tensor';
import { ReLU } from './activations';
import { BatchNorm2d } from './batchNorm2d';
import { Conv2d } from './conv2d';
import { Linear } from './linear';
import { Module } from './module';
import { normalizedConv2d } from './normalized';
import { MaxPool2d } from './pool2d';

/**
 * Modules one after the other, named by their place. A linear, convolution or batch norm followed by a ReLU runs as one,
 * and so does in evaluation, without gradients, a convolution followed by a batch norm. A ReLU between one of these and a
 * max-pooling runs with the pooling.
 */
export class Sequential extends Module {
  readonly #layers: readonly Module[];

  constructor(...layers: Module[]) {
    super();
    this.#layers = layers;
  }

  get layers(): readonly Module[] {
    return this.#layers;
  }

  override children(): [string, Module][] {
    return this.#layers.map((layer, index) => [String(index), layer]);
  }

  forward(x: Tensor): Tensor {
    let current = x;
    for (let index = 0; index < this.#layers.length; ) {
      const [next, used] = step(current, this.#layers.slice(index, index + 4));
      index += used;
      if (current !== x) handOver(current, next);
      current = next;
    }
    return current;
  }
}

/** The first layer's output, with as many of the others as run with it, and how many that are. */
function step(x: Tensor, layers: readonly Module[]): [Tensor, number] {
  const [layer, second] = layers as [Module, ...Module[]];
  // Classes that extend these may have a forward of their own.
  const normalized = layer.constructor === Conv2d && second?.constructor === BatchNorm2d;
  const forward = (activation: Activation) =>
    normalized
      ? normalizedConv2d(x, layer as Conv2d, second as BatchNorm2d, activation)
      : fusible(layer) && activation !== 'none'
        ? layer.forwardActivated(x, activation)
        : layer.forward(x);
  const used = normalized ? 2 : 1;
  if (!(normalized || fusible(layer)) || !(layers[used] instanceof ReLU)) return [forward('none'), used];
  const pool = layers[used + 1];
  if (pool?.constructor !== MaxPool2d) return [forward('relu'), used + 1];
  // The largest of a window, then its ReLU: the same, but for ReLU's gradient, which has fewer values to pass through.
  const sums = forward('none');
  const y = (pool as MaxPool2d).forwardActivated(sums, 'relu');
  handOver(sums, y);
  return [y, used + 2];
}

function fusible(layer: Module): layer is Linear | Conv2d | BatchNorm2d {
  return layer.constructor === Linear || layer.constructor === Conv2d || layer.constructor === BatchNorm2d;
}
