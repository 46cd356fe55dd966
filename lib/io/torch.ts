// PyTorch's state dicts.

import { noGrad } from '../autograd';
import { InputError } from '../errors';
import { BatchNorm2d, Conv2d, Linear, type Module, type StateDict } from '../nn';
import { reshape, transpose } from '../ops/movement';
import type { Tensor } from '../tensor';

const OIHW_TO_OHWI = [0, 2, 3, 1];

/** PyTorch's name of a tensor, where it is not ours. */
const NAMES: Readonly<Record<string, string>> = { runningMean: 'running_mean', runningVariance: 'running_var' };

/** [out, C H W] to [out, H W C]. */
function fromChannelsFirst(weight: Tensor, [height, width, channels]: readonly [number, number, number]): Tensor {
  const images = reshape(weight, [weight.shape[0] as number, channels, height, width]);
  const reordered = transpose(images, OIHW_TO_OHWI);
  const result = reshape(reordered, weight.shape);
  images.dispose();
  reordered.dispose();
  return result;
}

function translated(module: Module, field: string, source: Tensor): Tensor {
  if (field === 'weight' && module instanceof Conv2d && source.shape.length === 4)
    return transpose(source, OIHW_TO_OHWI);
  if (field === 'weight' && module instanceof Linear && module.image && source.shape[1] === module.inFeatures) {
    return fromChannelsFirst(source, module.image);
  }
  return source.detach();
}

/**
 * A state dict of PyTorch's, for `model.loadStateDict`: names as torchvision's networks have them (running_mean and
 * running_var become ours; the count of batches is left out), convolution weights from [out, in, H, W] to ours, and the
 * columns of a linear layer behind an image from C H W order to H W C. The tensors given stay as they are.
 *
 * @throws InputError naming the first tensor that is missing, or those that the model has no place for.
 */
export function fromTorch(model: Module, state: Readonly<StateDict>): StateDict {
  const result: StateDict = {};
  const left = new Set(Object.keys(state));
  const visit = (module: Module, prefix: string): void => {
    const children = module.children();
    for (const [name] of module.namedTensors()) {
      if (children.some(([child]) => name.startsWith(`${child}.`))) continue;
      const theirs = prefix + (module instanceof BatchNorm2d ? (NAMES[name] ?? name) : name);
      const source = state[theirs];
      if (!source) throw new InputError(`Expected '${theirs}' in a PyTorch state dict of this model but it is missing`);
      left.delete(theirs);
      result[prefix + name] = translated(module, name, source);
    }
    for (const [name, child] of children) visit(child, `${prefix}${name}.`);
  };
  noGrad(() => visit(model, ''));
  const unexpected = [...left].filter((name) => !/(^|\.)num_batches_tracked$/.test(name));
  if (unexpected.length > 0) {
    throw new InputError(
      `Expected a PyTorch state dict of this model but received one with '${unexpected[0]}'${unexpected.length > 1 ? ` and ${unexpected.length - 1} more` : ''}`,
    );
  }
  return result;
}
