"""Minimising a smooth convex function."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from flowersorter.learning.lbfgs import minimise
from flowersorter.progress import silent


def test_the_least_place_of_a_bowl_with_steep_and_flat_sides() -> None:
    widths, least = torch.tensor([[1.0, 100.0, 10_000.0], [0.003, -0.002, 0.001]]).double()
    asked = 0

    def bowl(place: Tensor) -> tuple[float, Tensor]:
        nonlocal asked
        asked += 1
        away = place - least
        return 1.0 + (widths * away.square()).sum().item() / 2, widths * away

    found = minimise(bowl, torch.zeros(3).double(), 100, silent, enough=1e-12)

    assert torch.allclose(found, least, atol=1e-4)
    assert asked < 18  # a line search that only halves its stride asks 24 times


def test_where_the_function_is_no_number_it_stays_where_it_was() -> None:
    start = torch.ones(2).double()

    def cliff(place: Tensor) -> tuple[float, Tensor]:
        return (1.0 if torch.equal(place, start) else math.nan), torch.ones(2).double()

    assert torch.equal(minimise(cliff, start, 10, silent), start)


def test_near_the_bottom_it_goes_on_although_float32_hides_the_gains() -> None:
    """The loss has the noise of a calculation in float32: the first steps seem to gain nothing or to lose."""
    widths, least = torch.tensor([[0.001, 0.01, 0.03], [0.01, -0.004, 0.002]]).double()
    dice = torch.Generator().manual_seed(0)
    asked = 0

    def bowl(place: Tensor) -> tuple[float, Tensor]:
        nonlocal asked
        asked += 1
        away = place - least
        noise = 1e-7 * (torch.rand((), generator=dice).item() - 0.5)
        return 1.0 + (widths * away.square()).sum().item() / 2 + noise, widths * away

    found = minimise(bowl, torch.zeros(3).double(), 12, silent, enough=-math.inf)

    assert torch.allclose(found, least, atol=1e-3)
    assert asked < 15
