"""Random cells of unroll1."""
from network import BATCHES, Network
from steps import Value, shape_text


class Stepped(Network):
    """A cell of unroll1, whose state the caller keeps, and a step of it. In the
    script, the same with its state as inputs and results is the measure."""

    batches = False

    def make(self):
        rng = self.rng
        self.big = rng.choice(BATCHES[:10])
        self.most = rng.choice([12, 20, 40, 70])
        self.flags.add("keeps")
        self.inputs = [Value("x", (self.wide(),), 3.0)]
        self.states = [Value(f"s{i + 1}", (self.wide(),), 3.0)
                       for i in range(rng.choice([1, 1, 2, 3]))]
        before = [Value(f"{s.text}{{-1}}", s.shape, 3.0) for s in self.states]
        self.values += self.inputs + before
        self.unused += self.inputs + before
        self.open = list(self.states)
        self.grow([
            (self.step_affine, 8), (self.step_action, 4), (self.step_weight, 4),
            (self.step_residual, 2), (self.step_tied, 1.5),
            (self.step_shared, 1), (self.step_norm, 1), (self.step_join, 4),
            (self.step_gate, 2), (self.step_next, 3)],
            rng.choice([1, 2, 3, 5, 7]))
        while self.open:
            self.step_next()
        self.unused = [v for v in self.unused if v not in before]
        self.finish()

    def step_next(self):
        """A state becomes a value and what the input adds to it: of what no
        input reaches, a state has one for all samples."""
        if not self.open:
            return None
        state = self.open.pop()
        n = state.shape[0]
        v = self.pick(lambda u: u.shape == state.shape)
        if v is not None and self.rng.random() < 0.6:
            made = f"{self.use(v)} .+ 0.1sum(x)"
        else:
            made = (f"tanh({self.affine(self.vector(), n)} + "
                    f"{self.affine(self.inputs[0], n)})")
        self.body.append(f"{state.text} = {made}")
        v = Value(state.text, state.shape, 3.0)
        self.values.append(v)
        return v

    def definition(self):
        name, rng = self.name, self.rng
        lines = super().definition().split("\n")
        at = lines.index(next(k for k in lines if k.startswith("@net fun")))
        end = lines.index("end", at)
        body = lines[at + 1:end]
        states = [s.text for s in self.states]
        firsts = [f"{name}_{s}" for s in states]
        size = self.inputs[0].shape[0]
        apart = "\n".join(body[:-1])
        for s in states:
            apart = apart.replace(s + "{-1}", "old_" + s)
        given = f"(x::[{size}], " + ", ".join(
            f"old_{s.text}::[{s.shape[0]}]" for s in self.states) + ")"
        lines[at:end + 1] = [
            *(f"{f} = {rng.choice(['zeros', 'randn'])}({s.shape[0]})"
              for f, s in zip(firsts, self.states)),
            f"@net type {name}_cell", "  " + "; ".join(states),
            f"  function (x::[{size}])", *("  " + k for k in body), "  end",
            "end", f"{name} = unroll1({name}_cell("
            f"{', '.join(f'frozen({f})' for f in firsts)}))",
            f"@net function {name}_whole{given}", apart, body[-1], "end",
            f"@net function {name}_next{given}", apart,
            "  return " + ", ".join(states), "end"]
        if self.trainer:
            lines.insert(-2, f"{name}_whole_step = Trainer({name}_whole, "
                         f"{self.loss}, {self.opt})")
        return "\n".join(lines)

    def check(self):
        name, big = self.name, self.big
        states = ", ".join(s.text for s in self.states)
        lines = [f"function check_{name}(folder, real)", "  seed!(777)",
                 "  out = []"]

        def data(prefix, values):
            return [f"  {prefix}{i + 1} = "
                    f"Batch(real(randn({shape_text(v.shape + (big,))})))"
                    for i, v in enumerate(values)]

        def keep(call, values):
            lines.append(f"  r = {call}")
            for i in range(len(values)):
                part = "r" if len(values) == 1 else f"r[{i + 1}]"
                lines.append(f"  push!(out, rawbatch({part}))")

        def reset():
            lines.extend(f"  {s.text} = Batch(real(hcat([{name}_{s.text} for i "
                         f"in 1:{big}]...)))" for s in self.states)

        def go_on():
            lines.append(f"  {states} = {name}_next(X1, {states})")

        lines += data("X", self.inputs) + data("D", self.results)
        if self.trainer:
            lines += data("T", self.results)
        deltas = ", ".join(f"D{i + 1}" for i in range(len(self.results)))
        if len(self.results) > 1:
            deltas = f"({deltas})"
        reset()
        for _ in range(3):
            keep(f"{name}(X1)", self.results)
            go_on()
        lines += [f"  r = back!({name}_whole, {deltas}, X1, {states})",
                  "  push!(out, rawbatch(r[1]))"]
        keep(f"{name}(X1)", self.results)
        lines += [f"  update!({name}_whole, 0.01)", f"  reset!({name})"]
        reset()
        for _ in range(3 if self.trainer else 0):
            lines += [f"  after = {name}_next(X1, {states})",
                      f"  push!(out, [{name}_whole_step(X1, {states}, T1)])",
                      f"  {states} = after"]
        keep(f"{name}_whole(X1, {states})", self.results)
        lines += [f'  save(folder * "/{name}.results", All(out))',
                  f'  save(folder * "/{name}.params", {name})', "end"]
        return "\n".join(lines)
