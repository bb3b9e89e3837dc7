"""Runs files of random programs in every way there is, and compares the bits.

The interpreter's results are the measure. The native engine, the generated C
under several compilers, and the C made with passes off must give the same; what
must hold inside of one program is checked by driver.c. Gradients are compared
with differences (the C) and with forward mode (`fluxc gradcheck`). The C is laid
out as clang-format 14 would.

All models of a batch are compiled as one file: most of a compiler's time for a
small model is the kernels' headers.
"""
import os
import re
import shutil
import subprocess
import sys
import threading

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
B = os.path.join(ROOT, os.environ.get("B", "build"))
FLUXC = os.environ.get("FLUXC", os.path.join(B, "fluxc"))
INCLUDES = ["-I" + ROOT, "-I" + os.path.join(ROOT, "runtime"),
            "-I" + os.path.join(ROOT, "compiler")]
# Threads share whatever they can.
C11 = ["-std=c11", "-DFLUX_POOL_FROM=1", "-DFLUX_POOL_SAMPLES=1",
       "-DFLUX_SHARE_FROM=1"]
STRICT = ["-Wall", "-Wextra", "-Werror", "-Wpedantic", "-Wconversion",
          "-Wshadow", "-Wdouble-promotion", "-Wstrict-prototypes"]

# All functions as calls, where users have the kernels in line: half the time
# to compile.
CALLED = ["-fno-inline",
          "-DFLUX_INLINE=static __attribute__((noinline, unused))",
          "-DFLUX_STATIC=static __attribute__((noinline, unused))"]
# Short loops stay loops.
ROLLED = ["--param", "max-completely-peel-times=3"]


def machine_sets():
    """The instruction sets of flux_isa.h that this machine has."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            words = set(file.read().split())
    except OSError:
        words = set()
    wanted = {"AVX512": {"avx512f", "avx512bw", "avx512vl", "avx512dq"},
              "AVX2": {"avx2", "fma"}, "PLAIN": set()}
    return {name for name, need in wanted.items() if need <= words}


SETS = machine_sets()


def kind(options, only, called=False, rolled=False, name=""):
    """A way to compile: name, command. Code for `only` one instruction set
    takes half the time to compile."""
    name += options + " " + only + (", calls" if called else "") + \
        (", loops" if rolled else "")
    forced = ["-DFLUX_FORCE_ISA=FLUX_ISA_" + only] if only in SETS else []
    return name, (options.split() + ["-w"] + forced +
                  (CALLED if called else []) + (ROLLED if rolled else []))


# The ways to compile. A batch takes one of each row, and the next batch the
# next, unless all are wanted.
COMPILERS = [
    [("gcc -O0", ["gcc", "-O0"] + STRICT),
     ("gcc -O0, calls", ["gcc", "-O0"] + CALLED + STRICT)],
    [kind("gcc -O3 -march=native", "AVX512"),
     kind("gcc -O3", "AVX2", called=True),
     kind("gcc -O3 -march=native", "PLAIN", called=True, rolled=True),
     kind("gcc -O3", "AVX512", called=True, rolled=True),
     kind("gcc -O3 -march=native", "AVX2", called=True),
     kind("gcc -O3", "PLAIN", called=True),
     kind("gcc -O3 -march=native", "AVX512", called=True, rolled=True),
     kind("gcc -O3", "AVX2", called=True, rolled=True)],
    [kind("clang -O2", "PLAIN", called=True),
     kind("clang -O2", "AVX512"),
     kind("clang -O1", "AVX2"),
     kind("clang -O2 -march=native", "AVX512", called=True),
     kind("clang -O2", "AVX2", called=True),
     kind("clang -O2 -march=native", "PLAIN"),
     kind("clang -O1", "AVX512")],
    [("tcc", ["tcc", "-w"])],
]
DOUBLE = [
    ("f64", None),
    kind("gcc -O3", "AVX512", called=True, name="f64 "),
    ("f64", None),
    kind("clang -O2", "AVX2", name="f64 "),
]
OPTIMISED = [*COMPILERS[1:3], DOUBLE]
PASSES = ["simplify", "cse", "hoist", "dce"]

# Forward and reverse mode differ by rounding, which is much of what is left where
# terms cancel. A wrong rule is wrong by about 1.
MODES = 1e-3


class Failure(Exception):
    """A way of running that failed, and what it printed."""


def command(words, folder, limit=900, env=None):
    try:
        done = subprocess.run(words, cwd=folder, timeout=limit, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Failure(f"no end after {limit} s: {' '.join(words)}")
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        raise Failure(f"exit {done.returncode}: {' '.join(words)}\n{text}")
    return text


def checks(path):
    """The lines `# check NAME TRAINER BIG FLAGS` of a file."""
    with open(path, encoding="utf-8") as file:
        return [line.split()[2:6] for line in file
                if line.startswith("# check ")]


def results(text):
    """{(program, what): hash} and [(program, failure)] of driver's lines."""
    found, failures = {}, []
    for line in text.splitlines():
        words = line.split(" ", 2)
        if len(words) == 3 and words[1] == "FAIL":
            failures.append((words[0], words[2]))
        elif len(words) == 3:
            found[(words[0], words[1])] = words[2]
    return found, failures


def adapter(folder, model, sizes):
    """A flux_model of a model with a named size, which it gives. Its parameters
    are read from the header."""
    with open(os.path.join(folder, model + ".h"), encoding="utf-8") as file:
        header = file.read()
    struct = header.split(f"typedef struct {model} {{")[1].split("}")[0]
    fields = re.findall(r"^    (?:float|double) (\w+)(?:\[[\d *]+\])?;"
                        r"(?: +/\* ([\dx]+) )?", struct, re.M)
    wide = "double" in header
    dtype, real = ("FLUX_F64", "double") if wide else ("FLUX_F32", "float")
    size, inputs, outputs = sizes.split(":")
    inputs, outputs = inputs.split(";"), outputs.split(";")

    def spread(name, values):
        return ", ".join(f"{name}[{i}]" for i in range(len(values)))

    def ports(name, values):
        return [f"static const flux_port {model}_{name}[] = {{"] + [
            f'    {{"{name}", {dtype}, 1, {{{v}}}, {v}}},' for v in values] + [
            "};"]

    head = f"static flux_status {model}_do_"
    x, y = spread("x", inputs), spread("y", outputs)
    dx, dy = spread("dx", inputs), spread("dy", outputs)
    lines = [
        f"{head}init(const flux_model *self, void *m, uint64_t seed)",
        f"{{ (void)self; return {model}_init(m, seed); }}",
        f"{head}forward(const flux_model *self, const void *m,",
        "    const void *const *x, size_t n, void *const *y,",
        "    const flux_work *w)",
        f"{{ (void)self; return {model}_forward(m, {x}, n, {size}, {y}, w); }}",
        f"{head}back(const flux_model *self, const void *m,",
        "    const void *const *dy, const void *const *x, size_t n, void *g,",
        "    void *const *dx, const flux_work *w)",
        "{ (void)self;",
        f"  return {model}_back(m, {dy}, {x}, n, {size}, g, {dx}, w); }}",
        f"{head}update(const flux_model *self, void *m, void *g, double eta)",
        f"{{ (void)self; return {model}_update(m, g, ({real})eta); }}"]
    for name in ("ARENA", "BACK_ARENA"):
        lines += [f"static size_t {model}_do_{name}(const flux_model *self, "
                  "size_t n)",
                  f"{{ (void)self; (void)n; "
                  f"return {model.upper()}_{name}(n, {size}); }}"]
    lines += ports("x", inputs) + ports("y", outputs)
    lines += [f"static const flux_param {model}_do_params[] = {{"]
    for name, shape in fields:
        total = 1
        for factor in (shape or "1").split("x"):
            total *= int(factor)
        lines.append(f'    {{"{name}", {dtype}, 1, {{{total}}}, '
                     f"offsetof({model}, {name}), "
                     f"offsetof({model}_grad, {name})}},")
    lines += ["    {NULL, FLUX_F32, 0, {0}, 0, 0},", "};",
              f"static const flux_model {model}_sized = {{",
              f"    .abi = FLUX_ABI, .dtype = {dtype}, .seed = "
              f"{model.upper()}_SEED,",
              f"    .bytes = sizeof({model}), .grad_bytes = "
              f"sizeof({model}_grad),",
              f"    .nparam = {len(fields)}, .param = {model}_do_params,",
              f"    .ninput = {len(inputs)}, .input = {model}_x,",
              f"    .noutput = {len(outputs)}, .output = {model}_y,",
              f"    .init = {model}_do_init, .forward = {model}_do_forward,",
              f"    .back = {model}_do_back, .update = {model}_do_update,",
              f"    .arena = {model}_do_ARENA,",
              f"    .back_arena = {model}_do_BACK_ARENA,", "};"]
    return lines


class Tools:
    """The tools that are here, and driver.c compiled by each, once."""

    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.Lock()
        self.objects = {}
        names = {row[0][1][0] for row in COMPILERS} | {"clang-format-14"}
        self.missing = sorted(n for n in names if shutil.which(n) is None)

    def has(self, compiler):
        return compiler not in self.missing

    def fast(self):
        """The compiler whose code is of no interest."""
        return ["tcc"] if self.has("tcc") else ["gcc", "-O0"]

    def driver(self, compiler):
        with self.lock:
            if compiler not in self.objects:
                path = os.path.join(self.folder, compiler + "_driver.o")
                command([compiler, "-O1"] + C11 + INCLUDES +
                        ["-c", os.path.join(ROOT, "tests/random/driver.c"),
                         "-o", path], self.folder)
                self.objects[compiler] = path
            return self.objects[compiler]


class Batch:
    """Files of programs under test, in a folder of their own."""

    def __init__(self, paths, folder, tools):
        self.paths = [os.path.abspath(path) for path in paths]
        self.folder = folder
        self.tools = tools
        self.models = [m for path in paths for m in checks(path)]
        # Derivatives that are not finite; and differences that say nothing.
        self.wild = {m[0] for m in self.models if "wild" in m[3]}
        self.rough = self.wild | {m[0] for m in self.models
                                  if "jumps" in m[3]}
        self.failures = []  # (program, way, what)
        self.way = ""
        # directions with differences, gradients with forward mode
        self.compared = {"differences": 0, "modes": 0}
        self.want = None
        self.reader = None
        os.makedirs(folder, exist_ok=True)

    def fail(self, program, what):
        self.failures.append((program, self.way, what))

    def emit(self, options, name):
        """The C of all programs, as one file with their table."""
        folder = os.path.join(self.folder, name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for path in self.paths:
            command([FLUXC, path, "-o", folder] + options, folder)
        lines = [f'#include "{m[0]}.c"' for m in self.models]
        for model, _, _, flags in self.models:
            named = re.search(r"named:(\S+)", flags)
            if named:
                lines += adapter(folder, model, named.group(1))
        lines += ['#include "tests/random/driver.h"',
                  "const RandomModel random_models[] = {"]
        for model, trainer, big, flags in self.models:
            step = "NULL" if trainer == "-" else \
                f"&{model}_{trainer}_trainer"
            also = f"&{model}_{model}_also_trainer" if "also" in flags else "NULL"
            name = model + ("_sized" if "named:" in flags else "_model")
            lines.append(f'    {{"{model}", &{name}, {step}, {also}, {big}, '
                         f'{int("mixes" in flags)}, '
                         f'{int("keeps" in flags)}}},')
        lines += ["    {NULL, NULL, NULL, NULL, 0, 0, 0},", "};", ""]
        with open(os.path.join(folder, "all.c"), "w",
                  encoding="utf-8") as file:
            file.write("\n".join(lines))
        return folder

    def build(self, folder, words):
        program = os.path.join(folder, re.sub(r"\W+", "_", " ".join(words)))
        command(words + C11 + INCLUDES +
                ["-I" + folder, "all.c", self.tools.driver(words[0]), "-o",
                 program, os.path.join(B, "libflux.a"), "-lz", "-lm"], folder)
        return program

    def read(self, folder):
        """The results that the script wrote into a folder."""
        found, failures = results(command([self.reader, folder], folder))
        for program, what in failures:
            self.fail(program, what)
        return found

    def compare(self, found, failures, want):
        for program, what in failures:
            self.fail(program, what)
        for key in sorted(set(found) | set(want)):
            a, b = found.get(key), want.get(key)
            if a == b:
                continue
            if a is None and not key[1].isdigit():
                continue  # a parameter without use, or what only scripts do
            self.fail(key[0], f"result {key[1]}: {a}, interpreter {b}")

    def script(self, engine, dtype="f32"):
        """Runs the files, and gives the folder that they wrote into."""
        folder = os.path.join(self.folder, engine + dtype)
        os.makedirs(folder, exist_ok=True)
        env = dict(os.environ)
        env["CC"] = self.tools.fast()[0]
        env["XDG_CACHE_HOME"] = os.path.join(self.folder, "cache")
        for path in self.paths:
            command([FLUXC, "run", "--engine=" + engine, "--dtype=" + dtype,
                     path, folder, dtype], self.folder, env=env)
        return folder

    def attempt(self, way, what, *arguments):
        """Runs one way; a failure of all is noted, and gives None."""
        self.way = way
        try:
            return what(*arguments)
        except Failure as failure:
            self.fail("*", str(failure))
            return None

    def run(self, turn=None, only=None, quick=False, optimised=None):
        """All ways; or those whose turn it is, or of the ways to optimise the
        one whose turn is `optimised`; or only one, by its name (and what it
        needs). Quick: only those that take milliseconds a program."""
        def due(row):
            if only is not None:
                return [one for one in row if one[0] == only]
            now = turn if optimised is None or row not in OPTIMISED else \
                optimised
            return list(dict(row).items()) if now is None else \
                [row[now % len(row)]]

        emitted = self.attempt("fluxc", self.emit, [], "c")
        written = self.attempt("interpreter", self.script, "interpret")
        if emitted is None or written is None:
            return
        if self.attempt("driver", self.measure, emitted, written) is None:
            return
        if self.tools.has("clang-format-14") and \
                only in (None, "clang-format"):
            self.attempt("clang-format", self.laid_out, emitted)
        for row in COMPILERS[-1:] if quick else COMPILERS:
            for name, words in due(row):
                if self.tools.has(words[0]):
                    self.attempt(name, self.compiled, emitted, words)
        for name, _ in [] if quick else due([("native engine", None)]):
            self.attempt(name, self.native)
        for name, passes in due([("without " + p, [p]) for p in PASSES]) + \
                due([("without passes", PASSES)]):
            self.attempt(name, self.without, passes)
        for name, words in due([("f64", None)] if quick else DOUBLE):
            self.attempt(name, self.double, words)
        for name, _ in due([("forward mode", None)]):
            for path in self.paths:
                self.attempt(name, self.gradcheck, path)

    def laid_out(self, folder):
        """The generated text is as clang-format 14 would lay it out."""
        files = [name for name in sorted(os.listdir(folder))
                 if name.endswith((".c", ".h")) and name != "all.c"]
        command(["clang-format-14", "--dry-run", "-Werror", "--style=file:" +
                 os.path.join(ROOT, ".clang-format")] + files, folder)

    def measure(self, emitted, written):
        """What the interpreter gives."""
        self.reader = self.build(emitted, self.tools.fast() + ["-w"])
        self.want = self.read(written)
        return True

    def compiled(self, folder, words, want=None):
        program = self.build(folder, words)
        way = self.way
        for more in [], ["--threads"]:
            self.way = way + " ".join([""] + more)
            text = command([program] + more, folder)
            self.compare(*results(text), want or self.want)

    def native(self):
        self.compare(self.read(self.script("native")), [], self.want)

    def without(self, passes):
        folder = self.emit(["--no-pass=" + p for p in passes],
                           "no_" + "_".join(passes))
        self.compiled(folder, self.tools.fast() + ["-w"])

    def double(self, words):
        """The same in double precision, and gradients against differences."""
        folder = self.emit(["--dtype=f64"], "f64")
        want = self.read(self.script("interpret", "f64"))
        if words is not None and self.tools.has(words[0]):
            self.compiled(folder, words, want)
        self.compiled(folder, self.tools.fast() + ["-w"], want)
        program = self.build(folder, self.tools.fast() + ["-w"])
        text = command([program, "--differences"], folder)
        for line in text.splitlines():
            words = line.split()
            if len(words) > 2 and words[1] == "directions":
                self.compared["differences"] += int(words[2])
            elif len(words) > 2 and words[1] == "FAIL" and \
                    words[0] not in self.rough:
                self.fail(words[0], " ".join(words[2:]))

    def gradcheck(self, path):
        """Reverse mode against forward mode, by the table that is printed."""
        done = subprocess.run([FLUXC, "gradcheck", path], timeout=900,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL)
        text = done.stdout.decode("utf-8", "replace")
        if done.returncode not in (0, 1):
            raise Failure(f"exit {done.returncode}: fluxc gradcheck\n{text}")
        program = "*"
        for line in text.splitlines():
            words = line.split()
            if line.startswith("gradients of "):
                program = re.sub(r"_(step|also)$", "", words[-1])
            elif re.match(r"  \S+ +(\(\S*\)|scalar) +\d+ ", line) and \
                    words[4] != "-":
                self.compared["modes"] += 1
                if not float(words[4]) < MODES and program not in self.wild:
                    self.fail(program, line)
            elif "error[" in line and not re.search(
                    "not finite at random|differences give|modes? differ",
                    line):
                name = re.search(r"\bm\d+", line.split("error[")[1])
                self.fail(name.group(0) if name else "*", line)


def main(arguments):
    """harness.py FILE.net…: every way, for all files together."""
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        batch = Batch(arguments, folder, Tools(folder))
        batch.run()
    for program, way, what in batch.failures:
        print(f"FAIL {program}: {way}: {what[:2000]}")
    bad = {f[0] for f in batch.failures}
    print(f"{max(len(batch.models) - len(bad), 0)} passed, {len(bad)} failed")
    return len(bad) > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
