"""Building, checking and timing: from a workload to the best time of each."""
import os

import agree
from implementations import TABLE, Model, Program
from worker import Failed, Missing

PASSES = 2
VOID = 0.05  # passes further apart than this say nothing
BLOCK = 0.004  # seconds; so long are those of the peak, on both sides of each:
               # a core that has rested is faster for the first half millisecond
PEAK = "FMA peak"
STEADY = 0.03  # blocks of the peak that differ by less
PASS = 25  # seconds that a pass may take, if each has its FEW blocks
FEW = 6
ROUNDS = 3  # of blocks, while passes are apart
SLOW = 20  # times the shortest block: of those that take more one is enough
QUICK = ("fluxc gcc -O2", "C on OpenBLAS", PEAK)


class Case:
    """One worker at one piece of work: the best block of each pass; for each
    block, what the peak beside it does in the time of a call."""

    def __init__(self, program, worker, work, batch):
        self.program = program
        self.worker = worker
        alone = program.name == PEAK
        self.work = "infer" if alone or program.group == "limit" else work
        self.batch = 1 if alone else batch
        self.best = [float("inf")] * PASSES
        self.could = []
        self.steps = 1
        once = self._seconds()
        if once < BLOCK:
            self.steps = 3
            once = min(self._seconds() for _ in range(2))
        self.steps = max(1, round(BLOCK / once))
        self.seconds = once * (self.steps + 1)  # with the call before

    def _seconds(self):
        return self.worker.seconds(self.work, self.batch, self.steps)

    def apart(self):
        """Whether the passes say different things."""
        return max(self.best) > min(self.best) * (1 + VOID)

    def beside(self, peak, seconds, before, behind):
        """Notes what the peak would have done in this time, by its blocks on
        both sides, unless the clock changed between them."""
        if abs(before - behind) <= STEADY * min(before, behind):
            self.could.append(peak.worker.amount * seconds /
                              ((before + behind) / 2))

    def block(self, turn):
        """The time of a call in one block; the best of the pass is kept."""
        seconds = self._seconds()
        self.best[turn] = min(self.best[turn], seconds)
        return seconds


class Bench:
    """All programs of one workload; what they computed, what they took."""

    def __init__(self, fluxc, build, workload, only=None, table=None):
        self.workload = workload
        self.model = Model(fluxc, build, workload)
        self.skipped = {}
        samples = max(batch for _, batch in workload.cases)
        start, self.before = self._start(samples)
        self.programs = []
        for implementation in table or TABLE:
            if only and implementation.name not in only or \
                    not implementation.source(workload):
                continue
            self._try(implementation.name, lambda row=implementation:
                      self.programs.append(Program(row, self.model, start,
                                                   samples)))
        for program in list(self.programs):
            if not self._try(program.name, program.ready):
                self.programs.remove(program)

    def _try(self, name, action):
        try:
            action()
            return True
        except Missing as error:
            self.skipped[name] = str(error)
            return False

    def _start(self, samples):
        """The file that every worker reads; the parameters in it."""
        path = os.path.join(self.model.build, "start.bin")
        arrays = agree.start(self.workload, samples)
        with open(path, "wb") as file:
            for part in arrays:
                part.tofile(file)
        return path, arrays[0]

    def check(self):
        """The errors of all against the plain C, or PyTorch where none is in
        C, {(name, work, batch): …}; Failed where one is too large."""
        peers = [p for p in self.programs if p.group == "c"] or \
            [p for p in self.programs if p.group == "eager"]
        if not peers:
            raise Failed("neither a C peer nor PyTorch to compare with")
        found = {}
        for work, batch in self.workload.cases:
            want = peers[-1].workers[0].result(work, batch, agree.STEPS)
            for program in self.programs:
                if program.group == "limit":
                    continue
                for worker in program.workers:
                    have = worker.result(work, batch, agree.STEPS)
                    found.setdefault((program.name, work, batch), {}).update(
                        self._errors(program, worker, (work, batch), want,
                                     have))
        return found

    def _errors(self, program, worker, case, want, have):
        errors = {}
        for name, error, bound in agree.errors(self.workload, self.before,
                                               case[0], want, have):
            if not error <= bound:
                raise Failed(f"{program.name} {worker.setting}: "
                             f"{self.workload.name}: {case[0]} {case[1]}: "
                             f"{name} differ by {error:.2g}, more than {bound}")
            errors[name] = error
        return errors

    def measure(self, blocks):
        """{(work, batch): [Case]}: of each program its fastest variant."""
        table = {key: [Case(program, worker, *key)
                       for program in self.programs
                       for worker in program.workers]
                 for key in self.workload.cases}
        if self.workload.threads == 1:
            on_one_core(row for rows in table.values() for row in rows)
        for row in table.values():
            slow = slow_ones(row)
            once = sum(case.seconds for case in row if case not in slow)
            some = min(blocks, max(FEW, int(PASS / once)))
            interleaved(row, some, slow)
            for _ in range(ROUNDS - 1):
                if any(case.apart() for case in row if case not in slow):
                    interleaved(row, some, slow)
        return {key: fastest(row) for key, row in table.items()}

    def close(self):
        for program in self.programs:
            program.close()


def on_one_core(cases):
    """Cores have clocks of their own: all are timed on the last one."""
    if hasattr(os, "sched_setaffinity"):
        core = {max(os.sched_getaffinity(0))}
        for case in cases:
            os.sched_setaffinity(case.worker.process.pid, core)


def slow_ones(row):
    """Those whose blocks would take minutes where the others take seconds."""
    least = min((case.seconds for case in row if case.program.name != PEAK),
                default=0)
    return [case for case in row if case.seconds > SLOW * least]


def interleaved(row, blocks, slow=()):
    """So many blocks of each case in each pass, but one of slow ones, in turn;
    where the peak is one of them, between two short blocks of that."""
    peak = next((case for case in row if case.program.name == PEAK), None)
    for turn in range(PASSES):
        for block in range(blocks):
            before = peak.block(turn) if peak else None
            for case in row:
                if case is peak or (block > 0 and case in slow):
                    continue
                seconds = case.block(turn)
                if peak:
                    behind = peak.block(turn)
                    case.beside(peak, seconds, before, behind)
                    before = behind


def fastest(row):
    """Of each program the variant that was the fastest."""
    best = {}
    for case in row:
        name = case.program.name
        if name not in best or min(case.best) < min(best[name].best):
            best[name] = case
    return list(best.values())
