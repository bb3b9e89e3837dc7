"""Times on a GPU: fluxc's graphs beside PyTorch and JAX, as measure.py has it
for the CPU. One that fails, disagrees or is too slow is left out, and why is
told."""
import concurrent.futures
import os
import re

import agree
import libraries as lib
import measure
from implementations import NETS, Implementation, python
from libraries import BENCH, TOP
from worker import Failed, Missing
from works import OURS, moved

KINDS = ("chain", "map", *NETS)
EAGER = "PyTorch eager"
REFERENCE = "fluxc's C, not timed"
ANSWER = 100  # seconds for an answer, with what is compiled before it
LATER = 30  # seconds, when it has been compiled
PASS = 3  # seconds of all blocks


def program_of(check):
    """The function that builds our program of a model (implementations.py)."""
    compiler, libraries = check.device.compiler(check.build)

    def make(_, source, model):
        check.run(check.fluxc, "--target", "cuda", "timed.net",
                  cwd=model.build)
        back = any(work == "back" for work, _ in model.workload.cases)
        # nvcc parts a word at its commas.
        words = [word for word in model.defines() if "," not in word]
        words += [f"-I{BENCH}", f"-I{model.build}"]
        words += ["-DBACK"] if back else []
        driver = os.path.join(model.build, "driver.o")
        program = os.path.join(model.build, "ours")
        check.run(lib.c_compiler(), "-O2", *words, f"-I{TOP}",
                  f"-I{TOP}/runtime", "-c", os.path.join(BENCH, "driver.c"),
                  "-o", driver)
        check.run(*compiler, *words, os.path.join(BENCH, "gpu", source),
                  os.path.join(model.build, "timed.cu"), driver, *libraries,
                  "-o", program, cwd=TOP)
        return program
    return make


def table(check):
    """fluxc's, and the frameworks on the same device."""
    place = {"BENCH_DEVICE": "cuda" if check.device.arch else "cpu",
             "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}

    def framework(name, group, source, find, mode=""):
        return python(name, group, source, find,
                      lambda: [{**place, "BENCH_MODE": mode}], limit=ANSWER)
    return [
        Implementation(OURS, "ours", dict.fromkeys(KINDS, "ours.cu"),
                       build=program_of(check), limit=ANSWER),
        Implementation(REFERENCE, "ours", dict.fromkeys(KINDS, "ours.c"),
                       lib.c_compiler(), ("-O2",), limit=ANSWER),
        framework(EAGER, "eager", "torch_worker.py", lib.torch_find,
                  "fused"),
        framework("PyTorch captured", "captured", "torch_worker.py",
                  lib.torch_find, "captured"),
        framework("PyTorch compiled", "compiled", "torch_worker.py",
                  lib.torch_find, "autotuned"),
        framework("JAX", "jax", "jax_worker.py", lib.jax_find),
    ]


class Case(measure.Case):
    """One that may end in the middle."""

    def block(self, turn):
        if self.program.ended:
            return
        try:
            super().block(turn)
        except Missing as error:
            self.program.ended = str(error)


class Race(measure.Bench):
    """All programs of one workload."""

    def __init__(self, check, workload):
        self.folder = os.path.join(check.folder, "times")
        super().__init__(check.fluxc, self.folder, workload,
                         table=table(check))
        for program in self.programs:
            program.ended = ""
        self.errors = {}

    def _try(self, name, action):
        """What cannot be built is missing, too."""
        try:
            action()
            return True
        except Failed as error:
            self.skipped[name] = str(error)
            return False

    def _drop(self, program, why):
        self.skipped[program.name] = why
        self.programs.remove(program)
        program.close()

    def check(self):
        """All begin at once, for some compile for long; those that disagree
        with PyTorch, or else with fluxc's C, are left out."""
        reference = self._reference()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            asked = [(program, pool.submit(self._results, program))
                     for program in self.programs
                     if program.name != REFERENCE or program is reference]
        found = {}
        for program, answer in asked:
            try:
                found[program.name] = answer.result()
            except (Failed, ValueError, OSError) as error:
                self._drop(program, str(error))
        want = found.get(reference.name) if reference else None
        if want is None:
            raise Failed("neither PyTorch nor fluxc's C to compare with")
        for program in list(self.programs):
            self._agree(program, want, found.get(program.name))

    def _reference(self):
        named = {program.name: program for program in self.programs}
        return named.get(EAGER) or named.get(REFERENCE)

    def _cases(self):
        return [case for case in self.workload.cases if case[0] != "back"]

    def _results(self, program):
        found = {case: program.workers[0].result(*case, agree.STEPS)
                 for case in self._cases()}
        program.workers[0].limit = LATER
        return found

    def _agree(self, program, want, have):
        """Keeps the errors; drops it where they are too large."""
        for case in self._cases() if have else []:
            for name, error, bound in agree.errors(
                    self.workload, self.before, case[0], want[case],
                    have[case]):
                self.errors.setdefault((program.name, *case), {})[name] = error
                if not error <= bound:
                    self._drop(program, f"{case[0]} {case[1]}: {name} differ "
                               f"by {error:.2g}, more than {bound}")
                    return

    def rows(self, blocks, copy):
        """Those of the timed, case by case."""
        for key in self.workload.cases:
            row = []
            for program in list(self.programs):
                if program.name == REFERENCE or \
                        key[0] == "back" and program.name != OURS:
                    continue
                try:
                    row.append(Case(program, program.workers[0], *key))
                except Missing as error:
                    self._drop(program, str(error))
            self._time(row, blocks)
            for case in row:
                if case.program.ended:
                    if case.program in self.programs:
                        self._drop(case.program, case.program.ended)
                else:
                    yield self._row(key, case, copy)

    def _time(self, row, blocks):
        every = sum(case.seconds for case in row)
        some = min(blocks, max(measure.FEW, int(PASS / every))) if row else 0
        for _ in range(measure.ROUNDS - 1):
            measure.interleaved(row, some)
            if not any(case.apart() for case in row):
                return

    def _row(self, key, case, copy):
        work, batch = key
        seconds = min(case.best)
        worker = case.worker
        row = {"id": f"{work} {self.workload.name} {batch}",
               "part": self.workload.part, "name": case.program.name,
               "us": seconds * 1e6, "us_passes": [b * 1e6 for b in case.best],
               "void": case.apart(), "first": worker.first,
               "detail": worker.detail,
               "errors": self.errors.get((case.program.name, *key), {})}
        if case.program.name == OURS:
            row["megabytes"] = self._megabytes()
            amount = moved(self.workload, *key)
            row["of_copy"] = amount / seconds / copy \
                if amount and copy else None
        return row

    def _megabytes(self):
        name = re.sub(r"\W+", "-", self.workload.name)
        return os.path.getsize(os.path.join(self.folder, name, "ours")) / 1e6
