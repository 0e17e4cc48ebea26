"""At most N wrong in 100: what follows for guesses that are there already. Nothing is classified again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flowersorter.records import Code, Guess, Refused

if TYPE_CHECKING:  # the window needs `judge` before it needs numpy
    from flowersorter.learning.bundle import ModelInfo
    from flowersorter.learning.calibrate import Threshold


def judge(guess: Guess, threshold: float | None) -> Guess:
    """The guess, sure from `threshold` on; never without one, and never for a stranger."""
    sure = threshold is not None and not guess.stranger and guess.best.confidence >= threshold
    return guess if sure is guess.sure else replace(guess, sure=sure)


def threshold_of(info: ModelInfo, max_wrong: float) -> Threshold:
    """How sure a model must be for at most `max_wrong` percent wrong of the photos filed.

    It asks the version that `info` stands for, also after a newer one was taught. Raises `Refused`: MODEL_*;
    MODEL_NOT_FOUND as well where that version was removed and its number given anew.
    """
    from flowersorter.jobs.models import refusals_named
    from flowersorter.learning import calibrate
    from flowersorter.learning.bundle import read_model

    with refusals_named(info.name):
        model = read_model(info.path)
        if model.info.created != info.created:
            raise Refused(Code.MODEL_NOT_FOUND, model=info.name)
        return calibrate.threshold(model.calibration, max_wrong)
