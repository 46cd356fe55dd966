// The networks that the training and inference workloads use.

/**
 * @typedef {object} Network
 * @property {readonly number[]} shape of one input, without the batch
 * @property {number} classes
 * @property {number} parameters
 * @property {number} multiplyAdds of one input's forward pass
 * @property {number} firstMultiplyAdds of the first layer alone, whose input gradient nobody needs
 */

/** By their name in `hebb.models`. @type {Readonly<Record<string, Network>>} */
export const networks = {
  mlp: {
    shape: [784],
    classes: 10,
    parameters: 437_310,
    multiplyAdds: 784 * 400 + 400 * 300 + 300 * 10,
    firstMultiplyAdds: 784 * 400,
  },
  lenet5: {
    shape: [28, 28, 1],
    classes: 10,
    parameters: 61_706,
    multiplyAdds: 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10,
    firstMultiplyAdds: 28 * 28 * 6 * 25,
  },
};
