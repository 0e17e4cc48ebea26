"""Sort a folder: scan, classify, plan, carry out. Each step is a function of its own, so that the
window can stop after any of them; the command line runs them one after the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from flowersorter.jobs.engine import open_recogniser
from flowersorter.jobs.names import folders_there, meaning_of, meet
from flowersorter.jobs.reading import Reading
from flowersorter.learning.bundle import ModelInfo
from flowersorter.learning.calibrate import Threshold
from flowersorter.library import KnownFile, Library
from flowersorter.paths import Home
from flowersorter.progress import Progress, Report, Stage, silent
from flowersorter.records import (
    Classified,
    Code,
    Decision,
    Outcome,
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
from flowersorter.sorting import mover, preflight
from flowersorter.sorting.journal import Journal
from flowersorter.sorting.plan import make_plan, survey
from flowersorter.sorting.preflight import Concern
from flowersorter.sorting.scan import Scan, scan_folder
from flowersorter.species_names import Language, kind_of, language_of

CHUNK = 16  # photos per streamed partial result


@dataclass(frozen=True, slots=True)
class SortRequest:
    """What to sort and how. `into` None means the folder itself; `max_wrong` is in percent."""

    folder: Path
    into: Path | None = None
    model: str | None = None
    max_wrong: float = 2.0
    recursive: bool = False
    albums: bool = False
    transfer: Transfer = Transfer.MOVE
    include_filed: bool = False
    device: str = "auto"

    @property
    def target(self) -> Path:
        return self.folder if self.into is None else self.into

    def wants(self, photo: Photo) -> bool:
        """Whether a found photo is to be classified. Copying leaves an album as it is, so it may."""
        in_album = photo.album is not None and not self.albums and self.transfer is Transfer.MOVE
        return photo.filed_as is None and not in_album


@dataclass(frozen=True, slots=True)
class Found:
    """What a scan found, before anything is classified."""

    scan: Scan
    concerns: tuple[Concern, ...]

    @classmethod
    def nothing(cls, folder: Path) -> Found:
        """Before the first look."""
        return cls(Scan(folder, (), ()), ())


@dataclass(frozen=True, slots=True)
class Started:
    """Streamed once, before the first photo: what is classifying."""

    model: ModelInfo
    device: str
    threshold: Threshold


@dataclass(frozen=True, slots=True)
class Sorting:
    """A classified folder."""

    request: SortRequest
    found: Found
    started: Started
    photos: tuple[Classified, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what the user should know or agree to before it is carried out."""

    plan: Plan
    concerns: tuple[Concern, ...]


def look_into(home: Home, request: SortRequest, report: Report = silent) -> Found:
    """Scan the folder. Reads no photo. Raises `Refused`: NOT_A_FOLDER, FOLDER_UNREADABLE."""
    with Journal.open(home.journal_file) as journal:
        species_folders = journal.species_folders(request.target) if request.into is None else {}
    own = list(home.own_folders())
    if request.into is not None and request.into != request.folder:
        own.append(request.into)  # what is sorted already is not sorted again
    scan = scan_folder(
        request.folder,
        recursive=request.recursive,
        species_folders=species_folders,
        include_filed=request.include_filed or request.recursive,
        own_folders=own,
        report=report,
    )
    return Found(scan, preflight.folder_concerns(request.folder))


def classify(
    home: Home, settings: Settings, request: SortRequest, found: Found, report: Report = silent
) -> Sorting:
    """Name the species on each photo that waits.

    Streams a `Started`, then tuples of `Classified` in the scan's order, through `report`.
    Raises `Refused`: NO_MODEL, MODEL_*, WEIGHTS_*, DEVICE_UNUSABLE; and `Cancelled`.
    """
    report(Progress(Stage.STARTING))
    folders = folders_there(home, request.target)
    recogniser = open_recogniser(home, settings, request.model, request.device, folders)
    started = Started(recogniser.info, recogniser.device.name, recogniser.threshold(request.max_wrong))
    report(started)
    language = language_of(settings.flower_names)
    waiting = [photo for photo in found.scan.photos if request.wants(photo)]
    photos: list[Classified] = []
    with Reading(home, settings) as reading:
        recognised = recogniser.recognise(waiting, reading, started.threshold.value, report)
        for chunk in _chunks(recognised):
            known = tuple(_known(one, reading, started, language) for one in chunk)
            photos.extend(known)
            report(known)
    return Sorting(request, found, started, tuple(photos))


def plan_moves(
    home: Home,
    request: SortRequest,
    photos: Sequence[Classified],
    decisions: Mapping[Path, Decision],
    found: Found,
    species: Sequence[str] = (),
) -> Planned:
    """The plan for classified photos and the gardener's decisions (by photo path). Changes nothing.

    `decisions` holds every decision in force; those remembered in `photos` are not looked at.
    `species` are the model's: it tells them apart, whatever they mean to us.
    """
    classified = {one.photo.path: one for one in photos}
    with Library.open(home.library_file) as library:
        wishes = [
            _with_digest(
                _wish(request, classified.get(photo.path, Classified(photo)), decisions.get(photo.path)),
                library,
            )
            for photo in found.scan.photos
        ]
    with Journal.open(home.journal_file) as journal:
        species_folders = journal.species_folders(request.target)
    surveyed = survey(request.target, wishes, species_folders, meaning_of(species))
    plan = make_plan(
        wishes, root=request.folder, into=request.target, transfer=request.transfer, survey=surveyed
    )
    plan = replace(plan, skipped=(*plan.skipped, *found.scan.skipped))
    return Planned(plan, preflight.check(plan))


def carry_out(home: Home, plan: Plan, report: Report = silent) -> Receipt:
    """Do what the plan says. Raises `Refused` (FOLDER_IN_USE, BATCH_UNFINISHED, STORE_*)."""
    with Journal.open(home.journal_file) as journal:
        receipt = mover.carry_out(plan, journal, report)
    digests = {move.target: move.digest for move in plan.moves}
    arrived = [
        KnownFile(outcome.target, outcome.photo.size, outcome.photo.mtime_ns, digests[outcome.target])
        for outcome in receipt.outcomes
        if outcome.target in digests
    ]
    # a moved photo is not read again; where the disk takes no more it is, and the receipt matters more
    with suppress(OSError, Refused), Library.open(home.library_file) as library:
        library.remember_digests(arrived)
    return receipt


def cancelled_receipt(found: Found) -> Receipt:
    """The receipt of a run that was stopped before anything moved: every photo stays."""
    reason = Reason(Code.CANCELLED)
    outcomes = [Outcome(photo, Status.SKIPPED, reason=reason) for photo in found.scan.photos]
    outcomes += [Outcome(stay.photo, Status.SKIPPED, reason=stay.reason) for stay in found.scan.skipped]
    return Receipt(None, tuple(outcomes), cancelled=True)


def _known(one: Classified, reading: Reading, started: Started, language: Language) -> Classified:
    """With what the gardener said of it before, and the kind of flower where only that is sure."""
    kind = None if one.guess is None else kind_of(one.guess, started.threshold.value, language)
    return replace(one, decision=meet(reading.decision(one.digest), started.model.species), kind=kind)


def _wish(request: SortRequest, one: Classified, decision: Decision | None) -> Wish:
    photo = one.photo
    if one.problem is not None:
        return Wish(photo, one.digest, None, problem=one.problem)
    if decision is not None:
        return Wish(photo, one.digest, decision.species, stay=Code.LEFT_BY_CHOICE)
    if photo.filed_as is not None:
        return Wish(photo, one.digest, None, stay=Code.ALREADY_IN_PLACE)
    # the plan may turn from moving to copying: what was not classified in an album stays there all the same
    unseen_in_album = one.guess is None and photo.album is not None and not request.albums
    if unseen_in_album or not request.wants(photo):
        return Wish(photo, one.digest, None, stay=Code.IN_ALBUM)
    if one.guess is None:
        return Wish(photo, None, None, problem=Reason(Code.CANCELLED))
    return Wish(photo, one.digest, one.guess.species)


def _with_digest(wish: Wish, library: Library) -> Wish:
    """A filed photo was not classified, so its bytes may never have been read; moving needs their digest."""
    if wish.species is None or wish.digest is not None or wish.problem is not None:
        return wish
    digest = library.known_digest(wish.photo.path)
    if digest is not None:
        return replace(wish, digest=digest)
    try:
        with wish.photo.path.open("rb") as stream:
            return replace(wish, digest=hashlib.file_digest(stream, "sha256").hexdigest())
    except FileNotFoundError:
        return replace(wish, problem=Reason(Code.VANISHED))
    except OSError as error:
        return replace(wish, problem=Reason(Code.IO_ERROR, {"detail": error.strerror}))


def _chunks(recognised: Iterator[Classified]) -> Iterator[list[Classified]]:
    chunk: list[Classified] = []
    for one in recognised:
        chunk.append(one)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
