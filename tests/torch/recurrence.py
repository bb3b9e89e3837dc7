"""The layers of recurrence.net by PyTorch: equal to 1e-9 relative.

The files' arrays have their axes in the opposite order: a batch of sequences is
(sample, step, feature), and a matrix is transposed.
"""
import sys

import torch

from judge import difference, judge
from tensors import read

H = 5
FUNCTIONS = {"recurrent": torch.rnn_tanh, "gru": torch.gru,
             "lstm": torch.lstm, "lstm_back": torch.lstm}


def run(name, arrays, states, x):
    """PyTorch's layer with our parameters; `states` are those of the first
    step."""
    first = [s.expand(1, x.shape[0], H).contiguous() for s in states]
    if name == "lstm_back":
        return run("lstm", arrays, states, x.flip(1)).flip(1)
    return FUNCTIONS[name](x, first if len(first) > 1 else first[0], arrays,
                           True, 1, 0.0, False, False, True)[0]


def arrays(name, p):
    """Ours in PyTorch's names, and the states before the first step."""
    zero = torch.zeros_like
    if name == "recurrent":
        return ([p["Wxy"].T, p["Wyy"].T, p["by"], zero(p["by"])], [p["y"]])
    if name == "gru":
        return ([p["W"].T, p["U"].T, p["b"], p["c"]], [p["h"]])
    return ([p["W"].T, p["U"].T, p["b"], zero(p["b"])], [p["h"], p["c"]])


def check(folder, name):
    """The worst relative difference of a layer's numbers."""
    c = read(f"{folder}/{name}.safetensors")
    p = read(f"{folder}/{name}_weights.safetensors")
    g = read(f"{folder}/{name}_grads.safetensors")
    for tensor in p.values():
        tensor.requires_grad_()
    x = c["X"][:4].clone().requires_grad_()
    one = c["X"][4:].clone().requires_grad_()
    ours, states = arrays(name, p)

    def f(z):
        return run(name, ours, states, z)

    y = f(x)
    y.backward(c["D"], retain_graph=True)
    (d,) = torch.autograd.grad((f(one) ** 3).sum(), one, create_graph=True)
    (h,) = torch.autograd.grad((c["V"][None] * d).sum(), one)
    pairs = [(c["Y"], y), (c["dX"], x.grad), (c["H"], h[0])]
    pairs += [(g[key], p[key].grad) for key in p]
    return max(difference(ours, theirs.detach()) for ours, theirs in pairs)


sys.exit(judge(FUNCTIONS, check, sys.argv[1]))
