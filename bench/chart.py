"""A bar chart: how many times as fast fluxc is as each."""
from html import escape

import bars

WIDTH = 820
LEFT = 230
RIGHT = 70
BAR = 16
MOST = 8.0  # longer bars are cut
COLOURS = {"ours": "#1f6feb", "c": "#8b949e", "eager": "#d29922",
           "compiled": "#db6d28", "jax": "#a371f7", "onnx": "#3fb950",
           "limit": "#d0d7de"}


def rows_of(part):
    """Groups of (row, ratio), one for each piece of work that fluxc did."""
    groups = {}
    for row in part["rows"]:
        groups.setdefault(row["id"], []).append(row)
    for id, rows in groups.items():
        ours = next((row for row in rows if row["name"] == bars.OURS), None)
        if ours:
            yield id, [(row, row["us"] / ours["us"]) for row in rows]


def group(id, rows, y, scale):
    """One group: its title, a bar for each row; and where the next begins."""
    out = [f'<text x="10" y="{y + 12}" font-weight="bold">{escape(id)}</text>']
    y += BAR + 4
    for row, ratio in rows:
        fade = ' fill-opacity="0.35"' if row["void"] else ""
        said = f"{ratio:.2f}{' void' if row['void'] else ''}"
        length = min(ratio, MOST) * scale
        out += [
            f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">'
            f'{escape(row["name"])}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" '
            f'height="{BAR - 3}" fill="{COLOURS[row["group"]]}"{fade}/>',
            f'<text x="{LEFT + length + 5:.1f}" y="{y + 11}">{said}</text>']
        y += BAR
    return out, y + 10


def svg(result):
    """The chart of a result of report.py."""
    scale = (WIDTH - LEFT - RIGHT) / MOST
    body = []
    y = 52
    for part in result["parts"].values():
        for id, rows in rows_of(part):
            lines, y = group(id, rows, y, scale)
            body += lines
    one = LEFT + scale
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{y}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{y}" fill="white"/>',
        '<text x="10" y="20" font-size="14">Time of each, that of '
        f'{escape(bars.OURS)} being 1: longer is slower</text>',
        f'<text x="10" y="38" fill="#57606a">{escape(result["cpu"])}</text>',
        f'<line x1="{one:.1f}" x2="{one:.1f}" y1="46" y2="{y - 6}" '
        'stroke="#57606a" stroke-dasharray="3 3"/>',
        *body, "</svg>", ""])
