"""Photos of a labelled folder that look misfiled, or that are there twice. Works without torch.

Misfiled after confident learning (Northcutt, Jiang and Chuang 2021, arXiv:1911.00068): a species'
threshold is the mean confidence that its own photos have in it, and a photo is suspect where another
species is its best answer and reaches that species' threshold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from flowersorter.learning.dataset import natural_order
from flowersorter.learning.evaluate import Answer
from flowersorter.learning.feature_store import PhotoFacts
from flowersorter.learning.split import near_twins, twins


class Kind(StrEnum):
    """What is wrong, the most serious first."""

    TWO_SPECIES = "two_species"  # one photo under several species
    MISFILED = "misfiled"
    TWIN = "twin"  # equal bytes or pixels under one species
    NEAR_TWIN = "near_twin"


@dataclass(frozen=True, slots=True)
class CheckedPhoto:
    """A photo, the species that its folder says, and what is known of it."""

    path: Path
    species: str
    facts: PhotoFacts


@dataclass(frozen=True, slots=True)
class SuspectPhoto:
    """One photo of a finding. `surplus` says that a better one, or the one that is right, is beside it."""

    path: Path
    digest: str
    species: str  # the label
    surplus: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Photos that belong to one doubt; where there are several, the one to keep is first.

    `suggestion` is the species that it looks like, None where nothing can be said of that. `strength`, 0 to
    1, ranks findings of one kind: the lead of the other species over the label, or how equal twins are.
    """

    kind: Kind
    photos: tuple[SuspectPhoto, ...]
    suggestion: str | None
    strength: float


def find_suspects(photos: Sequence[CheckedPhoto], answers: Iterable[Answer]) -> tuple[Finding, ...]:
    """Everything doubtful about `photos`: by kind, the strongest first. The same input, the same findings.

    `answers` are out of fold: no head may have been taught on the photos that it answers.
    """
    by_path = {answer.path: answer for answer in answers}
    pairs = _twin_findings(photos, by_path)
    in_two = {one.path for finding in pairs if finding.kind is Kind.TWO_SPECIES for one in finding.photos}
    known = {photo.path: photo for photo in photos}
    misfiled = [
        Finding(
            Kind.MISFILED,
            (SuspectPhoto(answer.path, known[answer.path].facts.digest, answer.species),),
            answer.guess,
            answer.confidence - answer.label_confidence,
        )
        for answer in misfiled_answers(by_path.values())
        if answer.path in known and answer.path not in in_two
    ]
    kinds = list(Kind)
    return tuple(
        sorted(
            (*pairs, *misfiled),
            key=lambda one: (kinds.index(one.kind), -one.strength, natural_order(str(one.photos[0].path))),
        )
    )


def misfiled_answers(answers: Iterable[Answer]) -> list[Answer]:
    """The answers that speak against their label by the rule of confident learning, in the order given."""
    every = list(answers)
    own: defaultdict[str, list[float]] = defaultdict(list)
    for answer in every:
        own[answer.species].append(answer.label_confidence)
    thresholds = {species: sum(values) / len(values) for species, values in own.items()}
    return [
        answer
        for answer in every
        if not answer.correct and answer.confidence >= thresholds.get(answer.guess, 1.0)
    ]


def _twin_findings(photos: Sequence[CheckedPhoto], answers: dict[Path, Answer]) -> list[Finding]:
    """Twins first; then near twins among one photo of each set of twins, so that none is named twice."""
    findings: list[Finding] = []
    firsts: list[CheckedPhoto] = []
    for members in _sets(photos, twins([photo.facts for photo in photos])):
        firsts.append(min(members, key=_worse))
        if len(members) > 1:
            findings.append(_finding(members, Kind.TWIN, 1.0, answers))
    near = _sets(firsts, near_twins([photo.facts for photo in firsts]))
    return findings + [
        _finding(members, Kind.NEAR_TWIN, _likeness(members), answers) for members in near if len(members) > 1
    ]


def _finding(
    members: list[CheckedPhoto], kind: Kind, strength: float, answers: dict[Path, Answer]
) -> Finding:
    species = {photo.species for photo in members}
    if len(species) == 1:
        ordered = sorted(members, key=_worse)
        kept = ordered[:1]
        suggestion = None
    else:
        kind = Kind.TWO_SPECIES
        suggestion = _likelier(species, [answers[one.path] for one in members if one.path in answers])
        ordered = sorted(members, key=lambda photo: (photo.species != suggestion, *_worse(photo)))
        kept = [photo for photo in ordered if suggestion in (None, photo.species)]
    return Finding(
        kind,
        tuple(
            SuspectPhoto(one.path, one.facts.digest, one.species, surplus=one not in kept) for one in ordered
        ),
        suggestion,
        strength,
    )


def _likelier(species: set[str], answers: list[Answer]) -> str | None:
    """Which of the species the answers speak for; None where there is no answer."""
    votes = dict.fromkeys(sorted(species, key=natural_order), 0.0)
    for answer in answers:
        votes[answer.species] += answer.label_confidence
        if not answer.correct and answer.guess in votes:
            votes[answer.guess] += answer.confidence
    return max(votes, key=lambda name: votes[name]) if answers else None


def _sets(photos: Sequence[CheckedPhoto], firsts: Sequence[int]) -> list[list[CheckedPhoto]]:
    """The photos that belong together, by the place of the first of them."""
    found: dict[int, list[CheckedPhoto]] = {}
    for photo, first in zip(photos, firsts, strict=True):
        found.setdefault(first, []).append(photo)
    return list(found.values())


def _worse(photo: CheckedPhoto) -> tuple[int, int, object]:
    """Ascending from the copy to keep: the most pixels, then the shortest name (a copy's has a number)."""
    return (
        -photo.facts.width * photo.facts.height,
        len(photo.path.name),
        natural_order(str(photo.path)),
    )


def _likeness(members: Sequence[CheckedPhoto]) -> float:
    """The part of the perceptual hash's 64 bits that neighbours share, at its least."""
    hashes = sorted(one.facts.perceptual_hash or 0 for one in members)
    return 1.0 - max((one ^ other).bit_count() for one, other in pairwise(hashes)) / 64
