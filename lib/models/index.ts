export * from './alexnet';
export * from './googlenet';
export * from './lenet5';
export * from './mlp';
export * from './options';
export * from './resnet';
export * from './vgg';
