"""Runs files of random programs in every way there is, and compares the bits.

The interpreter's results are the measure. The native engine, the generated C
under several compilers, and the C made with a pass off must give the same; what
must hold inside of one program is checked by driver.c.
"""
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
B = os.path.join(ROOT, os.environ.get("B", "build"))
FLUXC = os.environ.get("FLUXC", os.path.join(B, "fluxc"))
INCLUDES = ["-I" + ROOT, "-I" + os.path.join(ROOT, "runtime"),
            "-I" + os.path.join(ROOT, "compiler")]
WARNINGS = ["-std=c11", "-w"]

# The ways to compile: name, command. Every file takes the first; the others
# take turns unless all are wanted.
COMPILERS = [
    ("gcc -O0", ["gcc", "-O0"]),
    ("gcc -O3 -march=native", ["gcc", "-O3", "-march=native"]),
    ("clang -O2", ["clang", "-O2"]),
    ("tcc", ["tcc"]),
]
PASSES = ["simplify", "cse", "dce"]
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wpedantic",
          "-Wconversion", "-Wshadow", "-Wdouble-promotion",
          "-Wstrict-prototypes"]


class Failure(Exception):
    """A way of running that failed, and what it printed."""


def command(words, folder, limit=300, env=None):
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


class File:
    """One file of programs under test, in a folder of its own."""

    def __init__(self, path, folder):
        self.path = os.path.abspath(path)
        self.folder = folder
        self.models = checks(path)
        self.failures = []  # (program, way, what)
        self.way = ""
        self.ways = 0
        self.smooth = 0
        os.makedirs(folder, exist_ok=True)

    def fail(self, program, what):
        self.failures.append((program, self.way, what))

    def emit(self, options, name):
        """The C of all programs, and their table, in a folder."""
        folder = os.path.join(self.folder, name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        command([FLUXC, self.path, "-o", folder] + options, folder)
        lines = [f'#include "{m[0]}.h"' for m in self.models]
        lines += ['#include "tests/random/driver.h"',
                  "const RandomModel random_models[] = {"]
        for model, trainer, big, _ in self.models:
            step = "NULL" if trainer == "-" else \
                f"&{model}_{trainer}_trainer"
            lines.append(f'    {{"{model}", &{model}_model, {step}, {big}}},')
        lines += ["    {0}", "};", ""]
        with open(os.path.join(folder, "table.c"), "w") as file:
            file.write("\n".join(lines))
        with open(os.path.join(folder, "all.c"), "w") as file:
            file.writelines(f'#include "{m[0]}.c"\n' for m in self.models)
        return folder

    def build(self, folder, name, words):
        program = os.path.join(folder, name)
        driver = os.path.join(ROOT, "tests", "random", "driver.c")
        command(words + WARNINGS + INCLUDES +
                ["-I" + folder, "all.c", "table.c", driver, "-o", program,
                 os.path.join(B, "libflux.a"), "-lz", "-lm"], folder)
        return program

    def compare(self, text, want):
        found, failures = results(text)
        for program, what in failures:
            self.fail(program, what)
        for key in sorted(set(found) | set(want)):
            a, b = found.get(key), want.get(key)
            if a == b:
                continue
            if a is None and not key[1].isdigit():
                continue  # a parameter that the model does not use
            self.fail(key[0], f"result {key[1]}: {a}, interpreter {b}")

    def script(self, engine, compiler=None):
        folder = os.path.join(self.folder, engine)
        os.makedirs(folder, exist_ok=True)
        env = dict(os.environ)
        if compiler:
            env["CC"] = compiler
            env["XDG_CACHE_HOME"] = os.path.join(self.folder, "cache")
        command([FLUXC, "run", "--engine=" + engine, self.path, folder],
                self.folder, env=env)
        return folder

    def warnings(self, folder):
        """The generated C is clean under strict warnings."""
        command(["gcc", "-O0", "-fsyntax-only"] + STRICT + INCLUDES +
                ["-I" + folder, "all.c"], folder)

    def attempt(self, way, what, *arguments):
        """Runs one way; a failure of all is noted, and gives None."""
        self.way = way
        self.ways += 1
        try:
            return what(*arguments)
        except Failure as failure:
            self.fail("*", str(failure))
            return None

    def run(self, turn=None, only=None):
        """All ways; or those whose turn it is; or only one, by its name (and
        what it needs)."""
        def wanted(name, due=True):
            return name == only if only else turn is None or due

        emitted = self.attempt("fluxc", self.emit, [], "c")
        written = self.attempt("interpreter", self.script, "interpret")
        if emitted is None or written is None:
            return
        for i, (name, words) in enumerate(COMPILERS):
            due = wanted(name, i == 3 or turn is not None and turn % 3 == i)
            if not (due or only == "native engine" and i == 3):
                continue
            if shutil.which(words[0]) is not None:
                self.attempt(name, self.compiled, emitted, name, words, written)
        if wanted("native engine"):
            self.attempt("native engine", self.native, emitted)
        for i, name in enumerate(PASSES):
            if wanted("without " + name, turn is not None and turn % 3 == i):
                self.attempt("without " + name, self.without, name, written)
        if wanted("differences"):
            self.attempt("differences", self.differences)
        if wanted("warnings", turn is not None and turn % 4 == 0):
            self.attempt("warnings", self.warnings, emitted)

    def compiled(self, folder, name, words, written):
        program = self.build(folder, re.sub(r"\W+", "_", name), words)
        want, failures = results(command([program, written], folder))
        for one, what in failures:
            self.fail(one, what)
        self.compare(command([program], folder), want)
        self.want, self.reader = want, program

    def native(self, folder):
        if not hasattr(self, "reader"):
            return
        compiler = "tcc" if shutil.which("tcc") else "cc"
        written = self.script("native", compiler)
        self.compare(command([self.reader, written], folder), self.want)

    def without(self, name, written):
        folder = self.emit(["--no-pass=" + name], "no_" + name)
        words = ["tcc"] if shutil.which("tcc") else ["gcc", "-O0"]
        self.compiled(folder, "no_" + name, words, written)

    def differences(self):
        folder = self.emit(["--dtype=f64"], "f64")
        words = ["tcc"] if shutil.which("tcc") else ["gcc", "-O0"]
        program = self.build(folder, "f64", words)
        text = command([program, "--differences"], folder)
        for line in text.splitlines():
            words = line.split()
            if len(words) > 2 and words[1] == "directions":
                self.smooth += int(words[2])
            elif len(words) > 2 and words[1] == "FAIL" and not any(
                    m[0] == words[0] and "jumps" in m[3] for m in self.models):
                self.fail(words[0], " ".join(words[2:]))


def main(arguments):
    """harness.py FILE.net…: every way, for each file."""
    import tempfile
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for i, path in enumerate(arguments):
            one = File(path, os.path.join(folder, str(i)))
            one.run()
            for program, way, what in one.failures:
                print(f"FAIL {path}: {program}: {way}: {what[:2000]}")
            bad += bool(one.failures)
    print(f"{len(arguments) - bad} passed, {bad} failed")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
