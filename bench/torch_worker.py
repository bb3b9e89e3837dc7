"""PyTorch, as framework.py asks it. BENCH_MODE is

    plain      eager, with the optimiser's default
    fused      eager, with the fused optimiser
    compiled   torch.compile of the whole step or forward pass, weights frozen
    autotuned  the same with max-autotune
    captured   a CUDA graph of the whole step or forward pass, and its replay
"""
import sys

import numpy
import torch
from torch import nn

import framework

F = nn.functional
torch.backends.cudnn.allow_tf32 = False  # floats are floats, as in products
MAPS = {
    "gate": lambda x, a, b: torch.sigmoid(a * x + b) * torch.tanh(x),
    "layernorm": lambda x, g, b: F.layer_norm(x, x.shape[1:], g, b, 1e-5),
    "crossentropy": lambda x: F.cross_entropy(
        x, x.new_zeros(len(x), dtype=torch.long), reduction="none"),
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
    y, _, _ = torch.lstm(x.view(count, -1, w.shape[1]), start,
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
        if task.device != "cpu" and not torch.cuda.is_available():
            sys.exit("PyTorch finds no GPU")
        self.captures = task.mode == "captured"
        self.graphs = {}  # of calls that are captured, with their results
        self.optimiser = None
        self.model = MODELS.get(task.kind.split("-")[0])
        self.parameters = [torch.zeros(shape[::-1] if len(shape) == 2
                                       else shape, device=task.device)
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
            self.count = torch.zeros((), device=self.task.device)
            mode = {"mode": "max-autotune"} \
                if self.task.mode == "autotuned" else {}
            self.step = torch.compile(self._step, dynamic=False, **mode)
            return
        for p in self.parameters:
            p.requires_grad_()
        fused = {"fused": True} if self.task.mode in ("fused", "captured") \
            else {}
        if self.captures and self.task.what == "ADAM":
            fused["capturable"] = True
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
        if self.task.kind == "map":
            return MAPS[self.task.what](x, *self.parameters)
        return self.model(x, self.parameters)

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
        self.start = values
        with torch.no_grad():
            for to, value in zip(self.parameters, values):
                to.copy_(torch.from_numpy(turned(value)))
            if self.trains and not self.compiles:
                self._begin()
            elif self.trains:
                self._begin_compiled()

    def _begin(self):
        """An optimiser that has done no step; a graph knows only the first."""
        if self.optimiser is None or not self.captures:
            self.optimiser = self.new()
        for kept in self.optimiser.state.values():
            for value in kept.values():
                value.zero_()

    def _begin_compiled(self):
        """As the first time: graphs know the places of these tensors."""
        self.count.zero_()
        if not self.state and self.task.what == "ADAM":
            self.state = [torch.zeros_like(p) for p in self.parameters
                          for _ in range(2)]
            if self.task.device != "cpu":
                for kept in (*self.parameters, *self.state, self.count):
                    torch._dynamo.mark_static_address(kept)
        for kept in self.state:
            kept.zero_()

    def get(self):
        return [turned(p.detach().cpu().numpy()) for p in self.parameters]

    def data(self, x, label):
        return (torch.from_numpy(numpy.array(x)).to(self.task.device),
                torch.from_numpy(label.astype("i8")).to(self.task.device))

    def train(self, x, label):
        if self.compiles:
            with torch.no_grad():
                return self.step(self.parameters, self.state, self.count, x,
                                 label)
        if self.captures:
            return self._replay(("train", len(x)),
                                lambda: self._train(x, label))
        return self._train(x, label)

    def _replay(self, key, call):
        """What a call gives that was captured, after some that were not."""
        if key not in self.graphs:
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(3):
                    call()
            torch.cuda.current_stream().wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                result = call()
            self.graphs[key] = graph, result
            self.set(self.start)
        graph, result = self.graphs[key]
        graph.replay()
        return result

    def _train(self, x, label):
        self.optimiser.zero_grad(set_to_none=True)
        loss = self._loss(self.parameters, x, label)
        loss.backward()
        self.optimiser.step()
        return loss

    def infer(self, x):
        # A compiled pass takes its weights for constants under no_grad.
        with torch.no_grad() if self.compiles else torch.inference_mode():
            if self.captures:
                return self._replay(("infer", len(x)), lambda: self.forward(x))
            return self.forward(x)

    def wait(self, result):
        if self.task.device != "cpu":
            torch.cuda.synchronize()

    def done(self, result):
        return result.detach().cpu().numpy()


def blas():
    """The BLAS in this process: Debian's PyTorch takes the system's."""
    try:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            files = {line.split()[-1].rsplit("/", 1)[-1] for line in maps}
    except OSError:
        return ""
    return " ".join(sorted(f for f in files if "blas" in f))


framework.main(Made)
