import { Conv2d, Dropout, Flatten, Linear, LocalResponseNorm, MaxPool2d, ReLU, Sequential } from '../nn';
import type { ImageNetworkOptions } from './options';

/**
 * AlexNet (Krizhevsky et al. 2012), with the paper's response normalisation, two groups and overlapping pooling: images
 * [N, 224, 224, 3] to logits [N, 1000], 60,965,224 parameters.
 */
export function alexnet({ classes = 1000, dropout = 0.5 }: ImageNetworkOptions = {}): Sequential {
  const responseNorm = () => new LocalResponseNorm(5, { alpha: 1e-4, beta: 0.75, k: 2 });
  return new Sequential(
    new Conv2d(3, 96, 11, { stride: 4, padding: 2 }),
    new ReLU(),
    responseNorm(),
    new MaxPool2d(3, { stride: 2 }),
    new Conv2d(96, 256, 5, { padding: 2, groups: 2 }),
    new ReLU(),
    responseNorm(),
    new MaxPool2d(3, { stride: 2 }),
    new Conv2d(256, 384, 3, { padding: 1 }),
    new ReLU(),
    new Conv2d(384, 384, 3, { padding: 1, groups: 2 }),
    new ReLU(),
    new Conv2d(384, 256, 3, { padding: 1, groups: 2 }),
    new ReLU(),
    new MaxPool2d(3, { stride: 2 }),
    new Flatten(),
    new Dropout(dropout),
    new Linear(9216, 4096, { image: [6, 6, 256] }),
    new ReLU(),
    new Dropout(dropout),
    new Linear(4096, 4096),
    new ReLU(),
    new Linear(4096, classes),
  );
}
