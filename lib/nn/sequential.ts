import { handOver } from '../autograd';
import type { Tensor } from '../tensor';
import { ReLU } from './activations';
import { BatchNorm2d } from './batchNorm2d';
import { Conv2d } from './conv2d';
import { Linear } from './linear';
import { Module } from './module';
import { normalizedConv2d } from './normalized';

/**
 * Modules one after the other, named by their place. A linear, convolution or batch norm followed by a ReLU runs as one, and so does
 * in evaluation, without gradients, a convolution followed by a batch norm.
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
      const [next, used] = step(current, this.#layers.slice(index, index + 3));
      index += used;
      if (current !== x) handOver(current, next);
      current = next;
    }
    return current;
  }
}

/** The first layer's output, with as many of the others as run with it, and how many that are. */
function step(x: Tensor, [layer, second, third]: readonly Module[]): [Tensor, number] {
  // Classes that extend these may have a forward of their own.
  if (layer?.constructor === Conv2d && second?.constructor === BatchNorm2d) {
    const rectified = third instanceof ReLU;
    const y = normalizedConv2d(x, layer as Conv2d, second as BatchNorm2d, rectified ? 'relu' : 'none');
    return [y, rectified ? 3 : 2];
  }
  if (fusible(layer) && second instanceof ReLU) return [layer.forwardActivated(x, 'relu'), 2];
  return [(layer as Module).forward(x), 1];
}

function fusible(layer: Module | undefined): layer is Linear | Conv2d | BatchNorm2d {
  return layer instanceof Linear || layer instanceof Conv2d || layer instanceof BatchNorm2d;
}
