"""A bar chart: how fast each is, where the best C peer is 1."""
from html import escape

WIDTH = 760
LEFT = 210
RIGHT = 70
BAR = 16
COLOURS = {"ours": "#1f6feb", "c": "#8b949e", "framework": "#d29922"}


def bars(rows, y, scale):
    """One group: its title, a bar for each row; and where the next begins."""
    title = {"infer": "inference", "train": "training step"}
    out = [f'<text x="10" y="{y + 12}" font-weight="bold">'
           f'{title[rows[0]["work"]]}, batch {rows[0]["batch"]}</text>']
    y += BAR + 4
    for row in rows:
        ratio = row["times_c"]
        fade = ' fill-opacity="0.35"' if row["void"] else ""
        void = " void" if row["void"] else ""
        out += [
            f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">'
            f'{escape(row["name"])}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{ratio * scale:.1f}" '
            f'height="{BAR - 3}" fill="{COLOURS[row["kind"]]}"{fade}/>',
            f'<text x="{LEFT + ratio * scale + 5:.1f}" y="{y + 11}">'
            f'{ratio:.2f}{void}</text>']
        y += BAR
    return out, y + 10


def svg(what):
    """The chart of a result of report.py."""
    rows = [row for row in what["rows"] if row["times_c"]]
    groups = {}
    for row in rows:
        groups.setdefault((row["work"], row["batch"]), []).append(row)
    most = max([1.0] + [row["times_c"] for row in rows])
    scale = (WIDTH - LEFT - RIGHT) / most
    body = []
    y = 52
    for group in groups.values():
        lines, y = bars(group, y, scale)
        body += lines
    one = LEFT + scale
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{y}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{y}" fill="white"/>',
        f'<text x="10" y="20" font-size="14">{escape(what["shape"])}: speed, '
        'the best C peer being 1</text>',
        f'<text x="10" y="38" fill="#57606a">{escape(what["cpu"])}, '
        f'{what["date"][:10]}, one thread</text>',
        f'<line x1="{one:.1f}" x2="{one:.1f}" y1="46" y2="{y - 6}" '
        'stroke="#57606a" stroke-dasharray="3 3"/>',
        *body, "</svg>", ""])
