"""Random networks of short rows."""
from network import BATCHES, WIDTHS, Network
from steps import Value

# Of a row x, another y as long, and a number c of the row.
ROWS = [
    "softmax({x})", "logsoftmax({x})", "softmax(2 * {x})",
    "softmax(softmax({x}))", "{x} .- mean({x})", "{x} .- maximum({x})",
    "{x} ./ (1 + sum(abs({x})))", "normed({x})", "{x} .- logsumexp({x})",
    "{x} ./ sqrt(0.1 + sum({x} .* {x}))", "σ({x}) .* maximum({y})",
    "{y} .* softmax({x})", "exp(logsoftmax({x})) - {y}",
    "logsoftmax({x} .* {y})", "tanh({x} .* sum({y}))",
    "dot({x}, {y}) .* σ({x})", "softmax({x}) .* log1p(abs({y}))",
    "reverse({x}) .* softmax({y})", "{c} .* logsoftmax({x})",
    "-softmax({x}) .* logsoftmax({x})", "softmax({x}) .* softmax({y})",
    "{x} .* minimum({y})", "fma({x}, minimum({y}), {y})",
    "ifelse({x} .> mean({y}), {x}, 0.1 * {y})",
    "tanh({x} .- mean({y})) ./ (1 + maximum(abs({x})))",
    "logsoftmax({x}) .- {c} + softmax({y})", "cumsum(softmax({x}))",
    "relu({x} .- {c}) .+ logsumexp({y})", "{x} .* reverse({x})",
    "vcat({x}[{n}:{n}], {c} .* {y}[1:{n} - 1])"]


class Short(Network):
    """Rows that fill no vector, or few: what stands between small layers, much
    of it of whole rows, and of rows that stand further up."""

    def make(self):
        rng = self.rng
        self.big = rng.choice(BATCHES if rng.random() < 0.97 else [513])
        self.most = rng.choice([5, 10, 15, 15, 15, 20])
        self.least = 1
        length = rng.choice([3, 4, 5, 6, 7, 8, 9])
        if rng.random() < 0.08:  # more than there is room for
            self.most, self.least, length = 15, 10, rng.choice([20, 30])
        self.inputs = [Value("xy"[i], (self.wide(),), 3.0)
                       for i in range(rng.choice([1, 1, 1, 2]))]
        self.values += self.inputs
        self.unused += self.inputs
        if rng.random() < 0.1:
            self.step_words()
        self.grow([
            (self.step_one, 7), (self.step_whole, 10), (self.step_action, 2),
            (self.step_frozen, 1), (self.step_residual, 1),
            (self.step_join, 2), (self.step_gate, 2), (self.step_table, 1),
            (self.step_rows, 1), (self.step_flat, 1), (self.step_norm, 1.5),
            (self.step_drop, 0.5), (self.step_shared, 1),
            (self.step_tied, 0.5), (self.step_still, 0.5),
            (self.step_image, 1), (self.step_weight, 1)], length)
        self.finish()

    def wide(self):
        return self.rng.choice([w for w in WIDTHS
                                if self.least <= w <= self.most])

    def step_one(self):
        v = self.vector()
        if v is None:
            return None
        n = self.wide()
        x = self.affine(v, n)
        return self.put(x if self.rng.random() < 0.6 else
                        f"({self.action()})({x})", (n,))

    def step_whole(self):
        v = self.vector()
        if v is None:
            return None
        x = self.use(v)
        others = [u for u in self.values if u.shape == v.shape]
        y = self.rng.choice(others).text
        if self.rng.random() < 0.15:
            y = self.param(v.shape).text
        c = self.rng.choice([f"{x}[1]", f"{y}[{v.shape[0]}]", f"sum({y})",
                             f"mean({x} .* {y})"])
        text = self.rng.choice(ROWS).format(x=x, y=y, c=c, n=v.shape[0])
        if self.rng.random() < 0.2:
            text = f"({self.action()})({text})"
        return self.put(text, v.shape)

    def step_frozen(self):
        """A layer of which nothing trains, or the bias alone."""
        v = self.vector()
        if v is None:
            return None
        n = self.wide()
        b = self.rng.choice(["zeros({})", "frozen(randn({}))"]).format(n)
        made = f"Affine(frozen(glorot({n}, {v.shape[0]})), {b})"
        return self.put(f"{self.layer(made)}({self.use(v)})", (n,))
