import { handOver } from '../autograd';
import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv2d,
  Flatten,
  Linear,
  MaxPool2d,
  Module,
  normalizedConv2d,
  Sequential,
} from '../nn';
import type { Tensor } from '../tensor';
import { chain } from './chain';
import { initializeForReLU } from './init';
import type { ImageNetworkOptions } from './options';
import { inSlices, stemBytes } from './slices';

/** The convolution that fits x to a block's output where the shapes differ. */
function projection(inChannels: number, outChannels: number, stride: number): Sequential | null {
  if (stride === 1 && inChannels === outChannels) return null;
  return new Sequential(new Conv2d(inChannels, outChannels, 1, { stride, bias: false }), new BatchNorm2d(outChannels));
}

/** The block of x, given what is added to its branch: x, or x through the projection. */
function withShortcut(x: Tensor, projection: Module | null, block: (shortcut: Tensor) => Tensor): Tensor {
  const shortcut = projection ? projection.forward(x) : x;
  const y = block(shortcut);
  if (shortcut !== x) handOver(shortcut, y);
  return y;
}

/** Two 3 by 3 convolutions around which x is added. */
class BasicBlock extends Module {
  static readonly expansion = 1;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly downsample: Sequential | null;

  constructor(inChannels: number, channels: number, stride: number) {
    super();
    this.conv1 = new Conv2d(inChannels, channels, 3, { stride, padding: 1, bias: false });
    this.bn1 = new BatchNorm2d(channels);
    this.conv2 = new Conv2d(channels, channels, 3, { padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(channels);
    this.downsample = projection(inChannels, channels, stride);
  }

  forward(x: Tensor): Tensor {
    return withShortcut(x, this.downsample, (shortcut) =>
      chain(
        x,
        (y) => normalizedConv2d(y, this.conv1, this.bn1, 'relu'),
        (y) => normalizedConv2d(y, this.conv2, this.bn2, 'relu', shortcut),
      ),
    );
  }
}

/** 1 by 1, 3 by 3 and 1 by 1 convolutions; the stride is in the second, as in PyTorch's version 1.5. */
class Bottleneck extends Module {
  static readonly expansion = 4;
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm2d;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm2d;
  readonly downsample: Sequential | null;

  constructor(inChannels: number, channels: number, stride: number) {
    super();
    const outChannels = channels * Bottleneck.expansion;
    this.conv1 = new Conv2d(inChannels, channels, 1, { bias: false });
    this.bn1 = new BatchNorm2d(channels);
    this.conv2 = new Conv2d(channels, channels, 3, { stride, padding: 1, bias: false });
    this.bn2 = new BatchNorm2d(channels);
    this.conv3 = new Conv2d(channels, outChannels, 1, { bias: false });
    this.bn3 = new BatchNorm2d(outChannels);
    this.downsample = projection(inChannels, outChannels, stride);
  }

  forward(x: Tensor): Tensor {
    return withShortcut(x, this.downsample, (shortcut) =>
      chain(
        x,
        (y) => normalizedConv2d(y, this.conv1, this.bn1, 'relu'),
        (y) => normalizedConv2d(y, this.conv2, this.bn2, 'relu'),
        (y) => normalizedConv2d(y, this.conv3, this.bn3, 'relu', shortcut),
      ),
    );
  }
}

type Counts = readonly [number, number, number, number];

class ResNet extends Module {
  readonly conv1 = new Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false });
  readonly bn1 = new BatchNorm2d(64);
  readonly maxpool = new MaxPool2d(3, { stride: 2, padding: 1 });
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly avgpool = new AdaptiveAvgPool2d(1);
  readonly fc: Linear;
  readonly #flatten = new Flatten();

  constructor(Block: typeof BasicBlock | typeof Bottleneck, counts: Counts, { classes = 1000 }: ResNetOptions) {
    super();
    let inChannels = 64;
    const stage = (count: number, channels: number, stride: number): Sequential => {
      const blocks = Array.from({ length: count }, (_, index) => {
        const block = new Block(inChannels, channels, index === 0 ? stride : 1);
        inChannels = channels * Block.expansion;
        return block;
      });
      return new Sequential(...blocks);
    };
    this.layer1 = stage(counts[0], 64, 1);
    this.layer2 = stage(counts[1], 128, 2);
    this.layer3 = stage(counts[2], 256, 2);
    this.layer4 = stage(counts[3], 512, 2);
    this.fc = new Linear(inChannels, classes);
    initializeForReLU(this, false);
  }

  forward(x: Tensor): Tensor {
    // The last stage reads more weights than activations: those of all images at once.
    return chain(
      x,
      (all) =>
        inSlices(this, all, stemBytes(all, 64), (images) =>
          chain(
            images,
            (y) => normalizedConv2d(y, this.conv1, this.bn1),
            (y) => this.maxpool.forwardActivated(y, 'relu'),
            (y) => this.layer1.forward(y),
            (y) => this.layer2.forward(y),
            (y) => this.layer3.forward(y),
          ),
        ),
      (y) => this.layer4.forward(y),
      (y) => this.avgpool.forward(y),
      (y) => this.#flatten.forward(y),
      (y) => this.fc.forward(y),
    );
  }
}

export type ResNetOptions = Omit<ImageNetworkOptions, 'dropout'>;

// Residual networks (He et al. 2015): images [N, 224, 224, 3], or of another size from 32 on, to logits [N, 1000].

/** ResNet-18: 11,689,512 parameters. */
export function resnet18(options: ResNetOptions = {}): Module {
  return new ResNet(BasicBlock, [2, 2, 2, 2], options);
}
/** ResNet-34: 21,797,672 parameters. */
export function resnet34(options: ResNetOptions = {}): Module {
  return new ResNet(BasicBlock, [3, 4, 6, 3], options);
}
/** ResNet-50: 25,557,032 parameters. */
export function resnet50(options: ResNetOptions = {}): Module {
  return new ResNet(Bottleneck, [3, 4, 6, 3], options);
}
/** ResNet-101: 44,549,160 parameters. */
export function resnet101(options: ResNetOptions = {}): Module {
  return new ResNet(Bottleneck, [3, 4, 23, 3], options);
}
/** ResNet-152: 60,192,808 parameters. */
export function resnet152(options: ResNetOptions = {}): Module {
  return new ResNet(Bottleneck, [3, 8, 36, 3], options);
}
