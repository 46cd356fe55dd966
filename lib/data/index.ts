export {
  type ArrayDataset,
  type Dataset,
  type DatasetItem,
  type ItemDataset,
  type Normalization,
  take,
} from './dataset';
export { type IdxArray, type IdxOptions, idx, parseIdx } from './idx';
export { type Batch, Loader, type LoaderOptions, loader } from './loader';
export { MNIST_NORMALIZATION, type MnistDataset, type MnistOptions, mnist } from './mnist';
