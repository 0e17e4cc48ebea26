"""What a head is taught on, and teaching one: answers out of fold, then a last fit on everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from flowersorter.learning.calibrate import Calibration
from flowersorter.learning.dataset import LabelledPhoto
from flowersorter.learning.evaluate import Answer, Epoch
from flowersorter.learning.features import Seen
from flowersorter.learning.fitting import Examples, choose_strength, fit_head
from flowersorter.learning.head import Head, Start
from flowersorter.learning.side_by_side import side_by_side
from flowersorter.learning.split import FOLDS, fold_of, group_of, taught_without
from flowersorter.learning.strangers import Strangers
from flowersorter.learning.strangers_fit import learn_strangers
from flowersorter.progress import Report

AGAIN_STEPS: Final = 12  # of a head after a correction, and of the heads that answer the folds
FOLD_STEPS: Final = 5
CAUTIOUS: Final = 0.1  # the strength where there are too few photos to choose one
LONG_WORK: Final = 100_000  # photos × species, from which one inner fold chooses the strength instead of four

Strange = tuple[Strangers | None, NDArray[np.bool_]]  # as `learn_strangers` gives it


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Readable labelled photos with their features, groups and folds; all sequences have N entries.

    `given` says that people made the split; then fold 0 is their validation part. `corrected` are the places
    of photos that the gardener labelled by hand: they teach but, being chosen, are in no figure.
    """

    paths: tuple[Path, ...]
    digests: tuple[str, ...]
    examples: Examples
    groups: tuple[str, ...]
    folds: NDArray[np.int64]
    given: bool
    corrected: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A head, how it got there, and the answers to photos whose groups the answering head never saw.

    `reported` are the answers that the figures are of, `answers` all that there are, `digests` whose these
    are. The `untested` are of species that the answering head had never met; they calibrate, too, for photos
    of rare species come, and are often named wrongly. From `start`, if there is one, it can be taught again
    after a correction.
    """

    head: Head
    epochs: tuple[Epoch, ...]
    answers: tuple[Answer, ...]
    digests: tuple[str, ...]
    reported: tuple[Answer, ...]
    start: Start | None = None
    strangers: Strangers | None = None
    untested: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A fold's answers by place in the lesson; strength and head are None if it could not be taught."""

    strength: float | None
    answers: dict[int, Answer]
    epochs: tuple[Epoch, ...]
    head: Head | None = None


def make_lesson(
    photos: Sequence[LabelledPhoto], seen: Sequence[Seen], species: tuple[str, ...], seed: int = 0
) -> Lesson:
    """Put what was read of `photos` beside their labels; both sequences belong together, all are readable.

    `seed` deals the folds. The program always deals with 0, so that a photo stays in its fold for ever.
    """
    facts = [one.facts for one in seen if one.facts is not None]
    vectors = [one.features for one in seen if one.features is not None]
    groups = group_of(facts)
    places = {name: place for place, name in enumerate(species)}
    folds = [_fold(photo, group, seed) for photo, group in zip(photos, groups, strict=True)]
    labels = np.array([places[photo.species] for photo in photos], dtype=np.int64)
    return Lesson(
        paths=tuple(photo.path for photo in photos),
        digests=tuple(one.digest for one in facts),
        examples=Examples(np.stack(vectors), labels, species),
        groups=tuple(groups),
        folds=np.array(folds, dtype=np.int64),
        given=any(photo.part == "val" for photo in photos),
    )


def learn_head(lesson: Lesson, report: Report, strength: float | None = None) -> Learned:
    """Answer every photo by a head that never saw its fold, then fit the head on all photos.

    The curves are those of the first fold. The strength is chosen anew inside each teaching part, so that
    nothing of a photo has touched the head that answers it; unless a `strength` is given.
    """
    first = next((fold for fold in range(FOLDS) if _can_judge(lesson, *_parts(lesson, fold))), None)

    def answer(fold: int) -> Callable[[Report], Judged]:
        return lambda heard: learn_fold(lesson, fold, heard, curves=fold == first, strength=strength)

    *judged, strange = side_by_side([*map(answer, range(FOLDS)), _strangers_of(lesson)], report)
    strengths = [one.strength for one in judged if one.strength is not None]
    strength = strength or (float(np.median(strengths)) if strengths else CAUTIOUS)
    head, _ = fit_head(lesson.examples, strength, report=report)
    # beside a prior, a correction is learned from the prior again
    start = None if lesson.examples.prior else Start(strength, tuple(one.head for one in judged))
    epochs = () if first is None else judged[first].epochs
    return _learned(lesson, head, judged, start, epochs, strange)


def learn_again(
    lesson: Lesson, head: Head, start: Start, report: Report, strangers: Strangers | None = None
) -> Learned:
    """Teach a lesson that has changed a little: each fit goes on where it had ended, the strength is kept.

    Answers stay out of fold: the head of a fold goes on from the head that never saw that fold. These heads
    take fewer steps, for the corrections that they lack are in no figure.
    """

    def answer(fold: int) -> Callable[[Report], Judged]:
        return lambda heard: _answer_again(lesson, fold, start, heard)

    def fit(heard: Report) -> Head:
        return fit_head(lesson.examples, start.strength, start=head, steps=AGAIN_STEPS, report=heard)[0]

    # the longest first
    head, strange, *judged = side_by_side(
        [fit, _strangers_of(lesson, strangers), *map(answer, range(FOLDS))], report
    )
    start = Start(start.strength, tuple(one.head for one in judged))
    return _learned(lesson, head, judged, start, (), strange)


def _answer_again(lesson: Lesson, fold: int, start: Start, report: Report) -> Judged:
    teaching, held_back = _parts(lesson, fold)
    if not _can_judge(lesson, teaching, held_back):
        return Judged(None, {}, ())
    taught, before = lesson.examples.where(teaching), start.heads[fold]
    after, _ = fit_head(taught, start.strength, start=before, steps=FOLD_STEPS, report=report)
    return Judged(start.strength, answer_photos(lesson, after, held_back, teaching), (), after)


def _strangers_of(lesson: Lesson, before: Strangers | None = None) -> Callable[[Report], Strange]:
    return lambda heard: learn_strangers(
        lesson.examples, lesson.folds, lesson.groups, heard, before=before, uncounted=lesson.corrected
    )


def _learned(
    lesson: Lesson,
    head: Head,
    judged: Sequence[Judged],
    start: Start | None,
    epochs: tuple[Epoch, ...],
    strange: Strange,
) -> Learned:
    strangers, is_strange = strange
    answers = {
        place: replace(answer, stranger=True) if is_strange[place] else answer
        for one in judged
        for place, answer in one.answers.items()
    }
    met, untested = met_and_unmet({p: answers[p] for p in sorted(answers) if p not in lesson.corrected})
    counted = list(met)
    reported = [place for place in counted if not lesson.given or lesson.folds[place] == 0]
    return Learned(
        head,
        epochs,
        tuple(answers[place] for place in counted),
        tuple(lesson.digests[place] for place in counted),
        tuple(answers[place] for place in reported),
        start,
        strangers,
        untested,
    )


def met_and_unmet(answers: Mapping[int, Answer]) -> tuple[dict[int, Answer], tuple[Answer, ...]]:
    """The answers, by place, of heads that were taught the label, and those that can only be wrong."""
    met = {place: answer for place, answer in answers.items() if not answer.unmet}
    return met, tuple(answer for answer in answers.values() if answer.unmet)


def learn_fold(
    lesson: Lesson, fold: int, report: Report, *, curves: bool = False, strength: float | None = None
) -> Judged:
    """Answer the photos of a fold by a head that was taught on the others; `curves` asks for its epochs."""
    examples = lesson.examples
    teaching, held_back = _parts(lesson, fold)
    if not _can_judge(lesson, teaching, held_back):
        return Judged(None, {}, ())
    strength = strength or choose_strength(examples, _inner_splits(lesson, fold, teaching), report)
    watched = examples.where(held_back) if curves else None
    head, epochs = fit_head(examples.where(teaching), strength, held_back=watched, report=report)
    return Judged(strength, answer_photos(lesson, head, held_back, teaching), epochs, head)


def answer_photos(
    lesson: Lesson, head: Head, judged: NDArray[np.bool_], teaching: NDArray[np.bool_]
) -> dict[int, Answer]:
    """The head's answers to the judged photos, by place; marked are those whose species it was not taught."""
    examples = lesson.examples
    taught = np.isin(examples.labels, examples.labels[teaching])
    places = np.flatnonzero(judged)
    if not len(places):
        return {}
    answers = answers_of(
        [lesson.paths[place] for place in places],
        [head.species[label] for label in examples.labels[places]],
        [lesson.groups[place] for place in places],
        head.species,
        head.predict(examples.features[places]),
    )
    return {
        place: answer if taught[place] else replace(answer, unmet=True)
        for place, answer in zip(places.tolist(), answers, strict=True)
    }


def answers_of(
    paths: Sequence[Path],
    labels: Sequence[str],
    groups: Sequence[str],
    species: tuple[str, ...],
    confidences: NDArray[np.float64],
) -> list[Answer]:
    """A head's answers to N photos, from its confidences float64[N, C] in the C `species`."""
    known = {name: place for place, name in enumerate(species)}
    own = np.array([known.get(label, -1) for label in labels], dtype=np.int64)
    best = np.argsort(-confidences, axis=1, kind="stable")[:, :3]
    in_top3 = (best == own[:, None]).any(axis=1)
    in_label = np.where(own < 0, 0.0, confidences[np.arange(len(own)), own])
    sure = confidences.max(axis=1)
    columns = (best[:, 0].tolist(), sure.tolist(), in_top3.tolist(), in_label.tolist())
    return [
        Answer(path, label, species[guess], confidence, group, among, label_confidence)
        for path, label, group, guess, confidence, among, label_confidence in zip(
            paths, labels, groups, *columns, strict=True
        )
    ]


def calibration_of(answers: Sequence[Answer]) -> Calibration:
    """What calibrates a model: its answers without the photos."""
    numbers = {
        group: number for number, group in enumerate(dict.fromkeys(answer.group for answer in answers))
    }
    return Calibration(
        np.array([answer.confidence for answer in answers], dtype=np.float32),
        np.array([answer.correct for answer in answers], dtype=np.bool_),
        np.array([numbers[answer.group] for answer in answers], dtype=np.int64),
        np.array([answer.stranger for answer in answers], dtype=np.bool_),
    )


def _parts(lesson: Lesson, fold: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which photos teach the head of a fold, and which it answers: two masks bool[N]."""
    return taught_without(fold, lesson.folds, lesson.groups), lesson.folds == fold


def _can_judge(lesson: Lesson, teaching: NDArray[np.bool_], held_back: NDArray[np.bool_]) -> bool:
    """Whether there is something to judge, and something to choose from."""
    return bool(held_back.any()) and len(np.unique(lesson.examples.labels[teaching])) > 1


def _fold(photo: LabelledPhoto, group: str, seed: int) -> int:
    if photo.part is None:
        return fold_of(group, seed)
    return 0 if photo.part == "val" else 1 + fold_of(group, seed) % (FOLDS - 1)


def _inner_splits(
    lesson: Lesson, fold: int, teaching: NDArray[np.bool_]
) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Splits of a teaching part by the other folds, to choose the strength on."""
    splits = []
    for inner in ((fold + step) % FOLDS for step in range(1, FOLDS)):
        judging = teaching & (lesson.folds == inner)
        judging[list(lesson.corrected)] = False
        inner_teaching = teaching & taught_without(inner, lesson.folds, lesson.groups)
        judging &= np.isin(lesson.examples.labels, lesson.examples.labels[inner_teaching])
        if judging.any() and len(np.unique(lesson.examples.labels[inner_teaching])) > 1:
            splits.append((inner_teaching, judging))
    work = len(lesson.paths) * len(lesson.examples.species)
    return splits[:1] if work > LONG_WORK else splits
