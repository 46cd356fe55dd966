// One case per op and form. It drives the forward comparison on every device and the gradient checks.
import { nn, ops, type Tensor, tensor } from '../../lib';

export interface Case {
  name: string;
  shapes: number[][];
  op: (inputs: Tensor[]) => Tensor;
  /** Terms summed for one output: the bound on floats is a multiple of it. Default: 1. */
  sum?: number;
  /** Terms summed for one gradient element. Default: as sum. */
  gradientSum?: number;
  /** Roundings of one term; transcendental functions have several. Default: 4. */
  units?: number;
  /** 'apart': no element of one input is near one of another, for functions with a kink where they are equal. */
  domain?: 'positive' | 'apart';
  /** Bound on the fifth derivative for the finite differences. Default: 1. */
  curvature?: number;
  /** Integer inputs give results that are not exact. */
  inexact?: boolean;
  differentiable?: false;
  /** It multiplies matrices or convolves: precision decides how it rounds. */
  products?: boolean;
}

const a = (inputs: Tensor[]) => inputs[0] as Tensor;
const b = (inputs: Tensor[]) => inputs[1] as Tensor;

const unary: Case[] = (
  [
    ['neg', ops.neg, {}],
    ['abs', ops.abs, {}],
    ['affine', (x: Tensor) => ops.affine(x, 2, -3), {}],
    ['relu', ops.relu, {}],
    ['leakyRelu', (x: Tensor) => ops.leakyRelu(x, 0.25), {}],
    ['exp', ops.exp, { inexact: true, units: 8, curvature: 100 }],
    ['log', ops.log, { inexact: true, units: 8, domain: 'positive', curvature: 1e6 }],
    ['sqrt', ops.sqrt, { inexact: true, domain: 'positive', curvature: 1e5 }],
    ['sin', ops.sin, { inexact: true, units: 16, curvature: 10 }],
    ['cos', ops.cos, { inexact: true, units: 16, curvature: 10 }],
    ['sigmoid', ops.sigmoid, { inexact: true, units: 16, curvature: 10 }],
    ['tanh', ops.tanh, { inexact: true, units: 16, curvature: 100 }],
    ['elu', (x: Tensor) => ops.elu(x, 0.5), { inexact: true, units: 16, curvature: 10 }],
    ['pow 3', (x: Tensor) => ops.pow(x, 3), { inexact: true, units: 16, curvature: 10 }],
    ['pow 0.5', (x: Tensor) => ops.pow(x, 0.5), { inexact: true, units: 16, domain: 'positive', curvature: 1e5 }],
  ] as [string, (x: Tensor) => Tensor, Partial<Case>][]
).map(([name, op, more]) => ({ name, shapes: [[3, 37]], op: ([x]) => op(x as Tensor), ...more }));

const binary: Case[] = (
  [
    ['add', ops.add, {}],
    ['sub', ops.sub, {}],
    ['mul', ops.mul, {}],
    ['div', ops.div, { inexact: true, domain: 'positive', curvature: 1e6 }],
    ['pow', ops.pow, { inexact: true, units: 64, domain: 'positive', curvature: 1e5 }],
    ['maximum', ops.maximum, { domain: 'apart' }],
    ['minimum', ops.minimum, { domain: 'apart' }],
  ] as [string, (x: Tensor, y: Tensor) => Tensor, Partial<Case>][]
).flatMap(([name, op, more]) =>
  [
    [
      [5, 19],
      [5, 19],
    ],
    [[4, 3, 17], [17]],
    [
      [2, 5, 3],
      [5, 1],
    ],
    [
      [7, 1],
      [1, 9],
    ],
    [[6], []],
    [
      [1, 4, 1, 3],
      [2, 1, 5, 1],
    ],
  ].map((shapes) => ({
    name: `${name} ${JSON.stringify(shapes)}`,
    shapes,
    op: ([x, y]: Tensor[]) => op(x as Tensor, y as Tensor),
    gradientSum: 40,
    ...more,
  })),
);

const comparisons: Case[] = [ops.equal, ops.greater, ops.greaterEqual].map((op) => ({
  name: op.name,
  shapes: [[5, 7], [7]],
  op: ([x, y]) => op(x as Tensor, y as Tensor),
  differentiable: false,
}));

const reductions: Case[] = [
  [undefined, [3, 5, 7]],
  [0, [65, 19]],
  [-1, [5, 70]],
  [
    [0, 2],
    [6, 5, 9],
  ],
  [[1], [4, 6, 5]],
  [
    [0, 1, 2],
    [3, 4, 5, 6],
  ],
].flatMap(([axes, shape]) => {
  const length = (shape as number[]).reduce((size, extent) => size * extent, 1);
  const common = { shapes: [shape as number[]], sum: length };
  const list = axes as number[] | undefined;
  const label = JSON.stringify(list ?? 'all');
  return [
    { name: `sum ${label}`, op: (x: Tensor[]) => ops.sum(a(x), list), ...common },
    { name: `mean ${label}`, op: (x: Tensor[]) => ops.mean(a(x), list, { keepDims: true }), inexact: true, ...common },
    { name: `max ${label}`, op: (x: Tensor[]) => ops.max(a(x), list), ...common },
    { name: `min ${label}`, op: (x: Tensor[]) => ops.min(a(x), list, { keepDims: true }), ...common },
  ];
});

const matrices: Case[] = [
  ...[false, true].flatMap((transposeA) =>
    [false, true].map(
      (transposeB): Case => ({
        name: `matmul ${transposeA} ${transposeB}`,
        shapes: [transposeA ? [37, 5] : [5, 37], transposeB ? [11, 37] : [37, 11]],
        op: (x) => ops.matmul(a(x), b(x), { transposeA, transposeB }),
        sum: 37,
      }),
    ),
  ),
  {
    name: 'matmul batched',
    shapes: [
      [3, 4, 6],
      [3, 6, 5],
    ],
    op: (x) => ops.matmul(a(x), b(x)),
    sum: 6,
  },
  {
    name: 'matmul batch with matrix',
    shapes: [
      [3, 4, 6],
      [6, 5],
    ],
    op: (x) => ops.matmul(a(x), b(x)),
    sum: 6,
    gradientSum: 12,
  },
  {
    name: 'matmul matrix with batch',
    shapes: [
      [4, 6],
      [3, 5, 6],
    ],
    op: (x) => ops.matmul(a(x), b(x), { transposeB: true }),
    sum: 6,
    gradientSum: 15,
  },
  {
    name: 'linear',
    shapes: [[9, 23], [7, 23], [7]],
    op: ([x, w, bias]) => ops.linear(x as Tensor, w as Tensor, bias),
    sum: 24,
  },
  {
    name: 'linear without bias',
    shapes: [
      [1, 23],
      [7, 23],
    ],
    op: (x) => ops.linear(a(x), b(x)),
    sum: 23,
  },
];

const convolutions: Case[] = (
  [
    ['plain', [2, 7, 6, 3], [5, 3, 3, 3], {}],
    ['one channel, padded', [2, 9, 8, 1], [6, 5, 5, 1], { padding: 2 }],
    ['of a bundle of images', [16, 6, 7, 2], [3, 3, 3, 2], { padding: 1 }],
    ['strided', [1, 9, 11, 4], [5, 3, 3, 4], { stride: 2, padding: 1 }],
    ['strided apart', [1, 9, 11, 2], [3, 3, 2, 2], { stride: [2, 3], padding: [1, 0] }],
    ['dilated', [1, 9, 9, 2], [3, 3, 3, 2], { dilation: 2, padding: 1 }],
    ['grouped', [2, 6, 5, 6], [9, 3, 3, 2], { groups: 3, padding: 1 }],
    ['depthwise', [1, 6, 5, 4], [4, 3, 3, 1], { groups: 4, padding: 1 }],
    ['1x1', [2, 4, 5, 7], [9, 1, 1, 7], {}],
    ['1x1 strided', [1, 5, 5, 3], [4, 1, 1, 3], { stride: 2 }],
  ] as [string, number[], number[], ops.Conv2dOptions][]
).map(([name, x, w, options]) => ({
  name: `conv2d ${name}`,
  shapes: [x, w, [w[0] as number]],
  op: ([image, weight, bias]) => ops.conv2d(image as Tensor, weight as Tensor, bias, options),
  sum: w.slice(1).reduce((size, extent) => size * extent, 2),
  gradientSum: 200,
}));

const pools: Case[] = [
  { name: 'maxPool2d', shapes: [[2, 6, 8, 5]], op: (x) => ops.maxPool2d(a(x), 2) },
  {
    name: 'maxPool2d overlapping',
    shapes: [[1, 9, 7, 3]],
    op: (x) => ops.maxPool2d(a(x), 3, { stride: 2 }),
    gradientSum: 4,
  },
  {
    name: 'maxPool2d padded',
    shapes: [[1, 7, 6, 3]],
    op: (x) => ops.maxPool2d(a(x), [3, 2], { stride: [2, 1], padding: [1, 1] }),
    gradientSum: 4,
  },
  {
    name: 'maxPool2d over the edge',
    shapes: [[1, 6, 4, 3]],
    op: (x) => ops.maxPool2d(a(x), 3, { stride: 2, ceilMode: true }),
    gradientSum: 4,
  },
  {
    name: 'maxPool2d activated',
    shapes: [[2, 8, 9, 6]],
    op: (x) => ops.maxPool2d(a(x), 2, { activation: 'relu' }),
  },
  {
    name: 'maxPool2d of a large window, activated',
    shapes: [[1, 18, 17, 2]],
    op: (x) => ops.maxPool2d(a(x), 16, { stride: 1, activation: 'relu' }),
    gradientSum: 6,
  },
  { name: 'avgPool2d', shapes: [[2, 6, 8, 5]], op: (x) => ops.avgPool2d(a(x), 2), sum: 4 },
  {
    name: 'avgPool2d padded',
    shapes: [[1, 7, 6, 3]],
    op: (x) => ops.avgPool2d(a(x), 3, { stride: 2, padding: 1 }),
    sum: 9,
    inexact: true,
  },
  {
    name: 'avgPool2d without padding in the mean',
    shapes: [[1, 7, 6, 3]],
    op: (x) => ops.avgPool2d(a(x), 3, { stride: 2, padding: 1, countIncludePad: false }),
    sum: 9,
    inexact: true,
  },
  ...(
    [
      ['uneven windows', [5, 7], [3, 4]],
      ['even windows', [6, 4], [3, 2]],
      ['one window', [5, 3], 1],
      ['more windows than cells', [2, 3], [3, 5]],
    ] as const
  ).map(
    ([name, [height, width], outputSize]): Case => ({
      name: `adaptiveAvgPool2d ${name}`,
      shapes: [[2, height, width, 3]],
      op: (x) => ops.adaptiveAvgPool2d(a(x), outputSize),
      sum: height * width,
      inexact: true,
    }),
  ),
];

const stats = (x: Tensor, values: readonly number[]) => tensor(Float32Array.from(values), [4], { device: x.device });
const batchNormed = (options: ops.BatchNormOptions) => (inputs: Tensor[]) => {
  const [x, weight, bias, residual = null] = inputs as [Tensor, Tensor, Tensor, Tensor?];
  const more = { eps: 0.01, residual, ...options };
  return ops.batchNorm(x, weight, bias, stats(x, [0, 1, -3, 0.5]), stats(x, [1, 2, 0.5, 4]), more);
};
// In evaluation: one kernel for the forward comparison, several where gradients are wanted.
const convolvedAndNormed = (options: ops.BatchNormOptions & ops.ConvolutionOptions) => (inputs: Tensor[]) => {
  const [x, weight, bias, gamma, beta, residual] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const runningMean = stats(x, [0, 1, -3, 0.5]);
  const runningVariance = stats(x, [1, 2, 0.5, 4]);
  const norm = { weight: gamma, bias: beta, runningMean, runningVariance };
  return ops.conv2dBatchNorm(x, weight, bias, norm, { training: false, eps: 0.01, residual, ...options });
};

const normalizations: Case[] = [
  ...(
    [
      ['batchNorm', {}, [2, 3, 2, 4]],
      ['batchNorm in evaluation', { training: false }, [2, 3, 2, 4]],
      // Few values, none of which comes near the kink.
      ['batchNorm with relu', { activation: 'relu' }, [1, 3, 2, 4]],
      ['batchNorm in evaluation with relu', { training: false, activation: 'relu' }, [1, 2, 2, 4]],
    ] as [string, ops.BatchNormOptions, number[]][]
  ).map(
    ([name, options, shape]): Case => ({
      name,
      shapes: [shape, [4], [4]],
      op: batchNormed(options),
      sum: 12,
      units: 16,
      inexact: true,
      curvature: 100,
    }),
  ),
  ...(
    [
      ['batchNorm with residual', {}, [2, 3, 2, 4]],
      ['batchNorm with residual and relu', { activation: 'relu' }, [1, 3, 2, 4]],
      ['batchNorm in evaluation with residual and relu', { training: false, activation: 'relu' }, [1, 2, 2, 4]],
    ] as [string, ops.BatchNormOptions, number[]][]
  ).map(
    ([name, options, shape]): Case => ({
      name,
      shapes: [shape, [4], [4], shape],
      op: batchNormed(options),
      sum: 12,
      units: 16,
      inexact: true,
      curvature: 100,
    }),
  ),
  ...(
    [
      ['conv2dBatchNorm', { padding: 1 }, [1, 3, 4, 6], [4, 3, 3, 6], [1, 3, 4, 4]],
      ['conv2dBatchNorm of positions side by side', { padding: 1 }, [1, 2, 8, 1], [4, 3, 3, 1], [1, 2, 8, 4]],
      ['conv2dBatchNorm of groups', { groups: 2, activation: 'relu' }, [1, 2, 3, 6], [4, 1, 2, 3], [1, 2, 2, 4]],
    ] as [string, ops.BatchNormOptions & ops.ConvolutionOptions, number[], number[], number[]][]
  ).map(
    ([name, options, x, w, y]): Case => ({
      name,
      shapes: [x, w, [4], [4], [4], y],
      op: convolvedAndNormed(options),
      sum: 80,
      units: 16,
      inexact: true,
      curvature: 100,
    }),
  ),
  ...(
    [
      ['localResponseNorm', [1, 3, 2, 11], { alpha: 1, k: 2 }],
      ['localResponseNorm of other channels', [1, 2, 2, 18], { size: 4, alpha: 0.5, beta: 0.5 }],
    ] as [string, number[], ops.LocalResponseNormOptions][]
  ).map(
    ([name, shape, options]): Case => ({
      name,
      shapes: [shape],
      op: (x) => ops.localResponseNorm(a(x), options),
      sum: 5,
      units: 16,
      inexact: true,
      curvature: 100,
    }),
  ),
];

const labels = (x: Tensor, rows: number, classes: number) =>
  tensor(
    Int32Array.from({ length: rows }, (_, row) => (row * 7) % classes),
    [rows],
    { device: x.device },
  );

const softmaxes: Case[] = [
  {
    name: 'softmax',
    shapes: [[5, 19]],
    op: (x) => ops.softmax(a(x)),
    sum: 19,
    units: 16,
    inexact: true,
    curvature: 100,
  },
  {
    name: 'softmax axis 1',
    shapes: [[3, 5, 4]],
    op: (x) => ops.softmax(a(x), 1),
    sum: 5,
    units: 16,
    inexact: true,
    curvature: 100,
  },
  {
    name: 'logSoftmax',
    shapes: [[5, 19]],
    op: (x) => ops.logSoftmax(a(x)),
    sum: 19,
    units: 16,
    inexact: true,
    curvature: 100,
  },
  {
    name: 'logSoftmax axis 0',
    shapes: [[6, 5]],
    op: (x) => ops.logSoftmax(a(x), 0),
    sum: 6,
    units: 16,
    inexact: true,
    curvature: 100,
  },
  ...(['mean', 'sum', 'none'] as const).map(
    (reduction): Case => ({
      name: `crossEntropy ${reduction}`,
      shapes: [[6, 11]],
      op: (x) => nn.functional.crossEntropy(a(x), labels(a(x), 6, 11), { reduction }),
      sum: 66,
      units: 16,
      inexact: true,
      curvature: 100,
    }),
  ),
  {
    name: 'mseLoss',
    shapes: [
      [4, 5],
      [4, 5],
    ],
    op: (x) => nn.functional.mseLoss(a(x), b(x)),
    sum: 20,
    units: 16,
    inexact: true,
  },
  {
    name: 'l1Loss',
    shapes: [
      [4, 5],
      [4, 5],
    ],
    op: (x) => nn.functional.l1Loss(a(x), b(x)),
    sum: 20,
    inexact: true,
  },
];

const rows = (x: Tensor) => tensor(Int32Array.of(2, 0, 2, 4, 1), [5], { device: x.device });

const movements: Case[] = [
  { name: 'reshape', shapes: [[4, 6]], op: (x) => ops.reshape(a(x), [3, -1, 2]) },
  { name: 'transpose', shapes: [[5, 7]], op: (x) => ops.transpose(a(x)) },
  { name: 'transpose nhwc to nchw', shapes: [[2, 3, 4, 5]], op: (x) => ops.transpose(a(x), [0, 3, 1, 2]) },
  { name: 'slice', shapes: [[5, 6, 3]], op: (x) => ops.slice(a(x), [1, 2], [3, -1]) },
  { name: 'pad', shapes: [[3, 4]], op: (x) => ops.pad(a(x), [1, 0], [2, 3], 7) },
  {
    name: 'concat',
    shapes: [
      [2, 3, 4],
      [2, 5, 4],
    ],
    op: (x) => ops.concat(x, 1),
  },
  { name: 'concat with itself', shapes: [[2, 3]], op: (x) => ops.concat([a(x), a(x)]), gradientSum: 2 },
  { name: 'gatherRows', shapes: [[5, 3]], op: (x) => ops.gatherRows(a(x), rows(a(x))), gradientSum: 2 },
  { name: 'clone', shapes: [[3, 3]], op: (x) => ops.clone(a(x)) },
  { name: 'broadcastTo', shapes: [[3, 1]], op: (x) => ops.broadcastTo(a(x), [2, 3, 4]), gradientSum: 8 },
  { name: 'argmax', shapes: [[4, 9]], op: (x) => ops.argmax(a(x)), differentiable: false },
  { name: 'argmax axis 0', shapes: [[4, 9]], op: (x) => ops.argmax(a(x), 0), differentiable: false },
];

const compositions: Case[] = [
  {
    name: 'x * x + x',
    shapes: [[5]],
    op: ([x]) => ops.add(ops.mul(x as Tensor, x as Tensor), x as Tensor),
    gradientSum: 3,
  },
  {
    name: 'relu(x) * sigmoid(x)',
    shapes: [[5, 5]],
    op: ([x]) => ops.mul(ops.relu(x as Tensor), ops.sigmoid(x as Tensor)),
    units: 32,
    inexact: true,
    curvature: 100,
  },
  {
    name: 'linear with relu',
    shapes: [[6, 5], [4, 5], [4]],
    op: ([x, w, bias]) => ops.linear(x as Tensor, w as Tensor, bias, 'relu'),
    sum: 6,
  },
  {
    name: 'conv2d with relu',
    shapes: [[1, 5, 5, 2], [3, 3, 3, 2], [3]],
    op: ([x, w, bias]) => ops.conv2d(x as Tensor, w as Tensor, bias, { activation: 'relu' }),
    sum: 19,
    gradientSum: 30,
  },
];

const all: readonly Case[] = [
  ...unary,
  ...binary,
  ...comparisons,
  ...reductions,
  ...matrices,
  ...convolutions,
  ...pools,
  ...normalizations,
  ...softmaxes,
  ...movements,
  ...compositions,
];

export const cases = all.map((one): Case => ({ ...one, products: /^(matmul|linear|conv2d)/.test(one.name) }));
