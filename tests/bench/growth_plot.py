"""Growth as a picture: how many times the time for how many times the operation, on logarithmic axes, as SVG."""

import math
from collections.abc import Mapping, Sequence

__all__ = ["growth_svg"]

WIDTH, HEIGHT = 760, 460
LEFT, TOP, RIGHT, BOTTOM = 60, 24, 290, 48
COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#16a085", "#7f8c8d", "#b03a7c", "#5d6d1e", "#34495e")

Points = Sequence[tuple[float, float]]
"""Size and time, from the smallest size to the largest."""


def growth_svg(series: Mapping[str, Points], across: str, up: str) -> str:
    """Draws each series from its first point on, and a dashed line where both grow alike.

    Args:
        across: what the sizes are.
        up: what the times are.
    """
    relative = {name: [(x / points[0][0], y / points[0][1]) for x, y in points] for name, points in series.items()}
    most = max(max(pair) for points in relative.values() for pair in points) * 1.15
    least = min(1.0, *(y for points in relative.values() for _, y in points)) / 1.15

    def at(x: float, y: float) -> tuple[float, float]:
        right = (math.log(x) - math.log(least)) / (math.log(most) - math.log(least))
        high = (math.log(y) - math.log(least)) / (math.log(most) - math.log(least))
        return (
            round(LEFT + right * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - high * (HEIGHT - TOP - BOTTOM), 1),
        )

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
            ' font-family="sans-serif" font-size="12">'
        ),
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for mark in (1, 2, 5, 10, 20, 50, 100, 200, 500):
        if least <= mark <= most:
            (x, bottom), (left, y) = at(mark, least), at(least, mark)
            parts += [
                f'<path d="M{x} {TOP}V{bottom}M{left} {y}H{WIDTH - RIGHT}" stroke="#ddd" fill="none"/>',
                f'<text x="{x}" y="{bottom + 16}" text-anchor="middle" fill="#333">{mark}x</text>',
                f'<text x="{left - 6}" y="{y + 4}" text-anchor="end" fill="#333">{mark}x</text>',
            ]
    (x1, y1), (x2, y2) = at(1, 1), at(most, most)
    parts.append(f'<path d="M{x1} {y1}L{x2} {y2}" stroke="#000" stroke-dasharray="5 4" fill="none"/>')
    for number, (name, points) in enumerate(relative.items()):
        colour, line = COLOURS[number % len(COLOURS)], TOP + 14 + 22 * number
        path = "L".join(f"{x} {y}" for x, y in (at(*pair) for pair in points))
        parts += [
            f'<path d="M{path}" stroke="{colour}" stroke-width="2" fill="none"/>',
            *(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in (at(*pair) for pair in points)),
            f'<path d="M{WIDTH - RIGHT + 16} {line - 4}h18" stroke="{colour}" stroke-width="3"/>',
            f'<text x="{WIDTH - RIGHT + 40}" y="{line}" fill="#333">{name}</text>',
        ]
    middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
    line = TOP + 14 + 22 * len(relative)
    parts += [
        f'<path d="M{WIDTH - RIGHT + 16} {line - 4}h18" stroke="#000" stroke-dasharray="5 4"/>',
        f'<text x="{WIDTH - RIGHT + 40}" y="{line}" fill="#333">both grow alike</text>',
        f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle" fill="#333">{across}</text>',
        f'<text transform="translate(16 {HEIGHT / 2}) rotate(-90)" text-anchor="middle" fill="#333">{up}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
