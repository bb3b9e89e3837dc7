"""What tests/bench/gpu_check says."""
import json
import os
import subprocess
import sys
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(TOP, "bench", "gpu"), os.path.join(TOP, "bench")]
sys.dont_write_bytecode = True

import device  # noqa: E402
import show  # noqa: E402
import stages  # noqa: E402
import times  # noqa: E402
import works  # noqa: E402
from implementations import Model  # noqa: E402
from worker import Failed, Missing, Worker  # noqa: E402

RUN = os.path.join(TOP, "bench", "gpu", "run")
count = {"passed": 0, "failed": 0, "skipped": 0}
# Whatever it is asked to run under, it runs; a tool that finds something.
SANITIZER = """#!/bin/sh
tool=$2
while [ "${1#-}" != "$1" ] || ! [ -x "$1" ]; do shift; done
"$@" || exit
[ "$tool" != racecheck ] || exit 9
"""


def holds(what, fine):
    count["passed" if fine else "failed"] += 1
    if not fine:
        print("FAILED:", what)


def python(program, **env):
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True,
        cwd=os.path.join(TOP, "bench", "gpu"), check=False,
        env={**os.environ, "PYTHONPATH": "..", "PYTHONDONTWRITEBYTECODE": "1",
             **env}).stdout.strip()


def found(build):
    """What a driver tells."""
    fake = os.path.join(build, "tests", "cuda", "fake")
    tell = "import device; print(device.found())"
    one = python(tell, LD_LIBRARY_PATH=fake)
    holds(f"a device: {one}", one.startswith(
        "Device(name='a fake', arch='sm_90', driver='") and
        "CUDA 13.2', memory=1073741824, multiprocessors=1)" in one)
    holds("none", python(tell, LD_LIBRARY_PATH=fake, FAKE_CUDA="none")
          == "None")
    none = subprocess.run([RUN], capture_output=True, text=True, check=False,
                          env={**os.environ, "FAKE_CUDA": "none",
                               "LD_LIBRARY_PATH": fake})
    holds(f"no GPU: {none.stdout}", none.returncode == 0 and
          none.stdout == "gpu-check: no GPU, 0 run\n")


def emulated(build, folder):
    """All stages, with a sanitizer that is none."""
    tools = os.path.join(folder, "tools")
    os.mkdir(tools)
    path = os.path.join(tools, "compute-sanitizer")
    with open(path, "w", encoding="utf-8") as file:
        file.write(SANITIZER)
    os.chmod(path, 0o755)
    done = subprocess.run(
        [RUN, "--device", "emulator", "--blocks", "1", "--build", build,
         "--folder", folder], capture_output=True, text=True, check=False,
        env={**os.environ, "PEERS": folder,
             "PATH": tools + ":" + os.environ["PATH"]})
    holds(f"a finding: {done.stderr}", done.returncode == 1)
    names = [name for name in os.listdir(folder) if name.endswith(".json")]
    holds("one file", len(names) == 1 and names[0].endswith("-emulator.json"))
    with open(os.path.join(folder, names[0]), encoding="utf-8") as file:
        result = json.load(file)
    rows = {name: what["rows"] for name, what in result["stages"].items()}
    holds("ceilings", [row["name"] for row in rows["ceilings"]] == list(
        show.CEILINGS) and all(row["number"] > 0 for row in rows["ceilings"]))
    holds("build", len(rows["build"]) == 2 and all(
        row["bytes"] > 0 and not row["fault"] for row in rows["build"]))
    holds("verify", [(row["passed"] > 500, row["failed"], row["fault"])
                     for row in rows["verify"]] == [(True, 0, "")])
    holds("sanitize", {row["name"] for row in rows["sanitize"]
                       if row["fault"]} == {"racecheck small"} and
          len(rows["sanitize"]) == len(stages.TOOLS))
    ids = [f"{work} {workload.name} {batch}"
           for workload in works.table(quick=True)
           for work, batch in workload.cases]
    ours = [row for row in rows["times"] if row["name"] == works.OURS]
    holds(f"times: {result['stages']['times']['skipped']}",
          [row["id"] for row in ours] == ids and
          all(row["us"] > 0 and row["first"] > 0 and row["megabytes"] > 0
              for row in ours))
    holds("errors", all(row["errors"] for row in ours
                        if not row["id"].startswith("back")))
    holds("the table", all(id in done.stdout for id in ids))


def row(name, us, **more):
    return {"id": "train 784-100-10 ADAM 128", "part": "step", "name": name,
            "us": us, "first": 1.0, "void": False, "megabytes": 1.9,
            "of_copy": None, **more}


def judged():
    """Bars and tables of results that are made up."""
    copied = row(works.OURS, 300, id="back softmax 4096 16384", part="rows",
                 of_copy=0.89)
    rows = [row(works.OURS, 21), row("PyTorch eager", 400),
            row("PyTorch captured", 41, first=30.0),
            row("PyTorch compiled", 84, first=19.0), copied]
    said = {(bar.id, bar.measure, bar.peers[:1]): (value, verdict)
            for bar, value, verdict in works.verdicts(rows)}
    id = rows[0]["id"]
    for key, want in (
            ((id, "times", ("PyTorch eager",)), (400 / 21, "met")),
            ((id, "times", ("PyTorch compiled",)), (4, "met")),
            ((id, "times", ("PyTorch captured",)), (41 / 21, "missed")),
            ((id, "times", ("JAX",)), (None, "not measured")),
            ((id, "us", ()), (21, "missed")),
            ((id, "megabytes", ()), (1.9, "met")),
            ((id, "sooner", ("PyTorch compiled",)), (19, "missed")),
            ((copied["id"], "of_copy", ()), (0.89, "missed")),
            (("infer softmax 4096 16384", "of_copy", ()),
             (None, "not measured"))):
        holds(f"{key}: {said.get(key)}", said.get(key) == want)
    ids = {f"{work} {workload.name} {batch}" for workload in works.table()
           for work, batch in workload.cases}
    holds("bars are of what is timed", {bar.id for bar in works.bars()} <= ids)
    text = "\n".join([*show.times(rows), *show.verdicts(rows)])
    holds("a ratio", "19.05 ×" in text and "89 % of copy" in text)
    holds("the sum", "3 met, 4 missed, " in text)
    broken = {"name": "rows", "passed": 7, "failed": 1, "skipped": 0,
              "seconds": 1.0, "fault": "first\nFAILED: a step"}
    text = "\n".join(show.stage("verify", {
        "seconds": 1, "rows": [broken], "skipped": {"x": "a\nno x"}}))
    holds("what failed", "    FAILED: a step" in text and
          "7 passed, 1 of 1 runs failed" in text and "x: no x" in text)


def stuck(folder):
    """What hangs loses nothing but itself."""
    begin = time.monotonic()
    code, said = device.limited(["sh", "-c", "echo here; sleep 60 & wait"],
                                0.3)
    holds("a command", (code, said) == (None, "here\n"))
    check = stages.Check(device.Device("none"), folder, folder, 0)
    try:
        check.run("true")
        holds("no time", False)
    except Failed as error:
        holds(f"no time: {error}", str(error) == "no time is left")
    worker = Worker(["sh", "-c", "sleep 60"], {}, os.path.join(folder, "x"),
                    1, 1, 0.3)
    try:
        worker.ready()
        holds("a worker", False)
    except Missing as error:
        holds(f"a worker: {error}", str(error) == "no answer in 0 s")
    worker.close()
    holds("in time", time.monotonic() - begin < 30)


def by_nvcc(build, folder):
    """Its programs for GPUs; for want of one they say so."""
    if not device.nvcc():
        print("skipped: no nvcc: programs of bench/gpu")
        count["skipped"] += 1
        return
    for arch in ("sm_80", "sm_90"):
        compiler, libraries = device.Device("none", arch).compiler("")
        program = os.path.join(folder, "ceilings." + arch)
        code, said = device.limited(
            [*compiler, "-Werror", "all-warnings", "-Xcompiler",
             "-Wall,-Wextra,-Werror", "bench/gpu/ceilings.cu", *libraries,
             "-o", program], 100, cwd=TOP)
        holds(f"ceilings.cu for {arch}: {said}", code == 0)
    check = stages.Check(device.Device("none", "sm_90"), build, folder, 300)
    for workload in works.table(quick=True):
        model = Model(check.fluxc, os.path.join(folder, "nvcc"), workload)
        try:
            program = times.program_of(check)(None, "ours.cu", model)
            holds(workload.name, os.access(program, os.X_OK))
        except Failed as error:
            holds(f"{workload.name}: {error}", False)
    env = {**os.environ, "GPU": "sm_90", "UNDER": "echo 5 passed, 0 failed:"}
    code, said = device.limited(["tests/cuda/run", "small"], 100, cwd=TOP,
                                env=env)
    holds(f"what is compared: {said}", code == 0 and
          said.endswith("6 passed, 0 failed, 0 skipped\n"))


def main(build, folder):
    judged()
    stuck(folder)
    found(build)
    emulated(build, folder)
    by_nvcc(build, folder)
    print(f"{count['passed']} passed, {count['failed']} failed, "
          f"{count['skipped']} skipped")
    return count["failed"] > 0


sys.exit(main(*sys.argv[1:]))
