"""Curves as SVG: plain lines on white, axes named with their units, the same bytes for the same figures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Point = tuple[float, float]

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 76, 190, 40, 56
COLOURS = ("#0b5cad", "#c2410c", "#15803d", "#7e22ce", "#be185d", "#a16207", "#0e7490", "#475569")
DASHES = ("", "6 3", "2 3", "8 3 2 3")
STYLE = 'font-family="DejaVu Sans, Verdana, sans-serif" font-size="12" fill="#1f2937"'


@dataclass(frozen=True, slots=True)
class Figure:
    """What a picture shows. Points that a logarithmic axis has no place for (zero and below) are left out."""

    title: str
    x_label: str
    y_label: str
    curves: dict[str, Sequence[Point]]
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """From values to places between `start` and `end`."""

    ticks: tuple[float, ...]
    start: float
    end: float
    log: bool

    def at(self, value: float) -> float:
        """The place of a value."""
        scale = math.log10 if self.log else float
        low, high = scale(self.ticks[0]), scale(self.ticks[-1])
        return self.start + (self.end - self.start) * (scale(value) - low) / (high - low)


def svg(figure: Figure) -> str:
    """The picture of a figure. Raises `ValueError` where there is not a single point."""
    drawn = {name: [p for p in points if _has_place(figure, p)] for name, points in figure.curves.items()}
    drawn = {name: sorted(points) for name, points in drawn.items() if points}
    if not drawn:
        raise ValueError(f"{figure.title}: there is nothing to draw")
    every = [point for points in drawn.values() for point in points]
    x = _axis([p[0] for p in every], LEFT, WIDTH - RIGHT, log=figure.log_x)
    y = _axis([p[1] for p in every], HEIGHT - BOTTOM, TOP, log=figure.log_y)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" {STYLE}>',
        f"<title>{escape(figure.title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="14" font-weight="bold">{escape(figure.title)}</text>',
        *_grid(figure, x, y),
    ]
    for number, (name, points) in enumerate(drawn.items()):
        lines += _curve(name, points, number, x.at, y.at)
    return "\n".join([*lines, "</svg>", ""])


def _has_place(figure: Figure, point: Point) -> bool:
    logarithmic = zip(point, (figure.log_x, figure.log_y), strict=True)
    return all(math.isfinite(value) and (value > 0 or not log) for value, log in logarithmic)


def _axis(values: list[float], start: float, end: float, *, log: bool) -> Axis:
    """An axis from a round number to a round number; a linear one begins at zero where no value is below it."""
    low, high = min(values), max(values)
    if log:
        first = math.floor(math.log10(low) + 1e-9)
        last = max(first + 1, math.ceil(math.log10(high) - 1e-9))
        return Axis(tuple(10.0**power for power in range(first, last + 1)), start, end, log=True)
    low = min(low, 0.0)
    step = _round_step((high - low) / 5)
    first, last = math.floor(low / step), max(math.ceil(high / step - 1e-9), math.floor(low / step) + 1)
    return Axis(tuple(step * n for n in range(first, last + 1)), start, end, log=False)


def _round_step(rough: float) -> float:
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next((times for times in (1, 2, 5) if times * power >= rough * 0.999), 10)


def _grid(figure: Figure, x: Axis, y: Axis) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    lines = []
    for tick in y.ticks:
        at = f"{y.at(tick):.1f}"
        lines.append(f'<line x1="{LEFT}" y1="{at}" x2="{right}" y2="{at}" stroke="#e5e7eb"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y.at(tick) + 4:.1f}" text-anchor="end">{told(tick)}</text>')
    for tick in x.ticks:
        at = f"{x.at(tick):.1f}"
        lines.append(f'<line x1="{at}" y1="{bottom}" x2="{at}" y2="{bottom + 5}" stroke="#6b7280"/>')
        lines.append(f'<text x="{at}" y="{bottom + 19}" text-anchor="middle">{told(tick)}</text>')
    middle_x, middle_y = (LEFT + right) / 2, (TOP + bottom) / 2
    return [
        *lines,
        f'<line x1="{LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}" stroke="#6b7280"/>',
        f'<text x="{middle_x:.0f}" y="{HEIGHT - 14}" text-anchor="middle">{escape(figure.x_label)}</text>',
        f'<text x="18" y="{middle_y:.0f}" text-anchor="middle" transform="rotate(-90 18 {middle_y:.0f})">'
        f"{escape(figure.y_label)}</text>",
    ]


def _curve(
    name: str, points: list[Point], number: int, x: Callable[[float], float], y: Callable[[float], float]
) -> list[str]:
    """A line with a mark at each point when these are few, and its name beside the picture."""
    colour = COLOURS[number % len(COLOURS)]
    dash = f' stroke-dasharray="{style}"' if (style := DASHES[number // len(COLOURS) % len(DASHES)]) else ""
    places = [f"{x(a):.1f},{y(b):.1f}" for a, b in points]
    stroke = f'fill="none" stroke="{colour}" stroke-width="2"{dash}'
    lines = [f'<polyline points="{" ".join(places)}" {stroke}/>']
    if len(points) <= 12:
        lines += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"/>' for a, b in points]
    key_x, key_y = WIDTH - RIGHT + 14, TOP + 8 + 20 * number
    lines.append(f'<line x1="{key_x}" y1="{key_y}" x2="{key_x + 22}" y2="{key_y}" stroke="{colour}" {_thick(dash)}/>')
    return [*lines, f'<text x="{key_x + 28}" y="{key_y + 4}">{escape(name)}</text>']


def _thick(dash: str) -> str:
    return f'stroke-width="2"{dash}'


def told(value: float) -> str:
    """A tick in as few letters as it needs: 0.01, 250, 10,000, 1 M."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:g} M"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{round(value, 9):g}"
