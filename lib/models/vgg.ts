import { AdaptiveAvgPool2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential } from '../nn';
import type { Tensor } from '../tensor';
import { chain } from './chain';
import { initializeForReLU } from './init';
import type { ImageNetworkOptions } from './options';

const POOL = 'pool';
/** Configuration D of the paper: channels of the 3 by 3 convolutions. */
const VGG16 = [64, 64, POOL, 128, 128, POOL, 256, 256, 256, POOL, 512, 512, 512, POOL, 512, 512, 512, POOL] as const;

class Vgg extends Module {
  readonly features: Sequential;
  readonly avgpool = new AdaptiveAvgPool2d(7);
  readonly classifier: Sequential;

  constructor(plan: readonly (number | typeof POOL)[], { classes = 1000, dropout = 0.5 }: ImageNetworkOptions) {
    super();
    let channels = 3;
    const layers = plan.flatMap((item): Module[] => {
      if (item === POOL) return [new MaxPool2d(2)];
      const conv = new Conv2d(channels, item, 3, { padding: 1 });
      channels = item;
      return [conv, new ReLU()];
    });
    this.features = new Sequential(...layers);
    this.classifier = new Sequential(
      new Linear(channels * 49, 4096, { image: [7, 7, channels] }),
      new ReLU(),
      new Dropout(dropout),
      new Linear(4096, 4096),
      new ReLU(),
      new Dropout(dropout),
      new Linear(4096, classes),
    );
    initializeForReLU(this);
  }

  readonly #flatten = new Flatten();

  forward(x: Tensor): Tensor {
    return chain(
      x,
      (y) => this.features.forward(y),
      (y) => this.avgpool.forward(y),
      (y) => this.#flatten.forward(y),
      (y) => this.classifier.forward(y),
    );
  }
}

/** VGG-16 (Simonyan and Zisserman 2014): images [N, 224, 224, 3] to logits [N, 1000], 138,357,544 parameters. */
export function vgg16(options: ImageNetworkOptions = {}): Module {
  return new Vgg(VGG16, options);
}
