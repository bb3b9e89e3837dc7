#!/usr/bin/env python3
"""The models of charlstm and transformer in PyTorch: the same sizes, batches,
learning rates and number of steps; PyTorch's own initial values.

    samples/common/peer.py lstm|transformer FILE [STEPS]
"""
import math
import sys
import time

import torch
from torch import nn

ALPHABET = "\n !'(),-.:;?ABCDEFGHIJKLMNOPQRSTUVWYZabcdefghijklmnopqrstuvwxyz"
SPAN, BATCH, TESTED = 64, 32, 1024


class CharLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(ALPHABET), 64)
        self.lstm = nn.LSTM(64, 128, batch_first=True)
        self.out = nn.Linear(128, len(ALPHABET))

    def forward(self, x):
        return self.out(self.lstm(self.embed(x))[0])


class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(n), nn.LayerNorm(n)
        self.attention = nn.MultiheadAttention(n, 4, batch_first=True)
        self.feed = nn.Sequential(nn.Linear(n, 4 * n), nn.GELU(),
                                  nn.Linear(4 * n, n))

    def forward(self, x):
        ahead = torch.ones(SPAN, SPAN, dtype=torch.bool).triu(1)
        z = self.norm1(x)
        x = x + self.attention(z, z, z, attn_mask=ahead,
                               need_weights=False)[0]
        return x + self.feed(self.norm2(x))


class Transformer(nn.Module):
    def __init__(self, n=64):
        super().__init__()
        self.embed = nn.Embedding(len(ALPHABET), n)
        self.places = nn.Parameter(torch.randn(SPAN, n) / 10)
        self.rest = nn.Sequential(Block(n), Block(n), nn.LayerNorm(n),
                                  nn.Linear(n, len(ALPHABET)))

    def forward(self, x):
        return self.rest(self.embed(x) + self.places)


def spans(text, starts):
    x = torch.stack([text[a:a + SPAN] for a in starts])
    return x, torch.stack([text[a + 1:a + SPAN + 1] for a in starts])


def loss_of(model, x, y):
    return nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten())


def main(kind, path, steps="2000"):
    steps = int(steps)
    torch.manual_seed(1)
    torch.set_num_threads(1)
    index = {c: i for i, c in enumerate(ALPHABET)}
    with open(path) as file:
        text = torch.tensor([index[c] for c in file.read()])
    model = CharLSTM() if kind == "lstm" else Transformer()
    print(sum(p.numel() for p in model.parameters()), "parameters")
    eta, warm = (0.005, 1) if kind == "lstm" else (0.003, 100)
    optimiser = torch.optim.Adam(model.parameters(), eta)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda t: min((t + 1) / warm, 1) *
        (1 + math.cos(math.pi * min(t / 2000, 1))) / 2)
    places = len(text) - (TESTED + 1) * SPAN - 1
    for step in range(1, steps + 1):
        starts = [int(math.fmod(0.6180339887498949 * (BATCH * step + i), 1) *
                      places) for i in range(BATCH)]
        loss = loss_of(model, *spans(text, starts))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 200 == 0 or step == steps:
            print(f"step {step:4}  {loss.item() / math.log(2):.3f} bits  "
                  f"{time.process_time():.0f} s", flush=True)
    first = len(text) - TESTED * SPAN - 1
    with torch.no_grad():
        bits = [loss_of(model, *spans(text, range(a, a + BATCH * SPAN, SPAN)))
                for a in range(first, first + TESTED * SPAN, BATCH * SPAN)]
    print(f"bits of a character {sum(bits).item() / len(bits) / math.log(2):.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
