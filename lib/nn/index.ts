export * from './activations';
export * from './conv2d';
export * from './dropout';
export * from './flatten';
export * as functional from './functional';
export * from './linear';
export * from './module';
export * from './pool2d';
export * from './sequential';
