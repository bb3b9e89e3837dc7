"""torch_worker.py SHAPE ETA START N: driver.c's conversation, by PyTorch."""
import array
import sys
import time

import torch
from torch import nn


def values(file, kind, shape):
    """The next numbers of a file."""
    numbers = array.array(kind)
    n = 1
    for size in shape:
        n *= size
    numbers.fromfile(file, n)
    dtype = torch.float32 if kind == "f" else torch.int32
    return torch.frombuffer(numbers, dtype=dtype).reshape(shape).clone()


class Net:
    """A chain of nn.Linear and nn.Sigmoid, with what trains it."""

    def __init__(self, shape, eta):
        layers = []
        for size in zip(shape, shape[1:]):
            layers += [nn.Linear(*size), nn.Sigmoid()]
        self.module = nn.Sequential(*layers[:-1])
        self.loss = nn.CrossEntropyLoss()
        self.optimiser = torch.optim.SGD(self.module.parameters(), eta)

    def set(self, parameters):
        # Weights are [out][in] here, [in][out] in the file.
        with torch.no_grad():
            for to, value in zip(self.module.parameters(), parameters):
                to.copy_(value.t() if value.dim() == 2 else value)

    def get(self):
        return torch.cat([p.detach().t().reshape(-1)
                          for p in self.module.parameters()])

    def train(self, x, label):
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.loss(self.module(x), label)
        loss.backward()
        self.optimiser.step()
        return loss

    def infer(self, x):
        with torch.inference_mode():
            return torch.softmax(self.module(x), 1)


def libraries():
    """The BLAS in this process: Debian's PyTorch takes the system's."""
    try:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            files = {line.split()[-1].rsplit("/", 1)[-1] for line in maps}
    except OSError:
        return "BLAS unknown"
    blas = sorted(f for f in files if "blas" in f or "mkl" in f)
    return " ".join(blas) or "no BLAS of its own file"


def run(net, work, x, label, steps):
    result = None
    for _ in range(steps):
        result = net.train(x, label) if work == "train" else net.infer(x)
    return result


def answer(net, words, x, label):
    """One line of driver.c's, answered."""
    if words[0] == "time":
        work, batch, steps = words[1], int(words[2]), int(words[3])
        run(net, work, x[:batch], label[:batch], 1)
        begin = time.perf_counter_ns()
        run(net, work, x[:batch], label[:batch], steps)
        return time.perf_counter_ns() - begin
    batch = int(words[1])
    steps = int(words[2]) if words[0] == "train" else 1
    result = run(net, words[0], x[:batch], label[:batch], steps)
    out = net.get() if words[0] == "train" else result
    with open(words[-1], "wb") as file:
        array.array("f", out.reshape(-1).tolist()).tofile(file)
    return f"{result.item():.9g}" if words[0] == "train" else 0


def main(shape, eta, path, samples):
    torch.set_num_threads(1)
    shape = [int(size) for size in shape.split(",")]
    samples = int(samples)
    net = Net(shape, float(eta))
    with open(path, "rb") as file:
        start = []
        for size in zip(shape, shape[1:]):
            start += [values(file, "f", size), values(file, "f", size[1:])]
        x = values(file, "f", (samples, shape[0]))
        label = values(file, "i", (samples,)).long()
    print(f"ready 0 PyTorch {torch.__version__}, {libraries()}", flush=True)
    for line in sys.stdin:
        net.set(start)
        print(answer(net, line.split(), x, label), flush=True)


main(*sys.argv[1:])
