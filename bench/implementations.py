"""What is timed: a table, and how each row of it becomes a program."""
import dataclasses
import os
import re
import shutil
import time

from worker import Failed, Missing, Worker, command

BENCH = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(BENCH)

# What a peer is compiled with: its rounding may be what it likes.
FASTEST = ("-O3", "-march=native", "-ffast-math")


@dataclasses.dataclass
class Implementation:
    """One implementation; of its variants the fastest counts."""
    name: str
    kind: str  # ours, c, framework, peak
    compiler: str = ""
    flags: tuple = ()
    source: str = ""
    find: object = None  # gives the library's flags, or raises Missing
    variants: object = None  # gives settings of the environment


def cpu_flags():
    """What the CPU can, by Linux's names."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            found = re.search(r"^(?:flags|Features)\s*: (.*)$", file.read(),
                              re.MULTILINE)
    except OSError:
        return set()
    return set(found.group(1).split()) if found else set()


def openblas_find():
    """Flags that compile and link a call of OpenBLAS."""
    tries = []
    for package in ("openblas", "openblas64"):
        try:
            tries.append(command("pkg-config", "--cflags", "--libs",
                                 package).split())
        except Failed:
            pass
    tries += [["-lopenblas"], ["-I/usr/include/openblas", "-lopenblas"]]
    program = ("#include <cblas.h>\n"
               "int main(void) { return openblas_get_config() == 0; }\n")
    for flags in tries:
        try:
            command(c_compiler(), "-x", "c", "-", "-o", os.devnull, *flags,
                    input=program)
            return flags
        except Failed:
            pass
    raise Missing("no OpenBLAS")


def openblas_variants():
    """Its own choice, and each set of kernels that this CPU can run.

    Releases do not know CPUs that came later, and then choose a lesser set.
    """
    cpu = cpu_flags()
    cores = [("avx2", "Haswell"), ("avx2", "Zen"), ("avx512f", "SkylakeX"),
             ("avx512_bf16", "Cooperlake")]
    return [{}] + [{"OPENBLAS_CORETYPE": core} for flag, core in cores
                   if flag in cpu]


def torch_variants():
    """As it comes; and all that it has for AVX-512, in its BLAS as well."""
    if "avx512f" not in cpu_flags():
        return [{}]
    return [{}, {"ATEN_CPU_CAPABILITY": "avx512",
                 "OPENBLAS_CORETYPE": "SkylakeX"}]


def torch_find():
    """An interpreter that has PyTorch."""
    for python in ("python3", "/usr/bin/python3"):
        try:
            command(python, "-c", "import torch")
            return [python]
        except Failed:
            pass
    raise Missing("no PyTorch")


def c_compiler():
    """The compiler of what is not ours."""
    for name in ("gcc", "clang", "cc"):
        if shutil.which(name):
            return name
    raise Missing("no C compiler")


TABLE = [
    Implementation("fluxc gcc -O2", "ours", "gcc", ("-O2",), "ours.c"),
    Implementation("fluxc gcc -O3 native", "ours", "gcc",
                   ("-O3", "-march=native"), "ours.c"),
    Implementation("fluxc clang -O2", "ours", "clang", ("-O2",), "ours.c"),
    Implementation("C on OpenBLAS", "c", "", FASTEST, "peer_openblas.c",
                   openblas_find, openblas_variants),
    Implementation("C, plain loops", "c", "", FASTEST, "peer_naive.c"),
    Implementation("PyTorch eager", "framework", find=torch_find,
                   variants=torch_variants),
    Implementation("FMA peak", "peak", "",
                   ("-O3", "-march=native", "-ffp-contract=fast"), "peak.c"),
]


class Model:
    """The network of mlp.net, or another chain: generated C, and its rate."""

    def __init__(self, fluxc, build, shape):
        with open(os.path.join(BENCH, "mlp.net"), encoding="utf-8") as file:
            text = file.read()
        if shape:
            text = re.sub(r"(?m)^mlp = .*$", "mlp = " + chain(shape), text)
        self.shape = [int(size) for size in re.findall(
            r"(?:Input|Affine)\((\d+)\)", re.search(r"(?m)^mlp = .*$",
                                                    text).group())]
        self.eta = re.search(r"SGD\(([\d.]+)\)", text).group(1)
        self.build = build
        os.makedirs(build, exist_ok=True)
        with open(os.path.join(build, "mlp.net"), "w",
                  encoding="utf-8") as file:
            file.write(text)
        begin = time.perf_counter()
        command(fluxc, "mlp.net", cwd=build)
        self.compile_seconds = time.perf_counter() - begin

    def name(self):
        return "-".join(str(size) for size in self.shape)

    def flop(self, work, batch):
        """Operations of one call; a step has no gradient of the input."""
        products = [a * b for a, b in zip(self.shape, self.shape[1:])]
        each = 2 * sum(products)
        if work == "train":
            each += 2 * sum(products) + 2 * sum(products[1:])
        return each * batch


def chain(shape):
    """The expression of a chain of these sizes."""
    hidden = "".join(f"Affine({size}), σ, " for size in shape[1:-1])
    return f"@Chain(Input({shape[0]}), {hidden}Affine({shape[-1]}), softmax)"


class Program:
    """An implementation that was built: workers, one for each variant."""

    def __init__(self, implementation, model, start, samples):
        self.name = implementation.name
        self.kind = implementation.kind
        self.build_seconds = 0.0
        if implementation.kind == "framework":
            words = [*implementation.find(),
                     os.path.join(BENCH, "torch_worker.py"),
                     ",".join(str(size) for size in model.shape), model.eta]
        else:
            words = [self._build(implementation, model)]
        settings = implementation.variants() if implementation.variants \
            else [{}]
        self.workers = [Worker(words, setting, start, samples)
                        for setting in settings]
        for worker, setting in zip(self.workers, settings):
            worker.setting = " ".join(f"{k}={v}" for k, v in setting.items())

    def _build(self, implementation, model):
        compiler = implementation.compiler or c_compiler()
        if not shutil.which(compiler):
            raise Missing(f"no {compiler}")
        library = implementation.find() if implementation.find else []
        ours = implementation.kind == "ours"
        generated = [os.path.join(model.build, "mlp.c")] if ours else []
        program = os.path.join(model.build,
                               re.sub(r"\W+", "-", implementation.name))
        begin = time.perf_counter()
        command(compiler, *implementation.flags,
                "-DSHAPE=" + ",".join(str(size) for size in model.shape),
                f"-DETA={model.eta}f", f"-I{TOP}", f"-I{TOP}/runtime",
                f"-I{BENCH}", f"-I{model.build}",
                os.path.join(BENCH, "driver.c"),
                os.path.join(BENCH, implementation.source), *generated,
                "-o", program, *library, "-lm")
        self.build_seconds = time.perf_counter() - begin
        return program

    def close(self):
        for worker in self.workers:
            worker.close()
