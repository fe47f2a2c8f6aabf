"""A chart of horizontal bars as SVG, legible on light and on dark pages."""

from html import escape

from benchmarks.figures import Chart

WIDTH = 720
ROW = 26
LABELS = 190
VALUES = 110
OURS = "llmtui"


def svg(chart: Chart) -> str:
    """The chart; the bars of llmtui stand out."""
    longest = max(chart.bars.values()) or 1
    height = 44 + ROW * len(chart.bars)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" rx="6" fill="#ffffff"/>',
        f'<text x="12" y="24" font-weight="bold" fill="#1f2430">{escape(chart.title)}</text>',
    ]
    for row, (label, value) in enumerate(chart.bars.items()):
        top = 40 + ROW * row
        width = max(1.0, (WIDTH - LABELS - VALUES) * value / longest)
        colour = "#2f6fde" if label.startswith(OURS) else "#b4bccb"
        middle = f'y="{top + 14}" fill="#1f2430"'
        lines += [
            f'<text x="{LABELS - 8}" {middle} text-anchor="end">{escape(label)}</text>',
            f'<rect x="{LABELS}" y="{top}" width="{width:.1f}" height="18" rx="2" fill="{colour}"/>',
            f'<text x="{LABELS + width + 6:.1f}" {middle}>{number(value)} {escape(chart.unit)}</text>',
        ]
    return "\n".join([*lines, "</svg>\n"])


def number(value: float) -> str:
    """A figure with as many digits as mean something."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
