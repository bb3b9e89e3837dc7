"""Random well-typed .net programs.

A program is a model of a few inputs whose body is a list of statements over
values of known shapes, with parameters, sub-models and at times a trainer. Its
function check_NAME writes all that can be computed with it into a file:
driver.c computes the same from the generated C, in the same order.

    generate.py SEED [COUNT]    prints a file of COUNT programs
"""
import random
import sys

# The magnitude up to which values may grow before they are brought back.
LARGE = 60.0

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


class Value:
    """A name or expression, its shape, and a bound of its elements."""

    def __init__(self, text, shape, size):
        self.text = text
        self.shape = tuple(shape)
        self.size = size


def count(shape):
    n = 1
    for d in shape:
        n *= d
    return n


def shape_text(shape):
    return ", ".join(str(d) for d in shape)


class Program:
    """One model; rng decides everything."""

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
        if r < 0.14:
            return 0
        return self.rng.choice([2, 3, 4, 5, 7, 8, 9])

    def shape(self, most=3):
        r = self.rng.random()
        rank = 0 if r < 0.06 else 1 if r < 0.6 else 2 if r < 0.9 else 3
        if rank == 1 and self.rng.random() < 0.06 and self.big == 33:
            return (self.rng.choice([17, 100, 600, 513, 4200]),)
        return tuple(self.dim() for _ in range(min(rank, most)))

    def param(self, shape):
        """A parameter of a shape: a new one, or one used before."""
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
        if shape and self.rng.random() < 0.12:
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

    # ---- statements ----

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
            f = f"sum(gradient(u -> {f.replace('z', 'u')}, z) .* z)"
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
        for i in range(rng.choice([1, 1, 1, 2, 2, 3])):
            shape = self.shape()
            inputs.append(Value(pool[i], shape, 3.0))
        self.inputs = inputs
        self.values += inputs
        self.unused += inputs
        if any(count(v.shape) == 0 for v in inputs):
            self.keep_single()
        steps = [
            (self.step_unary, 5), (self.step_chain, 2), (self.step_binary, 6),
            (self.step_select, 2), (self.step_scalar, 2),
            (self.step_broadcast, 3), (self.step_product, 7),
            (self.step_reduce, 4), (self.step_vector, 4),
            (self.step_softmax, 1), (self.step_shape, 3),
            (self.step_slice, 3), (self.step_concat, 2), (self.step_layer, 2),
            (self.step_gradient, 1.5), (self.step_loop, 0.7)]
        if rng.random() < 0.1:
            steps.append((self.step_wild, 3))
        kinds = [s for s, _ in steps]
        weights = [w for _, w in steps]
        length = rng.choice([1, 2, 3, 4, 6, 8, 12])
        made = 0
        for _ in range(10 * length):
            if made == length:
                break
            made += rng.choices(kinds, weights)[0]() is not None
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
        if len(results) == 1 and self.has_parameters():
            y = results[0]
            losses = ["mse", "absolute", "smooth"]
            if len(y.shape) == 1 and count(y.shape) > 0:
                losses += ["logitcrossentropy", "logloss"]
            if count(y.shape) == 0:
                losses = ["absolute"]
            self.loss = rng.choice(losses)
            self.opt = rng.choice([
                "SGD(0.1)", "Momentum(0.05)", "ADAM(0.01)", "AdamW(0.01)",
                "RMSProp(0.01)", "ADAM()", "SGD()"])
            self.trainer = f"{self.name}_step"

    def has_parameters(self):
        return any(line.split(" ")[0] in " ".join(self.body)
                   for line in self.outer)

    # ---- text ----

    def definition(self):
        def declared(v):
            return f"{v.text}::[{shape_text(v.shape)}]"

        lines = list(self.outer)
        args = ", ".join(declared(v) for v in self.inputs)
        lines.append(f"@net function {self.name}({args})")
        lines += ["  " + line for line in self.body]
        lines.append("  return " + ", ".join(v.text for v in self.results))
        lines.append("end")
        if self.trainer:
            lines.append(f"{self.trainer} = Trainer({self.name}, {self.loss}, "
                         f"{self.opt})")
        lines.append("export " + ", ".join(
            [self.name] + ([self.trainer] if self.trainer else [])))
        lines.append(f"# check {self.name} {self.trainer or '-'} {self.big} "
                     f"{','.join(sorted(self.flags)) or '-'}")
        return "\n".join(lines)

    def check(self):
        """The function whose results driver.c computes too."""
        name, big = self.name, self.big
        lines = [f"function check_{name}(folder)", "  seed!(777)",
                 "  out = []"]

        def data(prefix, values):
            for i, v in enumerate(values):
                dims = shape_text(v.shape + (big,))
                lines.append(f"  {prefix}{i + 1} = "
                             + (f"Float32.(randn({dims}))" if count(v.shape)
                                else f"zeros({dims})"))

        def parts(prefix, values, r):
            return ", ".join(f"Batch(part({prefix}{i + 1}, {r}))"
                             for i in range(len(values)))

        def keep(call, values, how):
            if len(values) == 1:
                lines.append(f"  push!(out, {how}({call}))")
                return
            lines.append(f"  r = {call}")
            for i in range(len(values)):
                lines.append(f"  push!(out, {how}(r[{i + 1}]))")

        data("X", self.inputs)
        data("D", self.results)
        if self.trainer:
            data("T", self.results)
        one = ", ".join(f"part(X{i + 1}, 1)" for i in range(len(self.inputs)))
        keep(f"{name}({parts('X', self.inputs, f'1:{big}')})", self.results,
             "rawbatch")
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
        if self.trainer:
            for r in ("1:7", "1:7", f"1:{big}"):
                lines.append(f"  push!(out, [{self.trainer}("
                             f"{parts('X', self.inputs, r)}, "
                             f"{parts('T', self.results, r)})])")
        lines.append(f'  save(folder * "/{name}.results", All(out))')
        lines.append(f'  save(folder * "/{name}.params", {name})')
        lines.append("end")
        return "\n".join(lines)


def file_text(seed, total):
    """A file of `total` programs: the seeds seed, seed + 1, …"""
    parts = [f"# Random programs from seed {seed}.", f"seed!({seed % 1000})",
             PRELUDE + "one(x) = vec(1 * x)"]
    programs = [Program(f"m{seed + i}", random.Random(seed + i))
                for i in range(total)]
    parts += [p.definition() + "\n" + p.check() for p in programs]
    calls = "\n".join(f"  check_{p.name}(folder)" for p in programs)
    parts.append(f"function main(folder)\n{calls}\nend")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    sys.stdout.write(file_text(first, int(sys.argv[2])
                               if len(sys.argv) > 2 else 1))
