"""Building, checking and timing: from a model to the best time of each."""
import os

import agree
from implementations import TABLE, Program
from worker import Failed, Missing

PASSES = 2
BLOCK = 0.004  # seconds


def start_write(model, samples):
    """The file that every worker reads; the parameters in it."""
    path = os.path.join(model.build, "start.bin")
    arrays = agree.start(model.shape, samples)
    with open(path, "wb") as file:
        for part in arrays:
            part.tofile(file)
    return path, arrays[0]


def programs(only, model, start, samples):
    """What can be built, and {name: why not}."""
    built = []
    skipped = {}
    for implementation in TABLE:
        if only and implementation.name not in only:
            continue
        try:
            built.append(Program(implementation, model, start, samples))
        except Missing as error:
            skipped[implementation.name] = str(error)
    return built, skipped


def check(built, model, before, cases):
    """The errors of all against the last C peer; {(name, work, batch): …}"""
    peers = [program for program in built if program.kind == "c"]
    if not peers:
        raise Failed("no C peer to compare with")
    reference = peers[-1].workers[0]
    path = os.path.join(model.build, "result.bin")
    found = {}
    for work, batch in cases:
        want = reference.result(work, batch, agree.STEPS, path)
        for program in built:
            if program.kind == "peak":
                continue
            for worker in program.workers:
                have = worker.result(work, batch, agree.STEPS, path)
                for name, error, bound in agree.errors(model, before, work,
                                                       want, have):
                    if not error <= bound:
                        raise Failed(
                            f"{program.name} {worker.setting}: {work} {batch}: "
                            f"{name} differ by {error:.2g}, more than {bound}")
                    key = program.name, work, batch
                    found.setdefault(key, {})
                    found[key][name] = max(error, found[key].get(name, 0))
    return found


class Case:
    """One worker at one piece of work: the best block of each pass."""

    def __init__(self, program, worker, work, batch):
        self.program = program
        self.worker = worker
        alone = program.kind == "peak"
        self.work = "infer" if alone else work
        self.batch = 1 if alone else batch
        self.best = []
        self.steps = 3
        once = min(self._seconds() for _ in range(2))
        self.steps = max(2, round(BLOCK / once))

    def _seconds(self):
        return self.worker.seconds(self.work, self.batch, self.steps)

    def block(self):
        """Times one block; the best of the pass is kept."""
        self.best[-1] = min(self.best[-1], self._seconds())


def measure(built, cases, blocks):
    """{(work, batch): [Case]}: two passes, blocks of all in turn."""
    table = {key: [Case(program, worker, *key) for program in built
                   for worker in program.workers] for key in cases}
    for _ in range(PASSES):
        for row in table.values():
            for case in row:
                case.best.append(float("inf"))
            for _ in range(blocks):
                for case in row:
                    case.block()
    return {key: fastest(row) for key, row in table.items()}


def fastest(row):
    """Of each program the variant that was the fastest."""
    best = {}
    for case in row:
        name = case.program.name
        if name not in best or min(case.best) < min(best[name].best):
            best[name] = case
    return list(best.values())
