"""Take a batch back, or carry it out again, with the primitives that moved it and on the disks of now."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from flowersorter.progress import Cancelled, Progress, Report, Stage, silent
from flowersorter.records import Code, Left, Reason, Refused, Transfer, Undone
from flowersorter.sorting import fileops, folders, locks, recovery, streams
from flowersorter.sorting.carrier import Leg
from flowersorter.sorting.entries import BatchEntry, FileEntry, PhotoEntry, State, Work
from flowersorter.sorting.journal import Journal
from flowersorter.sorting.run import Run
from flowersorter.sorting.troubles import Trouble, reason_of
from flowersorter.sorting.volumes import Place, Volumes

Trash = Callable[[Path], None]

# What hinders a move is said differently of an undo.
_SAID_OF_UNDO: Final = {
    Code.CHANGED_MEANWHILE: Code.EDITED_SINCE,
    Code.VANISHED: Code.RENAMED_SINCE,
    Code.TARGET_TAKEN: Code.PLACE_TAKEN,
}
# What somebody did to a photo stays done; a missing drive or a full disk may be over next time.
_GIVEN_UP: Final = frozenset({Code.EDITED_SINCE, Code.RENAMED_SINCE, Code.PLACE_TAKEN, Code.VANISHED})


def undo(journal: Journal, batch: int | None, report: Report = silent, *, trash: Trash) -> Undone:
    """Put the photos of a batch back where they were; None is the newest that was not undone.

    Copies that nobody changed go into the trash while their originals are there. Folders that the
    batch made and that are empty again are removed, those that it emptied come back with their photos.
    Raises `Refused`: NOTHING_TO_UNDO, BATCH_NOT_FOUND, BATCH_UNFINISHED, FOLDER_IN_USE.
    """
    entry = _finished(journal, journal.newest_done() if batch is None else journal.entry(batch))
    again = _Again(journal, entry, report, Work.UNDOING)
    with again.held(State.PLACED) as placed:
        photos = placed[::-1]
        if entry.transfer is Transfer.COPY:
            again.trash_copies(photos, trash)
        else:
            again.carry(photos)
            again.remove_emptied(again.run.made)
        folders.clear_away(journal, entry, again.volumes)
        given_up = all(left.reason.code in _GIVEN_UP for left in again.left)
        again.run.close(undone=given_up and not again.cancelled)
    return again.answer()


def redo(journal: Journal, batch: int, report: Report = silent) -> Undone:
    """Carry out again what was undone of a batch; `restored` counts the photos that are in place again.

    Raises `Refused`: NOTHING_TO_UNDO, BATCH_NOT_FOUND, BATCH_UNFINISHED, FOLDER_IN_USE.
    """
    entry = _finished(journal, journal.entry(batch))
    again = _Again(journal, entry, report, Work.REDOING)
    with again.held(State.BACK) as photos:
        again.carry(photos)
        if entry.transfer is Transfer.MOVE:
            again.remove_emptied(again.run.left)
        if again.left:
            folders.remove_made(journal, entry, again.volumes)
        again.run.close(undone=entry.undone and again.restored == 0)
    return again.answer()


def _finished(journal: Journal, entry: BatchEntry) -> BatchEntry:
    """The batch, after clearing up if it was interrupted. Raises `Refused` (BATCH_UNFINISHED)."""
    if entry.work is not None:
        recovery.recover_batch(journal, entry)
        entry = journal.entry(entry.id)
    if entry.work is not None:
        raise Refused(Code.BATCH_UNFINISHED, batch=entry.id)
    return entry


class _Again:
    """The state of one undo or redo."""

    def __init__(self, journal: Journal, entry: BatchEntry, report: Report, work: Work) -> None:
        self.volumes = Volumes.now()
        self.left: list[Left] = []
        self.restored = 0
        self.cancelled = False
        self._inside = folders.Inside.of(entry, self.volumes)
        self._journal = journal
        self._entry = entry
        self._report = report
        self._work = work
        states = (State.BACK, State.PLACED) if work is Work.UNDOING else (State.PLACED, State.BACK)
        self.run = Run(journal, entry, self.volumes, self._inside, arrived=states[0], stayed=states[1])
        self._now: dict[int, Path] = {}  # where each photo lies that was carried and not yet settled

    def answer(self) -> Undone:
        return Undone(self._entry.id, self.restored, tuple(self.left), self.cancelled, self.run.stopped)

    @contextmanager
    def held(self, state: State) -> Iterator[list[PhotoEntry]]:
        """Keep others off the batch's folders, and write down what is about to be done.

        Gives the photos in a state, as they are once the folders are held. Raises `Refused`: NOTHING_TO_UNDO,
        BATCH_UNFINISHED, FOLDER_IN_USE.
        """
        places = (self._entry.root, self._entry.into)
        with locks.hold([path for place in places if (path := self.volumes.path(place)) is not None]):
            if self._journal.entry(self._entry.id).work is not None:
                raise Refused(Code.BATCH_UNFINISHED, batch=self._entry.id)
            photos = [photo for photo in self._journal.photos(self._entry.id) if photo.state is state]
            if not photos:
                raise Refused(Code.NOTHING_TO_UNDO)
            self._journal.work_on(self._entry.id, self._work)
            yield photos

    def carry(self, photos: Sequence[PhotoEntry]) -> None:
        """Bring photos to their other places."""
        for photo in self._uncancelled(photos):
            if self.run.stopped is not None:
                self._leave(self._shown(photo), self.run.stopped)
                continue
            self._carry_one(photo)
            if self.run.due:
                self._settle()
        self._settle()
        self.run.finish()

    def remove_emptied(self, emptied: Iterable[str]) -> None:
        """Remove those folders of the photos' root that are empty, and those that held only them."""
        root = self.volumes.path(self._entry.root)
        if root is not None:
            folders.remove_emptied(emptied, root)

    def trash_copies(self, photos: Sequence[PhotoEntry], trash: Trash) -> None:
        """Put copies into the trash that are as we made them and whose originals are there."""
        for photo in self._uncancelled(photos):
            try:
                self._trash_one(photo, trash)
            except Trouble as trouble:
                self._leave(self._shown(photo), trouble.reason)
            else:
                self.run.arrive(photo.number, fileops.split(self._shown(photo))[0])
                self.restored += 1

    def _uncancelled(self, photos: Sequence[PhotoEntry]) -> Iterator[PhotoEntry]:
        for done, photo in enumerate(photos):
            try:
                self._report(Progress(Stage.UNDOING, done, len(photos)))
            except Cancelled:
                self.cancelled = True
                return
            yield photo

    def _carry_one(self, photo: PhotoEntry) -> None:
        try:
            legs = [self._leg(photo, member) for member in range(len(photo.files))]
            self.run.carry(photo.number, legs)
        except Trouble as trouble:
            self._leave(self._shown(photo), trouble.reason)
            return
        self.restored += 1
        self._now[photo.number] = legs[0].source

    def _leg(self, photo: PhotoEntry, member: int) -> Leg:
        file = photo.files[member]
        source, target = self._path(file.source), self._path(file.target)
        mtime_ns = file.mtime_ns
        if self._work is Work.UNDOING:
            source, target = target, source
            mtime_ns = _landed_date(file)
        return Leg(source, target, file.size, mtime_ns, file.digest, date=file.mtime_ns)

    def _settle(self) -> None:
        for number, trouble in self.run.settle().items():
            self.restored -= 1
            self._leave(self._now[number], trouble.reason)
        self._now.clear()

    def _trash_one(self, photo: PhotoEntry, trash: Trash) -> None:
        """Raises `Trouble`; companions go first, so that the picture stays where one of them can't go."""
        copies: list[Path] = []
        for file in photo.files:
            original, copy = self._path(file.source), self._path(file.target)
            try:
                if fileops.look(original) is None:
                    raise Trouble(Reason(Code.VANISHED, {"path": original}))
                status = fileops.look(copy)
                if status is None and copies:
                    continue  # an earlier undo got as far as this companion
                _check_copy(file, copy, None if status is None else (status.st_size, status.st_mtime_ns))
                if not streams.same_bytes(original, copy):  # another photo has the name of the original now
                    raise Trouble(Reason(Code.CHANGED_MEANWHILE, {"path": original}))
            except OSError as error:
                raise Trouble(reason_of(error, copy)) from error
            copies.append(copy)
        for copy in reversed(copies):
            try:
                trash(copy)
            except OSError as error:
                raise Trouble(reason_of(error, copy)) from error
        if any(os.path.lexists(copy) for copy in copies):
            raise Trouble(Reason(Code.IO_ERROR, {"path": copies[0]}))

    def _path(self, place: Place) -> Path:
        path = self.volumes.path(place)
        if path is None:
            volume = str(self._journal.last_mount(place))
            raise Trouble(Reason(Code.DRIVE_MISSING, {"volume": volume}))
        hindrance = self._inside.hindrance(fileops.split(path)[0])
        if hindrance is not None:
            raise Trouble(hindrance)
        return path

    def _shown(self, photo: PhotoEntry) -> Path:
        """Where the photo lies, or would lie if it were where we left it."""
        file = photo.files[0]
        return self._journal.shown(file.target if self._work is Work.UNDOING else file.source, self.volumes)

    def _leave(self, path: Path, reason: Reason) -> None:
        code = _SAID_OF_UNDO.get(reason.code, reason.code)
        if code is Code.RENAMED_SINCE and reason.arguments.get("path") != path:
            code = reason.code  # not the photo itself is gone, but a companion or a copy's original
        self.left.append(Left(path, Reason(code, reason.arguments)))


def _landed_date(file: FileEntry) -> int:
    return file.mtime_ns if file.landed_mtime_ns is None else file.landed_mtime_ns


def _check_copy(file: FileEntry, copy: Path, status: tuple[int, int] | None) -> None:
    """Raises `Trouble` where a copy is not as we made it, and OSError."""
    if status is None:
        raise Trouble(Reason(Code.VANISHED, {"path": copy}))
    same = status == (file.size, _landed_date(file))
    if not same or (file.digest is not None and streams.digest_of(copy) != file.digest):
        raise Trouble(Reason(Code.CHANGED_MEANWHILE, {"path": copy}))
