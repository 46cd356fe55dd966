import { handOver } from '../autograd';
import type { Tensor } from '../tensor';
import { ReLU } from './activations';
import { BatchNorm2d } from './batchNorm2d';
import { Conv2d } from './conv2d';
import { Linear } from './linear';
import { Module } from './module';

/** Modules one after the other, named by their place. A linear, convolution or batch norm followed by a ReLU runs as one. */
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
    for (let index = 0; index < this.#layers.length; index++) {
      const layer = this.#layers[index] as Module;
      const fused = fusible(layer) && this.#layers[index + 1] instanceof ReLU;
      const next = fused ? layer.forwardActivated(current, 'relu') : layer.forward(current);
      if (fused) index++;
      if (current !== x) handOver(current, next);
      current = next;
    }
    return current;
  }
}

function fusible(layer: Module): layer is Linear | Conv2d | BatchNorm2d {
  return layer instanceof Linear || layer instanceof Conv2d || layer instanceof BatchNorm2d;
}
