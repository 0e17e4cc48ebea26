"""A model's answers out of fold, kept in the model file so that its successor can be compared with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from flowersorter.learning.evaluate import Answer
from flowersorter.learning.parts import array_of
from flowersorter.records import Code, Refused


@dataclass(frozen=True, slots=True, eq=False)
class PastAnswers:
    """Per photo its digest (sha256, hex), its label and the guess, int32[N] places in the model's species."""

    digests: tuple[str, ...]
    labels: NDArray[np.int32]
    guesses: NDArray[np.int32]


def past_answers(answers: Sequence[Answer], digests: Sequence[str], species: tuple[str, ...]) -> PastAnswers:
    """What is kept of a model's answers; labels and guesses must be among `species`."""
    places = {name: place for place, name in enumerate(species)}
    return PastAnswers(
        tuple(digests),
        np.array([places[answer.species] for answer in answers], dtype=np.int32),
        np.array([places[answer.guess] for answer in answers], dtype=np.int32),
    )


def answers_bytes(past: PastAnswers) -> bytes:
    """The answers as safetensors: digests uint8[N, 32], labels and guesses int32[N]."""
    return save(
        {
            "digests": digest_rows(past.digests),
            "labels": past.labels,
            "guesses": past.guesses,
        }
    )


def answers_of(folder: Path, part: Mapping[str, NDArray[Any]], classes: int) -> PastAnswers:
    """Check what a model file holds. Raises `Refused` (MODEL_DAMAGED)."""
    digests = array_of(folder, part, "digests", np.uint8, 2)
    labels = array_of(folder, part, "labels", np.int32, 1)
    guesses = array_of(folder, part, "guesses", np.int32, 1)
    count = len(labels)
    if digests.shape != (count, 32) or guesses.shape != (count,):
        raise Refused(Code.MODEL_DAMAGED, model=folder)
    for places in (labels, guesses):
        if count and not (places.min() >= 0 and places.max() < classes):
            raise Refused(Code.MODEL_DAMAGED, model=folder)
    return PastAnswers(digest_names(digests), labels, guesses)


def digest_rows(names: Sequence[str]) -> NDArray[np.uint8]:
    """Digests in hex as uint8[N, 32]."""
    whole = b"".join(bytes.fromhex(name) for name in names)
    return np.frombuffer(whole, dtype=np.uint8).reshape(len(names), 32)


def digest_names(rows: NDArray[np.uint8]) -> tuple[str, ...]:
    """Digests uint8[N, 32] in hex."""
    return tuple(row.tobytes().hex() for row in rows)
