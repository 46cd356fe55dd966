import { Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential } from '../nn';

/**
 * LeNet-5 (LeCun et al. 1998) as it is built today, with ReLU and max-pooling: images [N, 28, 28, 1] to logits
 * [N, 10], 61,706 parameters.
 */
export function lenet5(): Sequential {
  return new Sequential(
    new Conv2d(1, 6, 5, { padding: 2 }),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(6, 16, 5),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(400, 120, { image: [5, 5, 16] }),
    new ReLU(),
    new Linear(120, 84),
    new ReLU(),
    new Linear(84, 10),
  );
}
