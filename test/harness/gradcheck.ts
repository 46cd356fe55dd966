// Gradients against finite differences, the quotients taken in double precision.
import { type Tensor, tensor } from '../../lib';
import { roundoff } from './compare';
import { reference } from './devices';
import { numbers } from './values';

export interface Input {
  values: Float32Array;
  shape: number[];
}

type Op = (inputs: Tensor[]) => Tensor;

const STEP = 2 ** -6;
const MOST_PROBES = 24;

function forward(op: Op, inputs: readonly Input[]): Float32Array {
  const tensors = inputs.map(({ values, shape }) => tensor(values, shape, { device: reference }));
  const y = op(tensors);
  const values = y.dataSync() as Float32Array;
  for (const used of [...tensors, y]) used.dispose();
  return values;
}

/** The gradients of sum(y · weights) with respect to each input, by the tape, on a device. */
export function gradients(op: Op, inputs: readonly Input[], weights: Float32Array, device: string): Float32Array[] {
  const tensors = inputs.map(({ values, shape }) => tensor(values, shape, { device, requiresGrad: true }));
  const y = op(tensors);
  y.backward(tensor(weights, y.shape, { device }));
  return tensors.map(({ grad }) => (grad as Tensor).dataSync() as Float32Array);
}

/** Weights for the outputs, so that a gradient that mixes them up is seen. */
export function outputWeights(op: Op, inputs: readonly Input[]): Float32Array {
  const next = numbers(99);
  return forward(op, inputs).map(() => Math.fround(next() * 2 - 1));
}

/**
 * Central differences with Richardson's extrapolation: (4 D(h/2) - D(h)) / 3, whose truncation error is of order h^4.
 * The rest is the rounding of the float32 outputs, `sumLength` roundings each, over h.
 */
export function checkGradients(op: Op, inputs: readonly Input[], sumLength: number, curvature = 1): void {
  const weights = outputWeights(op, inputs);
  const analytic = gradients(op, inputs, weights, reference);
  inputs.forEach((input, which) => {
    const stride = Math.max(1, Math.floor(input.values.length / MOST_PROBES));
    for (let index = 0; index < input.values.length; index += stride) {
      const at = input.values[index] as number;
      const probe = (offset: number): { plus: Float32Array; width: number } => {
        const values = input.values.slice();
        values[index] = at + offset;
        return {
          plus: forward(
            op,
            inputs.map((other, i) => (i === which ? { ...input, values } : other)),
          ),
          width: values[index] as number,
        };
      };
      let magnitude = 0;
      const difference = (h: number): number => {
        const [high, low] = [probe(h), probe(-h)];
        let sum = 0;
        magnitude = 0;
        weights.forEach((weight, j) => {
          const [up, down] = [high.plus[j] as number, low.plus[j] as number];
          sum += weight * (up - down);
          // An output that does not depend on the input has the same rounding in both.
          if (up !== down) magnitude += Math.abs(weight) * (Math.abs(up) + Math.abs(down));
        });
        return sum / (high.width - low.width);
      };
      const coarse = difference(STEP);
      const numeric = (4 * difference(STEP / 2) - coarse) / 3;
      const rounding = (3 * roundoff * (sumLength + 4) * magnitude) / (STEP / 2);
      const truncation = curvature * STEP ** 4 * Math.max(1, Math.abs(numeric));
      const got = analytic[which]?.[index] as number;
      const bound = rounding + truncation + 2 * roundoff * sumLength * Math.abs(numeric);
      if (!(Math.abs(got - numeric) <= bound)) {
        throw new Error(`input ${which}, element ${index}: the tape says ${got}, differences ${numeric} ± ${bound}`);
      }
    }
  });
}
