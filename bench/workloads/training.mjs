// Whole training steps: gradients cleared, forward, softmax cross-entropy, backward, SGD with momentum 0.9 and weight
// decay 5e-4, through compile, the loss read. Inputs are on the device already.
import { labels, normal } from '../inputs.mjs';
import { networks } from './networks.mjs';

/** @import { Workload } from './index.mjs' */

const STEPS_CHECKED = 3;

/** @returns {Workload} */
function train(network, batch) {
  const { shape, classes, multiplyAdds, firstMultiplyAdds } = networks[network];
  return {
    name: `train-${network}-b${batch}`,
    kind: 'train',
    images: shape.length === 3,
    flop: 2 * batch * (3 * multiplyAdds - firstMultiplyAdds),
    inputs: { images: normal(batch, ...shape), targets: labels(batch, classes) },
    prepare: ({ hebb, device }, { images, targets }) => {
      const model = hebb.models[network]().to(device);
      const optimizer = new hebb.optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9, weightDecay: 5e-4 });
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
          await loss.item();
          loss.dispose();
        },
        outputs: () => [
          ...Array.from({ length: STEPS_CHECKED }, () => step(images, targets)),
          ...model.parameters().map((parameter) => parameter.detach()),
        ],
      };
    },
  };
}

/** @type {Workload[]} */
export const training = [train('mlp', 128), train('lenet5', 64)];
