"""demo_torch.py EPOCHS BATCH THREADS: what samples/mlp does, by PyTorch.

The model and its settings, the order of samples shuffled anew in each epoch, a
rate that falls from epoch to epoch. Prints the seconds of each epoch, and in
the last line the accuracy. BENCH_MODE is fused where the optimiser shall be.
"""
import gzip
import os
import sys
import time

import numpy
import torch
from torch import nn

DATA = "/usr/share/datasets/fashion-mnist"


def read(name, head):
    path = os.path.join(os.environ.get("DATA", DATA), name)
    with gzip.open(path) as file:
        return numpy.frombuffer(file.read(), numpy.uint8, offset=head)


def load(name):
    x = read(f"{name}-images-idx3-ubyte.gz", 16).reshape(-1, 784)
    label = read(f"{name}-labels-idx1-ubyte.gz", 8)
    return (torch.from_numpy(x.astype("f")) / 255,
            torch.from_numpy(label.astype("i8")))


def network():
    net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64),
                        nn.ReLU(), nn.Linear(64, 10))
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net


def main(epochs, batch, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(2017)
    x, label = load("train")
    net = network()
    loss_of = nn.CrossEntropyLoss()
    fused = {"fused": True} if os.environ.get("BENCH_MODE") == "fused" else {}
    optimiser = torch.optim.Adam(net.parameters(), 0.001, **fused)
    for _ in range(epochs):
        begin = time.perf_counter()
        order = torch.randperm(len(x))
        total = 0.0
        for part in order.split(batch):
            optimiser.zero_grad(set_to_none=True)
            loss = loss_of(net(x[part]), label[part])
            loss.backward()
            optimiser.step()
            total += loss.item()
        print(time.perf_counter() - begin, flush=True)
        for group in optimiser.param_groups:
            group["lr"] *= 0.85
    x, label = load("t10k")
    with torch.inference_mode():
        print((net(x).argmax(1) == label).float().mean().item())


main(*map(int, sys.argv[1:]))
