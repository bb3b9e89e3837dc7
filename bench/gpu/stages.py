"""What is tried on a GPU before anything is timed: what it can do at most,
whether all compiles for it, whether all gives the C's bits, and what NVIDIA's
tools say to that. A stage gives rows, each when it is done.
"""
import concurrent.futures
import glob
import os
import re
import time

from device import limited, tool
from libraries import TOP
from worker import Failed

PRODUCTS = "exact"  # no model; products alone
PERSISTENT = ["grid", "chain", "layers", "tiles"]  # with --persistent
DOUBLE = ("state", "rows")  # with the numbers that tests/cuda/run takes
TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")
CHECKED = ("small", "layers", "tiles")  # by all of these tools
EACH = 12  # random programs of a file
EMULATED = 64 * 1024, 2, 10, 10
AT_MOST = 90  # seconds for one of many commands


class Check:
    """A run: its device, the time that is left, and where things are."""

    def __init__(self, device, build, folder, seconds, quick=False):
        self.device = device
        self.build = os.path.abspath(build)
        self.folder = os.path.abspath(folder)
        self.end = time.monotonic() + seconds
        self.quick = quick
        os.makedirs(self.folder, exist_ok=True)

    @property
    def fluxc(self):
        return os.path.join(self.build, "fluxc")

    def left(self, most=AT_MOST):
        """Seconds that the next command may take."""
        return min(most, self.end - time.monotonic())

    def run(self, *words, most=AT_MOST, **options):
        """(output, seconds) of a command; Failed where it fails."""
        seconds = self.left(most)
        begin = time.monotonic()
        if seconds <= 0:
            raise Failed("no time is left")
        code, said = limited(words, seconds, **options)
        if code is None:
            raise Failed(f"more than {seconds:.0f} s")
        if code != 0:
            raise Failed(said.strip() or f"exit code {code}")
        return said, time.monotonic() - begin

    def each(self, action, items):
        """What an action gives for each, several at a time, as they come."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for done in concurrent.futures.as_completed(
                    [pool.submit(action, item) for item in items]):
                yield done.result()


def ceilings(check):
    """Of the device: rows of a name and a number."""
    program = os.path.join(check.folder, "ceilings")
    compiler, libraries = check.device.compiler(check.build)
    check.run(*compiler, os.path.join(TOP, "bench", "gpu", "ceilings.cu"),
              *libraries, "-o", program)
    gigabyte = min(2 ** 30, check.device.memory // 8)
    numbers = (gigabyte, 16 * check.device.multiprocessors, 20000, 1000) \
        if check.device.arch else EMULATED
    said, _ = check.run(program, *map(str, numbers))
    for line in said.splitlines():
        name, number = line.split()
        yield {"name": name, "number": float(number)}


def models(check):
    """The .net files that are compiled."""
    if check.quick:
        return ["samples/logreg/model.net", "tests/cuda/small.net"]
    return sorted(os.path.relpath(path, TOP) for path in
                  glob.glob(os.path.join(TOP, "samples", "*", "*.net")) +
                  glob.glob(os.path.join(TOP, "tests", "cuda", "*.net")))


def compiled(check, model):
    """The row of a model: seconds of both compilers, and how much it is."""
    row = {"name": model, "fluxc": 0.0, "nvcc": 0.0, "lines": 0, "bytes": 0,
           "fault": ""}
    into = os.path.join(check.folder, "build", model.replace("/", "-"))
    os.makedirs(into, exist_ok=True)
    compiler, _ = check.device.compiler(check.build)
    try:
        row["fluxc"] = check.run(check.fluxc, "--target", "cuda",
                                 os.path.join(TOP, model), "-o", into)[1]
        for source in sorted(glob.glob(os.path.join(into, "*.cu"))):
            row["nvcc"] += check.run(*compiler, "-c", source, "-o",
                                     source + ".o", cwd=TOP)[1]
            with open(source, encoding="utf-8") as file:
                row["lines"] += len(file.readlines())
            row["bytes"] += os.path.getsize(source + ".o")
    except Failed as error:
        row["fault"] = str(error)
    return row


def build(check):
    return check.each(lambda model: compiled(check, model), models(check))


def compared(check, what, words=None, under=""):
    """The row of a run of tests/cuda/run, which counts what it has tried."""
    row = {"name": what, "passed": 0, "failed": 0, "skipped": 0,
           "seconds": 0.0, "fault": ""}
    dtype = "f64" if what in DOUBLE else "f32"
    env = {**os.environ, "B": check.build, "FLUXC": check.fluxc,
           "GPU": check.device.arch, "UNDER": under, "DTYPE": dtype}
    begin = time.monotonic()
    try:
        said, _ = check.run(os.path.join(TOP, "tests", "cuda", "run"),
                            *(words or [what]), most=3 * AT_MOST, env=env)
    except Failed as error:
        said = str(error)
        row["fault"] = said
    row["seconds"] = time.monotonic() - begin
    last = re.search(r"^(\d+) passed, (\d+) failed, (\d+) skipped\n?\Z", said,
                     re.MULTILINE)
    if last:
        row.update(zip(("passed", "failed", "skipped"),
                       map(int, last.groups())))
    elif not row["fault"]:
        row["fault"] = "ended without a count"
    return row


def verify(check, random):
    """All models of tests and samples, and so many made at random."""
    names = [re.sub(r"^tests/cuda/(.*)\.net$", r"\1", model)
             for model in models(check)]
    jobs = [(name, PERSISTENT if name == PERSISTENT[0] else [name])
            for name in (*names, PRODUCTS)] + \
        [(f"random {seed}", ["random", str(EACH), str(seed)])
         for seed in range(1, random + 1, EACH)]
    if check.quick:
        jobs = [("small", ["small"])]
    return check.each(lambda job: compared(check, *job), jobs)


def sanitize(check):
    """Rows of compute-sanitizer's tools; Failed where that is not there."""
    program = tool("compute-sanitizer")
    if not program:
        raise Failed("no compute-sanitizer")
    jobs = [(name, tool) for name in CHECKED[:1 if check.quick else None]
            for tool in TOOLS]

    def one(job):
        name, own = job
        under = f"{program} --tool {own} --error-exitcode 9"
        if own == "memcheck":
            under += " --leak-check full"
        row = compared(check, name, under=under)
        return {**row, "name": f"{own} {name}"}
    return check.each(one, jobs)
