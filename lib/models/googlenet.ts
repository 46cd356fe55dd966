import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv2d,
  type Conv2dLayerOptions,
  Dropout,
  Flatten,
  Linear,
  MaxPool2d,
  Module,
  normalizedConv2d,
  Sequential,
} from '../nn';
import type { Activation } from '../ops/activation';
import type { Tensor } from '../tensor';
import { chain, depthConcat } from './chain';
import type { ImageNetworkOptions } from './options';
import { inSlices, stemBytes } from './slices';

class BasicConv2d extends Module {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv2dLayerOptions = {}) {
    super();
    this.conv = new Conv2d(inChannels, outChannels, kernelSize, { ...options, bias: false });
    this.bn = new BatchNorm2d(outChannels, { eps: 0.001 });
  }

  forward(x: Tensor): Tensor {
    return this.forwardActivated(x, 'relu');
  }

  forwardActivated(x: Tensor, activation: Activation): Tensor {
    return normalizedConv2d(x, this.conv, this.bn, activation);
  }
}

/** Channels of an inception: its input; 1x1; 3x3 behind its reduction; 5x5 behind its reduction; behind the pooling. */
type Widths = readonly [number, number, number, number, number, number, number];

class Inception extends Module {
  readonly branch1: BasicConv2d;
  readonly branch2: Sequential;
  readonly branch3: Sequential;
  readonly branch4: Sequential;

  constructor(...[input, one, reduce3, three, reduce5, five, pooled]: Widths) {
    super();
    this.branch1 = new BasicConv2d(input, one, 1);
    this.branch2 = new Sequential(
      new BasicConv2d(input, reduce3, 1),
      new BasicConv2d(reduce3, three, 3, { padding: 1 }),
    );
    // 3 by 3 where the paper has 5 by 5: torchvision's network, and so its weights.
    this.branch3 = new Sequential(
      new BasicConv2d(input, reduce5, 1),
      new BasicConv2d(reduce5, five, 3, { padding: 1 }),
    );
    this.branch4 = new Sequential(new MaxPool2d(3, { stride: 1, padding: 1 }), new BasicConv2d(input, pooled, 1));
  }

  forward(x: Tensor): Tensor {
    return depthConcat([this.branch1, this.branch2, this.branch3, this.branch4].map((branch) => branch.forward(x)));
  }
}

/** A classifier half-way up, whose loss helps the layers below it to learn. */
class AuxiliaryHead extends Module {
  readonly conv: BasicConv2d;
  readonly fc1 = new Linear(2048, 1024, { image: [4, 4, 128] });
  readonly fc2: Linear;
  readonly #pool = new AdaptiveAvgPool2d(4);
  readonly #flatten = new Flatten();
  readonly dropout: Dropout;

  constructor(inChannels: number, classes: number, dropout: number) {
    super();
    this.conv = new BasicConv2d(inChannels, 128, 1);
    this.fc2 = new Linear(1024, classes);
    this.dropout = new Dropout(dropout);
  }

  forward(x: Tensor): Tensor {
    return chain(
      x,
      (y) => this.#pool.forward(y),
      (y) => this.conv.forward(y),
      (y) => this.#flatten.forward(y),
      (y) => this.fc1.forwardActivated(y, 'relu'),
      (y) => this.dropout.forward(y),
      (y) => this.fc2.forward(y),
    );
  }
}

export interface GoogLeNetOptions extends ImageNetworkOptions {
  /** Whether there are auxiliary heads. Default: false. */
  auxiliary?: boolean;
  /** The probability of the auxiliary heads' dropout. Default: 0.7. */
  auxiliaryDropout?: number;
}

/** Pooling that also takes a window reaching over the edge. */
const pool = (size: number) => new MaxPool2d(size, { stride: 2, ceilMode: true });

export class GoogLeNet extends Module {
  readonly conv1 = new BasicConv2d(3, 64, 7, { stride: 2, padding: 3 });
  readonly maxpool1 = pool(3);
  readonly conv2 = new BasicConv2d(64, 64, 1);
  readonly conv3 = new BasicConv2d(64, 192, 3, { padding: 1 });
  readonly maxpool2 = pool(3);
  readonly inception3a = new Inception(192, 64, 96, 128, 16, 32, 32);
  readonly inception3b = new Inception(256, 128, 128, 192, 32, 96, 64);
  readonly maxpool3 = pool(3);
  readonly inception4a = new Inception(480, 192, 96, 208, 16, 48, 64);
  readonly inception4b = new Inception(512, 160, 112, 224, 24, 64, 64);
  readonly inception4c = new Inception(512, 128, 128, 256, 24, 64, 64);
  readonly inception4d = new Inception(512, 112, 144, 288, 32, 64, 64);
  readonly inception4e = new Inception(528, 256, 160, 320, 32, 128, 128);
  readonly maxpool4 = pool(2);
  readonly inception5a = new Inception(832, 256, 160, 320, 32, 128, 128);
  readonly inception5b = new Inception(832, 384, 192, 384, 48, 128, 128);
  readonly aux1: AuxiliaryHead | null;
  readonly aux2: AuxiliaryHead | null;
  readonly avgpool = new AdaptiveAvgPool2d(1);
  readonly dropout: Dropout;
  readonly fc: Linear;
  readonly #flatten = new Flatten();

  constructor({ classes = 1000, dropout = 0.2, auxiliary = false, auxiliaryDropout = 0.7 }: GoogLeNetOptions = {}) {
    super();
    this.aux1 = auxiliary ? new AuxiliaryHead(512, classes, auxiliaryDropout) : null;
    this.aux2 = auxiliary ? new AuxiliaryHead(528, classes, auxiliaryDropout) : null;
    this.dropout = new Dropout(dropout);
    this.fc = new Linear(1024, classes);
  }

  forward(x: Tensor): Tensor {
    return inSlices(this, x, stemBytes(x, 64), (images) => this.#run(images, () => {}));
  }

  /** The logits, and those of the auxiliary heads, lower first: none where the network was made without. */
  forwardWithAuxiliary(x: Tensor): { logits: Tensor; auxiliary: Tensor[] } {
    const auxiliary: Tensor[] = [];
    const logits = this.#run(x, (head, y) => {
      if (head) auxiliary.push(head.forward(y));
    });
    return { logits, auxiliary };
  }

  #run(x: Tensor, visit: (head: AuxiliaryHead | null, y: Tensor) => void): Tensor {
    const through = (layers: readonly Module[]) => layers.map((layer) => (y: Tensor) => layer.forward(y));
    const withHead = (layer: Module, head: AuxiliaryHead | null) => (y: Tensor) => {
      const next = layer.forward(y);
      visit(head, next);
      return next;
    };
    return chain(
      x,
      (y) => this.conv1.forwardActivated(y, 'none'),
      (y) => this.maxpool1.forwardActivated(y, 'relu'),
      (y) => this.conv2.forward(y),
      (y) => this.conv3.forwardActivated(y, 'none'),
      (y) => this.maxpool2.forwardActivated(y, 'relu'),
      ...through([this.inception3a, this.inception3b, this.maxpool3]),
      withHead(this.inception4a, this.aux1),
      ...through([this.inception4b, this.inception4c]),
      withHead(this.inception4d, this.aux2),
      ...through([this.inception4e, this.maxpool4, this.inception5a, this.inception5b]),
      ...through([this.avgpool, this.#flatten, this.dropout, this.fc]),
    );
  }
}

/**
 * GoogLeNet (Szegedy et al. 2014) with batch normalisation, as torchvision builds it: images [N, 224, 224, 3] to logits
 * [N, 1000], 6,624,904 parameters; with its auxiliary heads 13,004,888.
 */
export function googlenet(options: GoogLeNetOptions = {}): GoogLeNet {
  return new GoogLeNet(options);
}
