import { Linear, ReLU, Sequential } from '../nn';
import { reshape } from '../ops/movement';
import type { Tensor } from '../tensor';

class Mlp extends Sequential {
  override forward(x: Tensor): Tensor {
    return super.forward(x.shape.length === 2 ? x : reshape(x, [x.shape[0] as number, -1]));
  }
}

/** A 784-400-300-10 digit classifier: images [N, 28, 28, 1] or [N, 784] to logits [N, 10], 437,310 parameters. */
export function mlp(): Sequential {
  return new Mlp(new Linear(784, 400), new ReLU(), new Linear(400, 300), new ReLU(), new Linear(300, 10));
}
