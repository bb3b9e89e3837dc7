"""Compares what fluxc and PyTorch have computed, case by case."""
import torch


def difference(ours, theirs):
    assert ours.shape == theirs.shape, (ours.shape, theirs.shape)
    return ((ours - theirs).norm() / theirs.norm().clamp(min=1)).item()


def judge(names, check, folder):
    """Prints a line for each name: check(folder, name) is its difference."""
    torch.set_num_threads(1)
    failed = 0
    for name in names:
        worst = check(folder, name)
        fine = worst <= 1e-9
        print(f"{'ok  ' if fine else 'FAIL'} {name}: worst relative "
              f"difference {worst:.2e}")
        failed += not fine
    print(f"{len(names) - failed} passed, {failed} failed")
    return failed > 0
