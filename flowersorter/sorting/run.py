"""One pass over a batch: carry photos, and write down in groups where they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flowersorter.records import Reason, Refused
from flowersorter.sorting import fileops
from flowersorter.sorting.carrier import Carrier, Landed, Leg, check
from flowersorter.sorting.entries import BatchEntry, State
from flowersorter.sorting.fileops import split
from flowersorter.sorting.folders import Inside
from flowersorter.sorting.journal import Journal
from flowersorter.sorting.troubles import Trouble, reason_of
from flowersorter.sorting.volumes import Volumes


class Run:
    """Carries the photos of one batch in one direction.

    `arrived` is the state of a photo that was carried, `stayed` that of one that was not. `stopped` is
    set where the journal takes no more: then nothing else may be moved. `sound` is False once recovery
    has to look at the batch.
    """

    def __init__(
        self,
        journal: Journal,
        batch: BatchEntry,
        volumes: Volumes,
        inside: Inside,
        *,
        arrived: State,
        stayed: State,
    ) -> None:
        self.stopped: Reason | None = None
        self.sound = True
        self.volumes = volumes
        self.left: set[str] = set()  # the folders that photos were carried out of
        self.made: set[str] = set()  # the folders that were made for photos
        self._journal = journal
        self._batch = batch
        self._inside = inside
        self._arrived = arrived
        self._stayed = stayed
        self._carrier = Carrier(batch, volumes)
        self._states: dict[int, State] = {}
        self._dates: dict[tuple[int, int], int] = {}
        self._folders: dict[str, Reason | None] = {}  # those that were made or found, or why not

    def make_folders(self, folders: Iterable[Path]) -> None:
        """Make target folders, and sync those that they lie in; what goes wrong is said of their photos."""
        parents: dict[Path, None] = {}
        for folder in folders:
            try:
                made = fileops.make_folder(folder)
                parents |= dict.fromkeys(one.parent for one in made)
                self.made.update(map(str, made))
                self._folders[str(folder)] = None
            except OSError as error:
                self._folders[str(folder)] = reason_of(error, folder)
        for parent in parents:
            try:
                fileops.sync_folder(parent)
            except OSError as error:
                lost = [folder for folder in self._folders if parent in Path(folder).parents]
                self._folders |= dict.fromkeys(lost, reason_of(error, parent))

    def carry(self, number: int, legs: Sequence[Leg]) -> Landed:
        """Bring one photo to its targets, whose folder is made if need be. Raises `Trouble`."""
        here, there = split(legs[0].source)[0], split(legs[0].target)[0]
        try:
            hindrance = self._inside.hindrance(here)
            if hindrance is not None:
                raise Trouble(hindrance, tried=False)
            if there not in self._folders:
                check(legs)  # no folder is made for a photo that is not carried
                self.make_folders([legs[0].target.parent])
            reason = self._folders[there]
            if reason is not None:
                raise Trouble(reason)
            landed = self._carrier.carry(number, legs, (here, there))
        except Trouble as trouble:
            self._note(number, trouble)
            raise
        self.arrive(number, here)
        if self._arrived is State.PLACED:
            for member, date in landed.dates.items():
                self._dates[number, member] = date
        return landed

    def leave(self, number: int) -> None:
        """Write down that a photo is not carried."""
        self._states[number] = self._stayed

    def arrive(self, number: int, left: str) -> None:
        """Write down that a photo has gone, out of the folder `left`."""
        self._states[number] = self._arrived
        self.left.add(left)

    @property
    def due(self) -> bool:
        """Whether enough was copied to settle it."""
        return self._carrier.due

    def settle(self) -> dict[int, Trouble]:
        """Make what was carried lasting. The answer is the photos that had to be taken back after all."""
        if not self._carrier.pending:
            return {}  # renames need no originals to be released; the journal learns of them at the end
        troubles = self._carrier.secure()
        for number, trouble in troubles.items():
            self._note(number, trouble)
        self._note_all()
        late = self._carrier.release() if self.stopped is None else self._carrier.abandon(self.stopped)
        for number, trouble in late.items():
            self._note(number, trouble)
        return troubles | late

    def finish(self) -> None:
        """Sync every folder that was changed."""
        self.sound = self._carrier.finish() and self.sound

    def close(self, *, undone: bool) -> None:
        """Write down the rest, and that nothing is under way, unless recovery has to look at the batch."""
        if self.sound:
            with self._stopping():
                self._journal.finish(self._batch.id, self._states, self._dates, undone=undone)
        elif self.stopped is None:
            self._note_all()

    def _note_all(self) -> None:
        if self._arrived is State.BACK:
            return  # only at the end: to recovery, BACK means that an earlier undo brought the photo back
        with self._stopping():
            self._journal.note(self._batch.id, self._states, self._dates)
            self._states.clear()
            self._dates.clear()

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        try:
            yield
        except Refused as refused:
            self.stopped = refused.reason
            self.sound = False

    def _note(self, number: int, trouble: Trouble) -> None:
        self._states[number] = State.WAITING if trouble.broken else self._stayed
        self.sound = self.sound and not trouble.broken
