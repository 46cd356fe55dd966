#!/usr/bin/env python3
"""Golden figures of the large networks from PyTorch and torchvision: logits in evaluation and ten training losses.

    python3 networks.py > networks.json          (needs torch, torchvision and numpy)

State dicts and batches are drawn from generators that the test has too, seeded by each tensor's name, so nothing but
figures is stored. Tensors are drawn in PyTorch's layouts and under PyTorch's names: the test translates them on load.
"""
import json, sys
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F

register_fake = torch.library.register_fake  # torchvision's own C++ ops may not load: these networks need none of them
torch.library.register_fake = lambda op, *a, **k: (lambda f: f) if op.startswith("torchvision::") else register_fake(op, *a, **k)
import torchvision.models as tv
torch.library.register_fake = register_fake

CLASSES, STEPS = 10, 10


def draw(size, seed):
    """Uniform in [0, 1): numbers() of test/harness/values.ts. Known states give as many more by one multiplication."""
    a, c, mask = 1664525, 1013904223, 2**32 - 1
    states = np.array([(seed * a + c) & mask], dtype=np.uint64)
    while len(states) < size:  # (a, c) advance by len(states)
        states = np.concatenate([states, (states * np.uint64(a) + np.uint64(c)) & np.uint64(mask)])
        a, c = a * a & mask, (a * c + c) & mask
    return states[:size] / 2**32


def seed_of(name):
    """FNV-1a, 32 bits."""
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value


def fill(model, perturbed):
    """perturbed: by up to a unit in the last place, from a seed; 0: not."""
    names, generator = set(model.state_dict()), torch.Generator().manual_seed(perturbed)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("num_batches_tracked"): continue
            if tensor.dim() > 1: low, high = (lambda bound: (-bound, bound))(np.sqrt(6 / np.prod(tensor.shape[1:])))
            elif name.endswith("running_var"): low, high = 0.5, 1.5
            elif name.endswith("weight"): low, high = 0.5, 1.
            elif name.replace("bias", "running_mean") in names: low, high = 0.5, 1.5
            else: low, high = -0.05, 0.05
            values = (low + draw(tensor.numel(), seed_of(name)) * (high - low)).astype(np.float32)
            tensor.copy_(torch.from_numpy(values).reshape(tensor.shape))
            if perturbed: tensor *= 1 + 2**-23 * (torch.rand(tensor.shape, generator=generator, dtype=torch.float64) * 2 - 1)


def alexnet():
    norm = lambda: nn.LocalResponseNorm(5, 1e-4, .75, 2.)
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, 4, 2), nn.ReLU(), norm(), nn.MaxPool2d(3, 2), nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Identity(), nn.Linear(9216, 4096), nn.ReLU(), nn.Identity(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, CLASSES))


def googlenet():
    return tv.googlenet(num_classes=CLASSES, aux_logits=True, init_weights=False, dropout=0., dropout_aux=0.)


# A pre-activation near 0 may be rounded to either side of ReLU's kink, and the gradients then differ by a percent: with
# batch norm's biases near 0, PyTorch's own float32 losses are percents from its float64 losses after ten steps. So the
# biases are near 1 (fill), which leaves few values near the kink, and the rates such that the steps change the losses by
# 10 % and more, yet flips do not show. `spread` in the file: how far PyTorch's float32 is from its float64, at most.
NETWORKS = dict(  # maker, extent of an image, batch, rate
    alexnet=(alexnet, 224, 2, 1e-5), vgg16=(lambda: tv.vgg16(num_classes=CLASSES, dropout=0.), 32, 2, 1e-5), googlenet=(googlenet, 64, 4, 1e-4),
    resnet18=(lambda: tv.resnet18(num_classes=CLASSES), 64, 4, 1e-4), resnet50=(lambda: tv.resnet50(num_classes=CLASSES), 64, 4, 1e-5))


def batch(size, extent, step):
    x = (draw(size * extent * extent * 3, 1 + step) * 2 - 1).astype(np.float32).reshape(size, extent, extent, 3)
    return torch.from_numpy(x).permute(0, 3, 1, 2), torch.from_numpy((draw(size, 101 + step) * CLASSES).astype(np.int64))


def logits_of(make, extent, size):
    model = make().eval()
    fill(model, 0)
    with torch.no_grad(): return model(batch(size, extent, 0)[0]).flatten().double().tolist()


def losses_of(make, extent, size, rate, dtype, perturbed=0):
    model = make().to(dtype).train()
    fill(model, perturbed)
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, weight_decay=5e-4), []
    for step in range(STEPS):
        x, labels = batch(size, extent, step)
        optimizer.zero_grad()
        output = model(x.to(dtype))
        loss = F.cross_entropy(output, labels) if torch.is_tensor(output) else sum(
            weight * F.cross_entropy(head, labels) for weight, head in ((1, output.logits), (0.3, output.aux_logits1), (0.3, output.aux_logits2)))
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return np.array(losses)


def figures(make, extent, size, rate):
    double = losses_of(make, extent, size, rate, torch.float64)
    single = [losses_of(make, extent, size, rate, torch.float32, perturbed) for perturbed in range(2)]
    untrained = losses_of(make, extent, size, 0., torch.float32)
    relative = lambda losses: float(np.max(np.abs(losses / double - 1)))
    return dict(extent=extent, batch=size, rate=rate, logits=logits_of(make, extent, size), losses=single[0].tolist(),
                spread=float("%.1g" % max(map(relative, single))), effect=float("%.1g" % relative(untrained)))


torch.set_num_threads(2)
only = sys.argv[1:] or list(NETWORKS)
json.dump({"torch": torch.__version__, "networks": {name: figures(*NETWORKS[name]) for name in only}}, sys.stdout, indent=1)
