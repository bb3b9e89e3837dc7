"""Random well-typed .net programs.

A program is a model of a few inputs whose body is a list of statements over
values of known shapes, with parameters, sub-models and at times a trainer. Its
function check_NAME writes all that can be computed with it into a file:
driver.c computes the same from the generated C, in the same order.

    generate.py SEED [COUNT]    prints a file of COUNT programs
"""
import random
import sys

import recur
from steps import (LARGE, PLACES, Named, Steps, Unfit, Value, count, now,
                   shape_text)

PRELUDE = """\
function part(x, r)
  ndims(x) == 1 && return x[r]
  ndims(x) == 2 && return x[:, r]
  ndims(x) == 3 && return x[:, :, r]
  x[:, :, :, r]
end
relu6(x) = min(max(x, 0), 6)
shifted(x; by = 1) = x .+ by
normed(x) = (x .- mean(x)) ./ sqrt(mean((x .- mean(x)) .^ 2) + 0.1)
absolute(ŷ, y) = sum(abs(ŷ - y))
smooth(ŷ, y) = mean(softplus(ŷ .* y) + (ŷ - y) .^ 2)
two(x) = (sin(x), 2x)
named(x) = (a = tanh(x), b = x .* x)
struct Mine
  eta
  keep
end
moments(o::Mine) = (:a, :b)
function descend(o::Mine, η, t, p, g, a, b)
  a = o.keep * a + abs(g)
  b = max(b, g .* g)
  p - η * g ./ (a + sqrt(b) + 0.1) / t, a, b
end
@net type Scale
  w
  inner
  x -> w .* inner(x)
end
@net type All
  all
  x -> x
end
"""


class Program(Steps, recur.Recurrences):
    """One model; rng decides everything."""

    other = None  # loss and optimiser of a second trainer

    def __init__(self, name, rng):
        self.name = name
        self.rng = rng
        self.outer = []  # definitions before the model
        self.body = []
        self.values = []
        self.unused = []
        self.params = []
        self.flags = set()
        self.big = 600 if rng.random() < 0.04 else 33
        self.inner = 0  # depth of inner functions
        self.make()

    # ---- names and shapes ----

    def fresh(self):
        return f"v{len(self.body) + 1}"

    def dim(self):
        r = self.rng.random()
        if r < 0.12:
            return 1
        if r < 0.145:
            return 0
        return self.rng.choice([2, 3, 4, 5, 7, 8, 9])

    def shape(self, most=3):
        r = self.rng.random()
        rank = 0 if r < 0.06 else 1 if r < 0.6 else 2 if r < 0.9 else 3
        if rank == 1 and self.rng.random() < 0.06 and self.big == 33:
            return (self.rng.choice([17, 100, 600, 513, 4200]),)
        if rank == 2 and self.rng.random() < 0.04 and self.big == 33:
            return self.rng.choice([(513, 2), (2, 513), (3, 700), (4100, 1),
                                    (1, 600), (64, 33)])
        return tuple(self.dim() for _ in range(min(rank, most)))

    def named_shape(self, i):
        t = self.named
        shapes = [(t,), (3, t), (t, 2), (1, t), (4,), (2, t, 3)]
        return self.rng.choice(shapes[:4] if i == 0 else shapes)

    def param(self, shape):
        """A parameter of a shape: a new one, or one used before."""
        if any(isinstance(d, Named) for d in shape):
            raise Unfit
        same = [p for p in self.params if p.shape == tuple(shape)]
        if same and self.rng.random() < 0.4:
            return self.rng.choice(same)
        if not shape and self.rng.random() < 0.5:
            text = self.number()
            return Value(text, (), abs(float(text)))
        name = f"{self.name}_p{len(self.params) + 1}"
        dims = shape_text(shape)
        make = self.rng.choice([
            f"randn({dims})", f"rand({dims})", f"0.5randn({dims})",
            f"2 * rand({dims}) .- 1", f"ones({dims})", f"zeros({dims})"])
        if not shape:
            make = f"param({self.number()})"
        self.outer.append(f"{name} = {make}")
        p = Value(name, shape, 4.0)
        if shape and self.rng.random() < 0.12 and "named" not in self.flags:
            p.text = f"frozen({name})"
        self.params.append(p)
        return p

    def number(self):
        return self.rng.choice(
            ["0.5", "2", "1", "0.1", "-1", "0", "3", "1.5", "-0.25"])

    # ---- choosing operands ----

    def pick(self, want=lambda v: True):
        """A value; unused ones and late ones are likelier."""
        pool = [v for v in self.values if want(v)]
        if not pool:
            return None
        fresh = [v for v in self.unused if want(v)]
        if fresh and self.rng.random() < 0.7:
            v = self.rng.choice(fresh)
        elif self.rng.random() < 0.5:
            v = self.rng.choice(pool[-4:])
        else:
            v = self.rng.choice(pool)
        return v

    def use(self, v):
        if v in self.unused:
            self.unused.remove(v)
        return v.text

    def like(self, shape):
        """A value of the shape, else a parameter."""
        v = self.pick(lambda u: u.shape == tuple(shape))
        if v is None or self.rng.random() < 0.25:
            v = self.param(shape)
        return v

    def add(self, expr, shape, size):
        """A statement; values that have grown are brought back."""
        if count(shape) > 6000 or len(shape) > 3:
            return None
        if size > LARGE:
            expr, size = self.rng.choice([
                (f"tanh({expr})", 1.0),
                (f"0.01 * ({expr})", size * 0.01),
                (f"sin({expr})", 1.0)])
            if size > LARGE:
                expr, size = f"σ({expr})", 1.0
        name = self.fresh()
        self.body.append(f"{name} = {expr}")
        v = Value(name, shape, size)
        self.values.append(v)
        self.unused.append(v)
        return v

    def keep_single(self):
        """A parameter, so that the model is in single precision whatever its
        inputs are: an empty array stays in double."""
        name = f"{self.name}_p0"
        self.outer.append(f"{name} = param(0.5)")
        v = self.inputs[0]
        self.add(f"{name} * {v.text}", v.shape, v.size)

    def make(self):
        rng = self.rng
        pool = ["x", "y", "u", "n", "z", "m", "sum1", "i", "W"]
        rng.shuffle(pool)
        inputs = []
        if rng.random() < 0.06:
            self.flags.add("named")
            self.named = Named(rng.choice([6, 6, 6, 3, 2, 1, 0]))
        for i in range(rng.choice([1, 1, 1, 2, 2, 3])):
            shape = self.named_shape(i) if "named" in self.flags else \
                self.shape()
            inputs.append(Value(pool[i], shape, 3.0))
        self.inputs = inputs
        self.values += inputs
        self.unused += inputs
        if any(count(now(v.shape)) == 0 for v in inputs):
            self.keep_single()
        steps = [
            (self.step_unary, 5), (self.step_chain, 2), (self.step_binary, 6),
            (self.step_select, 2), (self.step_fma, 1), (self.step_scalar, 2),
            (self.step_broadcast, 3), (self.step_product, 7),
            (self.step_reduce, 4), (self.step_vector, 4),
            (self.step_softmax, 1), (self.step_shape, 3),
            (self.step_slice, 3), (self.step_windows, 2),
            (self.step_concat, 2), (self.step_layer, 2),
            (self.step_gradient, 1.5), (self.step_loop, 0.7),
            (self.step_tuple, 1.5), (self.step_forward, 1),
            (self.step_hessian, 0.5), (self.step_list, 1.2),
            (self.step_ties, 1), (self.step_recurrence, 1.5)]
        if rng.random() < 0.05:
            steps.append((self.step_stop, 3))
        if rng.random() < 0.05:
            steps.append((self.step_samples, 3))
        if rng.random() < 0.1:
            steps.append((self.step_wild, 3))
        if "named" in self.flags:
            steps = self.named_steps()
        kinds = [s for s, _ in steps]
        weights = [w for _, w in steps]
        length = rng.choice([1, 2, 3, 4, 6, 8, 12])
        made = 0
        for _ in range(10 * length):
            if made == length:
                break
            try:
                made += rng.choices(kinds, weights)[0]() is not None
            except Unfit:
                pass
        self.finish()

    def finish(self):
        """Results, loss and trainer, and the function that checks."""
        rng = self.rng
        self.unused = [v for v in self.unused if v not in self.inputs]
        made = [v for v in self.values if v not in self.inputs]
        if not made:
            v = self.inputs[0]
            made = [self.add(f"tanh({v.text})", v.shape, 1.0)]
        results = self.unused[-3:] or made[-1:]
        if rng.random() < 0.5:
            results = [results[-1]]
        self.results = results
        self.trainer = None
        if len(results) == 1 and self.has_parameters() and \
                "named" not in self.flags:
            y = results[0]
            losses = ["mse", "absolute", "smooth"]
            if len(y.shape) == 1 and count(y.shape) > 0:
                losses += ["logitcrossentropy", "logloss",
                           "binarycrossentropy"]
            if count(y.shape) == 0:
                losses = ["absolute"]
            self.loss = rng.choice(losses)
            self.opt = rng.choice([
                "SGD(0.1)", "Momentum(0.05)", "ADAM(0.01)", "AdamW(0.01)",
                "RMSProp(0.01)", "ADAM()", "SGD()", "Momentum(; rho = 0.5)",
                "ADAM(0.1; beta1 = 0.5, beta2 = 0.75, epsilon = 0.01)",
                "AdamW(0.02; decay = 0.25)", "RMSProp(; rho = 0.5)",
                "Mine(0.1, 0.5)"])
            self.trainer = f"{self.name}_step"

    def has_parameters(self):
        return any(line.split(" ")[0] in " ".join(self.body)
                   for line in self.outer)

    # ---- text ----

    def definition(self):
        def declared(v):
            kind = "Int" if v.places else ""
            return f"{v.text}::{kind}[{shape_text(v.shape)}]"

        lines = list(self.outer)
        args = ", ".join(declared(v) for v in self.inputs)
        lines.append(f"@net function {self.name}({args})")
        lines += ["  " + line for line in self.body]
        lines.append("  return " + ", ".join(v.text for v in self.results))
        lines.append("end")
        if self.trainer:
            lines.append(f"{self.trainer} = Trainer({self.name}, {self.loss}, "
                         f"{self.opt})")
        if self.other:
            lines.append(f"{self.name}_also = Trainer({self.name}, "
                         f"{', '.join(self.other)})")
        lines.append("export " + ", ".join(
            [self.name] + ([self.trainer] if self.trainer else []) +
            ([f"{self.name}_also"] if self.other else [])))
        flags = sorted(self.flags - {"named"} |
                       ({"also"} if self.other else set()))
        if "named" in self.flags:
            flags.append(f"named:{self.named.now}:" + ":".join(
                ";".join(str(count(now(v.shape))) for v in values)
                for values in (self.inputs, self.results)))
        lines.append(f"# check {self.name} {self.trainer or '-'} {self.big} "
                     f"{','.join(flags) or '-'}")
        return "\n".join(lines)

    def check(self):
        """The function whose results driver.c computes too."""
        name, big = self.name, self.big
        lines = [f"function check_{name}(folder, real)", "  seed!(777)",
                 "  out = []"]

        def data(prefix, values):
            for i, v in enumerate(values):
                dims = shape_text(now(v.shape) + (big,))
                if v.places:
                    lines.append(
                        f"  {prefix}{i + 1} = reshape([1 + (5i + i ÷ 7) % "
                        f"{PLACES} for i in 0:{count(v.shape) * big - 1}], "
                        f"{dims})")
                    continue
                lines.append(f"  {prefix}{i + 1} = "
                             + (f"real(randn({dims}))" if count(now(v.shape))
                                else f"zeros({dims})"))

        def parts(prefix, values, r):
            return ", ".join(f"Batch(part({prefix}{i + 1}, {r}))"
                             for i in range(len(values)))

        def keep(call, values, how):
            if len(values) == 1 and not values[0].places:
                lines.append(f"  push!(out, {how}({call}))")
                return
            lines.append(f"  r = {call}")
            for i, v in enumerate(values):
                if not v.places:
                    lines.append(f"  push!(out, {how}(r[{i + 1}]))")

        data("X", self.inputs)
        data("D", self.results)
        if self.trainer:
            data("T", self.results)
        one = ", ".join(f"part(X{i + 1}, 1)" for i in range(len(self.inputs)))
        keep(f"{name}({parts('X', self.inputs, f'1:{big}')})", self.results,
             "rawbatch")
        if "mixes" in self.flags:
            keep(f"{name}({parts('X', self.inputs, '1:1')})", self.results,
                 "rawbatch")
        else:
            keep(f"{name}({one})", self.results, "one")
        for r in ("1:7", f"1:{big}"):
            delta = parts("D", self.results, r)
            if len(self.results) > 1:
                delta = f"({delta})"
            keep(f"back!({name}, {delta}, {parts('X', self.inputs, r)})",
                 self.inputs, "rawbatch")
            lines.append(f"  for g in values(grads({name}))")
            lines.append("    push!(out, one(g))")
            lines.append("  end")
        lines.append(f"  update!({name}, 0.01)")
        for step in ([self.trainer] if self.trainer else []) + \
                ([f"{name}_also"] if self.other else []):
            for r in ("1:7", "1:7", f"1:{big}"):
                lines.append(f"  push!(out, [{step}("
                             f"{parts('X', self.inputs, r)}, "
                             f"{parts('T', self.results, r)})])")
        lines.append(f'  save(folder * "/{name}.results", All(out))')
        lines.append(f'  save(folder * "/{name}.params", {name})')
        lines += self.more()
        lines.append("end")
        return "\n".join(lines)

    def more(self):
        """What only the script does: derivatives of the model as a function of
        its first input, and training."""
        name, rng = self.name, self.rng
        if any(count(now(v.shape)) == 0
               for v in self.inputs + self.results) or \
                self.inputs[0].places or \
                rng.random() < 0.5:
            return []
        x, y = self.inputs[0], self.results[0]
        others = "".join(f", part(X{i + 2}, 2)"
                         for i in range(len(self.inputs) - 1))
        call = f"{name}(z{others})"
        if len(self.results) > 1:
            call += "[1]"
        f = name if call == f"{name}(z)" and rng.random() < 0.5 else \
            f"z -> {call}"
        lines = ["  more = []"]

        def keep(text):
            lines.append(f"  push!(more, one({text}))")

        keep(f"jvp({f}, part(X1, 1), part(X1, 3))")
        keep(f"vjp({f}, part(X1, 1), part(D1, 3))")
        keep(f"gradient(z -> sum(tanh({call})), part(X1, 2))")
        if 0 < len(x.shape) < 2 and count(x.shape) * count(y.shape) < 40 and \
                len(y.shape) == 1:
            keep(f"jacobian({f}, part(X1, 4))")
        if len(x.shape) == 1 and count(x.shape) < 5:
            keep(f"hessian(z -> sum(sin({call})), part(X1, 4))")
        if self.trainer and len(self.inputs) == 1:
            lines.append(f"  train!({name}, (Batch(X1), Batch(T1)); "
                         f"loss = {self.loss}, opt = {self.opt}, epochs = 1, "
                         f"batch = {rng.choice([1, 7, self.big])})")
            keep(f"{name}(part(X1, 1))")
        lines.append(f'  save(folder * "/{name}.more", All(more))')
        return lines


def file_text(seed, total, make=Program, prelude=""):
    """A file of `total` programs: the seeds seed, seed + 1, …"""
    parts = [f"# Random programs from seed {seed}.", f"seed!({seed % 1000})",
             PRELUDE + recur.PRELUDE + prelude + "one(x) = vec(1 * x)"]
    programs = [make(f"m{seed + i}", random.Random(seed + i))
                for i in range(total)]
    parts += [p.definition() + "\n" + p.check() for p in programs]
    calls = "\n".join(f"  check_{p.name}(folder, real)" for p in programs)
    parts.append("function main(folder, dtype)\n"
                 '  real = dtype == "f64" ? identity : x -> Float32.(x)\n'
                 f"{calls}\nend")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    sys.stdout.write(file_text(first, int(sys.argv[2])
                               if len(sys.argv) > 2 else 1))
