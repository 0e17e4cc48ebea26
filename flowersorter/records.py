"""The frozen records that cross rooms.

This module imports nothing of ours. Paths are ``pathlib.Path`` whose undecodable bytes are kept as
surrogate escapes, so ``os.fsencode(path)`` gives back the bytes that are on the disk (PEP 383).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Self


class Code(StrEnum):
    """Why something was kept, skipped, left, failed or refused. `sentences.py` says each in words."""

    # a photo stays where it is (kept)
    UNSURE = "unsure"
    LEFT_BY_CHOICE = "left_by_choice"
    ALREADY_IN_PLACE = "already_in_place"
    IN_ALBUM = "in_album"
    # a photo was never tried (skipped)
    UNREADABLE = "unreadable"
    NOT_A_PICTURE = "not_a_picture"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    DECODER_DIED = "decoder_died"
    PLACEHOLDER = "placeholder"
    CHANGED_MEANWHILE = "changed_meanwhile"
    VANISHED = "vanished"
    IDENTICAL_ALREADY_THERE = "identical_already_there"
    CANCELLED = "cancelled"
    # a photo was tried and could not be moved (failed)
    NO_PERMISSION = "no_permission"
    DISK_FULL = "disk_full"
    READ_ONLY = "read_only"
    IO_ERROR = "io_error"
    DEVICE_GONE = "device_gone"
    NAME_TOO_LONG = "name_too_long"
    FILE_BUSY = "file_busy"
    COPY_DIFFERS = "copy_differs"
    TARGET_TAKEN = "target_taken"
    FOLDER_IS_LINK = "folder_is_link"
    # undo leaves a photo
    EDITED_SINCE = "edited_since"
    RENAMED_SINCE = "renamed_since"
    PLACE_TAKEN = "place_taken"
    DRIVE_MISSING = "drive_missing"
    # a folder of labelled photos
    NO_PHOTOS = "no_photos"
    EMPTY_FOLDER = "empty_folder"
    STRAY_FILE = "stray_file"
    NESTED_FOLDER = "nested_folder"
    ONE_SPECIES = "one_species"
    TOO_FEW_PHOTOS = "too_few_photos"
    # a whole request is refused
    NOT_A_FOLDER = "not_a_folder"
    FOLDER_UNREADABLE = "folder_unreadable"
    FOLDER_PROTECTED = "folder_protected"
    FOLDER_ASKS_FIRST = "folder_asks_first"
    FOLDER_NOT_JOURNALLED = "folder_not_journalled"
    NO_MODEL = "no_model"
    MODEL_NOT_FOUND = "model_not_found"
    MODEL_DAMAGED = "model_damaged"
    MODEL_TOO_NEW = "model_too_new"
    MODEL_OTHER_NETWORK = "model_other_network"
    MODEL_CANNOT_LEARN = "model_cannot_learn"
    MODEL_OUTGROWN = "model_outgrown"
    NOTHING_TO_LEARN = "nothing_to_learn"
    MODEL_NEEDS_WEIGHTS = "model_needs_weights"
    NO_WEIGHTS = "no_weights"
    WEIGHTS_NOT_FOUND = "weights_not_found"
    WEIGHTS_DAMAGED = "weights_damaged"
    WEIGHTS_OTHER_NETWORK = "weights_other_network"
    DOWNLOAD_FAILED = "download_failed"
    DOWNLOAD_CORRUPT = "download_corrupt"
    DEVICE_UNUSABLE = "device_unusable"
    NOTHING_TO_UNDO = "nothing_to_undo"
    BATCH_NOT_FOUND = "batch_not_found"
    BATCH_UNFINISHED = "batch_unfinished"
    ANOTHER_INSTANCE = "another_instance"
    FOLDER_IN_USE = "folder_in_use"
    STORE_DAMAGED = "store_damaged"
    HISTORY_LOST = "history_lost"
    HISTORY_BEHIND = "history_behind"
    STORE_TOO_NEW = "store_too_new"
    BAD_NAME = "bad_name"
    FILE_UNUSABLE = "file_unusable"
    SYSTEM_REFUSED = "system_refused"
    DEFECT = "defect"
    BAD_ARGUMENT = "bad_argument"
    NAME_TAKEN = "name_taken"
    NO_SCREEN = "no_screen"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason code with the arguments of its sentence (strings, numbers and paths only)."""

    code: Code
    arguments: dict[str, Any] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 - a refusal is an answer to the user, not a defect
    """A whole request cannot be done; `reason` says why, and the rim makes the sentence."""

    def __init__(self, code: Code, **arguments: object) -> None:
        super().__init__(code.value, arguments)
        self.reason = Reason(code, arguments)

    @classmethod
    def because(cls, reason: Reason) -> Self:
        return cls(reason.code, **reason.arguments)


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture and the files that travel with it.

    ``filed_as`` is the species in whose own folder the photo already lies, ``album`` the name of the
    folder that a person named and put it in; both are None for a photo that waits to be sorted.
    ``ctime_ns`` betrays new bytes behind an old date; 0 where nobody looked.
    """

    path: Path
    size: int
    mtime_ns: int
    companions: tuple[Path, ...] = ()
    filed_as: str | None = None
    album: str | None = None
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """One species and the model's confidence in it, 0 to 1."""

    species: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Guess:
    """A model's answer for one photo: species, best first; `sure` says that it may be filed on it.

    A `stranger` is too unlike everything that was taught, and is never sure.
    """

    ranking: tuple[Score, ...]
    sure: bool
    stranger: bool = False

    @property
    def best(self) -> Score:
        return self.ranking[0]

    @property
    def species(self) -> str | None:
        """The species to file under, None when unsure."""
        return self.best.species if self.sure else None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gardener said of one photo: a species, or None for "leave it where it is"."""

    species: str | None


@dataclass(frozen=True, slots=True)
class Classified:
    """What the review shows of one photo. `problem` is set, and `guess` None, if it can't be read.

    `decision` is what the gardener said of the same photo in an earlier session; `kind` is in words what an
    unsure guess is sure of ("a daisy of some kind"): it is shown, and nothing is filed on it.
    """

    photo: Photo
    digest: str | None = None  # sha256 of the file's bytes, hex
    guess: Guess | None = None
    problem: Reason | None = None
    decision: Decision | None = None
    kind: str | None = None


class Transfer(StrEnum):
    """How a batch brings photos into their folders."""

    MOVE = "move"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class Wish:
    """One line of input to the plan: a photo and the species it should be filed under.

    ``species`` None keeps the photo; `stay` then says why. `problem` marks a photo to be skipped.
    """

    photo: Photo
    digest: str | None
    species: str | None
    stay: Code = Code.UNSURE
    problem: Reason | None = None


@dataclass(frozen=True, slots=True)
class FileMove:
    """One file of a group and the name that it will have."""

    source: Path
    target: Path


@dataclass(frozen=True, slots=True)
class PlannedMove:
    """One photo that will be moved or copied: the picture first in `files`, then its companions."""

    photo: Photo
    digest: str
    species: str
    files: tuple[FileMove, ...]
    renamed: bool  # the target name was numbered because its own was taken

    @property
    def target(self) -> Path:
        return self.files[0].target


@dataclass(frozen=True, slots=True)
class Stay:
    """One photo that will not be moved, and why."""

    photo: Photo
    reason: Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """What will happen, exactly. Made by `sorting.plan`, carried out by `sorting.mover`."""

    root: Path
    into: Path
    transfer: Transfer
    moves: tuple[PlannedMove, ...]
    kept: tuple[Stay, ...]
    skipped: tuple[Stay, ...]
    new_folders: tuple[Path, ...]

    @property
    def found(self) -> int:
        return len(self.moves) + len(self.kept) + len(self.skipped)


class Status(StrEnum):
    """What became of one photo."""

    MOVED = "moved"
    COPIED = "copied"
    KEPT = "kept"
    SKIPPED = "skipped"
    FAILED = "failed"


class Outcome(NamedTuple):  # made for each of 100,000 photos: a dataclass takes several times as long
    """What became of one photo; `target` where it lies now if moved or copied."""

    photo: Photo
    status: Status
    target: Path | None = None
    species: str | None = None
    reason: Reason | None = None
    losses: tuple[str, ...] = ()  # what the target disk cannot keep: "permissions", "times", "xattrs"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of every photo of a plan.

    `batch` is None when nothing was to be moved, or what was moved is in the history no more.
    """

    batch: int | None
    outcomes: tuple[Outcome, ...]
    cancelled: bool = False
    unwritten: Reason | None = None  # why the end of it is not in the journal

    def count(self, status: Status) -> int:
        return sum(outcome.status is status for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class Batch:
    """One line of the history."""

    id: int
    started: float  # seconds since the epoch, UTC
    transfer: Transfer
    root: Path
    into: Path
    photos: int  # photos that this batch moved or copied
    undone: int  # of these, how many are back
    species: dict[str, int] = field(default_factory=dict)  # photos per species folder


@dataclass(frozen=True, slots=True)
class Left:
    """A file that undo did not put back, and why."""

    path: Path
    reason: Reason


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did: how many photos are back, and which were left."""

    batch: int
    restored: int
    left: tuple[Left, ...]
    cancelled: bool = False
    unwritten: Reason | None = None  # why the end of it is not in the journal


@dataclass(frozen=True, slots=True)
class Recovered:
    """What recovery found after an interrupted run. All zero when there was none."""

    in_place: int = 0  # photos whose move had been finished
    put_back: int = 0  # photos that were rolled back
    unresolved: tuple[Left, ...] = ()
