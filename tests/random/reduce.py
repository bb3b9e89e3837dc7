"""Makes a failing file of random programs small.

    reduce.py FILE.net > SMALL.net

Statements are deleted, expressions replaced by their parts and sizes shrunk for
as long as the same way (the interpreter against a compiler, a pass off, ...)
fails with the same kind of message.
"""
import os
import re
import sys
import tempfile

import harness


def kind(failures):
    """What has to stay: the way and the sort of failure."""
    if not failures:
        return None
    _, way, what = failures[0]
    error = re.search(r"error\[(\w+)\]: (\D*)", what)
    if error:
        what = error.group(1) + error.group(2)
    elif "error: " in what:
        what = re.sub(r"[\d‘’'\"`].*", "",
                      re.search(r"error: .*", what).group(0))
    else:
        what = re.sub(r"[-\d(:/].*", "", what)
    return way, what


TOOLS = harness.Tools(tempfile.mkdtemp())


def attempt(text, way=None):
    """The failures of a text; only of one way, where that is known."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "reduced.net")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        one = harness.Batch([path], os.path.join(folder, "d"), TOOLS)
        try:
            one.run(only=way)
        except (OSError, UnicodeError, AttributeError):
            return []
        return [f for f in one.failures if way is None or f[1] == way]


def without(lines, start, count):
    return lines[:start] + lines[start + count:]


def shorter_lines(lines, test):
    """Deletes runs of lines, halves first."""
    size = max(len(lines) // 2, 1)
    while size > 0:
        at = 0
        while at < len(lines):
            fewer = without(lines, at, size)
            if fewer and test(fewer):
                lines = fewer
            else:
                at += size
        size //= 2
    return lines


def simpler(line):
    """Texts with one part of an expression taken out, or a number smaller."""
    if line.startswith("# check "):
        return
    head, equals, tail = line.partition(" = ")
    if line.lstrip().startswith("#") or not equals:
        head, equals, tail = "", "", line
    for m in re.finditer(r"\w+[!]?\(", tail):
        depth, end = 0, m.end()
        for end in range(m.end() - 1, len(tail)):
            depth += {"(": 1, ")": -1}.get(tail[end], 0)
            if depth == 0:
                break
        yield head + equals + tail[:m.start()] + tail[m.end():end] + \
            tail[end + 1:]
    for m in re.finditer(r" (\.?[-+*/^]|\.[<>=!]+) ", tail):
        yield head + equals + tail[:m.start()]
        yield head + equals + tail[m.end():]


def shrink(lines, test):
    changed = True
    while changed:
        changed = False
        for i, line in enumerate(lines):
            for other in simpler(line):
                if test(lines[:i] + [other] + lines[i + 1:]):
                    lines = lines[:i] + [other] + lines[i + 1:]
                    changed = True
                    break
    return lines


def smaller_sizes(lines, test):
    """Each number above 1, in the whole text, as a smaller one."""
    numbers = {int(n) for line in lines for n in
               re.findall(r"(?<![\w.])\d+(?![\w.])", line)}
    for n in sorted(numbers, reverse=True):
        for less in (1, 2, 3):
            if less >= n:
                break
            other = [re.sub(rf"(?<![\w.]){n}(?![\w.])", str(less), line)
                     for line in lines]
            if test(other):
                lines = other
                break
    return lines


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = file.read().splitlines()
    wanted = kind(attempt("\n".join(lines)))
    if wanted is None:
        sys.exit("nothing fails")
    print("reducing:", *wanted, file=sys.stderr)

    def test(candidate):
        text = "\n".join(candidate) + "\n"
        return kind(attempt(text, wanted[0])) == wanted

    before = None
    while before != lines:
        before = lines
        lines = shorter_lines(lines, test)
        lines = shrink(lines, test)
        lines = smaller_sizes(lines, test)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
