// The networks that the training and inference workloads use.
import { shapes } from './shapes.mjs';

/**
 * @typedef {object} Network
 * @property {readonly number[]} shape of one input, without the batch
 * @property {number} classes
 * @property {number} rate the learning rate
 * @property {readonly number[]} train batches
 * @property {readonly number[]} infer batches
 * @property {number} [gpu] how many times as large a training batch is on a GPU
 * @property {number} parameters
 * @property {number} multiplyAdds of one input's forward pass
 * @property {number} firstMultiplyAdds of the first layer alone, whose input gradient nobody needs
 */

/** As `model.summary` counts them. */
const counts = {
  mlp: { parameters: 437_310, multiplyAdds: 436_600, firstMultiplyAdds: 313_600 },
  lenet5: { parameters: 61_706, multiplyAdds: 416_520, firstMultiplyAdds: 117_600 },
  alexnet: { parameters: 60_965_224, multiplyAdds: 724_406_816, firstMultiplyAdds: 105_415_200 },
  vgg16: { parameters: 138_357_544, multiplyAdds: 15_470_264_320, firstMultiplyAdds: 86_704_128 },
  resnet50: { parameters: 25_557_032, multiplyAdds: 4_089_184_256, firstMultiplyAdds: 118_013_952 },
  googlenet: { parameters: 6_624_904, multiplyAdds: 1_498_376_192, firstMultiplyAdds: 118_013_952 },
};

/** By their name in `hebb.models`. @type {Readonly<Record<string, Network>>} */
export const networks = Object.fromEntries(
  Object.entries(shapes.networks).map(([name, network]) => [name, { ...network, ...counts[name] }]),
);
