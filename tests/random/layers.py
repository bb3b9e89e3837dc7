"""The layers of the standard library as programs of the same form: what is known
of them is known of random programs.

    layers.py        prints the file
"""
import random
import sys

from generate import PRELUDE, Program
from steps import Value

# Name: definitions, inputs, body, shape of the result; loss and optimiser of a
# trainer, or none. Those whose results depend on the batch are in MIXES.
MIXES = {"trained", "dropped"}
CASES = {
    "normed": ("norm_l = LayerNorm(5)", {"x": (5,)}, "norm_l(x)", (5,), "mse",
             "ClipNorm(ADAM(0.01), 0.5)"),
    "norm2": ("norm2_l = LayerNorm(3; dims = 2)", {"x": (4, 3)},
              "norm2_l(tanh(x))", (4, 3), "absolute",
              "WeightDecay(Momentum(0.01), 0.1)"),
    "attention": ("attention_l = Attention(6; heads = 3, causal = true)",
                  {"x": (6, 5)}, "x + attention_l(x)", (6, 5), "mse",
                  "Schedule(ADAM(0.01), Warmup(2))"),
    "cross": ("cross_l = Attention(4; heads = 2)", {"x": (4, 3), "y": (4, 7)},
              "cross_l(x, y)", (4, 3), "smooth",
              "ClipValue(Schedule(RMSProp(0.01), Cosine(4)), 0.02)"),
    "narrow": ("narrow_l = Attention(1)", {"x": (1, 1)}, "narrow_l(x)", (1, 1),
               "mse", "Schedule(SGD(0.1), StepDecay(2))"),
    "transformer": (
        "transformer_a = Attention(4; heads = 2, causal = true)\n"
        "transformer_n = LayerNorm(4)\n"
        "transformer_m = Chain(Affine(4, 8), gelu, Affine(8, 4))",
        {"x": (4, 6)}, "x + transformer_m(transformer_n(x + transformer_a(x)))",
        (4, 6), "mse", "ClipNorm(AdamW(0.01), 0.1)"),
    "batchnorm": ("batchnorm_l = BatchNorm(5)", {"x": (5,)},
                  "tanh(batchnorm_l(x))", (5,), "mse", "ADAM(0.01)"),
    "channels": ("channels_l = BatchNorm(3; momentum = 0.5)", {"x": (4, 2, 3)},
                 "channels_l(x)", (4, 2, 3), "smooth", "SGD(0.1)"),
    "twice": ("twice_l = BatchNorm(4)", {"x": (4,)}, "twice_l(x + twice_l(x))",
              (4,), "mse", "Momentum(0.1)"),
    "dropout": ("dropout_m = Chain(Affine(6, 9), Dropout(0.25), tanh, "
                "Affine(9, 4), Dropout(0.5))", {"x": (6,)}, "dropout_m(x)",
                (4,), "mse", "RMSProp(0.01)"),
    "dropped": ("dropped_m = trainmode(Chain(Affine(3, 5), Dropout(0.5)))",
                {"x": (3, )}, "dropped_m(x)", (5,), "mse", "SGD(0.1)"),
    "trained": ("trained_n = trainmode(BatchNorm(3))", {"x": (3, )},
                "trained_n(x)", (3,), "mse", "SGD(0.1)"),
    "lookup": ("lookup_l = Embedding(9, 3)", {"x": (4, 2)},
               "lookup_l(clamp(floor(5 + 2x), 1, 9))", (3, 4, 2), "mse",
               "ADAM(0.01)"),
    "best": ("best_w = randn(4, 5)", {"x": (5,)},
             "gather(x .* vec(best_w[1, :]), argmax(x)) .+ best_w[:, 2]", (4,),
             "smooth", "SGD(0.1)"),
    "bends": ("", {"x": (40,)}, "elu(x) + leakyrelu(x, 0.2) + gelu(x) .* erf(x) "
              "+ swish(clamp(x, -1, 1)) + cumsum(gelu_tanh(x))", (40,), None,
              None),
    "matrices": ("", {"a": (3, 4, 5), "b": (4, 2, 5)},
                 "batched_mul(a, b) .* positions(batched_mul(a, b), dims = 3)",
                 (3, 2, 5), None, None),
}


class Case(Program):
    """One layer as a program."""

    def __init__(self, name, outer, inputs, body, result, loss, opt):
        self.name = name
        self.rng = random.Random(name)
        self.outer = [outer] if outer else []
        self.inputs = [Value(n, shape, 3.0) for n, shape in inputs.items()]
        self.body = [f"result = {body}"]
        self.results = [Value("result", result, 4.0)]
        self.flags = {"mixes"} if name in MIXES else set()
        self.big = 33
        self.loss, self.opt = loss, opt
        self.trainer = f"{name}_step" if loss else None


def file_text():
    programs = [Case(name, *rest) for name, rest in CASES.items()]
    parts = ["# The layers, as tests/random/layers.py has them.", "seed!(1)",
             PRELUDE + "one(x) = vec(1 * x)"]
    parts += [p.definition() + "\n" + p.check() for p in programs]
    calls = "\n".join(f"  check_{p.name}(folder, real)" for p in programs)
    parts.append("function main(folder, dtype)\n"
                 '  real = dtype == "f64" ? identity : x -> Float32.(x)\n'
                 f"{calls}\nend")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(file_text())
