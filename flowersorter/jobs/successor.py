"""Whether a newly taught model may take the place of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from flowersorter.jobs.models import find_model
from flowersorter.learning.bundle import ModelInfo, read_answers
from flowersorter.learning.compare import Comparison, compare
from flowersorter.learning.evaluate import Answer
from flowersorter.paths import Home
from flowersorter.records import Refused
from flowersorter.settings import Settings


def compare_with_earlier(
    home: Home, settings: Settings, name: str, answers: Sequence[Answer], digests: Sequence[str]
) -> Comparison | None:
    """Compare new answers with those of the model of that name, else of the one in use.

    None where there is no such model, it kept no answers, or cannot be read: a damaged model holds up none.
    """
    with suppress(Refused):
        earlier = _earlier(home, settings, name)
        past = read_answers(earlier.path)
        return None if past is None else compare(earlier, past, answers, digests)
    return None


def _earlier(home: Home, settings: Settings, name: str) -> ModelInfo:
    """The model that the new one would follow. Raises `Refused` where there is none."""
    with suppress(Refused):
        return find_model(home, Settings(), name)
    return find_model(home, settings, None)
