"""The layers of convolution.net by PyTorch: equal to 1e-9 relative.

The files' arrays have their axes in the opposite order: an image is (sample,
channel, width, height), and so are kernels and options here.
"""
import sys

import torch
import torch.nn.functional as F

from judge import difference, judge
from tensors import read

CASES = {
    "plain": lambda x, w, b: F.conv2d(x, w, b),
    "stride": lambda x, w, b: F.conv2d(x, w, b, (3, 2)),
    "pad": lambda x, w, b: F.conv2d(x, w, b, 1, (2, 1)),
    "dilation": lambda x, w, b: F.conv2d(x, w, b, 1, 0, (1, 2)),
    "groups": lambda x, w, b: F.conv2d(x, w, b, groups=2),
    "depthwise": lambda x, w, b: F.conv2d(x, w, b, 1, 1, groups=3),
    "all": lambda x, w, b: F.conv2d(x, w, b, 2, (1, 2), (3, 2), 2),
    "whole": lambda x, w, b: F.conv2d(x, w, b),
    "line": lambda x, w, b: F.conv1d(x, w, b, 2, 1),
    "back": lambda x, w, b: F.conv_transpose2d(x, w, b),
    "back_all": lambda x, w, b: F.conv_transpose2d(x, w, b, (3, 2), 1, 0, 2,
                                                   (2, 1)),
    "back_line": lambda x, w, b: F.conv_transpose1d(x, w, b, 3, 1),
    "max": lambda x, w, b: F.max_pool2d(x, 2),
    "max_over": lambda x, w, b: F.max_pool2d(x, (2, 3), (1, 2)),
    "max_line": lambda x, w, b: F.max_pool1d(x, 3, 2),
    "mean": lambda x, w, b: F.avg_pool2d(x, (3, 2)),
    "mean_pad": lambda x, w, b: F.avg_pool2d(x, 3, 2, 1),
    "global_max": lambda x, w, b: x.amax((2, 3)),
    "global_mean": lambda x, w, b: x.mean((2, 3)),
}
PLAIN = {"max", "max_over", "max_line", "mean", "mean_pad", "global_max",
         "global_mean"}


def check(folder, name):
    """The worst relative difference of a layer's numbers."""
    c = read(f"{folder}/{name}.safetensors")
    x = c["X"][:3].clone().requires_grad_()
    one = c["X"][3:].clone().requires_grad_()
    w = b = None
    if name not in PLAIN:
        p = read(f"{folder}/{name}_weights.safetensors")
        w, b = p["W"].requires_grad_(), p["b"].requires_grad_()
    f = CASES[name]
    y = f(x, w, b)
    y.backward(c["D"])
    (g,) = torch.autograd.grad((f(one, w, b) ** 3).sum(), one,
                               create_graph=True)
    (h,) = torch.autograd.grad((c["V"][None] * g).sum(), one)
    pairs = [(c["Y"], y), (c["dX"], x.grad), (c["H"], h[0])]
    if w is not None:
        pairs += [(p["dW"], w.grad), (p["db"], b.grad)]
    return max(difference(ours, theirs.detach()) for ours, theirs in pairs)


sys.exit(judge(CASES, check, sys.argv[1]))
