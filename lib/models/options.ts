export interface ImageNetworkOptions {
  /** Default: 1000. */
  classes?: number;
  /** The probability of the network's dropout layers. Default: the paper's, or PyTorch's. */
  dropout?: number;
}
