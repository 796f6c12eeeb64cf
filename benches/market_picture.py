"""The measures of two markets over each other, as one SVG: how much of all lies below a value."""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

from benches.market_measures import Sample

WIDTH, HEIGHT = 232, 150
COLUMNS = 4
LEFT, TOP, RIGHT, BOTTOM = 34, 30, 12, 30
REAL, MADE = "#1f4e79", "#d1661c"
POINTS = 120
SMALLEST = 1e-3
"""Where a logarithmic axis begins at the least; what is smaller stands at its left edge."""

Pair = tuple[Sample, Sample]


def picture(title: str, markets: Sequence[tuple[str, Sequence[Pair]]]) -> str:
    """An SVG document: a heading, and for each market a panel a measure, the recorded (blue) and the made (orange)."""
    parts: list[str] = []
    y = 44
    for name, pairs in markets:
        parts.append(f'<text x="12" y="{y + 14}" class="market">{escape(name)}</text>')
        y += 24
        for place, pair in enumerate(pairs):
            x = 12 + place % COLUMNS * WIDTH
            parts.append(f'<g transform="translate({x},{y + place // COLUMNS * HEIGHT})">{_panel(pair)}</g>')
        y += ceil(len(pairs) / COLUMNS) * HEIGHT + 8
    width = 24 + COLUMNS * WIDTH
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" width="{width}" height="{y}">'
    style = (
        "<style>text{font:10px sans-serif;fill:#333}.title{font-size:15px;font-weight:600}"
        ".market{font-size:13px;font-weight:600}.name{font-size:11px}.axis{fill:#777;font-size:9px}</style>"
    )
    legend = "".join(
        f'<path d="M{x} 26h22" stroke="{colour}" stroke-width="2" {dash}/><text x="{x + 28}" y="30">{word}</text>'
        for x, colour, word, dash in [
            (width - 250, REAL, "recorded", ""),
            (width - 140, MADE, "simulated", 'stroke-dasharray="5 2"'),
        ]
    )
    top = f'<rect width="100%" height="100%" fill="#fff"/><text x="12" y="30" class="title">{escape(title)}</text>'
    return "\n".join([head, style, top, legend, *parts, "</svg>", ""])


def _panel(pair: Pair) -> str:
    real = pair[0]
    low, high = _range(pair)
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(value: float) -> float:
        if real.logarithmic:
            value = log10(max(value, 10**low))
        return LEFT + across * min(max((value - low) / (high - low), 0), 1)

    def y(part: float) -> float:
        return TOP + down * (1 - part)

    out = [f'<text x="{LEFT}" y="{TOP - 8}" class="name">{escape(real.title)}, {real.unit}</text>']
    for part in (0.0, 0.5, 1.0):
        out.append(f'<path d="M{LEFT} {y(part):.1f}h{across}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 4}" y="{y(part) + 3:.1f}" text-anchor="end" class="axis">{part:.0%}</text>')
    for value, word in _ticks(low, high, real.logarithmic):
        out.append(f'<path d="M{x(value):.1f} {TOP}v{down}" stroke="#eee"/>')
        out.append(f'<text x="{x(value):.1f}" y="{TOP + down + 12}" text-anchor="middle" class="axis">{word}</text>')
    for one, colour, dash in ((real, REAL, ""), (pair[1], MADE, ' stroke-dasharray="5 2"')):
        if not len(one.values):
            continue
        dots = " ".join(f"{x(one.quantile(n / POINTS)):.1f},{y(n / POINTS):.1f}" for n in range(POINTS + 1))
        out.append(f'<polyline points="{dots}" fill="none" stroke="{colour}" stroke-width="1.6"{dash}/>')
    return "".join(out)


def _range(pair: Pair) -> tuple[float, float]:
    """Of the axis, from the first to the last percent of both; of logarithms where it is logarithmic."""
    found = [one for one in pair if len(one.values)]
    low = min(one.quantile(0.01) for one in found)
    high = max(one.quantile(0.995) for one in found)
    if pair[0].logarithmic:
        positive = [value for one in found if (value := one.quantile(0.05)) > 0]
        low = floor(log10(max(low, min(positive, default=SMALLEST), SMALLEST)))
        return low, max(ceil(log10(max(high, 10.0**low))), low + 1)
    return low, max(high, low + 1e-9)


def _ticks(low: float, high: float, logarithmic: bool) -> list[tuple[float, str]]:
    if logarithmic:
        decades = range(int(low), int(high) + 1, max(1, ceil((high - low) / 5)))
        return [(10.0**n, _word(10.0**n)) for n in decades]
    return [(low + (high - low) * n / 4, f"{low + (high - low) * n / 4:.1f}") for n in range(5)]


def _word(value: float) -> str:
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{letter}"
    return f"{value:g}"
