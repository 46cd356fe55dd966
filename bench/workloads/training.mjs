// Whole training steps: gradients cleared, forward, softmax cross-entropy, backward, SGD with momentum 0.9 and weight
// decay 5e-4, through compile, the loss read. Inputs are on the device already.
import { labels, normal } from '../inputs.mjs';
import { networks } from './networks.mjs';
import { shapes } from './shapes.mjs';

/** @import { Workload } from './index.mjs' */

const STEPS_CHECKED = 3;
// Multiply-adds of a batch's forward pass from which on one step is checked: its loss, and its gradient as a whole.
const LARGE = 1e9;

/** @returns {Workload} */
function train(network, batch) {
  const { shape, classes, rate, multiplyAdds, firstMultiplyAdds } = networks[network];
  const large = batch * multiplyAdds > LARGE;
  const checkedCalls = large ? 1 : STEPS_CHECKED;
  return {
    name: `train-${network}-b${batch}`,
    kind: 'train',
    images: shape.length === 3,
    network,
    flop: 2 * batch * (3 * multiplyAdds - firstMultiplyAdds),
    checkedCalls,
    inputs: { images: normal(batch, ...shape), targets: labels(batch, classes) },
    prepare: ({ hebb, device }, { images, targets }) => {
      const model = hebb.models[network]().to(device);
      const optimizer = new hebb.optim.SGD(model.parameters(), { lr: rate, ...shapes.optimizer });
      const step = hebb.compile((x, y) => {
        optimizer.zeroGrad();
        const loss = hebb.nn.functional.crossEntropy(model.forward(x), y);
        loss.backward();
        optimizer.step();
        return loss;
      });
      return {
        call: async () => {
          const loss = step(images, targets);
          const value = await loss.item();
          loss.dispose();
          return value;
        },
        outputs: () => {
          const losses = Array.from({ length: checkedCalls }, () => step(images, targets));
          return large ? losses : [...losses, ...model.parameters().map((parameter) => parameter.detach())];
        },
        gradients: () => (large ? model.parameters().map(({ grad }) => grad.detach()) : []),
      };
    },
  };
}

/** @returns {Workload[]} */
export function training(onGpu) {
  return Object.entries(networks).flatMap(([name, { train: batches, gpu = 1 }]) =>
    batches.map((batch) => train(name, onGpu ? gpu * batch : batch)),
  );
}
