"""What was measured as JSON, as a table, and as a line of the history."""
import datetime
import json
import os
import platform
import re

import agree
import chart
from implementations import TOP
from worker import Failed, command

VOID = 0.05  # a difference of passes, from which on they say nothing


def now():
    return datetime.datetime.now(datetime.timezone.utc)


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
               if not line.endswith("bench/history.jsonl")]
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


def apart(best):
    """Whether two passes differ by more than VOID."""
    return max(best) > min(best) * (1 + VOID)


def rows(model, errors, table, peak):
    """A row for each work and implementation, as JSON has it."""
    out = []
    for (work, batch), cases in table.items():
        cases = [case for case in cases if case.program.kind != "peak"]
        best = {}
        for case in cases:
            kind = case.program.kind
            if kind not in best or min(case.best) < min(best[kind].best):
                best[kind] = case
        flop = model.flop(work, batch)
        for case in cases:
            seconds = min(case.best)
            against = {"c": best.get("c"), "torch": best.get("framework")}
            reasons = ["self"] if apart(case.best) else []
            reasons += [name for name, other in against.items()
                        if other and other is not case
                        and apart(other.best)]
            row = {
                "work": work, "batch": batch, "name": case.program.name,
                "kind": case.program.kind, "setting": case.worker.setting,
                "us": seconds * 1e6, "us_passes": [b * 1e6 for b in case.best],
                "gflops": flop / seconds / 1e9,
            }
            for name, other in against.items():
                row["times_" + name] = min(other.best) / seconds \
                    if other else None
            row["of_peak"] = None
            if peak:
                row["of_peak"] = flop / seconds / 1e9 / peak["gflops"]
                reasons += ["peak"] if peak["void"] else []
            row["void"] = reasons
            row["errors"] = errors[case.program.name, work, batch]
            out.append(row)
    return out


def peak_of(table):
    """The most of the whole run, by the passes' best; None where not run."""
    cases = [case for row in table.values() for case in row
             if case.program.kind == "peak"]
    if not cases:
        return None
    best = [min(case.best[i] for case in cases)
            for i in range(len(cases[0].best))]
    worker = cases[0].worker
    return {"gflops": worker.flop / min(best) / 1e9, "isa": worker.detail,
            "void": apart(best)}


def result(model, blocks, begin, built, skipped, errors, table):
    """All that is known of the run."""
    peak = peak_of(table)
    return {
        "schema": 1,
        "date": begin.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seconds": (now() - begin).total_seconds(),
        "commit": commit(),
        "cpu": cpu(),
        "load": os.getloadavg()[0],
        "compilers": compilers(),
        "shape": model.name(),
        "dtype": "f32",
        "optimiser": f"SGD({model.eta})",
        "threads": 1,
        "blocks": blocks,
        "fluxc_seconds": model.compile_seconds,
        "build_seconds": {p.name: p.build_seconds for p in built
                          if p.build_seconds},
        "details": {p.name: [w.detail for w in p.workers] for p in built},
        "bounds": {"loss": agree.LOSS, "parameters": agree.MOVED,
                   "probabilities": agree.PROBABILITY, "passes": VOID},
        "skipped": skipped,
        "peak": peak,
        "rows": rows(model, errors, table, peak),
    }


def write(what, folder, history):
    """FOLDER/latest.json and .svg; a line of the history unless it is ''."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "latest.json"), "w",
              encoding="utf-8") as file:
        json.dump(what, file, indent=1, ensure_ascii=False)
        file.write("\n")
    with open(os.path.join(folder, "latest.svg"), "w",
              encoding="utf-8") as file:
        file.write(chart.svg(what))
    if not history:
        return
    line = {key: what[key] for key in (
        "schema", "date", "commit", "cpu", "load", "compilers", "shape",
        "blocks", "peak")}
    line["rows"] = [{key: short(row[key]) for key in (
        "work", "batch", "name", "us", "times_c", "times_torch", "of_peak",
        "void")} for row in what["rows"]]
    with open(history, "a", encoding="utf-8") as file:
        print(json.dumps(line, ensure_ascii=False), file=file)


def short(value):
    """Four digits of a number."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def head(what):
    """What ran, in lines."""
    lines = [f"{what['shape']}, σ, softmax, cross-entropy, "
             f"{what['optimiser']}, float, one thread",
             f"{what['cpu']}, load {what['load']:.1f}; commit "
             f"{what['commit'] or 'unknown'}; {what['seconds']:.0f} s"]
    lines += what["compilers"].values()
    lines.append(f"fluxc took {what['fluxc_seconds'] * 1e3:.0f} ms; "
                 + ", ".join(f"{name}: {seconds:.1f} s"
                             for name, seconds in what["build_seconds"].items()
                             if name.startswith("fluxc")))
    peak = what["peak"]
    if peak:
        lines.append(f"peak of multiply-adds: {peak['gflops']:.0f} GFLOP/s, "
                     f"{peak['isa']}{', void' if peak['void'] else ''}")
    lines += [f"skipped: {name}: {why}"
              for name, why in what["skipped"].items()]
    return lines


def text(what):
    """The table that people read."""
    lines = head(what)
    lines += ["", f"{'':11} {'':22} {'µs':>9} {'× best C':>9} "
              f"{'× PyTorch':>9} {'of peak':>8}"]
    last = None
    for row in what["rows"]:
        key = f"{row['work']} {row['batch']:5}"
        if last not in (None, key):
            lines.append("")
        ratios = [f"{row[name]:9.2f}" if row[name] else f"{'':9}"
                  for name in ("times_c", "times_torch")]
        share = f"{100 * row['of_peak']:6.1f} %" if row["of_peak"] else ""
        void = "  void: " + ", ".join(row["void"]) if row["void"] else ""
        lines.append((f"{key if key != last else '':11} {row['name']:22} "
                      f"{row['us']:9.2f} {' '.join(ratios)} {share:>8}{void}"
                      f"{setting(row)}").rstrip())
        last = key
    return "\n".join(lines)


def setting(row):
    """The environment that was the fastest."""
    return f"  ({row['setting']})" if row["setting"] else ""
