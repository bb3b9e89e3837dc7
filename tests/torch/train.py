"""The training of train.net by PyTorch: weights equal to 1e-10 relative."""
import sys

import torch

from tensors import read


def forward(w, x):
    # The files' matrices are transposed: [in, out].
    h = torch.tanh(x @ w["layer1.W"] + w["layer1.b"])
    h = torch.sigmoid(h @ w["layer3.W"] + w["layer3.b"])
    return torch.log_softmax(h @ w["layer5.W"] + w["layer5.b"], 1)


def normed(w, x):
    h = x @ w["layer1.W"] + w["layer1.b"]
    h = torch.nn.functional.batch_norm(
        h, w["layer2.mean"], w["layer2.variance"], w["layer2.γ"],
        w["layer2.β"], True, 0.1, 1e-5)
    h = torch.nn.functional.layer_norm(
        torch.tanh(h), (16,), w["layer4.γ"], w["layer4.β"])
    return torch.log_softmax(h @ w["layer5.W"] + w["layer5.b"], 1)


OPTIMISERS = {
    "SGD": lambda p: torch.optim.SGD(p, 0.1),
    "Momentum": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9),
    "ADAM": lambda p: torch.optim.Adam(p, 0.01, eps=1e-8),
    "AdamW": lambda p: torch.optim.AdamW(p, 0.01, eps=1e-8, weight_decay=0.1),
    "RMSProp": lambda p: torch.optim.RMSprop(p, 0.002, alpha=0.9, eps=1e-8),
    "ClipNorm": lambda p: torch.optim.Adam(p, 0.01, eps=1e-8),
    "ClipValue": lambda p: torch.optim.SGD(p, 0.5),
    "WeightDecay": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9,
                                             weight_decay=0.05),
    "StepDecay": lambda p: torch.optim.SGD(p, 0.1),
    "ExpDecay": lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.9, eps=1e-8),
    "Cosine": lambda p: torch.optim.Adam(p, 0.01, eps=1e-8),
    "Warmup": lambda p: torch.optim.AdamW(p, 0.02, eps=1e-8,
                                          weight_decay=0.01),
    "BatchNorm": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9),
}
MODELS = {"BatchNorm": normed}
RUNNING = ("layer2.mean", "layer2.variance")

# What is done to the gradients before a step.
LIMITS = {
    "ClipNorm": lambda p: torch.nn.utils.clip_grad_norm_(p, 0.25),
    "ClipValue": lambda p: torch.nn.utils.clip_grad_value_(p, 0.02),
    "WeightDecay": lambda p: torch.nn.utils.clip_grad_norm_(p, 0.3),
}


def cosine(opt):
    """Half a wave in 60 steps, and its end from then on."""
    wave = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 60, eta_min=0.001)
    end = torch.optim.lr_scheduler.LambdaLR(opt, lambda i: 0.1)
    return torch.optim.lr_scheduler.SequentialLR(opt, [wave, end], [60])


# What follows the step.
SCHEDULES = {
    "StepDecay": lambda o: torch.optim.lr_scheduler.StepLR(o, 7, 0.5),
    "ExpDecay": lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.95),
    "Cosine": cosine,
    "Warmup": lambda o: torch.optim.lr_scheduler.LambdaLR(
        o, lambda i: min((i + 1) / 10, 1) / (i + 1) ** 0.5),
}


def main(folder):
    torch.set_num_threads(1)
    data = read(f"{folder}/data.safetensors")
    x, y = data["X"], data["Y"]
    passed = failed = 0
    for name, make in OPTIMISERS.items():
        w = read(f"{folder}/{name}_before.safetensors")
        after = read(f"{folder}/{name}_after.safetensors")
        trained = [w[n] for n in w if n not in RUNNING]
        for p in trained:
            assert p.dtype == torch.float64
            p.requires_grad_()
        opt = make(trained)
        schedule = SCHEDULES.get(name, lambda o: None)(opt)
        for i in range(100):
            k = 32 * (i % 10)
            model = MODELS.get(name, forward)
            loss = -(y[k:k + 32] * model(w, x[k:k + 32])).sum(1).mean()
            opt.zero_grad()
            loss.backward()
            LIMITS.get(name, lambda p: None)(trained)
            opt.step()
            if schedule is not None:
                schedule.step()
        # A bias in front of BatchNorm has no gradient but rounding, and stays 0.
        worst = max(((w[n] - after[n]).norm()
                     / max(w[n].norm(), 1e-3)).item() for n in w)
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
