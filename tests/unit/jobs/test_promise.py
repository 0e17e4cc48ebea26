"""At most N wrong in 100: one rule for what is sure, and a threshold for every N without classifying."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flowersorter.jobs.promise import judge, threshold_of
from flowersorter.learning.bundle import Model, ModelInfo, write_model
from flowersorter.learning.calibrate import Calibration, threshold
from flowersorter.learning.head import Head
from flowersorter.paths import Home
from flowersorter.records import Code, Guess, Refused, Score

GUESS = Guess((Score("rose", 0.8), Score("tulip", 0.2)), sure=False)


@pytest.mark.parametrize(("value", "sure"), [(0.8, True), (0.81, False), (0.0, True), (None, False)])
def test_a_guess_is_sure_from_the_threshold_on(value: float | None, sure: bool) -> None:
    for before in (True, False):
        assert judge(replace(GUESS, sure=before), value).sure is sure


def test_a_stranger_is_never_sure() -> None:
    for value in (None, 0.0, 0.5, 0.9):
        for before in (True, False):
            assert not judge(replace(GUESS, sure=before, stranger=True), value).sure


def test_what_stays_the_same_is_the_same_record() -> None:
    assert judge(GUESS, 0.9) is GUESS


def test_the_threshold_is_that_of_the_models_own_calibration(home: Home) -> None:
    answers = Calibration(
        np.linspace(0.5, 1.0, 400, dtype=np.float32), np.arange(400) % 40 != 0, np.arange(400)
    )
    species = ("rose", "tulip")
    info = ModelInfo(
        "garden", 1, home.models / "garden" / "0001", "2026-01-01T00:00:00+00:00", species, 400, "head",
        "file", "c0" * 32, "space", None, None, "0.1.0",
    )  # fmt: skip
    head = Head(species, np.zeros((2, 512), np.float32), np.zeros(2, np.float32), root=True)
    written = write_model(info.path, Model(info, head, answers))
    for max_wrong in (0.5, 2.0, 10.0, 50.0):
        assert threshold_of(written, max_wrong) == threshold(answers, max_wrong)
    assert threshold_of(written, 0.5).value is None
    assert threshold_of(written, 50.0).value is not None
    # removed, and its number given to another
    write_model(
        home.models / "another", Model(replace(info, created="2026-02-02T00:00:00+00:00"), head, answers)
    )
    info.path.rename(home.models / "removed")
    (home.models / "another").rename(info.path)
    with pytest.raises(Refused) as refused:
        threshold_of(written, 50.0)
    assert refused.value.reason.code is Code.MODEL_NOT_FOUND


def test_a_model_that_has_gone_is_refused_by_its_name(home: Home) -> None:
    info = ModelInfo(
        "garden", 1, home.models / "gone", "2026-01-01T00:00:00+00:00", ("a", "b"), 2, "head", "file",
        "c0" * 32, "space", None, None, "0.1.0",
    )  # fmt: skip
    with pytest.raises(Refused) as refused:
        threshold_of(info, 2.0)
    assert refused.value.reason.code is Code.MODEL_NOT_FOUND
    assert refused.value.reason.arguments["model"] == "garden"
