"""What is timed: a table of models, and what each is as .net and in numbers.

A kind of model tells implementations what to do (bench.h): chain, product, map;
and those of nets.py.
"""
import dataclasses

from nets import NETS

# name: its .net, whose x has SIZE elements; numbers of parameters for a size.
MAPS = {
    "gate": ("a = param(1.0)\nb = param(1.0)\n"
             "@net timed(x::[SIZE]) = σ(a .* x .+ b) .* tanh(x)\n",
             lambda size: 2),
    "layernorm": ("g = param(ones(SIZE))\nb = param(zeros(SIZE))\n"
                  "@net function timed(x::[SIZE])\n"
                  "  c = x .- mean(x)\n"
                  "  g .* c ./ sqrt(mean(c .* c) + 1e-5) .+ b\n"
                  "end\n", lambda size: 2 * size),
    "crossentropy": ("@net timed(x::[SIZE]) = -logsoftmax(x)[1]\n",
                     lambda size: 0),
    "softmax": ("@net timed(x::[SIZE]) = softmax(x)\n", lambda size: 0),
    "exp": ("@net timed(x::[SIZE]) = exp(x)\n", lambda size: 0),
    "sigmoid": ("@net timed(x::[SIZE]) = σ(x)\n", lambda size: 0),
    "tanh": ("@net timed(x::[SIZE]) = tanh(x)\n", lambda size: 0),
}


@dataclasses.dataclass
class Workload:
    """One model, and the pieces of work that are timed with it."""
    part: str     # of the benchmark: what WORK= names
    kind: str     # chain, product, map
    shape: tuple  # sizes of a chain; terms and rows; elements of a map
    cases: list   # (train or infer, samples)
    function: str = ""    # of MAPS
    optimiser: str = ""   # SGD or ADAM
    threads: int = 1

    @property
    def name(self):
        """Stable: results are found by it."""
        sizes = "-".join(str(size) for size in self.shape)
        words = [self.function or self.kind if self.kind != "chain" else "",
                 "" if self.kind in NETS else sizes, self.optimiser,
                 f"{self.threads} threads" if self.threads > 1 else ""]
        return " ".join(word for word in words if word)

    @property
    def rate(self):
        """Of the optimiser."""
        return {"SGD": "0.1", "ADAM": "0.001", "": "0"}[self.optimiser]

    @property
    def sizes(self):
        """Numbers of a sample, and of its result."""
        if self.function == "crossentropy":
            return self.shape[0], 1
        return self.shape[0], self.shape[-1]

    def arrays(self):
        """Elements of each array of parameters, in their order; for each the
        size that its numbers shrink by."""
        if self.kind in NETS:
            return NETS[self.kind].all_arrays()
        if self.kind == "chain":
            return [part for size, out in zip(self.shape, self.shape[1:])
                    for part in ((size * out, size + out), (out, size + out))]
        if self.kind == "product":
            return [(self.shape[0] * self.shape[1], sum(self.shape))]
        count = MAPS[self.function][1](self.shape[0])
        return [(count, 1)] if count else []

    def parameters(self):
        return sum(count for count, _ in self.arrays())

    def amount(self, work, samples):
        """Operations of products of one call, a step without the gradient of
        its input; elements of a map."""
        if self.kind == "map":
            return self.shape[0] * samples
        if self.kind in NETS:
            net = NETS[self.kind]
            back = net.back if work == "train" else 0
            return 2 * (net.forward + back) * samples
        products = [a * b for a, b in zip(self.shape, self.shape[1:])]
        each = 2 * sum(products)
        if work == "train":
            each += 2 * sum(products) + 2 * sum(products[1:])
        return each * samples

    def net(self):
        """The model as fluxc reads it."""
        if self.kind == "map":
            return MAPS[self.function][0].replace("SIZE", str(self.shape[0])) \
                + "export timed\n"
        if self.kind == "product":
            terms, rows = self.shape
            return (f"W = param(zeros({rows}, {terms}))\n"
                    f"@net timed(x::[{terms}]) = W * x\nexport timed\n")
        if self.kind in NETS:
            return (f"{NETS[self.kind].text}step = Trainer(timed, "
                    f"logitcrossentropy, {self.optimiser}({self.rate}))\n"
                    "export timed, step\n")
        hidden = "".join(f"Affine({size}), σ, " for size in self.shape[1:-1])
        text = (f"timed = @Chain(Input({self.shape[0]}), {hidden}"
                f"Affine({self.shape[-1]}), softmax)\n")
        if not self.optimiser:
            return text + "export timed\n"
        return (f"{text}step = Trainer(timed, logloss, "
                f"{self.optimiser}({self.rate}))\nexport timed, step\n")


MLP = (784, 128, 64, 10)
BATCHES = (1, 32, 64, 256)


def train(part, shape, batches, optimiser="SGD", threads=1):
    return Workload(part, "chain", tuple(shape),
                    [("train", batch) for batch in batches],
                    optimiser=optimiser, threads=threads)


def net(name, optimiser, batch):
    return Workload(name, name, NETS[name].sizes, [("train", batch)],
                    optimiser=optimiser)


def infer(shape):
    return Workload("infer", "chain", tuple(shape), [("infer", 1)])


def product(samples, rows, terms):
    return Workload("product", "product", (terms, rows), [("infer", samples)])


def function(part, name, size, samples):
    return Workload(part, "map", (size,), [("infer", samples)], name)


TABLE = [
    train("train", MLP, BATCHES),
    train("adam", MLP, (64,), "ADAM"),
    train("threads", MLP, BATCHES, threads=2),
    net("lenet", "SGD", 64),
    net("lstm", "SGD", 50),
    infer((64, 64, 64, 10)),
    infer(MLP),
    infer((1024,) * 5),
    product(32, 128, 784), product(64, 128, 784), product(256, 128, 784),
    product(64, 64, 128), product(32, 512, 512), product(256, 512, 512),
    product(512, 512, 512), product(1024, 1024, 1024),
    product(2048, 2048, 2048),
    function("map", "gate", 1000, 1000),
    function("map", "layernorm", 1024, 1024),
    function("map", "softmax", 1024, 1024),
    function("function", "exp", 1024, 4),
    function("function", "sigmoid", 1024, 4),
    function("function", "tanh", 1024, 4),
]
PARTS = list(dict.fromkeys(work.part for work in TABLE)) + ["demo"]
QUICK = ("train", "infer")


def chosen(parts, shape=None, batches=None):
    """The rows of the table in these parts that have such a batch; with a
    shape, that chain only.
    """
    if shape:
        return [train("shape", shape, batches or BATCHES)]
    rows = [dataclasses.replace(work, cases=[
        case for case in work.cases
        if not batches or case[0] == "infer" or case[1] in batches])
        for work in TABLE if work.part in parts]
    return [work for work in rows if work.cases]
