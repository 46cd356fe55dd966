"""PyTorch on one workload of the suite.

    torch_peer.py --work NAME [--mode eager|channels_last|compile] [--budget SECONDS] [--threads N] [--device cpu|cuda]

Prints one JSON line: median and minimum seconds of a call, and the number of calls. A call is timed with its wait for
the device. Three calls warm up.
"""

import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

WARM_UPS, FEWEST, MOST = 3, 5, 20000

GEMMS = (64, 256, 512, 1024, 2048)
# rows, in, out
LINEARS = {"mlp1": (128, 784, 400), "fc6": (32, 9216, 4096), "skinny": (1, 4096, 4096)}
# batch, in channels, height = width, out channels, kernel, stride, padding, groups
CONVOLUTIONS = {
    "lenet1": (64, 1, 28, 6, 5, 1, 2, 1),
    "lenet2": (64, 6, 14, 16, 5, 1, 0, 1),
    "alex1": (16, 3, 224, 96, 11, 4, 2, 1),
    "alex2": (16, 96, 27, 256, 5, 1, 2, 2),
    "alex3": (16, 256, 13, 384, 3, 1, 1, 1),
    "alex4": (16, 384, 13, 384, 3, 1, 1, 2),
    "vgg1_2": (4, 64, 224, 64, 3, 1, 1, 1),
    "vgg3_2": (4, 256, 56, 256, 3, 1, 1, 1),
    "vgg5_1": (4, 512, 14, 512, 3, 1, 1, 1),
    "res_1x1": (8, 256, 56, 64, 1, 1, 0, 1),
    "res_3x3s2": (8, 128, 56, 128, 3, 2, 1, 1),
    "res_7x7": (8, 3, 224, 64, 7, 2, 3, 1),
}


def mlp():
    return nn.Sequential(nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 300), nn.ReLU(), nn.Linear(300, 10))


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


# make, shape of one input, classes, batches to train, batches to infer
NETWORKS = {
    "mlp": (mlp, (784,), 10, (128,), (1, 256)),
    "lenet5": (lenet5, (1, 28, 28), 10, (64,), (1, 256)),
}


class Suite:
    """Workloads by name; each makes its inputs and returns the function to time."""

    def __init__(self, mode, device):
        self.mode, self.device = mode, device
        self.workloads = {"relu-6.4M": self.relu, "maxpool3s2-6.4M": self.max_pool}
        self.workloads["softmax-xent-fb-256x1000"] = self.softmax_cross_entropy
        for size in GEMMS:
            self.workloads[f"gemm-{size}"] = lambda size=size: self.gemm(size)
        for name, shape in LINEARS.items():
            self.workloads[f"linear-{name}"] = lambda shape=shape: self.linear(*shape)
        for name, shape in CONVOLUTIONS.items():
            self.workloads[f"conv-fwd-{name}"] = lambda shape=shape: self.convolution(*shape)
            self.workloads[f"conv-bwd-{name}"] = lambda shape=shape: self.convolution_backward(*shape)
        for name, (make, shape, classes, train, infer) in NETWORKS.items():
            for batch in train:
                self.workloads[f"train-{name}-b{batch}"] = (
                    lambda make=make, shape=shape, classes=classes, batch=batch: self.train(make, shape, classes, batch)
                )
            for batch in infer:
                self.workloads[f"infer-{name}-b{batch}"] = (
                    lambda make=make, shape=shape, batch=batch: self.infer(make, shape, batch)
                )

    def laid_out(self, value):
        """A tensor of images, or a model, in the memory layout of the mode."""
        if self.mode == "eager" or (isinstance(value, torch.Tensor) and value.dim() != 4):
            return value
        return value.to(memory_format=torch.channels_last)

    def normal(self, *shape):
        return self.laid_out(torch.randn(*shape, device=self.device))

    def labels(self, count, classes):
        return torch.randint(0, classes, (count,), device=self.device)

    def gemm(self, size):
        a, b = self.normal(size, size), self.normal(size, size)
        return lambda: torch.mm(a, b)

    def linear(self, rows, width, out):
        x, weight = self.normal(rows, width), self.normal(out, width)
        return lambda: F.linear(x, weight)

    def convolution(self, batch, channels, size, out, kernel, stride, padding, groups):
        x, weight = self.normal(batch, channels, size, size), self.normal(out, channels // groups, kernel, kernel)
        return lambda: F.conv2d(x, weight, None, stride, padding, 1, groups)

    def convolution_backward(self, batch, channels, size, out, kernel, stride, padding, groups):
        x, weight = self.normal(batch, channels, size, size), self.normal(out, channels // groups, kernel, kernel)
        dy = torch.randn_like(F.conv2d(x, weight, None, stride, padding, 1, groups))
        geometry = ((stride, stride), (padding, padding), (1, 1), False, (0, 0), groups)
        wanted = (True, True, False)  # by the input, the weight, the bias
        return lambda: torch.ops.aten.convolution_backward(dy, x, weight, None, *geometry, wanted)

    def relu(self):
        x = self.normal(32, 64, 56, 56)
        return lambda: F.relu(x)

    def max_pool(self):
        x = self.normal(32, 64, 56, 56)
        return lambda: F.max_pool2d(x, 3, 2)

    def softmax_cross_entropy(self):
        logits, labels = self.normal(256, 1000).requires_grad_(), self.labels(256, 1000)
        return lambda: torch.autograd.grad(F.cross_entropy(logits, labels), logits)

    def compiled(self, model):
        return torch.compile(model) if self.mode == "compile" else model

    def train(self, make, shape, classes, batch):
        """A whole step: gradients cleared, forward, softmax cross-entropy, backward, SGD."""
        model = self.laid_out(make().to(self.device)).train()
        x, labels = self.normal(batch, *shape), self.labels(batch, classes)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, foreach=True)
        forward = self.compiled(model)

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(forward(x), labels)
            loss.backward()
            optimizer.step()

        return step

    def infer(self, make, shape, batch):
        model = self.laid_out(make().to(self.device)).eval()
        x, forward = self.normal(batch, *shape), self.compiled(model)

        def run():
            with torch.inference_mode():
                forward(x)

        return run


def measure(call, wait, budget):
    for _ in range(WARM_UPS):
        call()
    wait()
    times, start = [], time.perf_counter()
    while (time.perf_counter() - start < budget or len(times) < FEWEST) and len(times) < MOST:
        before = time.perf_counter()
        call()
        wait()
        times.append(time.perf_counter() - before)
    return {"s": statistics.median(times), "min": min(times), "n": len(times)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True)
    parser.add_argument("--mode", default="eager", choices=["eager", "channels_last", "compile"])
    parser.add_argument("--budget", type=float, default=2.0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    suite = Suite(options.mode, torch.device(options.device))
    if options.work not in suite.workloads:
        raise SystemExit(f"Expected the name of a workload but received '{options.work}'")
    wait = torch.cuda.synchronize if options.device == "cuda" else lambda: None
    times = measure(suite.workloads[options.work](), wait, options.budget)
    result = {"peer": f"torch-{torch.__version__}", "device": options.device, "mode": options.mode}
    print(json.dumps({**result, "work": options.work, **times, "threads": torch.get_num_threads()}))


main()
