"""PyTorch on one workload of the suite.

    torch_peer.py --work NAME [--mode eager|channels_last|cudagraph|compile] [--precision float32|tf32|bfloat16]
                  [--budget SECONDS] [--threads N] [--device cpu|cuda|cuda:N]
    torch_peer.py --work infer-NETWORK-bN --export FILE       the network as ONNX, batch size free; needs onnx

Prints one JSON line: median and minimum seconds of a call, and the number of calls. A call is timed with its wait for
the device.
"""

import json

import torch
import torch.nn.functional as F
from suite import SHAPES, arguments, finite, measure, train_batches, watch_resident
from torch import nn


def vision(name):
    """A network of torchvision, whose own C++ operators may not load: these networks need none of them."""

    def make():
        register = torch.library.register_fake

        def unless_missing(operator, *args, **kwargs):
            own = operator.startswith("torchvision::")
            return (lambda function: function) if own else register(operator, *args, **kwargs)

        torch.library.register_fake = unless_missing
        from torchvision import models

        torch.library.register_fake = register
        options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
        return getattr(models, name)(**options)

    return make


def mlp():
    return nn.Sequential(nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 300), nn.ReLU(), nn.Linear(300, 10))


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def alexnet():
    """The paper's: response normalisation, two groups, overlapping pooling."""
    norm = SHAPES["responseNorm"].values()
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, 4, 2), nn.ReLU(True), nn.LocalResponseNorm(*norm), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(True), nn.LocalResponseNorm(*norm), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(True),
        nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU(True),
        nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(True), nn.MaxPool2d(3, 2),
        nn.Flatten(), nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(True),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(True), nn.Linear(4096, 1000),
    )  # fmt: skip


CALLS_BEFORE_CAPTURE = 3

NETWORKS = {"mlp": mlp, "lenet5": lenet5, "alexnet": alexnet}
NETWORKS |= {name: vision(name) for name in ("vgg16", "resnet50", "googlenet")}


def channels_first(shape):
    """Of one input: images lie with their channels first here."""
    return (shape[-1], *shape[:-1])


class Suite:
    """Workloads by name; each makes its inputs, watches the memory from then on, and returns the function to time."""

    def __init__(self, mode, device, precision):
        self.mode, self.device, self.precision = mode, device, precision
        self.memory = None
        self.workloads = {"relu-6.4M": lambda: self.relu(self.image()), "maxpool3s2-6.4M": self.max_pool}
        self.workloads |= {"batchnorm-6.4M": self.batch_norm, "lrn-6.4M": self.response_norm}
        self.workloads["softmax-xent-fb-{}x{}".format(*SHAPES["logits"])] = self.softmax_cross_entropy
        on_gpu = device.type == "cuda"
        for size in SHAPES["gemms"] + (SHAPES["gpuGemms"] if on_gpu else []):
            self.workloads[f"gemm-{size}"] = lambda size=size: self.gemm(size)
        for name, shape in SHAPES["linears"].items():
            self.workloads[f"linear-{name}"] = lambda shape=shape: self.linear(*shape)
        for name, shape in SHAPES["convolutions"].items():
            self.workloads[f"conv-fwd-{name}"] = lambda shape=shape: self.convolution(*shape)
            self.workloads[f"conv-bwd-{name}"] = lambda shape=shape: self.convolution_backward(*shape)
        self.add_sweeps(SHAPES["sweep"])
        for name, network in SHAPES["networks"].items():
            for batch in train_batches(network, on_gpu):
                train = lambda name=name, network=network, batch=batch: self.train(name, network, batch)
                self.workloads[f"train-{name}-b{batch}"] = train
            for batch in network["infer"]:
                infer = lambda name=name, network=network, batch=batch: self.infer(name, network, batch)
                self.workloads[f"infer-{name}-b{batch}"] = infer

    def add_sweeps(self, sweep):
        for size in sweep["gemms"]:
            self.workloads[f"gemm-{size}"] = lambda size=size: self.gemm(size)
        images = {f"channels{c}": (c, sweep["imageForChannels"]) for c in sweep["channels"]}
        images |= {f"image{size}": (sweep["channelsForImages"], size) for size in sweep["images"]}
        for name, (channels, size) in images.items():
            shape = (sweep["batch"], channels, size, channels, 3, 1, 1, 1)
            self.workloads[f"conv-fwd-{name}"] = lambda shape=shape: self.convolution(*shape)
        for elements in sweep["elements"]:
            self.workloads[f"relu-{elements}"] = lambda elements=elements: self.relu(self.normal(elements))
            self.workloads[f"add-{elements}"] = lambda elements=elements: self.add(elements)

    def laid_out(self, value):
        """A tensor of images, or a model, in the memory layout of the mode."""
        if self.mode == "eager" or (isinstance(value, torch.Tensor) and value.dim() != 4):
            return value
        return value.to(memory_format=torch.channels_last)

    def normal(self, *shape):
        return self.laid_out(torch.randn(*shape, device=self.device))

    def labels(self, count, classes):
        return torch.randint(0, classes, (count,), device=self.device)

    def image(self):
        batch, height, width, channels = SHAPES["image"]
        return self.normal(batch, channels, height, width)

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

    def relu(self, x):
        return lambda: F.relu(x)

    def add(self, elements):
        a, b = self.normal(elements), self.normal(elements)
        return lambda: torch.add(a, b)

    def max_pool(self):
        x = self.image()
        return lambda: F.max_pool2d(x, 3, 2)

    def batch_norm(self):
        """In training: with the batch's statistics, the running ones moved."""
        x = self.image()
        layer = nn.BatchNorm2d(x.shape[1]).to(self.device)

        def forward():
            with torch.no_grad():
                layer(x)

        return forward

    def response_norm(self):
        x, options = self.image(), SHAPES["responseNorm"]
        return lambda: F.local_response_norm(x, **options)

    def softmax_cross_entropy(self):
        rows, classes = SHAPES["logits"]
        logits, labels = self.normal(rows, classes).requires_grad_(), self.labels(rows, classes)

        def both_ways():
            torch.autograd.grad(F.cross_entropy(logits, labels), logits)

        return both_ways

    def compiled(self, model):
        return torch.compile(model) if self.mode == "compile" else model

    def watch_memory(self):
        resident, cuda = watch_resident(), torch.cuda
        if self.device.type != "cuda":
            self.memory = lambda: {"allocated": None, "resident": resident()}
            return
        cuda.reset_peak_memory_stats()
        before = cuda.memory_allocated()
        self.memory = lambda: {"allocated": cuda.max_memory_allocated() - before, "resident": resident()}

    def autocast(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16")

    def captured(self, call):
        """The call as a CUDA graph, where the mode is that. What it gives is the same memory at each replay."""
        if self.mode != "cudagraph":
            return call
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(CALLS_BEFORE_CAPTURE):
                call()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = call()

        def replay():
            graph.replay()
            return result

        return replay

    def train(self, name, network, batch):
        """A whole step: gradients cleared, forward, softmax cross-entropy, backward, SGD."""
        x = self.normal(batch, *channels_first(network["shape"]))
        labels = self.labels(batch, network["classes"])
        self.watch_memory()
        model = self.laid_out(NETWORKS[name]().to(self.device)).train()
        momentum, decay = SHAPES["optimizer"]["momentum"], SHAPES["optimizer"]["weightDecay"]
        optimizer = torch.optim.SGD(model.parameters(), network["rate"], momentum, weight_decay=decay, foreach=True)
        forward = self.compiled(model)

        def step():
            optimizer.zero_grad(set_to_none=True)
            with self.autocast():
                loss = F.cross_entropy(forward(x), labels)
            loss.backward()
            optimizer.step()
            return loss.detach()

        return self.captured(step)

    def infer(self, name, network, batch):
        x = self.normal(batch, *channels_first(network["shape"]))
        self.watch_memory()
        model = self.laid_out(NETWORKS[name]().to(self.device)).eval()
        forward = self.compiled(model)

        def run():
            with torch.inference_mode(), self.autocast():
                forward(x)

        return self.captured(run)


def export(work, file):
    name = work.split("-")[1]
    x = torch.randn(1, *channels_first(SHAPES["networks"][name]["shape"]))
    free = {"x": {0: "n"}, "y": {0: "n"}}
    names = {"input_names": ["x"], "output_names": ["y"], "dynamic_axes": free}
    torch.onnx.export(NETWORKS[name]().eval(), (x,), file, dynamo=False, **names)


def main():
    parser = arguments(["eager", "channels_last", "cudagraph", "compile"])
    parser.add_argument("--precision", default="float32", choices=["float32", "tf32", "bfloat16"])
    parser.add_argument("--export", metavar="FILE")
    options = parser.parse_args()
    torch.manual_seed(0)
    if options.export:
        export(options.work, options.export)
        return
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = options.precision == "tf32"
    device = torch.device(options.device)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    suite = Suite(options.mode, device, options.precision)
    if options.work not in suite.workloads:
        raise SystemExit(f"Expected the name of a workload but received '{options.work}'")
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    call = suite.workloads[options.work]()
    if options.work.startswith(("train-", "infer-")):
        times = measure(call, wait, options.budget)
    else:
        with suite.autocast():
            times = measure(call, wait, options.budget)
    last = times.pop("last")
    times["loss"] = finite(last.item()) if options.work.startswith("train-") else None
    times["memory"] = suite.memory() if suite.memory else None
    result = {"peer": f"torch-{torch.__version__}", "device": options.device, "mode": options.mode, "work": options.work}
    print(json.dumps({**result, **times, "threads": torch.get_num_threads(), "precision": options.precision}))


main()
