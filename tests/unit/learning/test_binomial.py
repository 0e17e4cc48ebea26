from __future__ import annotations

import math

import pytest

from flowersorter.learning.binomial import at_most, upper_bound


@pytest.mark.parametrize(
    ("wrong", "trials", "risk"), [(0, 10, 0.1), (3, 20, 0.2), (7, 7, 0.5), (2, 114, 0.02)]
)
def test_the_tail_is_the_sum_of_its_terms(wrong: int, trials: int, risk: float) -> None:
    terms = [
        math.comb(trials, errors) * risk**errors * (1 - risk) ** (trials - errors)
        for errors in range(wrong + 1)
    ]
    assert at_most(wrong, trials, risk) == pytest.approx(math.fsum(terms), rel=1e-9)


def test_large_numbers_stay_finite() -> None:
    assert at_most(1000, 50_000, 0.02) == pytest.approx(0.5, abs=0.02)
    assert 0.0 <= at_most(10, 50_000, 0.02) < 1e-200


def test_edges() -> None:
    assert at_most(5, 5, 0.3) == 1.0
    assert at_most(0, 5, 0.0) == 1.0
    assert at_most(0, 5, 1.0) == 0.0


def test_the_bound_of_clopper_and_pearson() -> None:
    """Published one-sided bounds: the rule of three, and 2 errors in 20 at 95 %."""
    assert upper_bound(0, 100, 0.05) == pytest.approx(0.02951, abs=1e-4)
    assert upper_bound(2, 20, 0.05) == pytest.approx(0.28262, abs=1e-4)
    assert upper_bound(4, 4, 0.05) == 1.0
