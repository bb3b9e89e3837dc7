"""What is timed against what: a table, and how a row becomes a program."""
import dataclasses
import hashlib
import os
import re
import shutil
import time

import libraries as lib
from libraries import BENCH, TOP
from nets import NETS
from worker import Missing, Worker, command

# What a peer is compiled with: its rounding may be what it likes.
FASTEST = ("-O3", "-march=native", "-ffast-math")


@dataclasses.dataclass
class Implementation:
    """One implementation; of its variants the fastest counts.

    A source in Python is run, one in C built with driver.c.
    """
    name: str
    group: str  # ours, c, eager, compiled, jax, onnx; limit: of the machine
    sources: dict  # kind of workload: source
    compiler: str = ""
    flags: tuple = ()
    find: object = None  # gives flags or an interpreter, or raises Missing
    variants: object = None  # gives settings of the environment
    build: object = None  # makes the program of a model, in another way
    limit: float = None  # seconds for an answer
    trains: bool = True
    alone: bool = True  # says something about one thread, too

    def source(self, workload):
        """The file for a workload; "" where there is none."""
        trains = any(work == "train" for work, _ in workload.cases)
        if trains and not self.trains or \
                workload.threads == 1 and not self.alone:
            return ""
        return self.sources.get(workload.kind, "")


def ours(compiler, *flags):
    words = " ".join(flags).replace("-march=", "")
    return Implementation(f"fluxc {compiler} {words}", "ours", dict.fromkeys(
        ("chain", "product", "map", *NETS), "ours.c"), compiler, flags)


def gemm(name, header, find, variants=None, *flags):
    """C over a library's products."""
    return Implementation(
        name, "c", {"chain": "chain_gemm.c", "product": "product_gemm.c"}, "",
        (*FASTEST, f'-DGEMM="{header}"', *flags), find, variants)


def python(name, group, source, find, variants=None, **what):
    return Implementation(name, group, dict.fromkeys(
        ("chain", "product", "map", *NETS), source), find=find,
        variants=variants, **what)


TABLE = [
    ours("gcc", "-O2"),
    ours("gcc", "-O3", "-march=native"),
    ours("clang", "-O2"),
    ours("clang", "-O3", "-march=native"),
    dataclasses.replace(ours("gcc", "-O2"), name="fluxc gcc -O2, 1 thread",
                        flags=("-O2", "-DONE_THREAD"), alone=False),
    gemm("C on OpenBLAS", "gemm_cblas.h", lib.openblas_find,
         lib.openblas_variants),
    gemm("C on BLIS", "gemm_cblas.h", lib.blis_find, lib.blis_variants,
         "-DBLIS"),
    gemm("C on oneDNN", "gemm_dnnl.h", lib.dnnl_find),
    Implementation("oneDNN matmul", "c", {"product": "product_dnnl.c"}, "",
                   FASTEST, lib.dnnl_find),
    Implementation("libxsmm", "c", {"product": "product_xsmm.c"}, "",
                   FASTEST, lib.xsmm_find),
    Implementation("C, plain loops", "c", {
        "chain": "chain_naive.c", "product": "product_naive.c",
        "map": "map_naive.c"}, "", FASTEST),
    python("PyTorch 1 eager", "eager", "torch_worker.py",
           lib.debian_torch_find, lib.debian_torch_variants),
    python("PyTorch eager", "eager", "torch_worker.py", lib.torch_find,
           lib.torch_variants),
    python("PyTorch compiled", "compiled", "torch_worker.py", lib.torch_find,
           lib.compiled_variants),
    python("JAX", "jax", "jax_worker.py", lib.jax_find),
    python("ONNX Runtime", "onnx", "onnx_worker.py", lib.onnx_find,
           trains=False),
    Implementation("bandwidth", "limit", {"chain": "bandwidth.c"}, "",
                       FASTEST, trains=False),
    Implementation("FMA peak", "limit", dict.fromkeys(
        ("chain", "product", "map", *NETS), "peak.c"), "",
        ("-O3", "-march=native", "-ffp-contract=fast")),
]


class Model:
    """A workload's C, as fluxc writes it into a folder of its own."""

    def __init__(self, fluxc, build, workload):
        self.workload = workload
        build = os.path.abspath(build)
        self.build = os.path.join(build, re.sub(r"\W+", "-", workload.name))
        os.makedirs(self.build, exist_ok=True)
        with open(os.path.join(self.build, "timed.net"), "w",
                  encoding="utf-8") as file:
            file.write(workload.net())
        begin = time.perf_counter()
        self.library = os.path.join(os.path.dirname(fluxc), "libflux.a")
        command(fluxc, "timed.net", cwd=self.build)
        self.compile_seconds = time.perf_counter() - begin

    def defines(self):
        """What bench.h wants to know."""
        workload = self.workload
        size, out = workload.sizes
        said = {"BENCH_IN": size, "BENCH_OUT": out, "THREADS": workload.threads,
                "BENCH_PARAMETERS": workload.parameters()}
        if workload.kind == "chain":
            said["SHAPE"] = ",".join(str(size) for size in workload.shape)
            said["ETA"] = workload.rate + "f" if workload.optimiser else "0.0f"
        if workload.optimiser:
            said["TRAINS"] = 1
        if workload.optimiser == "ADAM":
            said["ADAM"] = 1
        if workload.function:
            said["MAP"] = "map_" + workload.function
        return [f"-D{name}={value}" for name, value in said.items()]


def read(path):
    """The text of a file; "" where there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def ingredients(words, generated):
    """A hash of a command and of the files that it may read."""
    found = hashlib.sha256(" ".join(words).encode())
    folders = [os.path.join(TOP, name) for name in ("kernels", "runtime")] \
        if generated else []
    for folder in [BENCH, *folders]:
        for name in sorted(os.listdir(folder)):
            if name.endswith((".c", ".h")):
                found.update(read(os.path.join(folder, name)).encode())
    for path in generated:
        found.update(read(path).encode())
    return found.hexdigest()


class Program:
    """An implementation that was built: workers, one for each variant."""

    def __init__(self, implementation, model, start, samples):
        self.name = implementation.name
        self.group = implementation.group
        self.build_seconds = 0.0
        source = implementation.source(model.workload)
        if source.endswith(".py"):
            words = self._words(implementation, source, model.workload)
        else:
            make = implementation.build or self._build
            words = [make(implementation, source, model)]
        settings = implementation.variants() if implementation.variants \
            else [{}]
        self.workers = [Worker(words, setting, start, samples,
                               model.workload.threads, implementation.limit)
                        for setting in settings]

    def _words(self, implementation, source, workload):
        """The command of a framework's worker."""
        return [*implementation.find(), os.path.join(BENCH, source),
                workload.kind, ",".join(str(size) for size in workload.shape),
                workload.function or workload.optimiser or "-", workload.rate,
                str(workload.threads)]

    def _build(self, implementation, source, model):
        """The program; as it stands, if it was made of the same."""
        compiler = implementation.compiler or lib.c_compiler()
        if not shutil.which(compiler):
            raise Missing(f"no {compiler}")
        library = implementation.find() if implementation.find else []
        generated = [os.path.join(model.build, "timed.c")] \
            if implementation.group == "ours" else []
        kernels = [model.library] if generated else []
        program = os.path.join(model.build,
                               re.sub(r"\W+", "-", implementation.name))
        words = [compiler, *implementation.flags, *model.defines(),
                 f"-I{TOP}", f"-I{TOP}/runtime", f"-I{BENCH}",
                 f"-I{model.build}", os.path.join(BENCH, "driver.c"),
                 os.path.join(BENCH, source), *generated, *kernels, "-o",
                 program, *library, "-lm", "-lpthread"]
        made = ingredients(words, generated)
        if not os.path.exists(program) or read(program + ".made") != made:
            begin = time.perf_counter()
            command(*words)
            self.build_seconds = time.perf_counter() - begin
            with open(program + ".made", "w", encoding="utf-8") as file:
                file.write(made)
        return program

    def ready(self):
        """Waits for the workers; those that cannot are left out."""
        said = ""
        for worker in list(self.workers):
            try:
                worker.ready()
            except Missing as error:
                said = str(error)
                self.workers.remove(worker)
        if not self.workers:
            raise Missing(said)

    def close(self):
        for worker in self.workers:
            worker.close()
