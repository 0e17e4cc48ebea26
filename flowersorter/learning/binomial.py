"""The binomial distribution, exactly enough, without scipy."""

from __future__ import annotations

import math


def at_most(wrong: int, trials: int, risk: float) -> float:
    """The chance of at most `wrong` errors in `trials` where each errs with probability `risk`."""
    if wrong >= trials:
        return 1.0
    if not 0.0 < risk < 1.0:
        return 1.0 if risk <= 0.0 else 0.0
    log_risk, log_rest = math.log(risk), math.log1p(-risk)
    whole = math.lgamma(trials + 1)
    return min(
        1.0,
        math.fsum(
            math.exp(
                min(
                    0.0,  # rounding, where there are very many trials
                    whole
                    - math.lgamma(errors + 1)
                    - math.lgamma(trials - errors + 1)
                    + errors * log_risk
                    + (trials - errors) * log_rest,
                )
            )
            for errors in range(wrong + 1)
        ),
    )


def upper_bound(wrong: int, trials: int, delta: float) -> float:
    """The risk that `wrong` errors in `trials` still allow with probability `delta`.

    One-sided, by bisection; Clopper and Pearson, Biometrika 26 (1934).
    """
    if wrong >= trials:
        return 1.0
    low, high = wrong / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(wrong, trials, middle) > delta else (low, middle)
    return high
