"""The training of train.net by PyTorch: weights equal to 1e-10 relative."""
import sys

import torch

from tensors import read


def forward(w, x):
    # The files' matrices are transposed: [in, out].
    h = torch.tanh(x @ w["layer1.W"] + w["layer1.b"])
    h = torch.sigmoid(h @ w["layer3.W"] + w["layer3.b"])
    return torch.log_softmax(h @ w["layer5.W"] + w["layer5.b"], 1)


OPTIMISERS = {
    "SGD": lambda p: torch.optim.SGD(p, 0.1),
    "Momentum": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9),
    "ADAM": lambda p: torch.optim.Adam(p, 0.01, eps=1e-8),
    "AdamW": lambda p: torch.optim.AdamW(p, 0.01, eps=1e-8, weight_decay=0.1),
    "RMSProp": lambda p: torch.optim.RMSprop(p, 0.002, alpha=0.9, eps=1e-8),
}


def main(folder):
    torch.set_num_threads(1)
    data = read(f"{folder}/data.safetensors")
    x, y = data["X"], data["Y"]
    passed = failed = 0
    for name, make in OPTIMISERS.items():
        w = read(f"{folder}/{name}_before.safetensors")
        after = read(f"{folder}/{name}_after.safetensors")
        for p in w.values():
            assert p.dtype == torch.float64
            p.requires_grad_()
        opt = make(list(w.values()))
        for i in range(100):
            k = 32 * (i % 10)
            loss = -(y[k:k + 32] * forward(w, x[k:k + 32])).sum(1).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
        worst = max(((w[n] - after[n]).norm() / w[n].norm()).item() for n in w)
        moved = max((read(f"{folder}/{name}_before.safetensors")[n]
                     - after[n]).norm().item() for n in w)
        fine = worst <= 1e-10 and moved > 1e-3
        print(f"{'ok  ' if fine else 'FAIL'} {name}: worst relative "
              f"difference {worst:.2e}, loss {loss.item():.6f}")
        passed += fine
        failed += not fine
    print(f"{passed} passed, {failed} failed")
    return failed > 0


sys.exit(main(sys.argv[1]))
