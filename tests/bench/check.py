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
import bars  # noqa: E402
import measure  # noqa: E402
import workloads  # noqa: E402
from worker import Failed  # noqa: E402

ONLY = ["fluxc gcc -O2", "C, plain loops"]
count = {"passed": 0, "failed": 0}


def holds(what, fine):
    count["passed" if fine else "failed"] += 1
    if not fine:
        print("FAIL", what)


def comparisons():
    before = array.array("f", [0, 0, 0])
    one = array.array("f", [1, 2, 4])
    for at, other, error in ((0, 1.0, 0), (1, 2.5, 0.25), (2, 5.0, 0.25),
                             (0, math.nan, math.inf)):
        two = array.array("f", one)
        two[at] = other
        holds(f"parameter {at} is {other}",
              agree.moved_apart((2, 1), before, one, two) == error)
    holds("nothing moved",
          agree.moved_apart((2, 1), one, one, one) == math.inf)
    holds("lengths", agree.distance(one, one[:2]) == math.inf
          and agree.moved_apart((2, 1), before, one, one[:2]) == math.inf)


def disagreement(fluxc, folder, work, peers):
    """What a check of one workload says beside C peers of another, perhaps."""
    folder = os.path.join(folder, "with space")
    bench = measure.Bench(fluxc, folder, work, ONLY[:1])
    other = measure.Bench(fluxc, folder, peers, ONLY[1:])
    bench.programs += other.programs
    try:
        bench.check()
        return ""
    except Failed as error:
        return str(error)
    finally:
        bench.close()


def workload(kind, function="", optimiser="", shape=(6, 5, 4, 3)):
    work = "train" if optimiser else "infer"
    return workloads.Workload("shape", kind, shape, [(work, 3)], function,
                              optimiser)


def written(folder, text, history):
    """What a run has left."""
    with open(os.path.join(folder, "latest.json"), encoding="utf-8") as file:
        result = json.load(file)
    rows = {(r["id"], r["name"]): r
            for r in result["parts"]["shape"]["rows"]}
    ids = [f"train 6-5-4-3 SGD {batch}" for batch in (1, 3)]
    holds("rows", set(rows) == {(id, name) for id in ids for name in ONLY})
    holds("times", all(0 < r["us"] < math.inf and
                       r["us"] == min(r["us_passes"]) and
                       len(r["us_passes"]) == 2 for r in rows.values()))
    ours = rows[ids[1], ONLY[0]]
    holds("operations", math.isclose(  # 6-5-4-3, three samples
        ours["rate"] * ours["us"] * 1e3, 3 * (4 * 62 + 2 * 32)))
    holds("errors", set(ours["errors"]) == {"loss", "parameters"})
    xml.dom.minidom.parse(os.path.join(folder, "latest.svg"))
    with open(history, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    holds("history", len(lines) == 1 and
          len(lines[0]["parts"]["shape"]["rows"]) == 4)
    with open(text, encoding="utf-8") as file:
        table = file.read()
    holds("table", all(name in table for name in ONLY))


def row(name, us, **more):
    return {"id": "train 784-128-64-10 SGD 64", "name": name, "us": us,
            "void": False, "share": 0.91, **more}


def verdict(*rows):
    """{what a bar asks: verdict} of the bars at one piece of work."""
    found = bars.verdicts({"train": {"rows": list(rows)}})
    return {bars.words(bar)[0]: said for bar, _, said in found
            if bar.id == rows[0]["id"]}


def judged():
    ours = row(bars.OURS, 10)
    said = verdict(ours, row("C on OpenBLAS", 15), row("C on oneDNN", 12),
                   row("JAX", 14), row("PyTorch compiled", 13.5),
                   row("PyTorch eager", 30, void=True))
    holds("the best peer counts", said["× best C peer"] == "missed")
    holds("far ahead", said["× JAX"] == "met")
    holds("void", said["× PyTorch eager"] == "void")
    holds("share", said["share of the FMA peak"] == "met")
    holds("not there", said["× -O3 -march=native"] == "not measured")
    one = row(bars.OURS, 10, share=0.93)
    holds("or so much of the peak", verdict(one, row("JAX", 11))["× JAX"]
          == "met")
    holds("neither", verdict(ours, row("JAX", 11))["× JAX"] == "missed")
    ids = {f"{work} {row.name} {batch}" for row in workloads.TABLE
           for work, batch in row.cases} | {"demo 32"}
    holds("bars are of what is timed", {bar.id for bar in bars.table()} <= ids)


class Timed:
    """A case whose blocks take so long, and are counted."""

    def __init__(self, name, seconds):
        self.program = self
        self.name = name
        self.seconds = seconds
        self.blocks = 0

    def block(self, turn):
        self.blocks += 1
        return self.seconds

    def beside(self, peak, seconds, before, behind):
        pass


def slow():
    ours, peer, loops, peak = table = [
        Timed("fluxc", 0.008), Timed("peer", 0.1), Timed("loops", 0.2),
        Timed(measure.PEAK, 0.001)]
    found = measure.slow_ones(table)
    measure.interleaved(table, 7, found)
    holds("one is slow", found == [loops])
    holds("it has one block in each pass", loops.blocks == measure.PASSES)
    holds("the others all", ours.blocks == peer.blocks == 7 * measure.PASSES)
    holds("each beside the peak's", peak.blocks == 22 * measure.PASSES)


def main(fluxc, folder):
    comparisons()
    slow()
    judged()
    for work in (workload("chain", optimiser="ADAM"),
                 workload("product", shape=(7, 5)),
                 workload("map", "layernorm", shape=(9,))):
        said = disagreement(fluxc, folder, work, work)
        holds(f"{work.name}: {said}", said == "")
    for work, other in ((workload("chain", optimiser="SGD"),
                         workload("chain", optimiser="ADAM")),
                        (workload("map", "sigmoid", shape=(5,)),
                         workload("map", "tanh", shape=(5,)))):
        said = disagreement(fluxc, folder, work, other)
        holds(f"{work.name} as {other.name}: {said}", "differ by" in said)
    written(folder, os.path.join(folder, "table"),
            os.path.join(folder, "history"))
    print(f"{count['passed']} passed, {count['failed']} failed")
    return count["failed"] > 0


sys.exit(main(*sys.argv[1:]))
