"""The training loop of samples/mlp beside PyTorch's: the same data, model,
optimiser and batch, from an epoch's shuffling to its last step.

Programs run in turn, each some epochs; the fastest epoch counts.
"""
import os
import re

import libraries as lib
from libraries import BENCH, TOP
from worker import Failed, Missing, command

EPOCHS = 2
BATCH = 32
TURNS = 2  # each is a pass
APART = 0.02  # accuracies of so few epochs may differ by that


def ours(given):
    """Builds the sample; a function that runs it: seconds of epochs, and the
    accuracy."""
    build = os.path.dirname(os.path.abspath(given.fluxc))
    environment = {**os.environ, "B": build}
    demo = os.path.join(TOP, "samples", "mlp", "demo")
    words = ["--epochs", str(EPOCHS), "--batch", str(BATCH)]

    def run():
        said = command(demo, *words, env=environment)
        ends = [0.0] + [float(s) for s in re.findall(
            r"^epoch .* ([\d.]+) s$", said, re.MULTILINE)]
        return [b - a for a, b in zip(ends, ends[1:])], accuracy(said)
    return run


def accuracy(said):
    return float(said.split()[-1])


def torch(python, mode):
    """The same by PyTorch."""
    script = os.path.join(BENCH, "demo_torch.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1",
                   "OPENBLAS_NUM_THREADS": "1", "BENCH_MODE": mode}

    def run():
        said = command(*python, script, str(EPOCHS), str(BATCH), "1",
                       env=environment)
        return [float(word) for word in said.split()[:-1]], accuracy(said)
    return run


def runners(given, part):
    """{(name, group, setting): a function that runs it}"""
    found = {("fluxc gcc -O2", "ours", ""): ours(given)}
    for name, find, mode in (
            ("PyTorch 1 eager", lib.debian_torch_find, "plain"),
            ("PyTorch eager", lib.torch_find, "fused")):
        try:
            setting = f"BENCH_MODE={mode}"
            found[name, "eager", setting] = torch(find(), mode)
        except Missing as error:
            part["skipped"][name] = str(error)
    return found


def part(given, result):
    """What was measured, in the frame of a part."""
    folder = "/usr/share/datasets/fashion-mnist"
    if not os.path.isdir(folder):
        result["skipped"]["demo"] = f"no {folder}"
        return result
    programs = runners(given, result)
    best = {key: [] for key in programs}
    right = {}
    for _ in range(1 if given.check else TURNS):
        for key, run in programs.items():
            seconds, right[key] = run()
            best[key].append(min(seconds))
    if max(right.values()) - min(right.values()) > APART:
        raise Failed("demo: accuracies " + ", ".join(
            f"{key[0]} {value}" for key, value in right.items()))
    for (name, group, setting), passes in best.items():
        result["rows"].append({
            "id": f"demo {BATCH}", "name": name, "group": group,
            "setting": setting, "us": min(passes) * 1e6,
            "us_passes": [b * 1e6 for b in passes],
            "rate": 60000 / min(passes) / 1e9, "share": None,
            "void": max(passes) > 1.05 * min(passes),
            "errors": {"accuracy": right[name, group, setting]}})
    return result
