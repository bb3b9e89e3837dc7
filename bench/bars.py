"""What fluxc shall reach: a table, and what a result says to each row.

All bars are of OURS, the generated C as anybody compiles it.
"""
import dataclasses

OURS = "fluxc gcc -O2"
NATIVE = ("fluxc gcc -O3 native", "fluxc clang -O3 native")

EAGER = ("PyTorch eager", "PyTorch 1 eager")
COMPILED = ("PyTorch compiled",)
JAX = ("JAX",)
ONNX = ("ONNX Runtime",)
DNNL = ("C on oneDNN", "oneDNN matmul")
C = ("C on OpenBLAS", "C on BLIS", "C on oneDNN", "oneDNN matmul", "libxsmm",
     "C, plain loops")
ONE = (OURS + ", 1 thread",)
MLP = "784-128-64-10"


@dataclasses.dataclass
class Bar:
    """At least so much, of one measure at one piece of work."""
    part: str
    id: str        # as a row's
    measure: str   # times (than the fastest of `peers`), share, rate
    bound: float
    peers: tuple = ()
    name: str = OURS
    most: float = 0.0   # share that is enough instead


def times(part, id, bound, peers, **more):
    return Bar(part, id, "times", bound, peers, **more)


def table():
    """All bars, in the order of the parts."""
    found = []
    for batch, c, eager in ((1, 1.7, 14), (32, 1.4, 2.8), (64, 1.3, 2.0),
                            (256, 1.15, 1.4)):
        id = f"train {MLP} SGD {batch}"
        found += [times("train", id, c, C), times("train", id, eager, EAGER),
                  times("train", id, 1.3, COMPILED, most=0.92),
                  times("train", id, 1.3, JAX, most=0.92)]
        if batch >= 64:
            found.append(Bar("train", id, "share", 0.9))
        found += [times("train", id, 0.95, NATIVE, name=name)
                  for name in (OURS, "fluxc clang -O2")]
    id = f"train {MLP} ADAM 64"
    found += [Bar("adam", id, "share", 0.8), times("adam", id, 1.8, EAGER)]
    found += [times("threads", f"train {MLP} SGD 2 threads {batch}", bound,
                    ONE) for batch, bound in ((1, 1.0), (32, 1.0), (64, 1.8),
                                              (256, 1.8))]
    id = "train lenet SGD 64"
    found += [times("lenet", id, 4, ("PyTorch 1 eager",)),
              times("lenet", id, 2, ("PyTorch eager", "PyTorch compiled"))]
    id = "train lstm SGD 50"
    found += [Bar("lstm", id, "share", 0.75),
              times("lstm", id, 1.5, EAGER), times("lstm", id, 1.0, COMPILED)]
    for shape, eager, c, onnx in (("64-64-64-10", 40, 3, 3),
                                  (MLP, 6, 1.6, 3)):
        found += [times("infer", f"infer {shape} 1", bound, peers) for
                  bound, peers in ((eager, EAGER), (c, C), (onnx, ONNX))]
    id = "infer 1024-1024-1024-1024-1024 1"
    found += [times("infer", id, 0.9, ("bandwidth",)),
              times("infer", id, 1.0, ONNX)]
    for size in ("784-128 32", "784-128 64", "784-128 256", "128-64 64",
                 "512-512 32", "512-512 256", "512-512 512"):
        id = f"infer product {size}"
        found += [Bar("product", id, "share", 0.95),
                  times("product", id, 1.0, DNNL)]
    found += [Bar("product", f"infer product {n}-{n} {n}", "share", 0.88)
              for n in (1024, 2048)]
    for name, bound in (("gate 1000 1000", 3), ("layernorm 1024 1024", 2.8),
                        ("softmax 1024 1024", 1.25)):
        found += [times("map", "infer " + name, bound, EAGER),
                  times("map", "infer " + name, 1.0, COMPILED)]
    found += [Bar("function", f"infer {name} 1024 4", "rate", 4.0)
              for name in ("exp", "sigmoid", "tanh")]
    found += [times("demo", "demo 32", 1.6, EAGER)]
    return found


def measured(bar, rows):
    """(value, void) of a bar in the rows of one piece of work; None where it
    was not measured."""
    ours = next((row for row in rows if row["name"] == bar.name), None)
    if ours is None:
        return None
    if bar.measure != "times":
        value = ours[bar.measure]
        return None if value is None else (value, bool(ours["void"]))
    peers = [row for row in rows if row["name"] in bar.peers]
    if not peers:
        return None
    best = min(peers, key=lambda row: row["us"])
    return best["us"] / ours["us"], bool(ours["void"] or best["void"])


def verdicts(parts):
    """(Bar, value or None, met, missed, void or not measured) of all bars of
    the parts in a result."""
    found = []
    for bar in table():
        rows = [row for row in parts.get(bar.part, {"rows": []})["rows"]
                if row["id"] == bar.id]
        if bar.part not in parts:
            continue
        value = measured(bar, rows)
        if value is None:
            found.append((bar, None, "not measured"))
            continue
        met = value[0] >= bar.bound
        if bar.most and not met:
            share = next(row["share"] for row in rows
                         if row["name"] == bar.name)
            met = share is not None and share >= bar.most
        found.append((bar, value[0], "void" if value[1] else
                      "met" if met else "missed"))
    return found


def words(bar):
    """What a bar asks, in words."""
    if bar.measure == "share":
        return "share of the FMA peak", f"{100 * bar.bound:.0f} %"
    if bar.measure == "rate":
        return "10⁹ elements a second", f"{bar.bound:.1f}"
    than = {C: "best C peer", EAGER: "PyTorch eager", COMPILED:
            "torch.compile", JAX: "JAX", ONNX: "ONNX Runtime", DNNL: "oneDNN",
            ONE: "one thread", NATIVE: "-O3 -march=native"}
    what = f"× {than.get(bar.peers, bar.peers[0])}"
    if bar.name != OURS:
        what += ", clang -O2"
    bound = f"{bar.bound:.2f}"
    return what, bound + (f" or {100 * bar.most:.0f} %" if bar.most else "")
