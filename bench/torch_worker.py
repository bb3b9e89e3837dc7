"""PyTorch, as framework.py asks it. BENCH_MODE is

    plain      eager, with the optimiser's default
    fused      eager, with the fused optimiser
    compiled   torch.compile of the whole step or forward pass, weights frozen
    autotuned  the same with max-autotune
"""
import numpy
import torch
from torch import nn

import framework

F = nn.functional
MAPS = {
    "gate": lambda x, a, b: torch.sigmoid(a * x + b) * torch.tanh(x),
    "layernorm": lambda x, g, b: F.layer_norm(x, x.shape[1:], g, b, 1e-5),
    "softmax": lambda x: torch.softmax(x, 1),
    "exp": torch.exp, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
}


def lenet(x, parameters):
    first, b1, second, b2 = parameters[:4]
    x = F.max_pool2d(F.relu(F.conv2d(x.view(-1, 1, 28, 28), first, b1,
                                     padding=2)), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, second, b2)), 2).flatten(1)
    for i in range(4, len(parameters), 2):
        x = F.linear(x, parameters[i], parameters[i + 1])
        x = F.relu(x) if i + 2 < len(parameters) else x
    return x


def lstm(x, parameters):
    """The library's own, whose second bias is 0 and stays so."""
    read, bias, w, u, b, h, c = parameters
    count = len(x)
    start = [s.expand(1, count, -1).contiguous() for s in (h, c)]
    y, _, _ = torch.lstm(x.view(count, 50, 64), start,
                         (w, u, b, torch.zeros_like(b)), True, 1, 0.0, True,
                         False, True)
    return F.linear(y[:, -1], read, bias)


def logits(x, parameters):
    """A chain before its softmax; weights are [out][in]."""
    for i in range(0, len(parameters), 2):
        x = F.linear(x, parameters[i], parameters[i + 1])
        if i + 2 < len(parameters):
            x = torch.sigmoid(x)
    return x


MODELS = {"chain": logits, "lenet": lenet, "lstm": lstm}


def turned(value):
    """Matrices are [out][in] here, [in][out] there."""
    return value.T if value.ndim == 2 else value


class Made:
    """Parameters, and the functions that use them."""

    def __init__(self, task):
        torch.set_num_threads(task.threads)
        self.task = task
        self.compiles = task.mode in ("compiled", "autotuned")
        self.model = MODELS.get(task.kind)
        self.parameters = [torch.zeros(shape[::-1] if len(shape) == 2
                                       else shape)
                           for shape in task.arrays()]
        self.detail = f"PyTorch {torch.__version__} {blas()}"
        self.trains = task.what in ("SGD", "ADAM")
        if self.trains:
            self._prepare_training()
        forward = self._forward
        if self.compiles:
            mode = {"mode": "max-autotune"} if task.mode == "autotuned" else {}
            forward = torch.compile(forward, dynamic=False, **mode)
        self.forward = forward

    def _prepare_training(self):
        if self.compiles:
            self.state = []
            self.count = torch.zeros(())
            mode = {"mode": "max-autotune"} \
                if self.task.mode == "autotuned" else {}
            self.step = torch.compile(self._step, dynamic=False, **mode)
            return
        for p in self.parameters:
            p.requires_grad_()
        fused = {"fused": True} if self.task.mode == "fused" else {}
        kind = {"SGD": torch.optim.SGD, "ADAM": torch.optim.Adam}
        self.new = lambda: kind[self.task.what](self.parameters,
                                                self.task.rate, **fused)

    def _loss(self, parameters, x, label):
        return F.cross_entropy(self.model(x, parameters), label)

    def _forward(self, x):
        if self.task.kind == "chain":
            return torch.softmax(logits(x, self.parameters), 1)
        if self.task.kind == "product":
            return F.linear(x, self.parameters[0])
        return MAPS[self.task.what](x, *self.parameters)

    def _step(self, parameters, state, count, x, label):
        """A whole step as one graph: gradients, and the optimiser's update."""
        gradients, loss = torch.func.grad_and_value(self._loss)(
            parameters, x, label)
        if self.task.what == "SGD":
            for p, g in zip(parameters, gradients):
                p.sub_(self.task.rate * g)
            return loss
        count.add_(1)
        scale = self.task.rate / (1 - 0.9 ** count)
        root = torch.sqrt(1 - 0.999 ** count)
        for p, g, m, v in zip(parameters, gradients, state[::2], state[1::2]):
            m.lerp_(g, 0.1)
            v.mul_(0.999).addcmul_(g, g, value=0.001)
            p.sub_(scale * m / (v.sqrt() / root + 1e-8))
        return loss

    def set(self, values):
        with torch.no_grad():
            for to, value in zip(self.parameters, values):
                to.copy_(torch.from_numpy(turned(value)))
            if self.trains and not self.compiles:
                self.optimiser = self.new()
            elif self.trains:
                self.count.zero_()
                self.state = [torch.zeros_like(p) for p in self.parameters
                              for _ in range(2)] \
                    if self.task.what == "ADAM" else []

    def get(self):
        return [turned(p.detach().numpy()) for p in self.parameters]

    def data(self, x, label):
        return (torch.from_numpy(numpy.array(x)),
                torch.from_numpy(label.astype("i8")))

    def train(self, x, label):
        if self.compiles:
            with torch.no_grad():
                return self.step(self.parameters, self.state, self.count, x,
                                 label)
        self.optimiser.zero_grad(set_to_none=True)
        loss = self._loss(self.parameters, x, label)
        loss.backward()
        self.optimiser.step()
        return loss

    def infer(self, x):
        # A compiled pass takes its weights for constants under no_grad.
        with torch.no_grad() if self.compiles else torch.inference_mode():
            return self.forward(x)

    def done(self, result):
        return result.detach().numpy()


def blas():
    """The BLAS in this process: Debian's PyTorch takes the system's."""
    try:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            files = {line.split()[-1].rsplit("/", 1)[-1] for line in maps}
    except OSError:
        return ""
    return " ".join(sorted(f for f in files if "blas" in f))


framework.main(Made)
