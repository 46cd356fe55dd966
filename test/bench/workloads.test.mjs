import { referenceFor } from '../../bench/check.mjs';
import { select, workloadsOf } from '../../bench/workloads/index.mjs';
import { networks } from '../../bench/workloads/networks.mjs';
import * as models from '../../lib/models';

const makers = new Map(Object.entries(models));

const named = (device, prefix) =>
  workloadsOf(device)
    .map(({ name }) => name)
    .filter((name) => name.startsWith(prefix));

const workload = (name) => workloadsOf('cpu').find((candidate) => candidate.name === name);

test('training and inference workloads', () => {
  expect(named('cpu', 'train-')).toEqual([
    'train-mlp-b128',
    'train-lenet5-b64',
    'train-alexnet-b16',
    'train-vgg16-b4',
    'train-resnet50-b8',
    'train-googlenet-b8',
  ]);
  expect(named('cpu', 'infer-')).toEqual([
    'infer-mlp-b1',
    'infer-mlp-b256',
    'infer-lenet5-b1',
    'infer-lenet5-b256',
    'infer-alexnet-b1',
    'infer-alexnet-b16',
    'infer-vgg16-b1',
    'infer-resnet50-b1',
    'infer-resnet50-b16',
  ]);
});

test('names are distinct, and what a peer prints for them', () => {
  const names = workloadsOf('cpu').map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of ['gemm-2048', 'linear-fc6', 'conv-bwd-res_7x7', 'relu-6.4M', 'batchnorm-6.4M', 'lrn-6.4M']) {
    expect(names).toContain(name);
  }
  expect(names).toContain('maxpool3s2-6.4M');
  expect(names).toContain('softmax-xent-fb-256x1000');
});

test('a GPU trains the large networks on batches 16 times as large, and multiplies a larger matrix', () => {
  expect(named('cuda:0', 'train-')).toEqual([
    'train-mlp-b128',
    'train-lenet5-b64',
    'train-alexnet-b256',
    'train-vgg16-b64',
    'train-resnet50-b128',
    'train-googlenet-b128',
  ]);
  expect(named('cuda:0', 'gemm-')).toContain('gemm-8192');
  expect(named('cpu', 'gemm-')).not.toContain('gemm-8192');
});

test.each(Object.entries(networks))('%s: parameters and multiply-adds are those of the model', (name, network) => {
  const { parameters, multiplyAdds, layers } = makers
    .get(name)()
    .summary([1, ...network.shape]);
  expect(network.parameters).toBe(parameters);
  expect(network.multiplyAdds).toBe(multiplyAdds);
  expect(network.firstMultiplyAdds).toBe(layers.find((layer) => layer.multiplyAdds > 0).multiplyAdds);
});

test('operations: a convolution forward and backward, and a training step', () => {
  // 4 images of 224 x 224, 64 to 64 channels, 3 x 3.
  const multiplyAdds = 4 * 224 * 224 * 64 * 64 * 9;
  expect(workload('conv-fwd-vgg1_2').flop).toBe(2 * multiplyAdds);
  expect(workload('conv-bwd-vgg1_2').flop).toBe(4 * multiplyAdds);
  // Forward, both gradients, but the first layer's input gradient.
  expect(workload('train-mlp-b128').flop).toBe(2 * 128 * (3 * 436_600 - 313_600));
});

test('select: by parts of names, separated by commas', () => {
  const names = select(workloadsOf('cpu'), 'gemm-2,skinny').map(({ name }) => name);
  expect(names).toEqual(['gemm-256', 'gemm-2048', 'linear-skinny']);
  expect(select(workloadsOf('cpu'), 'nothing')).toEqual([]);
  expect(select(workloadsOf('cpu'), '')).toHaveLength(workloadsOf('cpu').length);
});

test('references: plain loops where they are affordable, else the scalar kernels, else none and why', () => {
  expect(referenceFor({ flop: 1e9 }, 'cpu')).toEqual({ reference: 'cpu:ref', why: '' });
  expect(referenceFor({ flop: 1e9, checkedCalls: 100 }, 'cpu').reference).toBe('cpu:scalar');
  const { reference, why } = referenceFor({ flop: 1e15 }, 'cpu');
  expect(reference).toBeNull();
  expect(why).toContain('cpu:scalar would take over');
  expect(referenceFor({ flop: 1e9 }, 'cpu:ref').reference).toBeNull();
  expect(workloadsOf('cpu').filter((each) => referenceFor(each, 'cpu').reference === null)).toEqual([]);
});
