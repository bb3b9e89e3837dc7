"""The statements of random programs: each step_* adds one, of values that are
there and parameters that it makes, and gives its value or None where it cannot.
"""
import re

# The magnitude up to which values may grow before they are brought back.
LARGE = 60.0

# Elements of the tables that integers of the caller are places in.
PLACES = 9


class Named(int):
    """A size that the caller of the generated function gives: here 6, which no
    other size is, and `now` when the program runs."""

    def __new__(cls, now):
        size = super().__new__(cls, 6)
        size.now = now
        return size

    def __str__(self):
        return "T"


def now(shape):
    """The shape when the program runs."""
    return tuple(getattr(d, "now", d) for d in shape)


class Unfit(Exception):
    """This statement cannot be made of values of a named size."""


class Value:
    """A name or expression, its shape, and a bound of its elements; or places
    in a table, from 1 to PLACES."""

    def __init__(self, text, shape, size, places=False):
        self.text = text
        self.shape = tuple(shape)
        self.size = size
        self.places = places


def count(shape):
    n = 1
    for d in shape:
        n *= d
    return n


def shape_text(shape):
    return ", ".join(str(d) for d in shape)


class Steps:
    """What class Program of generate.py is made of."""

    def unary(self, x, s):
        """A function of each element of text x, bounded by s."""
        table = [
            (f"tanh({x})", 1), (f"σ({x})", 1), (f"sin({x})", 1),
            (f"cos({x})", 1), (f"relu({x})", s), (f"abs({x})", s),
            (f"-{x}", s), (f"{x} .^ 2", s * s), (f"sign({x})", 1),
            (f"softplus({x})", s + 1), (f"leakyrelu({x})", s),
            (f"elu({x})", s), (f"swish({x})", s), (f"gelu({x})", s),
            (f"exp(-abs({x}))", 1), (f"exp(sin({x}))", 3),
            (f"exp(-({x} .* {x}))", 1), (f"expm1(tanh({x}))", 2),
            (f"log(abs({x}) .+ 0.5)", s + 1), (f"log1p(abs({x}))", s),
            (f"log(1 + exp({x}))", s + 1), (f"log(σ({x}))", s + 1),
            (f"1 - σ({x})", 1), (f"log(1 - σ({x}))", s + 1),
            (f"sqrt(abs({x}) .+ 0.1)", s + 1), (f"√({x} .* {x} .+ 1)", s + 1),
            (f"1 ./ (1 + {x} .^ 2)", 1), (f"2 ./ (1.5 .+ sin({x}))", 4),
            (f"1 / (1 + exp(-{x}))", 1), (f"relu6({x})", 6),
            (f"shifted({x}; by = 2)", s + 2), (f"floor({x})", s + 1),
            (f"round({x})", s + 1), (f"ceil({x})", s + 1),
            (f"clamp({x}, -1, 0.5)", 1), (f"max({x}, {x})", s),
            (f"abs({x}) .^ 1.5", s ** 1.5), (f"1.5 .^ tanh({x})", 2),
            (f"(abs({x}) .+ 1) .^ -1", 1), (f"{x} .^ 3", s ** 3),
            (f"tan(tanh({x}))", 2), (f"exp({x}) ./ (1 + exp({x}))", 1),
        ]
        return self.rng.choice(table)

    def named_steps(self):
        """Statements that name no size, and their weights. No products: which
        order the sums of one have depends on its sizes, where they are known.
        """
        return [(self.step_unary, 5), (self.step_chain, 2),
                (self.step_binary, 5), (self.step_select, 2),
                (self.step_fma, 1),
                (self.step_scalar, 2), (self.step_broadcast, 4),
                (self.step_reduce, 5), (self.step_softmax, 2),
                (self.step_ties, 1)]

    def step_unary(self):
        v = self.pick()
        text, size = self.unary(v.text, v.size)
        self.use(v)
        return self.add(text, v.shape, size)

    def step_chain(self):
        """Functions of functions, in one statement."""
        v = self.pick()
        text, size = self.use(v), v.size
        for _ in range(self.rng.randint(2, 4)):
            text, size = self.unary(text if text == v.text else f"({text})",
                                    size)
            if size > LARGE:
                text, size = f"tanh({text})", 1.0
        return self.add(text, v.shape, size)

    def step_binary(self):
        a = self.pick()
        b = self.like(a.shape)
        if self.rng.random() < 0.5:
            a, b = b, a
        x, y = self.use(a), self.use(b)
        both = a.size + b.size
        text, size = self.rng.choice([
            (f"{x} + {y}", both), (f"{x} - {y}", both),
            (f"{x} .* {y}", a.size * b.size),
            (f"{x} ./ (abs({y}) .+ 0.5)", 2 * a.size),
            (f"max({x}, {y})", both), (f"min({x}, {y})", both),
            (f"max({x}, {y}, {x} + {y})", both),
            (f"2{x} + 3{y}" if x[0] == "v" and y[0] == "v"
             else f"2 * {x} + 3 * {y}", 3 * both),
            (f"(abs({x}) .+ 0.1) .^ tanh({y})", both + 10),
            (f"{x} .* {y} - {y} .* {x}", a.size * b.size),
            (f"{x} .* {x} + {y}", a.size ** 2 + b.size)])
        return self.add(text, a.shape, size)

    def step_fma(self):
        """With a third operand of the same shape, or a number."""
        a = self.pick()
        b = self.like(a.shape)
        c = self.like(self.rng.choice([a.shape, a.shape, ()]))
        text = [self.use(a), self.use(b), self.use(c)]
        if self.rng.random() < 0.3:
            text[1], text[2] = text[2], text[1]
        size = (a.size + c.size) * (b.size + c.size) + b.size + c.size
        return self.add(f"fma({', '.join(text)})", a.shape, size)

    def step_select(self):
        a = self.pick()
        b = self.like(a.shape)
        x, y = self.use(a), self.use(b)
        op = self.rng.choice([".>", ".<", ".>=", ".<=", ".==", ".!="])
        mask = f"{x} {op} {self.rng.choice([y, '0', '0.5'])}"
        if op in (".==", ".!="):
            self.flags.add("jumps")  # true at one point and nowhere beside it
        if self.rng.random() < 0.2:
            mask = f"!({mask})"
        if self.rng.random() < 0.2:
            mask = f"({mask}) {self.rng.choice(['.&', '.|'])} ({y} .> 0)"
        text = self.rng.choice([
            f"ifelse({mask}, {x}, {y})", f"({mask}) .* {x}",
            f"ifelse({mask}, {y}, 0)", f"ifelse({mask}, tanh({x}), 2)"])
        return self.add(text, a.shape, a.size + b.size + 2)

    def step_scalar(self):
        """An array with a number of the model or of the script."""
        a = self.pick()
        c = self.like(())
        x, y = self.use(a), self.use(c)
        op, size = self.rng.choice(
            [("*", a.size * c.size), (".+", a.size + c.size),
             ("+", a.size + c.size), (".-", a.size + c.size),
             (".*", a.size * c.size)])
        if self.rng.random() < 0.5:
            x, y = y, x
        return self.add(f"{x} {op} {y}", a.shape, size)

    def step_broadcast(self):
        a = self.pick(lambda v: len(v.shape) > 0)
        if a is None:
            return None
        other = [d if self.rng.random() < 0.5 else 1 for d in a.shape]
        if self.rng.random() < 0.4:
            other = other[:self.rng.randint(0, len(other))]
        shape = list(a.shape)
        if len(shape) < 3 and self.rng.random() < 0.2:
            other = [1] * len(shape) + [self.dim()]
            shape = shape + [other[-1]]
        b = self.like(other)
        x, y = self.use(a), self.use(b)
        op, size = self.rng.choice(
            [(".*", a.size * b.size), (".+", a.size + b.size),
             (".-", a.size + b.size)])
        if self.rng.random() < 0.5:
            x, y = y, x
        return self.add(f"{x} {op} {y}", shape, size)

    def step_product(self):
        a = self.pick(lambda v: 0 < len(v.shape) <= 2)
        if a is None:
            return None
        x = self.use(a)
        kind = self.rng.randint(0, 7)
        n = a.shape[0]
        if len(a.shape) == 1:
            if kind <= 3:
                m = self.dim() if n < 1000 else 2
                w = self.like((m, n))
                y, shape, terms = f"{self.use(w)} * {x}", (m,), n
            elif kind == 4:
                m = self.dim() if n < 1000 else 2
                w = self.like((n, m))
                text = self.use(w)
                y = self.rng.choice([f"{x} * {text}", f"{text}' * {x}"])
                shape, terms = (m,), n
            elif kind == 5:
                w = self.like((n,))
                text = self.use(w)
                y = self.rng.choice([f"{x}' * {text}", f"dot({x}, {text})"])
                shape, terms = (), n
            elif kind == 6:
                w = self.like((self.dim(),))
                y, shape, terms = f"{x} * {self.use(w)}'", (n,) + w.shape, 1
            else:
                w = self.like((n, self.dim()))
                # reshape, for a row times a vector would be a number
                y = f"reshape({x}' * {self.use(w)}, 1, {w.shape[1]})"
                shape, terms = (1, w.shape[1]), n
        else:
            m = a.shape[1]
            if kind <= 2:
                w = self.like((m, self.dim()))
                y, shape = f"{x} * {self.use(w)}", (n, w.shape[1])
            elif kind <= 4:
                w = self.like((self.dim(), n))
                y, shape = f"{self.use(w)} * {x}", (w.shape[0], m)
            elif kind == 5:
                w = self.like((n, self.dim()))
                y, shape = f"{x}' * {self.use(w)}", (m, w.shape[1])
            elif kind == 6:
                w = self.like((self.dim(), m))
                y, shape = f"{x} * {self.use(w)}'", (n, w.shape[0])
            else:
                w = self.like((m,))
                y, shape = f"{x} * {self.use(w)}", (n,)
            terms = max(n, m)
        return self.add(y, shape, a.size * w.size * max(terms, 1) ** 0.5)

    def step_reduce(self):
        a = self.pick(lambda v: len(v.shape) > 0 and count(v.shape) > 0)
        if a is None:
            return None
        x = self.use(a)
        op = self.rng.choice(["sum", "sum", "mean", "maximum", "minimum"])
        terms = count(a.shape)
        size = a.size * terms ** 0.5 if op == "sum" else a.size
        if self.rng.random() < 0.45:
            return self.add(f"{op}({x})", (), size)
        axes = [i for i in range(len(a.shape)) if self.rng.random() < 0.5]
        axes = axes or [self.rng.randrange(len(a.shape))]
        dims = str(axes[0] + 1)
        if len(axes) > 1:
            dims = "(" + ", ".join(str(i + 1) for i in axes) + ")"
        shape = [1 if i in axes else d for i, d in enumerate(a.shape)]
        return self.add(f"{op}({x}, dims = {dims})", shape, size)

    def step_vector(self):
        a = self.pick(lambda v: len(v.shape) == 1 and 0 < v.shape[0] < 1000)
        if a is None:
            return None
        x, n, s = self.use(a), a.shape[0], a.size
        text, shape, size = self.rng.choice([
            (f"softmax({x})", (n,), 1), (f"logsoftmax({x})", (n,), 2 * s + 5),
            (f"log(softmax({x}))", (n,), 2 * s + 5),
            (f"logsumexp({x})", (), s + 5),
            (f"log(sum(exp(tanh({x}))))", (), 10),
            (f"cumsum({x})", (n,), s * n ** 0.5),
            (f"normed({x})", (n,), 5), (f"dot({x}, {x})", (), s * s * n),
            (f"prod(0.5 .+ σ({x}))" if n < 20 else f"sum({x})", (), 50),
            (f"{x} .* argmax({x})", (n,), s * n) if self.jump() else
            (f"{x} .* {x}", (n,), s * s),
            (f"maximum({x}) - minimum({x})", (), 2 * s),
            (f"-sum(softmax({x}) .* logsoftmax({x}))", (), 5),
            (f"sum({x} .^ 2)", (), s * s * n),
            (f"reverse({x})", (n,), s), (f"[{x}[1], 2.0, sum({x})]", (3,),
                                         s * n + 2)])
        return self.add(text, shape, size)

    def jump(self):
        """Whether a function that jumps at ties may be used: then gradients
        are not compared with differences."""
        if self.rng.random() < 0.5:
            return False
        self.flags.add("jumps")
        return True

    def step_softmax(self):
        a = self.pick(lambda v: len(v.shape) == 2 and 0 < count(v.shape) < 300)
        if a is None:
            return None
        x = self.use(a)
        dims = self.rng.choice([1, 2])
        name = self.rng.choice(["softmax", "logsoftmax"])
        return self.add(f"{name}({x}, dims = {dims})", a.shape, 2 * a.size + 5)

    def step_shape(self):
        a = self.pick(lambda v: len(v.shape) > 0)
        if a is None:
            return None
        x, n = self.use(a), count(a.shape)
        rank = len(a.shape)
        kind = self.rng.randint(0, 4)
        if kind == 0 and n > 0:
            factors = [d for d in range(1, 13) if n % d == 0]
            first = self.rng.choice(factors)
            if self.rng.random() < 0.3:
                return self.add(f"reshape({x}, {first}, :)",
                                (first, n // first), a.size)
            rest = n // first
            second = self.rng.choice([d for d in range(1, 13) if rest % d == 0])
            shape = (first, second, rest // second)
            return self.add(f"reshape({x}, {shape_text(shape)})", shape,
                            a.size)
        if kind == 1:
            name = self.rng.choice(["flatten", "vec"])
            return self.add(f"{name}({x})", (n,), a.size)
        if kind == 2 and rank == 2:
            text = self.rng.choice([f"{x}'", f"transpose({x})"])
            return self.add(text, a.shape[::-1], a.size)
        if kind == 3 and rank > 1:
            order = list(range(rank))
            self.rng.shuffle(order)
            axes = ", ".join(str(i + 1) for i in order)
            return self.add(f"permutedims({x}, ({axes}))",
                            [a.shape[i] for i in order], a.size)
        axis = self.rng.randrange(rank)
        if rank == 1:
            return self.add(f"reverse({x})", a.shape, a.size)
        return self.add(f"reverse({x}, dims = {axis + 1})", a.shape, a.size)

    def step_windows(self):
        """Windows, and what pools, sums or multiplies them."""
        a = self.pick(lambda v: 0 < len(v.shape) <= 2
                      and 0 < min(v.shape) and max(v.shape) < 100)
        if a is None:
            return None
        x, axes = self.use(a), self.rng.randint(1, len(a.shape))
        kernel, stride, dilation, counts = [], [], [], []
        for d in a.shape[:axes]:
            by = self.rng.choice([1, 1, 2])
            k = self.rng.randint(1, min(3, (d - 1) // by + 1))
            s = self.rng.choice([1, 1, k, 2, 3])
            kernel.append(k)
            stride.append(s)
            dilation.append(by)
            counts.append((d - 1 - (k - 1) * by) // s + 1)
        rest = list(a.shape[axes:])
        options = (f"stride = ({shape_text(stride)},), "
                   f"dilation = ({shape_text(dilation)},)")
        w = f"windows({x}, {shape_text(kernel)}; {options})"
        folded = shape_text([axes + i + 1 for i in range(axes)])
        n = count(kernel)
        kind = self.rng.randint(0, 3)
        if kind == 0:
            return self.add(f"overlap({w}, {shape_text(a.shape[:axes])}; "
                            f"{options})", a.shape, a.size * n)
        if kind == 1:
            name = self.rng.choice(["sum", "mean", "maximum"])
            return self.add(f"reshape({name}({w}, dims = ({folded},)), "
                            f"{shape_text(counts + rest)})", counts + rest,
                            a.size * n)
        out = self.rng.randint(1, 4)
        p = self.param(kernel + rest + [out])
        return self.add(f"contract({w}, {p.text}, {axes + len(rest)})",
                        counts + [out], a.size * p.size * n * count(rest))

    def step_slice(self):
        a = self.pick(lambda v: len(v.shape) > 0 and count(v.shape) > 0)
        if a is None:
            return None
        parts, shape = [], []
        for d in a.shape:
            kind = self.rng.randint(0, 5)
            low = self.rng.randint(1, d)
            high = self.rng.randint(low, d)
            if kind <= 1:
                parts.append(":")
                shape.append(d)
            elif kind == 2:
                parts.append(str(low) if self.rng.random() < 0.7 else "end")
            elif kind == 3:
                parts.append(f"{low}:{high}")
                shape.append(high - low + 1)
            elif kind == 4:
                parts.append(f"{low}:2:end")
                shape.append((d - low) // 2 + 1)
            else:
                parts.append("end:-1:1")
                shape.append(d)
        return self.add(f"{self.use(a)}[{', '.join(parts)}]", shape, a.size)

    def step_concat(self):
        a = self.pick(lambda v: len(v.shape) > 0)
        if a is None:
            return None
        axis = self.rng.randrange(len(a.shape))
        other = list(a.shape)
        if self.rng.random() < 0.5:
            other[axis] = self.dim()
        b = self.like(other)
        x, y = self.use(a), self.use(b)
        shape = list(a.shape)
        shape[axis] += other[axis]
        text = f"cat({x}, {y}, dims = {axis + 1})"
        if axis == 0 and self.rng.random() < 0.7:
            text = f"vcat({x}, {y})"
        if axis == 1 and self.rng.random() < 0.7:
            text = f"hcat({x}, {y})"
        return self.add(text, shape, max(a.size, b.size))

    def step_layer(self):
        a = self.pick(lambda v: len(v.shape) == 1 and 0 < v.shape[0] < 100)
        if a is None:
            return None
        name = f"{self.name}_l{len(self.outer) + 1}"
        n, m = a.shape[0], self.rng.choice([1, 2, 3, 5, 8])
        act = self.rng.choice(["tanh", "σ", "relu", "softmax", "x -> 2x"])
        kind = self.rng.randint(0, 4)
        if kind == 0:
            made = f"Affine({n}, {m})"
        elif kind == 1:
            made = f"Chain(Affine({n}, {m}), {act})"
        elif kind == 2:
            made = (f"@Chain(Input({n}), Affine(4), {act}, "
                    f"Affine({m}; init = initn))")
        elif kind == 3:
            made = f"Scale(rand({m}), Affine({n}, {m}))"
        else:
            part = f"{name}_part"
            self.outer.append(f"{part} = Affine({n}, {n})")
            made = f"Chain({part}, {act}, {part}, Affine({n}, {m}))"
        self.outer.append(f"{name} = {made}")
        text = f"{name}({self.use(a)})"
        if self.rng.random() < 0.2:
            text = f"{text} + {name}(2 * {a.text})"
        return self.add(text, (m,), 10 * a.size)

    def step_gradient(self):
        """An inner derivative of a function that is made on the spot."""
        a = self.pick(lambda v: count(v.shape) in range(1, 60))
        if a is None:
            return None
        x = self.use(a)
        table = ["sum(tanh(z) .* z)", "sum(σ(z)) * sum(z)", "sum(z .^ 3) / 10",
                 "mean(exp(sin(z)))", "sum(softplus(z) .* cos(z))",
                 "maximum(z) + sum(z .* z)"]
        if len(a.shape) == 1 and a.shape[0] < 8:
            if self.rng.random() < 0.3:
                n = a.shape[0]
                return self.add(f"jacobian(z -> tanh(z) * sum(z), {x})",
                                (n, n), a.size * n)
            w = self.like((3, a.shape[0]))
            table.append(f"sum(tanh({self.use(w)} * z))")
        if not a.shape:
            table = ["tanh(z) * z", "z ^ 3 / 10", "exp(sin(z))"]
        f = self.rng.choice(table)
        if self.rng.random() < 0.2 and a.shape:
            inner = re.sub(r"\bz\b", "u", f)
            f = f"sum(gradient(u -> {inner}, z) .* z)"
        return self.add(f"gradient(z -> {f}, {x})", a.shape,
                        3 * a.size ** 2 + 10)

    def step_loop(self):
        a = self.pick(lambda v: count(v.shape) < 200)
        if a is None:
            return None
        x = self.use(a)
        text, size = self.unary("z", max(a.size, 1))
        name = self.fresh()
        self.body.append(f"{name} = {x}")
        self.body.append(f"for i in 1:{self.rng.randint(1, 4)}")
        self.body.append(f"  {name} = tanh(map(z -> {text}, {name}) / i)"
                         if self.rng.random() < 0.2 and len(a.shape) == 1
                         and a.shape[0] in range(1, 6) else
                         f"  {name} = tanh((z -> {text})({name}) / i)")
        self.body.append("end")
        v = Value(name, a.shape, 1.0)
        self.values.append(v)
        self.unused.append(v)
        return v

    def step_wild(self):
        """What makes Infs, NaNs and zeros of both signs."""
        a = self.pick()
        x = self.use(a)
        text = self.rng.choice([
            f"log({x})", f"sqrt({x})", f"1 ./ {x}", f"exp(20 * {x})",
            f"0 * {x}", f"{x} ./ {x}", f"{x} .^ 0.5", f"-0.0 * {x}",
            f"1e38 * {x}", f"1e-40 * {x}"])
        self.flags.add("wild")
        return self.add(text, a.shape, a.size)

    def step_tuple(self):
        """A function or a model of several results."""
        a = self.pick()
        x = self.use(a)
        if self.rng.random() < 0.3:
            return self.add(f"two({x})[{self.rng.choice([1, 2])}]", a.shape,
                            2 * a.size + 1)
        if self.rng.random() < 0.3:
            return self.add(f"named({x}).{self.rng.choice('ab')}", a.shape,
                            a.size ** 2 + 1)
        if self.rng.random() < 0.4:
            return self.part_of_two(a, x)
        first, second = self.fresh(), self.fresh() + "b"
        self.body.append(f"{first}, {second} = two({x})")
        return self.both((first, a.shape, 1), (second, a.shape, 2 * a.size))

    def both(self, *made):
        values = [Value(*one) for one in made]
        self.values += values
        self.unused += values
        return values[0]

    def part_of_two(self, a, x):
        """A sub-model of two inputs and two results, at times used twice."""
        b = self.pick()
        y = self.use(b)
        p = self.param(a.shape)
        name = f"{self.name}_f{len(self.outer) + 1}"
        self.outer.append(
            f"@net function {name}(a, b)\n  c = tanh(a .* {p.text})\n"
            "  return c, sin(b) .+ 0.5\nend")
        first, second = self.fresh(), self.fresh() + "b"
        again = f"{name}({x}, {y})"
        if self.rng.random() < 0.5:
            again = f"{name}({name}({x}, {y})[1], 2 * {y})"
        self.body.append(f"{first}, {second} = {again}")
        return self.both((first, a.shape, 1), (second, b.shape, 1.5))

    def step_forward(self):
        """Derivatives along a direction, in a model."""
        a = self.pick(lambda v: count(v.shape) in range(1, 60))
        if a is None:
            return None
        d = self.like(a.shape)
        x, direction = self.use(a), self.use(d)
        f = "tanh(z)" if not a.shape else self.rng.choice(
            ["tanh(z) .* sum(z)", "sin(z) + z .^ 2", "relu(z) .* z",
             "(gradient(u -> sum(u .^ 3), z)) ./ 4"])
        how = self.rng.choice(["jvp", "vjp"])
        return self.add(f"{how}(z -> {f}, {x}, {direction})", a.shape,
                        d.size * (a.size ** 2 + 2) * (1 + count(a.shape)))

    def step_hessian(self):
        a = self.pick(lambda v: len(v.shape) == 1 and v.shape[0] in range(1, 6))
        if a is None:
            return None
        f = self.rng.choice(["sum(z .^ 3) * sum(z)", "sum(sin(z)) ^ 2",
                             "logsumexp(z)", "dot(z, tanh(z))"])
        return self.add(f"hessian(z -> {f}, {self.use(a)})", a.shape * 2,
                        20 * a.size ** 2)

    def step_list(self):
        """Arrays of parts, by comprehensions, folds and loops."""
        a = self.pick(lambda v: len(v.shape) in (1, 2) and
                      0 < v.shape[-1] < 12 and count(v.shape) > 0)
        if a is None:
            return None
        x, n, s = self.use(a), a.shape[-1], a.size
        if len(a.shape) == 2:
            text, shape, size = self.rng.choice([
                (f"hcat([{x}[:, j] for j in {n}:-1:1]...)", a.shape, s),
                (f"vcat([{x}[:, j] for j in 1:{n}]...)", (count(a.shape),), s),
                (f"reduce(+, [{x}[:, j] for j in 1:{n}])", a.shape[:1], s * n),
                (f"hcat([softmax({x}[:, j]) for j in 1:{n}]...)", a.shape, 1),
                (f"[sum({x}[:, j]) for j in 1:{n}]", (n,),
                 s * a.shape[0] ** 0.5)])
            return self.add(text, shape, size)
        text, shape, size = self.rng.choice([
            (f"[{x}[j] * j for j in 1:{n}]", (n,), s * n),
            (f"foldl((p, q) -> p * 0.5 + q, [{x}[j] for j in 1:{n}])", (),
             2 * s),
            (f"[{x}[1], {x}[end]]", (2,), s),
            (f"sum([{x}[j] ^ 2 for j in 1:{n}])", (), s * s * n),
            (f"vcat({x}, [sum({x})], {x}[1:1])", (n + 2,), s * n),
            (f"hcat({x}, {x} .* {x})", (n, 2), s * s)])
        return self.add(text, shape, size)

    def step_ties(self):
        """Extrema among equal elements."""
        a = self.pick(lambda v: len(v.shape) > 0 and count(v.shape) > 0)
        if a is None:
            return None
        x = self.use(a)
        axis = self.rng.randrange(len(a.shape))
        less = [1 if i == axis else d for i, d in enumerate(a.shape)]
        part = self.rng.choice([f"relu({x})", f"min({x}, -0.5)", f"round({x})",
                                f"clamp({x}, -0.5, 0.5)", f"sign({x})"])
        name = self.rng.choice(["maximum", "minimum"])
        text, shape = self.rng.choice([
            (f"{name}({part})", ()),
            (f"{name}({part}, dims = {axis + 1})", less),
            (f"{part} .- {name}({part}, dims = {axis + 1})", a.shape),
            (f"max({x}, 1 * {x})", a.shape),
            (f"max(min({x}, {part}), {x})", a.shape)])
        return self.add(text, shape, 2 * a.size + 2)

    def step_stop(self):
        a = self.pick()
        x = self.use(a)
        self.flags.add("jumps")
        return self.add(f"{x} .* stopgradient(sin({x}))", a.shape, a.size)

    def step_samples(self):
        """What mixes the samples of a batch."""
        a = self.pick(lambda v: v not in self.params)
        x = self.use(a)
        self.flags.add("mixes")
        name = self.rng.choice(["batchmean", "batchsum"])
        return self.add(f"tanh({x}) .- 0.1 * {name}(sin({x}))", a.shape, 70)
