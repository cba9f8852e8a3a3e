"""A soak as a picture: memory, requests per second and tasks over time, as SVG."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

__all__ = ["Moment", "soak_svg"]

WIDTH, PANEL, GAP = 760, 150, 42
LEFT, TOP, RIGHT = 60, 30, 16
COLOURS = ("#1b6ca8", "#2e8b57", "#c0392b")

Points = Sequence[tuple[float, float]]


class Moment(Protocol):
    """The router at one moment of a soak; see `soak.Sample`."""

    @property
    def at_s(self) -> float: ...
    @property
    def rss_mb(self) -> float: ...
    @property
    def tasks(self) -> int: ...
    @property
    def requests(self) -> int: ...


def soak_svg(samples: Sequence[Moment]) -> str:
    """Draws three panels from the same zero, one below the other."""
    panels: list[tuple[str, Points]] = [
        ("resident memory, MB", [(each.at_s, each.rss_mb) for each in samples]),
        (
            "requests per second",
            [(b.at_s, (b.requests - a.requests) / (b.at_s - a.at_s)) for a, b in pairwise(samples) if b.at_s > a.at_s],
        ),
        ("tasks of the event loop", [(each.at_s, each.tasks) for each in samples]),
    ]
    longest = max(each.at_s for each in samples)
    height = TOP + len(panels) * (PANEL + GAP)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"'
            ' font-size="12">'
        ),
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for number, (title, points) in enumerate(panels):
        parts += _panel(title, points, longest, TOP + number * (PANEL + GAP), COLOURS[number])
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{height - 6}" text-anchor="end" fill="#333">seconds of load</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(title: str, points: Points, longest: float, top: float, colour: str) -> list[str]:
    step = _step(max(y for _, y in points))
    marks = math.ceil(max(y for _, y in points) / step) or 1

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            round(LEFT + x / longest * (WIDTH - LEFT - RIGHT), 1),
            round(top + PANEL - y / (marks * step) * PANEL, 1),
        )

    parts = [f'<text x="{LEFT}" y="{top - 8}" fill="{colour}">{title}</text>']
    for mark in range(marks + 1):
        left, y = at(0, mark * step)
        parts += [
            f'<path d="M{left} {y}H{WIDTH - RIGHT}" stroke="#ddd" fill="none"/>',
            f'<text x="{left - 6}" y="{y + 4}" text-anchor="end" fill="#333">{mark * step:g}</text>',
        ]
    seconds = _step(longest)
    for mark in range(int(longest / seconds) + 1):
        x, bottom = at(mark * seconds, 0)
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle" fill="#333">{mark * seconds:g}</text>')
    path = "L".join(f"{x} {y}" for x, y in (at(*point) for point in points))
    return [*parts, f'<path d="M{path}" stroke="{colour}" stroke-width="1.5" fill="none"/>']


def _step(most: float) -> float:
    """A round number, of which a handful reach as far."""
    least = max(most, 1e-9) / 5
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
