"""A line plot as SVG text for an HTML page, whose style sheet gives it its colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_WIDTH, _HEIGHT = 480, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 14, 44
_TICKS: Final = 5  # about so many on each axis
_MOST_POINTS: Final = 400  # more than one for each pixel says nothing more


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a value per round, the first being round 1; `style` is its class in the style sheet."""

    name: str
    style: str
    values: Sequence[float]


def line_plot(title: str, across: str, lines: Sequence[Line]) -> str:
    """The lines over their rounds, in one ``<svg>``. Lines without values are left out."""
    drawn = [line for line in lines if line.values]
    values = [value for line in drawn for value in line.values]
    rounds = max((len(line.values) for line in drawn), default=1)
    low, high = min(values, default=0.0), max(values, default=1.0)
    steps = nice_steps(low, high)
    low, high = min(low, steps[0]), max(high, steps[-1])
    wide, tall = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(number: float) -> float:
        return _LEFT + wide * (number - 1) / max(1, rounds - 1)

    def y(value: float) -> float:
        return _TOP + tall * (high - value) / (high - low)

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">']
    for step in steps:
        parts.append(f'<path class="grid" d="M{_LEFT} {y(step):.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y(step) + 4:.1f}" text-anchor="end">{step:g}</text>')
    for number in _round_ticks(rounds):
        middle = f'x="{x(number):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle"'
        parts.append(f"<text {middle}>{number}</text>")
    centre = f'x="{_LEFT + wide / 2:.1f}" y="{_HEIGHT - 6}" text-anchor="middle"'
    parts.append(f"<text {centre}>{escape(across)}</text>")
    for line in drawn:
        every = math.ceil(len(line.values) / _MOST_POINTS)
        points = list(enumerate(line.values, 1))
        kept = [*points[:-1:every], points[-1]]
        path = " ".join(f"{x(number):.1f},{y(value):.1f}" for number, value in kept)
        if len(kept) == 1:
            parts.append(f'<circle class="{line.style}" cx="{x(1):.1f}" cy="{y(kept[0][1]):.1f}" r="3"/>')
        else:
            parts.append(f'<polyline class="{line.style}" points="{path}"/>')
    return "".join([*parts, "</svg>"])


def nice_steps(low: float, high: float) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) from at or below `low` to at or above `high`."""
    if high <= low:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in (1, 2, 5, 10) if nice * power >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(place * step, 10) for place in range(first, last + 1)]


def _round_ticks(rounds: int) -> list[int]:
    ticks = [int(step) for step in nice_steps(1, rounds) if step.is_integer() and 1 <= step <= rounds]
    return sorted({1, *(tick for tick in ticks if tick > rounds / 20), rounds} - _too_near(ticks, rounds))


def _too_near(ticks: Sequence[int], rounds: int) -> set[int]:
    """The last round is named; a round number just before it would be written over it."""
    return {tick for tick in ticks if 0 < rounds - tick < rounds / 12}
