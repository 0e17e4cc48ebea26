"""Minimise a smooth convex function: limited-memory BFGS with a backtracking line search."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from torch import Tensor

MEMORY: Final = 10  # steps that it remembers
ENOUGH: Final = 1e-4
SMALLEST_STRIDE: Final = 1e-6
RESOLUTION: Final = 5e-7  # the part of a loss, calculated in float32, that says nothing


def minimise(
    function: Callable[[Tensor], tuple[float, Tensor]],
    start: Tensor,
    max_steps: int,
    watch: Callable[[Tensor], None],
    enough: float = ENOUGH,
) -> Tensor:
    """Walk from `start`, float64[K], to where `function` is least; it gives the loss and its gradient.

    It stops after `max_steps`, when a step gains less than the part `enough` of the loss, or at the bottom,
    where no step gains what float32 can tell. `watch` sees the place after every step, and what it raises
    passes through.
    """
    curvature = _Curvature()
    place, (loss, slope) = start, function(start)
    for _ in range(max_steps):
        direction = curvature.downhill(slope)
        descent = (slope @ direction).item()
        stride = 1.0
        while True:
            next_place = place + stride * direction
            next_loss, next_slope = function(next_place)
            # a loss that is nearly the same may hide a gain (Hager and Zhang 2005, SIAM J. Optim. 16, 170)
            if next_loss <= loss + 1e-4 * stride * descent + RESOLUTION * abs(loss):
                break
            # to where a parabola through the two losses is least (Nocedal and Wright 2006, section 3.5)
            parabola = descent * stride / (2 * (loss + descent * stride - next_loss))
            stride *= min(max(0.1, parabola), 0.5)  # in this order a loss that is no number gives 0.1
            hidden = bool(curvature.steps) and -stride * descent < RESOLUTION * abs(loss)
            if hidden or stride < SMALLEST_STRIDE:
                return place
        curvature.remember(next_place - place, next_slope - slope)
        gain = loss - next_loss
        place, loss, slope = next_place, next_loss, next_slope
        watch(place)
        if gain < enough * loss:
            break
    return place


@dataclass(slots=True)
class _Curvature:
    """The last steps, and how the gradient changed along them."""

    steps: deque[Tensor] = field(default_factory=lambda: deque(maxlen=MEMORY))
    changes: deque[Tensor] = field(default_factory=lambda: deque(maxlen=MEMORY))

    def remember(self, step: Tensor, change: Tensor) -> None:
        if step @ change > 1e-12 * (change @ change):
            self.steps.append(step)
            self.changes.append(change)

    def downhill(self, slope: Tensor) -> Tensor:
        """The direction to go: the two loops of Nocedal, Mathematics of Computation 35 (1980)."""
        if not self.steps:
            return -slope / slope.norm().clamp(min=1.0)
        rest = slope.clone()
        parts: list[Tensor] = []
        for step, change in zip(reversed(self.steps), reversed(self.changes), strict=True):
            part = (step @ rest) / (step @ change)
            parts.append(part)
            rest -= part * change
        step, change = self.steps[-1], self.changes[-1]
        rest *= (step @ change) / (change @ change)
        for step, change, part in zip(self.steps, self.changes, reversed(parts), strict=True):
            rest += (part - (change @ rest) / (step @ change)) * step
        return -rest
