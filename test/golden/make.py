#!/usr/bin/env python3
"""Golden figures from PyTorch: ten training losses, first logits and first gradients of LeNet-5 and the 784-400-300-10 MLP.

    python3 make.py > golden.json          (needs torch and numpy)

Weights and batches come from a linear congruential generator that the test has too, so nothing but figures is stored.
Tensors are drawn in hebb's layouts (NHWC images, OHWI convolution weights) and carried over to PyTorch's.
"""
import json, sys
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F

STEPS, BATCH, CLASSES = 10, 64, 10


def draw(size, seed):
    """Uniform in [0, 1): numbers() of test/harness/values.ts."""
    values, state = np.empty(size), seed
    for index in range(size):
        state = (state * 1664525 + 1013904223) % 2**32
        values[index] = state / 2**32
    return values


def weight(shape, seed):
    bound = 1 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.05
    return torch.tensor(((draw(int(np.prod(shape)), seed) * 2 - 1) * bound).astype(np.float32).reshape(shape))


def ohwi_to_oihw(w):
    return w.permute(0, 3, 1, 2).contiguous()


def hwc_to_chw_columns(w, height, width, channels):
    return w.reshape(-1, height, width, channels).permute(0, 3, 1, 2).reshape(w.shape[0], -1).contiguous()


class LeNet5(nn.Sequential):
    shapes = [[6, 5, 5, 1], [6], [16, 5, 5, 6], [16], [120, 400], [120], [84, 120], [84], [10, 84], [10]]

    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))

    @staticmethod
    def carry(index, w):
        return ohwi_to_oihw(w) if w.dim() == 4 else hwc_to_chw_columns(w, 5, 5, 16) if index == 4 else w

    @staticmethod
    def images(x):
        return x.reshape(-1, 1, 28, 28)


class MLP(nn.Sequential):
    shapes = [[400, 784], [400], [300, 400], [300], [10, 300], [10]]

    def __init__(self):
        super().__init__(nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 300), nn.ReLU(), nn.Linear(300, 10))

    @staticmethod
    def carry(index, w):
        return w

    @staticmethod
    def images(x):
        return x


def train(make, dtype):
    model = make().to(dtype)
    with torch.no_grad():
        for index, (parameter, shape) in enumerate(zip(model.parameters(), make.shapes)):
            parameter.copy_(model.carry(index, weight(shape, 1000 + index)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    losses, first = [], None
    for step in range(STEPS):
        x = torch.tensor(draw(BATCH * 784, 1 + step).astype(np.float32).reshape(BATCH, 784)).to(dtype)
        labels = torch.tensor((draw(BATCH, 101 + step) * CLASSES).astype(np.int64))
        optimizer.zero_grad()
        logits = model(model.images(x))
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        if first is None:
            norms = [float(p.grad.double().norm()) for p in model.parameters()]
            first = dict(logits=logits[0].detach().double().tolist(), gradientNorms=norms)
        optimizer.step()
        losses.append(float(loss.detach().double()))
    return dict(losses=losses, **first)


torch.set_num_threads(1)
figures = {name: {"float32": train(make, torch.float32), "float64": train(make, torch.float64)} for name, make in (("lenet5", LeNet5), ("mlp", MLP))}
json.dump({"torch": torch.__version__, "steps": STEPS, "batch": BATCH, **figures}, sys.stdout, indent=1)
