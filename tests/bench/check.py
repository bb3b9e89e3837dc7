"""Agreement notices what is wrong, and what bench/run writes can be read."""
import array
import json
import math
import os
import sys
import xml.dom.minidom

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "bench"))
sys.dont_write_bytecode = True

import agree  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
from implementations import Model  # noqa: E402
from worker import Failed  # noqa: E402

ONLY = ["fluxc gcc -O2", "C, plain loops"]
count = {"passed": 0, "failed": 0}


def holds(what, fine):
    count["passed" if fine else "failed"] += 1
    if not fine:
        print("FAIL", what)


def comparisons():
    shape = [2, 1]
    before = array.array("f", [0, 0, 0])
    one = array.array("f", [1, 2, 4])
    for at, other, error in ((0, 1.0, 0), (1, 2.5, 0.25), (2, 5.0, 0.25),
                             (0, math.nan, math.inf)):
        two = array.array("f", one)
        two[at] = other
        holds(f"parameter {at} is {other}",
              agree.moved_apart(shape, before, one, two) == error)
    holds("nothing moved", agree.moved_apart(shape, one, one, one) == math.inf)
    holds("lengths", agree.distance(one, one[:2]) == math.inf
          and agree.moved_apart(shape, before, one, one[:2]) == math.inf)


def another_rate(fluxc, folder):
    """Peers that train at another rate than the model's are not timed."""
    model = Model(fluxc, folder, [6, 5, 4, 3])
    model.eta = str(float(model.eta) * 1.01)
    start, before = measure.start_write(model, 3)
    built, _ = measure.programs(ONLY, model, start, 3)
    try:
        measure.check(built, model, before, [("train", 3)])
        said = ""
    except Failed as error:
        said = str(error)
    for program in built:
        program.close()
    holds("another rate: " + said, "loss differ" in said)


def written(folder, text, history):
    """What a run has left."""
    with open(os.path.join(folder, "latest.json"), encoding="utf-8") as file:
        result = json.load(file)
    rows = {(r["work"], r["batch"], r["name"]): r for r in result["rows"]}
    want = {(*work, name) for work in (("infer", 1), ("train", 1),
                                       ("train", 3)) for name in ONLY}
    holds("rows", set(rows) == want)
    holds("times", all(0 < r["us"] == min(r["us_passes"]) and
                       len(r["us_passes"]) == 2 for r in result["rows"]))
    holds("the only C peer is the best", all(
        rows[key]["times_c"] == 1 for key in want if key[2] == ONLY[1]))
    ours = rows["train", 3, ONLY[0]]
    peer = rows["train", 3, ONLY[1]]
    holds("ratio", math.isclose(ours["times_c"], peer["us"] / ours["us"]))
    holds("operations", math.isclose(  # 6-5-4-3, three samples
        ours["gflops"] * ours["us"] * 1e3, 3 * (4 * 62 + 2 * 32)))
    holds("errors", set(ours["errors"]) == {"loss", "parameters"})
    holds("shape", result["shape"] == "6-5-4-3")
    xml.dom.minidom.parse(os.path.join(folder, "latest.svg"))
    with open(history, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    holds("history", len(lines) == 1 and len(lines[0]["rows"]) == 6)
    with open(text, encoding="utf-8") as file:
        table = file.read()
    holds("table", all(name in table for name in ONLY))
    holds("void", report.apart([1.0, 1.06]) and not report.apart([1.04, 1.0]))


def main(fluxc, folder):
    comparisons()
    another_rate(fluxc, os.path.join(folder, "other"))
    written(folder, os.path.join(folder, "table"),
            os.path.join(folder, "history"))
    print(f"{count['passed']} passed, {count['failed']} failed")
    return count["failed"] > 0


sys.exit(main(*sys.argv[1:]))
