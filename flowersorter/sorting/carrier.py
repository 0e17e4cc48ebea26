"""Carry photos with their companions from one place to another, all files of a photo or none.

Mover, undo and redo are this with different directions. On one journalled disk a photo's files are
renamed at once. Otherwise they are copied and verified, and the originals go later: after `secure`
has synced the copies' folders and the caller has written the journal, `release` removes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from flowersorter.records import Code, Reason, Transfer
from flowersorter.sorting import copying, fileops, streams
from flowersorter.sorting.copying import Copied, CopyDiffers, Seal, SourceChanged
from flowersorter.sorting.entries import BatchEntry
from flowersorter.sorting.fileops import CannotRename, LeftBehind, split
from flowersorter.sorting.removal import Remover
from flowersorter.sorting.troubles import Trouble, reason_of
from flowersorter.sorting.volumes import Volumes

# So many photos, or so many copied bytes, share one sync of each folder and one commit of the journal.
_SHARE_PHOTOS: Final = 256
_SHARE_BYTES: Final = 256 << 20


class Leg(NamedTuple):
    """One file on its way, and what it must be to be the file that was meant.

    `date` is the mtime_ns that it shall have at its target; `ctime_ns` is 0 where it says nothing.
    """

    source: Path
    target: Path
    size: int
    mtime_ns: int
    digest: str | None
    date: int
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True)
class Landed:
    """How a photo arrived: the dates (mtime_ns) that differ from the wanted ones, by member; other losses."""

    dates: Mapping[int, int] = field(default_factory=dict)
    losses: tuple[str, ...] = ()


_WHOLE: Final = Landed()


@dataclass(frozen=True, slots=True)
class _Copy:
    leg: Leg
    temporary: str  # the name under which it grew
    original: Seal | None  # of the source, before it was copied
    copied: Copied


class Carrier:
    """Carries photo after photo. The caller secures and releases when it is `due`, and at the end."""

    def __init__(self, batch: BatchEntry, volumes: Volumes) -> None:
        self._batch = batch
        self._volumes = volumes
        self._renaming: dict[tuple[str, str], bool] = {}
        self._copies: dict[int, list[_Copy]] = {}
        self._bytes = 0
        self._touched: set[str] = set()
        self._hashing = streams.hashing_thread()
        self._remover = Remover(volumes)

    @property
    def due(self) -> bool:
        """Whether enough was copied to secure it."""
        return len(self._copies) >= _SHARE_PHOTOS or self._bytes >= _SHARE_BYTES

    @property
    def pending(self) -> bool:
        """Whether there are copies that are not secured."""
        return bool(self._copies)

    def carry(self, number: int, legs: Sequence[Leg], folders: tuple[str, str]) -> Landed:
        """Bring the files of one photo from one of two folders to the other.

        Raises `Trouble`; then all are where they were.
        """
        check(legs)
        if self._may_rename(folders):
            try:
                landed = self._rename(legs)
            except CannotRename:
                self._renaming[folders] = False
            else:
                self._touched.update(folders)
                return landed
        return self._copy(number, legs)

    def secure(self) -> dict[int, Trouble]:
        """Sync the folders of the copies. The answer is the photos whose copies were taken back."""
        troubles: dict[int, Trouble] = {}
        for folder in {copy.leg.target.parent for copies in self._copies.values() for copy in copies}:
            try:
                fileops.sync_folder(folder)
            except OSError as error:
                affected = [number for number, copies in self._copies.items() if _lies_in(folder, copies)]
                for number in affected:
                    troubles[number] = _taken_back(self._copies.pop(number), reason_of(error, folder))
        return troubles

    def release(self) -> dict[int, Trouble]:
        """Remove the originals of the copies. The answer is the photos whose copies were taken back."""
        troubles: dict[int, Trouble] = {}
        if self._batch.transfer is Transfer.MOVE:
            for number, copies in self._copies.items():
                try:
                    _release(copies, self._remover)
                except Trouble as trouble:
                    troubles[number] = trouble
                self._touched.add(split(copies[0].leg.source)[0])
        self._copies.clear()
        self._bytes = 0
        return troubles

    def abandon(self, reason: Reason) -> dict[int, Trouble]:
        """Take back all copies whose originals are still there."""
        troubles = {number: _taken_back(copies, reason) for number, copies in self._copies.items()}
        self._copies.clear()
        return troubles

    def finish(self) -> bool:
        """Sync every folder that was changed; False where a disk did not do so."""
        self._remover.wait()
        try:
            fileops.sync_folders(map(Path, sorted(self._touched)))
        except OSError:
            return False
        self._touched.clear()
        return True

    def _may_rename(self, folders: tuple[str, str]) -> bool:
        if folders not in self._renaming:
            source, target = map(Path, folders)
            self._renaming[folders] = (
                self._batch.transfer is Transfer.MOVE
                and self._volumes.of(target).journalled
                and self._volumes.same(source, target)
            )
        return self._renaming[folders]

    def _rename(self, legs: Sequence[Leg]) -> Landed:
        done: list[Leg] = []
        for leg in legs:
            try:
                fileops.rename_new(leg.source, leg.target)
            except CannotRename:
                _rename_back(done)
                raise
            except LeftBehind as left:
                raise _broken(left) from left
            except OSError as error:
                _rename_back(done)
                raise _trouble(error, leg) from error
            done.append(leg)
        return _WHOLE if _restored_dates(legs) else Landed(losses=("times",))

    def _copy(self, number: int, legs: Sequence[Leg]) -> Landed:
        copies: list[_Copy] = []
        for member, leg in enumerate(legs):
            try:
                copies.append(_copy(leg, self._batch.temporary(number, member), self._hashing))
            except Trouble as trouble:
                raise _taken_back(
                    copies, trouble.reason, tried=trouble.tried, broken=trouble.broken
                ) from trouble
        self._copies[number] = copies
        self._bytes += sum(leg.size for leg in legs)
        losses = dict.fromkeys(loss for copy in copies for loss in copy.copied.losses)
        dates = {member: copy.copied.stamp[2] for member, copy in enumerate(copies)}
        off = {member: date for member, date in dates.items() if date != legs[member].date}
        return Landed(off, tuple(losses))


def check(legs: Sequence[Leg]) -> None:
    """Make sure that the files of a photo are those that were meant. Raises `Trouble`."""
    for leg in legs:
        _check(leg)


def _check(leg: Leg) -> None:
    """Same size and date, else the same bytes."""
    try:
        status = fileops.look(leg.source)
        if status is None:
            raise Trouble(Reason(Code.VANISHED, {"path": leg.source}), tried=False)
        dated = status.st_mtime_ns == leg.mtime_ns and leg.ctime_ns in {0, status.st_ctime_ns}
        same = status.st_size == leg.size and (
            dated or (leg.digest is not None and streams.digest_of(leg.source) == leg.digest)
        )
    except OSError as error:
        raise Trouble(reason_of(error, leg.source)) from error
    if not same:
        raise Trouble(Reason(Code.CHANGED_MEANWHILE, {"path": leg.source}), tried=False)


def _copy(leg: Leg, temporary: str, hashing: Executor) -> _Copy:
    try:
        original = copying.seal(leg.source)
        copied = copying.copy_new(
            leg.source,
            leg.target,
            leg.target.with_name(temporary),
            hashing,
            expected=leg.digest,
            modified_ns=leg.date,
        )
    except SourceChanged as change:
        raise Trouble(Reason(Code.CHANGED_MEANWHILE, {"path": leg.source}), tried=False) from change
    except CopyDiffers as difference:
        raise Trouble(Reason(Code.COPY_DIFFERS, {"path": leg.source})) from difference
    except LeftBehind as left:
        raise _broken(left) from left
    except OSError as error:
        raise _trouble(error, leg) from error
    return _Copy(leg, temporary, original, copied)


def _release(copies: Sequence[_Copy], remover: Remover) -> None:
    """Remove the originals of one photo, all or none. Raises `Trouble`; then the copies are gone instead."""
    for copy in copies:
        leg = copy.leg
        try:
            original, mine = copying.seal(leg.source), copying.stamp(leg.target)
            unchanged = original is not None and _is_as_copied(copy, original)
        except OSError as error:
            raise _taken_back(copies, reason_of(error, leg.source)) from error
        if original is None:
            continue  # gone already, so the copy is all that is left of it
        if mine != copy.copied.stamp:
            raise _taken_back(copies, Reason(Code.COPY_DIFFERS, {"path": leg.target}))
        if not unchanged:
            raise _taken_back(copies, Reason(Code.CHANGED_MEANWHILE, {"path": leg.source}), tried=False)
    gone: list[_Copy] = []
    for copy in copies:
        try:
            remover.remove(copy.leg.source, copy.leg.target, copy.leg.size)
        except FileNotFoundError:
            continue
        except OSError as error:
            reason = reason_of(error, copy.leg.source)
            if not _brought_back(gone):
                raise Trouble(reason, broken=True) from error
            raise _taken_back(copies, reason) from error
        gone.append(copy)


def _is_as_copied(copy: _Copy, now: Seal) -> bool:
    """Whether an original is what was copied; where only its ctime is another, its bytes tell."""
    if copy.original is None or now[:-1] != copy.original[:-1]:
        return False
    return now == copy.original or streams.digest_of(copy.leg.source) == copy.copied.digest


def _brought_back(gone: Sequence[_Copy]) -> bool:
    """Make removed originals again from their copies; False where that is not possible."""
    for copy in gone:
        leg = copy.leg
        temporary = leg.source.with_name(copy.temporary)
        try:
            copying.copy_new(
                leg.target,
                leg.source,
                temporary,
                streams.hashing_thread(),
                expected=copy.copied.digest,
                modified_ns=leg.mtime_ns,
            )
            fileops.sync_folder(leg.source.parent)
        except (OSError, LeftBehind, SourceChanged, CopyDiffers):
            return False
    return True


def _taken_back(
    copies: Sequence[_Copy], reason: Reason, *, tried: bool = True, broken: bool = False
) -> Trouble:
    """Remove copies whose originals are in their places; the answer is the trouble to raise."""
    for copy in copies:
        try:
            # a copy that somebody has changed since, or whose original is gone, is not ours to remove
            unchanged = copying.stamp(copy.leg.target) == copy.copied.stamp
            if fileops.look(copy.leg.source) is None:
                broken = True  # recovery brings the photo's files together
            elif unchanged:
                fileops.remove(copy.leg.target)
        except OSError:
            broken = True
    return Trouble(reason, tried=tried, broken=broken)


def _rename_back(done: Sequence[Leg]) -> None:
    """Rename the first files of a photo back. Raises `Trouble` where one can't be."""
    for leg in reversed(done):
        try:
            fileops.rename_new(leg.target, leg.source)
        except (OSError, CannotRename, LeftBehind) as error:
            reason = reason_of(error, leg.target) if isinstance(error, OSError) else Reason(Code.IO_ERROR)
            raise Trouble(reason, broken=True) from error


def _restored_dates(legs: Sequence[Leg]) -> bool:
    try:
        for leg in legs:
            if leg.date != leg.mtime_ns:
                fileops.set_date(leg.target, leg.date)
    except OSError:
        return False
    return True


def _trouble(error: OSError, leg: Leg) -> Trouble:
    try:
        vanished = fileops.look(leg.source) is None
        # a failing disk may have done what it says it did not: recovery has to look
        broken = vanished and fileops.look(leg.target) is not None
    except OSError as worse:
        return Trouble(reason_of(worse, leg.source), broken=True)
    if isinstance(error, FileExistsError):
        return Trouble(reason_of(error, leg.target), broken=broken)
    if not isinstance(error, FileNotFoundError) or broken:
        return Trouble(reason_of(error, leg.source), broken=broken)
    if vanished:
        return Trouble(Reason(Code.VANISHED, {"path": leg.source}), tried=False)
    return Trouble(Reason(Code.FOLDER_UNREADABLE, {"path": leg.target.parent}))


def _broken(left: LeftBehind) -> Trouble:
    reason = Reason(Code.IO_ERROR, {"path": left.path})
    if isinstance(left.failure, OSError):
        reason = reason_of(left.failure, left.path)
    return Trouble(reason, broken=True)


def _lies_in(folder: Path, copies: Sequence[_Copy]) -> bool:
    return any(copy.leg.target.parent == folder for copy in copies)
