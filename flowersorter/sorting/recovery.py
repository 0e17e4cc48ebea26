"""Finish or roll back what was interrupted. The files say where they are, not the journal's states.

A photo whose files are all at their targets is finished, any other is put back. A name is only ever
taken away while the same bytes are on the disk under the photo's other name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from flowersorter.progress import Progress, Report, Stage, silent
from flowersorter.records import Code, Left, Reason, Recovered, Refused, Transfer
from flowersorter.sorting import fileops, folders, locks, streams
from flowersorter.sorting.carrier import Carrier, Leg
from flowersorter.sorting.entries import BatchEntry, FileEntry, PhotoEntry, State, Work
from flowersorter.sorting.journal import Journal
from flowersorter.sorting.troubles import Trouble, reason_of
from flowersorter.sorting.volumes import Volumes

_COARSEST_DATE: Final = 2_000_000_000  # ns; FAT keeps every other second


def recover(journal: Journal, report: Report = silent) -> Recovered:
    """Clear up after every run that was interrupted; doing it twice equals once.

    What cannot be cleared up now, because its drive is missing or a link is in a folder's place, is listed
    and tried again next time.
    Raises `Refused` (STORE_DAMAGED, or the journal cannot be written) and `Cancelled`.
    """
    total = Recovered()
    for batch in journal.unfinished():
        one = recover_batch(journal, batch, report)
        total = Recovered(
            total.in_place + one.in_place, total.put_back + one.put_back, total.unresolved + one.unresolved
        )
    return total


def recover_batch(journal: Journal, batch: BatchEntry, report: Report = silent) -> Recovered:
    """Clear up after one interrupted run."""
    volumes = Volumes.now()
    held = [path for place in (batch.root, batch.into) if (path := volumes.path(place)) is not None]
    with ExitStack() as stack:
        try:
            stack.enter_context(locks.hold(held))
        except Refused as refused:  # in use, or on a disk that fails: the next start tries again
            return Recovered(unresolved=(Left(held[0], refused.reason),))
        batch = journal.entry(batch.id)
        if batch.work is None:  # another process was quicker
            return Recovered()
        return _Recovery(journal, batch, volumes).clear_up(report)


@dataclass(frozen=True, slots=True)
class _Found:
    """One file of a photo, its two places, and at which of them it is."""

    member: int
    entry: FileEntry
    source: Path
    target: Path
    temporary: str
    at_source: bool
    at_target: bool


class _Recovery:
    """Clears up after one batch."""

    def __init__(self, journal: Journal, batch: BatchEntry, volumes: Volumes) -> None:
        self._journal = journal
        self._batch = batch
        self._volumes = volumes
        self._inside = folders.Inside.of(batch, volumes)
        self._forward = batch.work is not Work.UNDOING
        self._home = State.STAYED if batch.work is Work.MOVING else State.BACK
        self._carrier = Carrier(batch, volumes)
        self._states: dict[int, State] = {}
        self._dates: dict[tuple[int, int], int] = {}
        self._unresolved: dict[Path, Left] = {}
        self._in_place = 0
        self._put_back = 0
        self._sound = True

    def clear_up(self, report: Report) -> Recovered:
        batch = self._batch
        photos = [photo for photo in self._journal.photos(batch.id) if photo.state is not State.STAYED]
        for done, photo in enumerate(reversed(photos)):
            report(Progress(Stage.RECOVERING, done, len(photos)))
            try:
                self._clear_up_photo(photo)
            except OSError as error:
                path = self._journal.shown(photo.files[0].source, self._volumes)
                self._leave(path, reason_of(error, path), again=True)
        synced = self._carrier.finish()
        if synced and self._sound:
            clear_away = folders.remove_made if self._forward else folders.clear_away
            clear_away(self._journal, batch, self._volumes)
            undone = batch.undone and batch.work is not Work.REDOING
            self._journal.finish(batch.id, self._states, self._dates, undone=undone)
        elif synced:
            self._journal.note(batch.id, self._states, self._dates)
        return Recovered(self._in_place, self._put_back, tuple(self._unresolved.values()))

    def _clear_up_photo(self, photo: PhotoEntry) -> None:
        if photo.state is State.BACK and not self._forward:
            return  # an earlier undo brought it back, and it may have been sorted again since
        found = self._find(photo)
        if found is None:
            return
        there = [one for one in found if one.at_source or one.at_target]
        # edited, or sorted again since: undo says which
        changed = found[0] not in there and (
            photo.state is State.PLACED or fileops.look(found[0].target) is not None
        )
        if self._forward and (there or not changed):
            self._list_missing(one for one in found if one not in there)
        if self._forward and (not there or (changed and not all(one.at_target for one in there))):
            self._states[photo.number] = State.PLACED if changed else self._home
        elif there:
            clear_up = self._clear_up_copy if self._batch.transfer is Transfer.COPY else self._clear_up_move
            clear_up(photo.number, there)
        for one in found:
            for beside in (one.source, one.target):
                fileops.remove_temporary(beside.with_name(one.temporary))

    def _list_missing(self, files: Iterable[_Found]) -> None:
        for one in files:
            if fileops.look(one.target) is None:
                self._leave(one.source, Reason(Code.VANISHED, {"path": one.source}), again=False)
            else:
                self._leave(one.target, Reason(Code.EDITED_SINCE, {"path": one.target}), again=False)

    def _clear_up_move(self, number: int, files: Sequence[_Found]) -> None:
        all_at_target = all(one.at_target for one in files)
        all_at_source = all(one.at_source for one in files)
        if all_at_target and (self._forward or not all_at_source):
            for one in files:
                if one.at_source:
                    _take_away(one.source, keep=one.target)
            self._finished(number, files)
            return
        moved = any(one.at_target for one in files)
        for one in files:
            if one.at_source and one.at_target:
                _take_away(one.target, keep=one.source)
        away = [one for one in files if not one.at_source]
        if away and not self._carry_home(number, away):
            return
        self._states[number] = self._home
        self._put_back += moved or not self._forward

    def _clear_up_copy(self, number: int, files: Sequence[_Found]) -> None:
        if not self._forward:
            if fileops.look(files[0].target) is not None:  # an edited copy, too, is not gone
                self._states[number] = State.PLACED
            else:
                self._states[number] = self._home
                self._put_back += 1
        elif all(one.at_target for one in files):
            self._finished(number, files)
        else:
            incomplete = [one for one in files if one.at_source and one.at_target]
            for one in incomplete:
                _take_away(one.target, keep=one.source)
            self._states[number] = self._home
            self._put_back += bool(incomplete)

    def _finished(self, number: int, files: Sequence[_Found]) -> None:
        for one in files:
            status = fileops.look(one.target)
            if status is not None and status.st_mtime_ns != one.entry.mtime_ns:
                self._dates[number, one.member] = status.st_mtime_ns
        self._states[number] = State.PLACED
        self._in_place += self._forward

    def _carry_home(self, number: int, files: Sequence[_Found]) -> bool:
        """Bring files from their targets back, all or none; False where that is not possible."""
        legs = [
            Leg(
                one.target,
                one.source,
                one.entry.size,
                one.entry.mtime_ns if one.entry.landed_mtime_ns is None else one.entry.landed_mtime_ns,
                one.entry.digest,
                date=one.entry.mtime_ns,
            )
            for one in files
        ]
        try:
            for made in fileops.make_folder(legs[0].target.parent):
                fileops.sync_folder(made.parent)
            between = str(legs[0].source.parent), str(legs[0].target.parent)
            self._carrier.carry(number, legs, between)
            troubles = self._carrier.secure() | self._carrier.release()
            if troubles:
                raise troubles[number]
        except Trouble as trouble:
            self._leave(files[0].target, trouble.reason, again=True)
            return False
        return True

    def _find(self, photo: PhotoEntry) -> list[_Found] | None:
        found: list[_Found] = []
        for member, entry in enumerate(photo.files):
            source, target = self._volumes.path(entry.source), self._volumes.path(entry.target)
            if source is None or target is None:
                missing = self._journal.last_mount(entry.source if source is None else entry.target)
                self._leave(missing, Reason(Code.DRIVE_MISSING, {"volume": str(missing)}), again=True)
                return None
            for path in (source, target):
                hindrance = self._inside.hindrance(fileops.split(path)[0])
                if hindrance is not None:
                    self._leave(hindrance.arguments["path"], hindrance, again=True)
                    return None
            one = _where_is(member, entry, source, target, self._batch.temporary(photo.number, member))
            if not one.at_source and not one.at_target and self._stays(one):
                one = replace(one, at_source=True)
            found.append(one)
        return found

    def _stays(self, one: _Found) -> bool:
        """Whether a file, nowhere as it was, was edited at its source: the whole photo belongs there."""
        moved = not self._forward and fileops.look(one.target) is not None
        return not moved and fileops.look(one.source) is not None

    def _leave(self, path: Path, reason: Reason, *, again: bool) -> None:
        self._unresolved[path] = Left(path, reason)
        self._sound = self._sound and not again


def _where_is(member: int, entry: FileEntry, source: Path, target: Path, temporary: str) -> _Found:
    """Find one file; what we left under one of its names, not complete, is removed on the way."""
    at_source = _is_it(source, entry, entry.mtime_ns)
    at_target = _is_it(
        target, entry, entry.mtime_ns if entry.landed_mtime_ns is None else entry.landed_mtime_ns
    )
    if at_source and _removed_incomplete(target, whole=source, temporary=target.with_name(temporary)):
        at_target = False
    if at_target and _removed_incomplete(source, whole=target, temporary=source.with_name(temporary)):
        at_source = False
    if at_source and at_target and not source.samefile(target) and not streams.same_bytes(source, target):
        # one of the two is somebody else's file that only looks alike
        at_target = entry.digest is not None and streams.digest_of(target) == entry.digest
        at_source = not at_target
    return _Found(member, entry, source, target, temporary, at_source, at_target)


def _is_it(path: Path, entry: FileEntry, mtime_ns: int) -> bool:
    status = fileops.look(path)
    if status is None or status.st_size != entry.size:
        return False
    if status.st_mtime_ns == mtime_ns:
        return True
    if entry.digest is not None:
        return streams.digest_of(path) == entry.digest
    return abs(status.st_mtime_ns - mtime_ns) < _COARSEST_DATE


def _removed_incomplete(part: Path, *, whole: Path, temporary: Path) -> bool:
    """Remove a target that was being filled: the complete temporary beside it says that it is ours.

    It may have all its bytes already, and not yet its date.
    """
    if fileops.look(part) is None or fileops.look(temporary) is None:
        return False
    ours = streams.same_bytes(whole, temporary) and streams.begins_with(whole, part)
    if ours:
        fileops.remove(part)
    return ours


def _take_away(gone: Path, *, keep: Path) -> None:
    """Remove one of two names of the same bytes, once the other is sure to outlive a power cut."""
    fileops.sync_file(keep)
    fileops.sync_folder(keep.parent)
    fileops.remove(gone)
    fileops.sync_folder(gone.parent)
