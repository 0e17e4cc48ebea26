"""Clean the teacher first: what in a labelled folder looks wrong, and putting it right.

Looking changes nothing. What the gardener chooses becomes one plan, which the mover carries out as it does
when sorting: journal first, in the history, undone like any other batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from flowersorter.jobs import sort
from flowersorter.jobs.decide import remember
from flowersorter.jobs.lessons import read_garden, read_lesson
from flowersorter.jobs.reading import Reading
from flowersorter.jobs.sort import Planned
from flowersorter.jobs.weights import resolve_base
from flowersorter.learning.evaluate import Answer
from flowersorter.learning.feature_store import FeatureStore
from flowersorter.learning.suspects import CheckedPhoto, Finding, Kind, find_suspects
from flowersorter.library import Library
from flowersorter.paths import Home
from flowersorter.progress import Progress, Report, Stage, silent
from flowersorter.records import (
    Code,
    Decision,
    Left,
    Photo,
    Plan,
    Reason,
    Receipt,
    Refused,
    Status,
    Transfer,
    Wish,
)
from flowersorter.settings import Settings
from flowersorter.sorting import preflight
from flowersorter.sorting.plan import make_plan, survey
from flowersorter.sorting.scan import scan_folder


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a labelled folder. `species` are all of it, `photos` counts what was looked at."""

    folder: Path
    species: tuple[str, ...]
    photos: int
    findings: tuple[Finding, ...]
    skipped: tuple[Left, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What the gardener wants with a photo that was found: another species, or None to set it aside."""

    path: Path
    digest: str
    label: str
    species: str | None


def look_for_suspects(
    home: Home,
    settings: Settings,
    folder: Path,
    base: str = "auto",
    device: str = "auto",
    report: Report = silent,
) -> Checked:
    """Look at every photo once, ask heads that never saw it, and say which look wrong. Changes nothing.

    Raises `Refused`: as `read_garden`, NO_WEIGHTS, WEIGHTS_*, DEVICE_UNUSABLE; and `Cancelled`.
    """
    labelled = read_garden(folder, report)
    found = resolve_base(home, settings, base)
    report(Progress(Stage.STARTING))
    from flowersorter.learning.backbone import load_backbone
    from flowersorter.learning.devices import choose_device
    from flowersorter.learning.lesson import learn_head

    with Reading(home, settings) as reading:
        lesson, unreadable = read_lesson(
            labelled, load_backbone(found.path), choose_device(device), reading, report
        )
        answers = learn_head(lesson, report).answers
    return look_at_answers(home, folder, answers, report, skipped=unreadable)


def look_at_answers(
    home: Home,
    folder: Path,
    answers: Iterable[Answer],
    report: Report = silent,
    *,
    skipped: Sequence[Left] = (),
) -> Checked:
    """The same from answers that are there already, as after teaching; opens no photo.

    Raises `Refused` as `read_garden` does; and `Cancelled`.
    """
    labelled = read_garden(folder, report)
    photos: list[CheckedPhoto] = []
    with Library.open(home.library_file) as library, FeatureStore(home.features_file) as store:
        for photo in labelled.photos:
            report(Progress(Stage.SCANNING, len(photos), len(labelled.photos)))
            digest = library.known_digest(photo.path)
            facts = None if digest is None else store.facts(digest)
            if facts is not None:
                photos.append(CheckedPhoto(photo.path, photo.species, facts))
        pixels = {photo.facts.digest: photo.facts.pixel_digest for photo in photos}
        allowed = library.allowed_pairs()
        findings = tuple(
            finding
            for finding in find_suspects(photos, answers)
            if not _is_settled(finding, library, pixels, allowed)
        )
    return Checked(folder, labelled.species, len(photos), findings, (*labelled.problems, *skipped))


def settle(home: Home, findings: Sequence[Finding], *, right: bool = True) -> None:
    """Remember for ever that findings are right as they are, or forget that again."""
    said: dict[str, Decision | None] = {}
    pairs: set[tuple[str, str]] = set()
    for finding in findings:
        if finding.kind is Kind.MISFILED:
            said |= {one.digest: Decision(one.species) if right else None for one in finding.photos}
        else:
            pairs |= _pairs(finding)
    remember(home, said)
    with Library.open(home.library_file) as library:
        library.allow_pairs(pairs, allowed=right)


def aside_of(folder: Path) -> Path:
    """Where photos go that are to be taught no more: a folder beside, for nothing is deleted.

    Raises `Refused` (BAD_ARGUMENT) for a whole drive, which has nothing beside it.
    """
    if not folder.name:
        detail = "A whole drive has no folder beside it. Put the species folders into one folder first."
        raise Refused(Code.BAD_ARGUMENT, detail=detail)
    return folder.with_name(f"{folder.name} - set aside")


def plan_changes(home: Home, folder: Path, changes: Sequence[Change], report: Report = silent) -> Planned:
    """One plan for everything that was chosen. Changes nothing.

    Companions travel with their photo. Raises `Refused` as `scan_folder` and `survey` do; and `Cancelled`.
    """
    scan = scan_folder(folder, recursive=True, species_folders={}, include_filed=True, report=report)
    owners = {path: photo for photo in scan.photos for path in (photo.path, *photo.companions)}
    targets: dict[Path, list[Wish]] = {}
    with Library.open(home.library_file) as library:
        for change in changes:
            photo = owners.get(change.path, Photo(change.path, 0, 0))
            problem = _problem(change, photo, library)
            species = change.label if change.species is None else change.species
            wish = Wish(
                replace(photo, filed_as=change.label, album=None), change.digest, species, problem=problem
            )
            into = aside_of(folder) if change.species is None else change.path.parent.parent
            targets.setdefault(into, []).append(wish)
    parts = [
        make_plan(wishes, root=folder, into=into, transfer=Transfer.MOVE, survey=survey(into, wishes, {}))
        for into, wishes in targets.items()
    ]
    plan = Plan(
        root=folder,
        into=folder,
        transfer=Transfer.MOVE,
        moves=tuple(move for part in parts for move in part.moves),
        kept=tuple(stay for part in parts for stay in part.kept),
        skipped=tuple(stay for part in parts for stay in part.skipped),
        new_folders=tuple(dict.fromkeys(made for part in parts for made in part.new_folders)),
    )
    return Planned(plan, preflight.check(plan))


def carry_out(home: Home, plan: Plan, changes: Sequence[Change], report: Report = silent) -> Receipt:
    """Move the photos, and remember the species that the gardener gave them. Raises as `sort.carry_out`."""
    receipt = sort.carry_out(home, plan, report)
    moved = {outcome.photo.path for outcome in receipt.outcomes if outcome.status is Status.MOVED}
    said: Mapping[str, Decision] = {
        change.digest: Decision(change.species)
        for change in changes
        if change.species is not None and change.path in moved
    }
    remember(home, said)
    return receipt


def _is_settled(
    finding: Finding,
    library: Library,
    pixels: Mapping[str, str | None],
    allowed: frozenset[tuple[str, str]],
) -> bool:
    if finding.kind is not Kind.MISFILED:
        return _pairs(finding) <= allowed
    (photo,) = finding.photos
    return library.decision(photo.digest, pixels.get(photo.digest)) == Decision(photo.species)


def _pairs(finding: Finding) -> set[tuple[str, str]]:
    digests = sorted(photo.digest for photo in finding.photos)
    return set(combinations(digests, 2))


def _problem(change: Change, photo: Photo, library: Library) -> Reason | None:
    """Why a photo is not moved after all."""
    if not change.path.exists():
        return Reason(Code.VANISHED)
    if photo.path != change.path or library.known_digest(change.path) != change.digest:
        return Reason(Code.CHANGED_MEANWHILE)
    return None
