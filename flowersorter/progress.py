"""Progress of long work, and the way to stop it.

Work takes a ``report`` and calls it often: with a `Progress`, or with any other record to stream a
partial result. ``report`` raises `Cancelled` when the user asked to stop; work lets it through.
This module imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class Cancelled(Exception):  # noqa: N818 - the user's wish, not an error
    """Raised by ``report`` when the user asked to stop."""


class Stage(StrEnum):
    """What a piece of work is busy with; the rim makes the words."""

    STARTING = "starting"
    SCANNING = "scanning"
    READING = "reading"  # decoding photos and computing features
    CLASSIFYING = "classifying"
    TRAINING = "training"
    EVALUATING = "evaluating"
    SAVING = "saving"
    CHECKING = "checking"
    MOVING = "moving"
    UNDOING = "undoing"
    RECOVERING = "recovering"
    DOWNLOADING = "downloading"


class Progress(NamedTuple):  # made for each of 100,000 photos: a dataclass takes several times as long
    """How far a stage is; `total` is None while unknown. Units are photos, bytes when downloading."""

    stage: Stage
    done: int = 0
    total: int | None = None


Report = Callable[[object], None]


def silent(event: object) -> None:
    """The report of work that nobody watches."""
