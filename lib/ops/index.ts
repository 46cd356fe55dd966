// Every op, one line a file.
export * from './activation';
export * from './binary';
export * from './cast';
export * from './conv2d';
export * from './conv2dBatchNorm';
export type { ConvolutionOptions } from './convolution';
export * from './dropout';
export * from './linear';
export * from './matmul';
export * from './movement';
export * from './normalization';
export * from './pool2d';
export * from './reduce';
export * from './softmax';
export * from './unary';
