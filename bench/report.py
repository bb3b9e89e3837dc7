"""What was measured as JSON, as tables, and as a line of the history."""
import datetime
import json
import os
import platform
import re
import statistics

import agree
import bars
import chart
import measure
from libraries import TOP
from worker import Failed, command

# "share" is of the peak beside each block; "of_peak", before 3, was of the best
# of the run. Since 4 the blocks of the peak are as long as the others.
SCHEMA = 4


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def stamp():
    return now().strftime("%Y-%m-%dT%H:%M:%SZ")


def cpu():
    """The CPU's name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            found = re.search(r"^model name\s*: (.*)$", file.read(),
                              re.MULTILINE)
    except OSError:
        found = None
    return found.group(1) if found else platform.machine()


def commit():
    """The commit that was measured; with + where files differ from it."""
    try:
        name = command("git", "rev-parse", "--short=12", "HEAD", cwd=TOP)
        changed = command("git", "status", "--porcelain", cwd=TOP)
    except Failed:
        return ""
    changed = [line for line in changed.splitlines()
               if " bench/history.jsonl" not in line
               and " bench/results/" not in line]
    return name.strip() + ("+" if changed else "")


def compilers():
    """{compiler: its version}"""
    found = {}
    for name in ("gcc", "clang"):
        try:
            found[name] = command(name, "--version").splitlines()[0]
        except Failed:
            pass
    return found


def row(bench, key, case, errors):
    """One implementation at one piece of work, as JSON has it."""
    work, batch = key
    workload = bench.workload
    seconds = min(case.best)
    amount = workload.amount(work, batch)
    if case.program.group == "limit":
        amount = case.worker.amount
    rate = amount / seconds / 1e9
    # The peak is one thread's.
    counts = workload.kind != "map" and case.program.group != "limit" \
        and workload.threads == 1
    return {
        "id": f"{work} {workload.name} {batch}", "name": case.program.name,
        "group": case.program.group, "setting": case.worker.setting,
        "us": seconds * 1e6, "us_passes": [b * 1e6 for b in case.best],
        "rate": rate,
        "share": amount / statistics.median(case.could)
        if case.could and counts else None,
        "void": case.apart(),
        "errors": errors.get((case.program.name, work, batch), {}),
    }


def peak_of(table):
    """The most of multiply-adds in all of a workload's passes; 0 where not
    run."""
    cases = [case for cases in table.values() for case in cases
             if case.program.name == measure.PEAK]
    return max((case.worker.amount / min(case.best) / 1e9 for case in cases),
               default=0)


def measured(bench, errors, table):
    """Rows of one workload. The peak is named once, by its part."""
    return [row(bench, key, case, errors)
            for key, cases in table.items() for case in cases
            if case.program.name != measure.PEAK]


def part(blocks):
    """The frame of a part's result."""
    return {"date": stamp(), "commit": commit(), "blocks": blocks,
            "seconds": 0.0, "load": os.getloadavg()[0], "peak": 0.0,
            "skipped": {}, "details": {}, "build_seconds": {}, "rows": []}


def merge(folder, parts):
    """The result in FOLDER/latest.json, these parts in the place of its own."""
    path = os.path.join(folder, "latest.json")
    result = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
    if result.get("schema") != SCHEMA:
        result = {"schema": SCHEMA, "parts": {}}
    result.update({
        "cpu": cpu(), "compilers": compilers(), "dtype": "f32",
        "bounds": {"loss": agree.LOSS, "parameters": agree.MOVED,
                   "results": agree.RESULT, "passes": measure.VOID}})
    result["parts"].update(parts)
    return result


def write(result, parts, folder, history):
    """FOLDER/latest.json, .svg and .txt; of the parts that ran a line of the
    history, unless that is ''."""
    os.makedirs(folder, exist_ok=True)
    texts = {"json": json.dumps(result, indent=1, ensure_ascii=False) + "\n",
             "svg": chart.svg(result), "txt": text(result)}
    for name, said in texts.items():
        with open(os.path.join(folder, "latest." + name), "w",
                  encoding="utf-8") as file:
            file.write(said)
    if not history:
        return
    line = {key: result[key] for key in ("schema", "cpu", "compilers")}
    line["parts"] = {
        name: {**{key: what[key] for key in ("date", "commit", "load", "peak",
                                             "blocks")},
               "rows": [{key: short(row[key]) for key in (
                   "id", "name", "us", "share", "void")}
                        for row in what["rows"]]}
        for name, what in parts.items()}
    with open(history, "a", encoding="utf-8") as file:
        print(json.dumps(line, ensure_ascii=False), file=file)


def short(value):
    """Four digits of a number."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def head(name, what):
    """What ran in a part, in lines."""
    lines = [f"{name}: {what['date']}, commit {what['commit'] or 'unknown'}, "
             f"{what['seconds']:.0f} s, load {what['load']:.1f}"]
    if what["peak"]:
        lines[0] += f", peak {what['peak']:.0f} GFLOP/s"
    lines += [f"  not here: {peer}: {why}"
              for peer, why in what["skipped"].items()]
    return lines


def table(what):
    """The rows of a part, as people read them."""
    lines = [f"{'':34} {'':24} {'µs':>10} {'10⁹/s':>7} {'of peak':>8} "
             f"{'fluxc is':>9}"]
    last = ""
    for row in what["rows"]:
        ours = next((other for other in what["rows"]
                     if other["id"] == row["id"] and
                     other["name"] == bars.OURS), None)
        ratio = f"{row['us'] / ours['us']:7.2f} ×" if ours else ""
        share = f"{100 * row['share']:6.1f} %" if row["share"] else ""
        lines.append((f"{row['id'] if row['id'] != last else '':34} "
                      f"{row['name']:24} {row['us']:10.2f} {row['rate']:7.2f} "
                      f"{share:>8} {ratio:>9}{'  void' if row['void'] else ''}"
                      f"{setting(row)}").rstrip())
        last = row["id"]
    return lines


def setting(row):
    """The environment that was the fastest."""
    return f"  ({row['setting']})" if row["setting"] else ""


def verdicts(result):
    """The bars and what they found, in lines."""
    found = bars.verdicts(result["parts"])
    if not found:
        return []
    lines = ["", f"{'':34} {'':28} {'bar':>12} {'is':>7}"]
    last = ""
    for bar, value, verdict in found:
        what, bound = bars.words(bar)
        shown = "" if value is None else \
            f"{100 * value:.1f} %" if bar.measure == "share" \
            else f"{value:.2f}"
        lines.append(f"{bar.id if bar.id != last else '':34} {what:28} "
                     f"{bound:>12} {shown:>7}  {verdict}")
        last = bar.id
    count = [verdict for _, _, verdict in found]
    lines.append(", ".join(f"{count.count(name)} {name}" for name in (
        "met", "missed", "void", "not measured") if name in count))
    return lines


def text(result):
    """All tables."""
    lines = [result["cpu"], *result["compilers"].values()]
    for name, what in result["parts"].items():
        lines += ["", *head(name, what), *table(what)]
    return "\n".join([*lines, *verdicts(result), ""])
