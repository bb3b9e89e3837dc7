"""A random network: a program of the layers that users write, of sizes around those
of vectors and tiles, with every optimiser and what stands around it.
"""
import generate
from steps import PLACES, Value, count, shape_text

WIDTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 20, 23, 24, 25,
          30, 31, 32, 33, 40, 47, 48, 49, 63, 64, 65, 100, 130]
BATCHES = [8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 70, 127, 128, 129, 193]
ACTIONS = [
    "tanh", "tanh", "σ", "σ", "relu", "gelu", "swish", "softplus", "elu", "exp ∘ tanh",
    "leakyrelu", "sin", "identity", "x -> x .* x ./ 10", "x -> exp(-x .* x)",
    "x -> tanh(x) .+ 0.1x", "x -> 2tanh(x) - 1", "x -> 1 - σ(x)",
    "x -> max(tanh(x), 0.1)", "gelu_tanh", "x -> log1p(abs(x))",
    "x -> tanh(σ(x))", "x -> x ./ (1 + abs(x))", "x -> clamp(x, -1, 1)"]
OPTIMISERS = [
    "SGD(0.05)", "Momentum(0.02)", "Momentum(0.02; rho = 0.5)", "ADAM(0.01)",
    "ADAM(0.02; beta1 = 0.5, beta2 = 0.75, epsilon = 0.01)", "AdamW(0.01)",
    "AdamW(0.02; decay = 0.25)", "RMSProp(0.01)", "RMSProp(0.01; rho = 0.5)",
    "Mine(0.05, 0.5)"]
AROUND = [
    "ClipNorm({}, 0.5)", "ClipNorm({}, 10)", "ClipValue({}, 0.02)",
    "WeightDecay({}, 0.1)", "Schedule({}, Warmup(2))", "Schedule({}, Cosine(4))",
    "Schedule({}, StepDecay(2))", "Schedule({}, ExpDecay(0.5))",
    "Schedule({}, t -> 1 / t)"]
PRELUDE = """\
both(ŷ, y) = mse(ŷ, y) + 0.1absolute(ŷ, y)
far(ŷ, y) = sum(log1p((ŷ - y) .^ 2))
against(ŷ, y) = -dot(softmax(vec(ŷ)), vec(y))
distilled(ŷ, y) = -dot(softmax(vec(y)), logsoftmax(vec(ŷ)))
margin(ŷ, y) = relu(maximum(vec(ŷ) - 2vec(y)) + 0.1) + 0.01mse(ŷ, y)
identity(x) = x
"""


class Network(generate.Program):
    """One network; rng decides everything."""

    batches = True  # whether there are layers of whole batches

    def make(self):
        rng = self.rng
        self.big = rng.choice(BATCHES)
        self.most = rng.choice([20, 40, 40, 130])
        kind = rng.choice(["vector"] * 4 + ["two", "two", "matrix", "matrix",
                                            "image", "words", "places"])
        shapes = {"vector": [(self.wide(),)],
                  "two": [(self.wide(),), (self.wide(),)],
                  "matrix": [(self.wide(), rng.choice([1, 2, 3, 5, 7, 8, 16]))],
                  "image": [tuple(rng.choice([4, 5, 7, 8, 9, 12])
                                  for _ in range(2)) +
                            (rng.choice([1, 2, 3, 4]),)],
                  "words": [], "places": [(self.wide(),)]}[kind]
        self.inputs = [Value("xyz"[i], s, 3.0) for i, s in enumerate(shapes)]
        self.values += self.inputs
        self.unused += self.inputs
        if kind in ("words", "places"):
            self.step_words()
        self.grow([
            (self.step_affine, 8), (self.step_action, 3),
            (self.step_weight, 3), (self.step_residual, 2),
            (self.step_tied, 1.5), (self.step_shared, 1), (self.step_norm, 2),
            (self.step_drop, 1), (self.step_join, 2), (self.step_rows, 2),
            (self.step_fold, 1.5), (self.step_table, 1),
            (self.step_sequence, 2), (self.step_attention, 1),
            (self.step_image, 3), (self.step_flat, 1), (self.step_still, 0.5),
            (self.step_gate, 1), (self.step_moment, 1)],
            rng.choice([1, 2, 3, 4, 5, 7, 9]))
        self.finish()

    def grow(self, steps, length):
        """Statements of kinds that have weights."""
        kinds = [s for s, _ in steps]
        weights = [w for _, w in steps]
        made = 0
        for _ in range(20 * length):
            if made >= length:
                break
            made += self.rng.choices(kinds, weights)[0]() is not None

    def finish(self):
        if self.rng.random() < 0.7:  # one result of all that is unused
            rest = [v for v in self.unused if v not in self.inputs]
            while len(rest) > 1:
                a, b = rest.pop(), rest.pop()
                n = self.rng.choice([10, 3, self.wide()])
                v = self.put(f"{self.affine(a, n)} + {self.affine(b, n)}", (n,))
                rest.append(v)
        super().finish()
        if self.trainer is None:
            return
        self.loss, self.opt = self.any_loss(), self.any_optimiser()
        if self.rng.random() < 0.25 and "keeps" not in self.flags:
            self.other = (self.any_loss(), self.any_optimiser())

    def any_loss(self):
        y = self.results[0].shape
        losses = ["mse", "absolute", "smooth", "both", "far"]
        if len(y) == 1 and y[0] > 1:
            losses += ["logitcrossentropy", "logloss", "binarycrossentropy",
                       "against", "logitcrossentropy", "distilled", "margin"]
        return self.rng.choice(losses) if y else "absolute"

    def any_optimiser(self):
        made = self.rng.choice(OPTIMISERS)
        while self.rng.random() < 0.4:
            made = self.rng.choice(AROUND).format(made)
        return made

    # ---- sizes, values, parameters ----

    def wide(self):
        return self.rng.choice([w for w in WIDTHS if w <= self.most])

    def vector(self):
        return self.pick(lambda v: len(v.shape) == 1 and 0 < v.shape[0] < 300)

    def matrix(self):
        return self.pick(lambda v: len(v.shape) == 2 and count(v.shape) < 600)

    def put(self, expr, shape):
        if count(shape) > 3000:
            return None
        return self.add(expr, shape, 3.0)

    def layer(self, made):
        name = f"{self.name}_l{len(self.outer) + 1}"
        self.outer.append(f"{name} = {made}")
        return name

    def flat(self, v):
        """A vector of a value's elements."""
        x = self.use(v)
        return x if len(v.shape) == 1 else f"vec({x})" if v.shape else f"[{x}]"

    def affine(self, v, n):
        return (f"{self.layer(f'Affine({count(v.shape)}, {n})')}"
                f"({self.flat(v)})")

    def action(self):
        return self.rng.choice(ACTIONS)

    # ---- statements ----

    def step_affine(self):
        v = self.vector()
        if v is None:
            return None
        n, sizes = self.rng.choice([1, 1, 2, 3]), []
        parts, size = [], v.shape[0]
        for _ in range(n):
            sizes.append(self.wide())
            parts += [f"Affine({size}, {sizes[-1]})", self.action()]
            size = sizes[-1]
        if self.rng.random() < 0.3:
            parts.pop()
        if self.rng.random() < 0.15:
            parts.append(self.rng.choice(["softmax", "logsoftmax"]))
        name = self.layer(f"Chain({', '.join(parts)})")
        return self.put(f"{name}({self.use(v)})", (size,))

    def step_action(self):
        v = self.pick()
        return self.put(f"({self.action()})({self.use(v)})", v.shape)

    def step_weight(self):
        v = self.pick(lambda u: 0 < len(u.shape) <= 2 and
                      0 < u.shape[0] and count(u.shape) < 600)
        if v is None:
            return None
        n, m = v.shape[0], self.wide()
        x = self.use(v)
        if len(v.shape) == 1 and self.rng.random() < 0.4:
            w = self.param((n, m))
            return self.put(self.rng.choice(
                [f"vec({x}' * {w.text})", f"{w.text}' * {x}"]), (m,))
        w = self.param((m, n))
        b = self.param((m,))
        f = self.rng.choice(["tanh", "σ", "gelu", "exp", "sin", ""])
        inner = f"0.3 * ({w.text} * {x})"
        if self.rng.random() < 0.5:
            inner += f" .+ {b.text}"
        elif self.rng.random() < 0.5:
            inner = self.rng.choice([
                f"{b.text} .- {inner}", f"({inner}) .* {b.text}",
                f"max({inner}, {b.text})", f"({inner} .+ {b.text}) .* {b.text}",
                f"({w.text} * {x}) .- {b.text}"])
        if f == "exp":
            inner = f"min({inner}, 2)"
        return self.put(f"{f}({inner})", (m,) + v.shape[1:])

    def step_residual(self):
        v = self.vector()
        if v is None:
            return None
        n, m = v.shape[0], self.wide()
        x = self.use(v)
        name = self.layer(self.rng.choice([
            f"Chain(Affine({n}, {n}), {self.action()})",
            f"Chain(Affine({n}, {m}), {self.action()}, Affine({m}, {n}))"]))
        return self.put(f"{x} + {name}({x})", (n,))

    def step_tied(self):
        """A matrix that is used twice, once transposed."""
        v = self.vector()
        if v is None:
            return None
        n, m = v.shape[0], self.wide()
        w = self.param((m, n))
        x = self.use(v)
        h = f"({self.action()})(0.3 * ({w.text} * {x}))"
        return self.put(self.rng.choice([
            f"{w.text}' * {h}", f"vec(({h})' * {w.text}) + {x}",
            f"0.1 * ({w.text}' * ({w.text} * ({w.text}' * {h})))"]), (n,))

    def step_shared(self):
        v = self.vector()
        if v is None:
            return None
        n = v.shape[0]
        x = self.use(v)
        name = self.layer(f"Chain(Affine({n}, {n}), {self.action()})")
        return self.put(self.rng.choice([
            f"{name}({name}({x}))", f"{name}({x}) .* {name}(2{x})",
            f"{name}({name}({name}({x}))) + {x}"]), (n,))

    def step_norm(self):
        v = self.pick(lambda u: 0 < len(u.shape) <= 3 and
                      0 < count(u.shape) < 600)
        if v is None:
            return None
        axis = self.rng.randint(1, len(v.shape))
        made = f"LayerNorm({v.shape[axis - 1]}; dims = {axis})"
        if self.rng.random() < 0.4 and self.batches:
            made = f"BatchNorm({v.shape[-1]})"
        return self.put(f"{self.layer(made)}({self.use(v)})", v.shape)

    def step_drop(self):
        v = self.pick()
        p = self.rng.choice(["0.25", "0.5", "0"])
        return self.put(f"{self.layer(f'Dropout({p})')}({self.use(v)})",
                        v.shape)

    def step_join(self):
        a, b = self.vector(), self.vector()
        if a is None:
            return None
        x, y = self.use(a), self.use(b)
        if a.shape == b.shape and self.rng.random() < 0.5:
            return self.put(self.rng.choice([
                f"{x} .* {y}", f"{x} - {y}", f"max({x}, {y})",
                f"ifelse({x} .> {y}, {x}, 0.5{y})",
                f"fma({x}, {y}, 0.5{x})"]), a.shape)
        if self.rng.random() < 0.5 and count(a.shape) * count(b.shape) < 600:
            return self.put(f"{x} * {y}'", a.shape + b.shape)
        return self.put(f"vcat({x}, {y})", (a.shape[0] + b.shape[0],))

    def step_rows(self):
        """Another shape of the same elements, and what goes along an axis."""
        v = self.pick(lambda u: len(u.shape) > 0 and 0 < count(u.shape) < 600)
        if v is None:
            return None
        n = count(v.shape)
        first = self.rng.choice([d for d in range(1, n + 1) if n % d == 0])
        rest = n // first
        second = self.rng.choice([d for d in range(1, rest + 1)
                                  if rest % d == 0])
        shape = self.rng.choice([(first, rest), (first, second, rest // second),
                                 (first, 1, second, rest // second)])
        text = f"reshape({self.use(v)}, {shape_text(shape)})"
        order = list(range(len(shape)))
        self.rng.shuffle(order)
        if self.rng.random() < 0.6:
            text = (f"permutedims({text}, "
                    f"({shape_text(i + 1 for i in order)}))")
            shape = tuple(shape[i] for i in order)
        axis = self.rng.randint(1, len(shape))
        text = self.rng.choice([
            text, f"softmax({text}, dims = {axis})",
            f"tanh({text}) .- mean({text}, dims = {axis})",
            f"logsoftmax({text}, dims = {axis})",
            f"{text} ./ (1 .+ maximum(abs({text}), dims = {axis}))"])
        if len(shape) == 4:
            text = f"reshape({text}, {shape_text((shape[0], shape[1], shape[2] * shape[3]))})"
            shape = (shape[0], shape[1], shape[2] * shape[3])
        return self.put(text, shape)

    def step_fold(self):
        v = self.pick(lambda u: len(u.shape) > 1 and count(u.shape) > 0)
        if v is None:
            return None
        axis = self.rng.randrange(len(v.shape))
        op = self.rng.choice(["sum", "mean", "maximum"])
        shape = tuple(d for i, d in enumerate(v.shape) if i != axis)
        return self.put(f"reshape({op}({self.use(v)}, dims = {axis + 1}), "
                        f"{shape_text(shape)})", shape)

    def step_table(self):
        v = self.pick(lambda u: 0 < len(u.shape) < 3 and
                      0 < count(u.shape) < 40)
        if v is None:
            return None
        rows, n = self.wide(), self.rng.choice([2, 9, 33, 300])
        name = self.layer(f"Embedding({n}, {rows})")
        return self.put(f"{name}(clamp(floor({n // 2} + 2{self.use(v)}), 1, "
                        f"{n}))", (rows,) + v.shape)

    def step_words(self):
        """Places that the caller gives, and what stands there."""
        shape = self.rng.choice([(1,), (5,), (8,), (3, 2)])
        self.inputs.append(Value("w", shape, PLACES, True))
        p = self.param((self.wide(), PLACES))
        if p.shape[0] == PLACES and len(shape) == 1:
            return self.put(f"{p.text}[:, w[1]] .* {p.text}[w[1], :]",
                            p.shape[:1])
        return self.put(f"gather({p.text}, w)", p.shape[:1] + shape)

    def step_sequence(self):
        v = self.pick(lambda u: len(u.shape) == 2 and 0 < u.shape[1] < 20 and
                      0 < u.shape[0] < 70)
        if v is None:
            return None
        n, steps = v.shape
        m = min(self.wide(), 40)
        cell = self.rng.choice(["GRU", "LSTM", "Recurrent"])
        k = min(self.wide(), 40)
        made = self.rng.choice([
            f"{cell}({n}, {m})",
            f"Chain(Affine({n}, {k}), Dropout(0.25), {cell}({k}, {m}))",
            f"Chain({cell}({n}, {k}), Dropout(0.5), Affine({k}, {m}), tanh)",
            f"Chain({cell}({n}, {k}), {cell}({k}, {m}))"])
        made = f"unroll({made})"
        if self.rng.random() < 0.2:
            made = f"flip({made})"
        return self.put(f"{self.layer(made)}({self.use(v)})", (m, steps))

    def step_attention(self):
        v = self.pick(lambda u: len(u.shape) == 2 and 0 < u.shape[1] < 20 and
                      0 < u.shape[0] < 70)
        if v is None:
            return None
        n = v.shape[0]
        heads = self.rng.choice([h for h in (1, 2, 3, 4, 5) if n % h == 0])
        causal = self.rng.choice(["true", "false"])
        made = f"Attention({n}; heads = {heads}, causal = {causal})"
        return self.put(f"{self.layer(made)}({self.use(v)})", v.shape)

    def step_image(self):
        v = self.pick(lambda u: len(u.shape) == 3 and 0 < count(u.shape) < 800)
        if v is None:
            return None
        a, b, c = v.shape
        rng = self.rng
        if rng.random() < 0.35:
            k = rng.choice([1, 2, 3])
            if k > min(a, b):
                return None
            s = rng.choice([1, k])
            name = self.layer(f"{rng.choice(['MaxPool', 'AvgPool'])}({k}; "
                              f"stride = {s})")
            return self.put(f"{name}({self.use(v)})",
                            ((a - k) // s + 1, (b - k) // s + 1, c))
        k, s, pad = rng.choice([1, 2, 3, 5]), rng.choice([1, 1, 2]), \
            rng.choice([0, 1])
        groups = rng.choice([g for g in (1, 1, 2, 3) if c % g == 0])
        out = groups * rng.choice([1, 2, 3, 4, 5, 8])
        if min(a, b) + 2 * pad < k:
            return None
        name = self.layer(
            f"Chain(Conv2D({k}, {c}, {out}; stride = {s}, pad = {pad}, "
            f"groups = {groups}), {self.action()})")
        return self.put(f"{name}({self.use(v)})",
                        ((a + 2 * pad - k) // s + 1, (b + 2 * pad - k) // s + 1,
                         out))

    def step_flat(self):
        v = self.pick(lambda u: len(u.shape) > 1)
        if v is None:
            return None
        return self.put(f"flatten({self.use(v)})", (count(v.shape),))

    def step_still(self):
        """A parameter whose gradient is nothing, or which is frozen."""
        v = self.pick()
        p = self.param(v.shape) if v.shape else self.param((1,))
        if not v.shape:
            return None
        x = self.use(v)
        if self.rng.random() < 0.3:
            self.flags.add("jumps")  # differences see what the gradient not
            return self.put(f"{x} + stopgradient({p.text})", v.shape)
        return self.put(self.rng.choice([
            f"{x} .* round(2 * {p.text})", f"{x} .* 0 + {p.text}"]), v.shape)

    def step_gate(self):
        a = self.vector()
        if a is None:
            return None
        n, m = a.shape[0], self.wide()
        x = self.use(a)
        left, right = (self.layer(f"Affine({n}, {m})") for _ in range(2))
        return self.put(self.rng.choice([
            f"σ({left}({x})) .* tanh({right}({x}))",
            f"{left}({x}) .* σ({right}({x}))",
            f"softmax({left}({x})) .* {right}({x})"]), (m,))

    def step_moment(self):
        """Inner derivatives through products."""
        a = self.vector()
        if a is None or a.shape[0] > 40:
            return None
        n, m = a.shape[0], min(self.wide(), 33)
        w = self.param((m, n))
        x = self.use(a)
        return self.put(self.rng.choice([
            f"gradient(z -> sum(tanh(0.3 * ({w.text} * z))), {x})",
            f"jvp(z -> {w.text}' * σ({w.text} * z), {x}, 0.1{x})",
            f"gradient(z -> logsumexp({w.text} * z), {x})"]), (n,))
