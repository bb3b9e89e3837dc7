"""The table of a result."""
import works

CEILINGS = {"copy": (1e-9, "GB/s copied"), "launch": (1e6, "µs a launch"),
            "node": (1e6, "µs a node of a graph"),
            "fma": (1e-9, "GFLOP/s of multiply-adds")}


def first_line(text):
    return text.strip().splitlines()[-1][:160] if text.strip() else ""


def ceilings(rows):
    for row in rows:
        scale, unit = CEILINGS[row["name"]]
        yield f"  {row['number'] * scale:10.4g} {unit}"


def build(rows):
    for row in sorted(rows, key=lambda row: row["name"]):
        yield (f"  {row['name']:36} fluxc {row['fluxc']:6.2f} s  nvcc "
               f"{row['nvcc']:6.2f} s {row['lines']:7} lines "
               f"{row['bytes'] / 1e6:6.2f} MB {first_line(row['fault'])}"
               ).rstrip()


def verify(rows):
    for row in sorted(rows, key=lambda row: row["name"]):
        bad = row["failed"] or row["fault"]
        yield (f"  {row['name']:36} {row['passed']:7} passed {row['failed']:4} "
               f"failed {row['skipped']:3} skipped {row['seconds']:6.1f} s"
               f"{'  FAILED' if bad else ''}")
        if bad:
            yield from ("    " + line for line in
                        row["fault"].splitlines()[-20:])
    yield (f"  {sum(row['passed'] for row in rows)} passed, "
           f"{sum(1 for row in rows if row['failed'] or row['fault'])} of "
           f"{len(rows)} runs failed")


def times(rows):
    yield f"  {'':38} {'':18} {'µs':>10} {'fluxc is':>9} {'first, s':>9}"
    last = ""
    for row in rows:
        ours = next((other["us"] for other in rows if other["id"] == row["id"]
                     and other["name"] == works.OURS), None)
        ratio = f"{row['us'] / ours:7.2f} ×" if ours else ""
        share = row.get("of_copy")
        yield (f"  {row['id'] if row['id'] != last else '':38} "
               f"{row['name']:18} {row['us']:10.2f} {ratio:>9} "
               f"{row['first']:9.1f}{'  void' if row['void'] else ''}"
               + (f"  {100 * share:.0f} % of copy" if share else ""))
        last = row["id"]


def verdicts(rows):
    """The bars, in lines."""
    found = works.verdicts(rows)
    last = ""
    for bar, value, verdict in found:
        shown = "" if value is None else f"{value:.2f}"
        yield (f"  {bar.id if bar.id != last else '':38} "
               f"{works.words(bar):38} {bar.bound:6g} {shown:>8}  {verdict}")
        last = bar.id
    count = [verdict for _, _, verdict in found]
    yield "  " + ", ".join(f"{count.count(word)} {word}" for word in
                           ("met", "missed", "not measured"))


STAGES = {"ceilings": ceilings, "build": build, "verify": verify,
          "sanitize": verify, "times": times}


def stage(name, what):
    """One stage, in lines."""
    lines = [f"{name}: {what['seconds']:.0f} s"]
    if what["rows"]:
        lines += STAGES[name](what["rows"])
    return lines + [f"  skipped: {peer}: {first_line(why)}"
                    for peer, why in what["skipped"].items()]


def head(result):
    return [f"gpu-check: {result['device']}, {result['arch'] or 'no nvcc'}, "
            f"driver {result['driver'] or 'none'}, {result['date']}, commit "
            f"{result['commit'] or 'unknown'}", result["nvcc"]]
