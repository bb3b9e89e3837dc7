"""The conversation of driver.c, for workers in Python.

main(make) reads what implementations.py says: KIND SHAPE WHAT RATE THREADS
START N, where WHAT is a map's function or a chain's optimiser. make(Task) gives
an object with set(arrays), get(), train(x, label), infer(x), wait(result), and
done(result), which gives a result as an array or number of numpy.

BENCH_DEVICE is cpu or cuda, where all of it is to happen.
"""
import os
import sys
import time

import numpy

from nets import NETS


class Task:
    """What is to be done, in words."""

    def __init__(self, kind, shape, what, rate, threads):
        self.kind = kind
        self.shape = [int(size) for size in shape.split(",")]
        self.what = what
        self.rate = float(rate)
        self.threads = int(threads)
        self.device = os.environ.get("BENCH_DEVICE", "cpu")
        self.mode = os.environ.get("BENCH_MODE", "")

    def arrays(self):
        """The shapes of the parameters."""
        if self.kind in NETS:
            return NETS[self.kind].arrays
        if self.kind == "chain":
            return [part for size in zip(self.shape, self.shape[1:])
                    for part in (size, size[1:])]
        if self.kind == "product":
            return [tuple(self.shape)]
        size = self.shape[0]
        return {"gate": [(1,), (1,)],
                "layernorm": [(size,), (size,)]}.get(self.what, [])


def read(task, path, samples):
    """Parameters, samples and labels of the start."""
    with open(path, "rb") as file:
        def floats(shape):
            count = int(numpy.prod(shape))
            return numpy.fromfile(file, "f", count).reshape(shape)
        parameters = [floats(shape) for shape in task.arrays()]
        x = floats((samples, task.shape[0]))
        label = numpy.fromfile(file, "i4", samples)
    return parameters, x, label


class Conversation:
    """One object of make, and the data that it works on."""

    def __init__(self, made, parameters, x, label):
        self.made = made
        self.parameters = parameters
        self.data = {}
        self.x = x
        self.label = label

    def _data(self, batch):
        """The first samples, as the framework has them."""
        if batch not in self.data:
            self.data[batch] = self.made.data(self.x[:batch],
                                              self.label[:batch])
        return self.data[batch]

    def _run(self, work, batch, steps):
        x, label = self._data(batch)
        result = None
        for _ in range(steps):
            result = self.made.train(x, label) if work == "train" \
                else self.made.infer(x)
        self.made.wait(result)
        return result

    def answer(self, words):
        """What driver.c would."""
        self.made.set(self.parameters)
        if words[0] == "time":
            work, batch, steps = words[1], int(words[2]), int(words[3])
            self._run(work, batch, 1)
            begin = time.perf_counter_ns()
            self._run(work, batch, steps)
            return time.perf_counter_ns() - begin
        train = words[0] == "train"
        result = self._run(words[0], int(words[1]),
                           int(words[2]) if train else 1)
        result = self.made.done(result)
        out = numpy.concatenate([numpy.ravel(p) for p in self.made.get()]) \
            if train else result
        numpy.asarray(out, "f").tofile(words[-1])
        return f"{float(result):.9g}" if train else 0


def main(make):
    """Answers until the input ends. What libraries print is not heard."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    *words, path, samples = sys.argv[1:]
    task = Task(*words)
    parameters, x, label = read(task, path, int(samples))
    made = make(task)
    made.set(parameters)
    talk = Conversation(made, parameters, x, label)
    print("ready 0", made.detail, file=out, flush=True)
    for line in sys.stdin:
        print(talk.answer(line.split()), file=out, flush=True)
