// One forward pass in evaluation mode, through compile, the result read.
import { normal } from '../inputs.mjs';
import { networks } from './networks.mjs';

/** @import { Workload } from './index.mjs' */

const FLOAT = 4;

/** @returns {Workload} */
function infer(network, batch) {
  const { shape, classes, parameters, multiplyAdds } = networks[network];
  const images = normal(batch, ...shape);
  return {
    name: `infer-${network}-b${batch}`,
    kind: 'infer',
    images: shape.length === 3,
    network,
    flop: 2 * batch * multiplyAdds,
    bytes: FLOAT * (images.size + parameters + batch * classes),
    inputs: { images },
    prepare: ({ hebb, device }, inputs) => {
      const model = hebb.models[network]().to(device).eval();
      const forward = hebb.compile((x) => hebb.noGrad(() => model.forward(x)));
      return {
        call: async () => {
          const y = forward(inputs.images);
          await y.data();
          y.dispose();
        },
        outputs: () => [forward(inputs.images)],
      };
    },
  };
}

/** @type {Workload[]} */
export const inference = Object.entries(networks).flatMap(([name, { infer: batches }]) =>
  batches.map((batch) => infer(name, batch)),
);
