#!/usr/bin/env python3
"""report.py BUILD LEAST: which branches ran, by what gcov recorded in BUILD.

Each edge of a conditional, of `&&`, `||`, `?:`, of a loop and of a switch is a
branch; the edge of a switch over an enum that no case takes is one as well.
What several programs compile, such as a header's function, counts once.
BUILD/uncovered.txt gets a line FILE:LINE: MISSED of BRANCHES: TEXT for each
line with a branch that never ran, and FILE:LINE: never: TEXT for each that
never ran itself. The exit code is 1 where compiler/ and runtime/ together
have less than LEAST percent.
"""
import collections
import json
import os
import subprocess
import sys

COUNTED = ("compiler", "runtime")
SHOWN = COUNTED + ("grammar",)


def recorded(build):
    """gcov's account of each object file of the sources."""
    notes = [os.path.join(folder, name)
             for top in SHOWN
             for folder, _, names in os.walk(os.path.join(build, top))
             for name in sorted(names) if name.endswith(".gcno")]
    text = subprocess.run(["gcov", "--json-format", "-b", "--stdout", *notes],
                          check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        if line.startswith("{"):
            yield from json.loads(line)["files"]


def collect(build):
    """{file: {(line, function): (times it ran, times of each branch)}}"""
    files = collections.defaultdict(dict)
    for file in recorded(build):
        name = os.path.normpath(file["file"])
        if name.split(os.sep)[0] not in SHOWN or not os.path.exists(name):
            continue
        for line in file["lines"]:
            key = line["line_number"], line.get("function_name")
            count = line["count"]
            edges = [branch["count"] for branch in line["branches"]]
            if key in files[name]:
                before, old = files[name][key]
                count += before
                edges = [a + b for a, b in zip(old, edges, strict=True)]
            files[name][key] = count, edges
    return files


def write_uncovered(files, path):
    with open(path, "w", encoding="utf-8") as out:
        for name in sorted(files):
            with open(name, encoding="utf-8") as source:
                text = source.read().splitlines()
            for (line, _), (count, edges) in sorted(
                    files[name].items(), key=lambda item: item[0][0]):
                missed = edges.count(0)
                what = f"{missed} of {len(edges)}" if missed else "never"
                if missed or count == 0:
                    print(f"{name}:{line}: {what}: {text[line - 1].strip()}",
                          file=out)


def main():
    build, least = sys.argv[1], float(sys.argv[2])
    files = collect(build)
    write_uncovered(files, os.path.join(build, "uncovered.txt"))
    taken = collections.Counter()
    branches = collections.Counter()
    for name, lines in files.items():
        top, *rest = name.split(os.sep)
        folder = f"{top}/{rest[0]}" if len(rest) > 1 else top
        for _, edges in lines.values():
            groups = [folder] + ["together"] * (top in COUNTED)
            for group in groups:
                branches[group] += len(edges)
                taken[group] += len(edges) - edges.count(0)
    for group in sorted(branches, key=lambda g: (g == "together", g)):
        share = 100 * taken[group] / max(branches[group], 1)
        note = "  compiler and runtime" if group == "together" else ""
        print(f"{group:20} {taken[group]:6} of {branches[group]:6} branches "
              f"{share:6.2f} %{note}")
    reached = 100 * taken["together"] / max(branches["together"], 1)
    return reached < least


if __name__ == "__main__":
    sys.exit(main())
