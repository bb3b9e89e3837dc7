"""Recurrences of random programs: layers over steps, scans, templates with a
state, in loops of their own.
"""
from steps import count

PRELUDE = """\
@net type Lag
  y
  x -> y = 0.5y{-1} - 0.25y{-2} + x
end
@net type Greatest
  m
  inner
  function (x)
    m = max(m{-1}, inner(x))
    return m
  end
end
"""


class Recurrences:
    """The statements; what they use of a program is in generate.py."""

    def step_recurrence(self):
        return self.rng.choice([self.over_layer, self.over_scan,
                                self.over_template, self.over_nested])()

    def sequence(self, rank):
        return self.pick(lambda v: len(v.shape) == rank
                         and 0 < v.shape[-1] < 40 and count(v.shape) < 300)

    def over_layer(self):
        v = self.sequence(2)
        if v is None:
            return None
        a, steps = v.shape
        x = self.use(v)
        if a > 0 and self.rng.random() < 0.4:  # as wide as products are
            wide = self.rng.choice([16, 17, 20])
            x = f"({self.param((wide, a)).text} * {x})"
            a = wide
        b = self.rng.choice([1, 2, 3, 5, 8])
        kind, rows, states = self.rng.choice(
            [("Recurrent", 1, 1), ("GRU", 3, 1), ("LSTM", 4, 2)])
        w = [self.param(s).text for s in [(rows * b, a), (rows * b, b)]]
        w += [self.param((rows * b,)).text] * (2 if kind == "GRU" else 1)
        w += [self.param((b,)).text for _ in range(states)]
        turn = self.rng.choice(["{}", "{}", "flip({})"])
        model = turn.format(f"unroll({kind}({', '.join(w)}))")
        return self.add(f"{model}(0.2 * {x})", (b, steps), 1.0)

    def over_scan(self):
        rank = self.rng.choice([1, 2, 2, 3])
        v = self.sequence(rank)
        if v is None:
            return None
        first = self.like(v.shape[:-1])
        body = self.rng.choice([
            "(0.5s + sin(z), s .* z)", "(tanh(s - z), s + z)",
            "(z, s)", "(s, tanh(s .* z))", "(max(s, z), abs(s))"])
        part = self.rng.choice([1, 2, 2])
        shape = v.shape if part == 2 else v.shape[:-1]
        return self.add(f"scan((s, z) -> {body}, 1 * {self.use(first)}, "
                        f"{self.use(v)})[{part}]", shape,
                        (first.size + 2) * (v.size + 2) * 2)

    def over_template(self):
        v = self.sequence(self.rng.choice([2, 2, 3]))
        if v is None:
            return None
        y = self.param(v.shape[:-1])
        if y.text[0] in "-0123456789.":
            return None
        model = self.rng.choice(
            [f"Lag({y.text})", f"Greatest({y.text}, z -> sin(2z))"])
        return self.add(f"unroll({model})({self.use(v)})", v.shape,
                        4 * (y.size + v.size))

    def over_nested(self):
        v = self.sequence(3)
        if v is None:
            return None
        y = self.param((v.shape[0],))
        inner = f"unroll(Lag({y.text}))"
        outer = self.rng.choice([
            f"Greatest({self.param(v.shape[:-1]).text}, {inner})",
            f"z -> tanh({inner}(z))"])
        return self.add(f"unroll({outer})({self.use(v)})", v.shape,
                        8 * (y.size + v.size))
