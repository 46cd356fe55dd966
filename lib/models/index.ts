export * from './lenet5';
export * from './mlp';
