import type { Activation } from '../ops/activation';
import { linear } from '../ops/linear';
import type { Shape, Tensor } from '../tensor';
import { uniformParameter } from './init';
import { Module } from './module';

export interface LinearOptions {
  /** Default: true. */
  bias?: boolean;
  /** [H, W, C] where the inputs are a flattened image: weights from libraries that flatten it C first are then translated. */
  image?: readonly [number, number, number];
}

/** x [N, in] · weightᵀ + bias: weight [out, in], bias [out]. */
export class Linear extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly image: readonly [number, number, number] | null;

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    { bias = true, image }: LinearOptions = {},
  ) {
    super();
    this.image = image ?? null;
    this.weight = uniformParameter([outFeatures, inFeatures], inFeatures);
    this.bias = bias ? uniformParameter([outFeatures], inFeatures) : null;
  }

  forward(x: Tensor): Tensor {
    return this.forwardActivated(x, 'none');
  }

  /** With the activation fused into the product's epilogue. */
  forwardActivated(x: Tensor, activation: Activation): Tensor {
    return linear(x, this.weight, this.bias, activation);
  }

  override multiplyAdds(outputShape: Shape): number {
    return outputShape.reduce((size, extent) => size * extent, this.inFeatures);
  }
}
