"""Writes nfc_table.h: what nfc.c needs of the Unicode character database.

    python3 grammar/nfc.py > grammar/nfc_table.h
"""

import unicodedata as u

HANGUL = range(0xAC00, 0xAC00 + 11172)
EVERY = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def table(name, kind, rows):
    """A table of rows, as many a line as 80 columns hold."""
    lines = [f"static const {kind} {name}[] = {{"]
    line = "    "
    for row in rows:
        text = "{" + ",".join(map(str, row)) + "},"
        if len(line) + len(text) > 80:
            lines.append(line)
            line = "    "
        line += text
    return "\n".join(lines + [line, "};"])


def decompositions():
    """One step of the canonical decompositions: singletons, pairs that
    compose again, pairs that do not."""
    single, pair, excluded = [], [], []
    for c in EVERY:
        d = u.decomposition(chr(c))
        if not d or d.startswith("<") or c in HANGUL:
            continue
        to = [int(x, 16) for x in d.split()]
        if len(to) == 1:
            single.append((c, *to))
        elif u.normalize("NFC", chr(c)) == chr(c):
            pair.append((c, *to))
        else:
            excluded.append((c, *to))
    return single, pair, excluded


def classes():
    """Ranges of code points with one combining class other than 0."""
    ranges = []
    for c in EVERY:
        k = u.combining(chr(c))
        if k and ranges and ranges[-1][1] == c - 1 and ranges[-1][2] == k:
            ranges[-1][1] = c
        elif k:
            ranges.append([c, c, k])
    return ranges


single, pair, excluded = decompositions()
print(f"/* Made by nfc.py from Unicode {u.unidata_version}; not edited. */")
print("/* clang-format off */\n")
print("/* A character that is another one. */")
print(table("nfc_single", "NfcSingle", single), end="\n\n")
print("/* A character that is two, and that two compose to. */")
print(table("nfc_pair", "NfcPair", pair), end="\n\n")
print("/* A character that is two, which stay two. */")
print(table("nfc_excluded", "NfcPair", excluded), end="\n\n")
print("/* First, last, combining class. */")
print(table("nfc_class", "NfcPair", classes()))
