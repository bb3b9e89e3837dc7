"""What is timed on a GPU, and what it shall reach: two tables.

A piece of work that is bound by memory names the floats that it has to move, for
each of x.
"""
from bars import COMPILED, EAGER, JAX, Bar
from workloads import Workload

OURS = "fluxc CUDA"
CAPTURED = ("PyTorch captured",)
EAGER = EAGER[:1]
WIDE = 2 ** 17
LONG = 4096, 2 ** 14  # of 256 MB
MOVED = {"softmax": {"infer": 2, "back": 3},
         "layernorm": {"infer": 2, "back": 3},
         "crossentropy": {"infer": 1, "back": 2}}
# A narrow model that tiny-cuda-nn's are like.
NARROW = (64, 64, 64, 64, 64, 10)
SMALL, LARGE, ONE = (784, 100, 10), (784, 512, 512, 10), (784, 128, 64, 10)


def chain(part, shape, cases, optimiser=""):
    return Workload(part, "chain", shape, cases, optimiser=optimiser)


def table(quick=False):
    """Workloads; the small ones that an emulator runs in seconds."""
    train = [("train", 32), ("train", 128)]
    if quick:
        return [chain("step", (6, 5, 3), [("train", 4)], "ADAM"),
                Workload("rows", "map", (20,), [("infer", 3), ("back", 3)],
                         "softmax"),
                lstm("lstm-4", 2)]
    return [
        chain("step", SMALL, train, "ADAM"),
        chain("step", LARGE, train, "ADAM"),
        chain("one", ONE, [("infer", 1)]),
        chain("narrow", NARROW, [("infer", WIDE), ("train", WIDE)], "ADAM"),
        *(Workload("rows", "map", LONG[:1], [("infer", LONG[1]),
                                             ("back", LONG[1])], name)
          for name in MOVED),
        *(lstm(f"lstm-{hidden}", 16) for hidden in (128, 256, 512)),
    ]


def lstm(kind, batch):
    from nets import NETS
    return Workload("lstm", kind, NETS[kind].sizes,
                    [("infer", batch), ("train", batch)], optimiser="ADAM")


def moved(workload, work, batch):
    """Bytes that have to be read and written; 0 where that is not the point."""
    if workload.kind != "map":
        return 0
    return 4 * MOVED[workload.function][work] * workload.shape[0] * batch


def times(part, id, bound, peers):
    return Bar(part, id, "times", bound, peers, OURS)


def bars():
    """All bars. `us`, `first` and `size` are at most so much."""
    found = []
    for shape in (SMALL, LARGE):
        for batch in (32, 128):
            id = f"train {'-'.join(map(str, shape))} ADAM {batch}"
            found += [times("step", id, 10, EAGER),
                      times("step", id, 4, COMPILED),
                      times("step", id, 2, CAPTURED),
                      times("step", id, 4, JAX)]
    id = "train 784-100-10 ADAM 128"
    found += [Bar("step", id, "us", 20, name=OURS),
              Bar("step", id, "sooner", 20, COMPILED, OURS),
              Bar("step", id, "megabytes", 2, name=OURS)]
    found.append(times("one", "infer 784-128-64-10 1", 2, CAPTURED))
    id = f"64-64-64-64-64-10 ADAM {WIDE}"
    found += [times("narrow", "infer " + id, 5, COMPILED),
              times("narrow", "train " + id, 2, COMPILED)]
    for name, works in MOVED.items():
        found += [Bar("rows", f"{work} {name} {LONG[0]} {LONG[1]}", "of_copy",
                      0.9, name=OURS) for work in works]
    found += [times("lstm", f"{work} lstm-{hidden} ADAM 16", 1, EAGER)
              for hidden in (128, 256, 512) for work in ("infer", "train")]
    return found


def value(bar, rows):
    """What a bar's measure is in the rows of one piece of work; None where it
    was not measured."""
    ours = next((row for row in rows if row["name"] == bar.name), None)
    peers = [row for row in rows if row["name"] in bar.peers]
    if ours is None or bar.peers and not peers:
        return None
    if bar.measure in ("times", "sooner"):
        key = "us" if bar.measure == "times" else "first"
        return min(row[key] for row in peers) / ours[key]
    return ours[bar.measure]


def verdicts(rows):
    """(Bar, value or None, met, missed or not measured) of all bars."""
    found = []
    for bar in bars():
        own = value(bar, [row for row in rows if row["id"] == bar.id])
        less = bar.measure in ("us", "megabytes")
        met = own is not None and (own <= bar.bound if less
                                   else own >= bar.bound)
        found.append((bar, own, "not measured" if own is None
                      else "met" if met else "missed"))
    return found


WORDS = {"us": "µs, at most", "of_copy": "share of the copy bandwidth",
         "megabytes": "MB of program, at most"}


def words(bar):
    """What a bar asks, in words."""
    if bar.measure == "sooner":
        return "first step sooner than torch.compile"
    if bar.measure in WORDS:
        return WORDS[bar.measure]
    return f"× {bar.peers[0]}"
