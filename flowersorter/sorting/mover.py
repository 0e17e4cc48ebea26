"""Carry out a plan: journal first, then photo after photo, and a receipt whose numbers add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from flowersorter.progress import Cancelled, Progress, Report, Stage, silent
from flowersorter.records import (
    Code,
    Outcome,
    Plan,
    PlannedMove,
    Reason,
    Receipt,
    Status,
    Stay,
    Transfer,
)
from flowersorter.sorting import fileops, folders, locks
from flowersorter.sorting.carrier import Landed, Leg
from flowersorter.sorting.entries import Identity, State
from flowersorter.sorting.journal import Journal
from flowersorter.sorting.run import Run
from flowersorter.sorting.troubles import Trouble, reason_of, refusal_of
from flowersorter.sorting.volumes import Volumes


def carry_out(plan: Plan, journal: Journal, report: Report = silent) -> Receipt:
    """Do what the plan says and nothing else. Between photos `report` may raise `Cancelled`.

    Raises `Refused`, and then nothing was moved: FOLDER_IN_USE; DISK_FULL, READ_ONLY, FILE_BUSY, IO_ERROR
    and their like where the journal cannot be written or a folder does not answer.
    """
    stays = [_stay(stay, Status.KEPT) for stay in plan.kept]
    stays += [_stay(stay, Status.SKIPPED) for stay in plan.skipped]
    if not plan.moves:
        return Receipt(None, tuple(stays))
    with locks.hold([plan.root, plan.into]):
        return _Mover(plan, journal, report).move(stays)


def _stay(stay: Stay, status: Status) -> Outcome:
    return Outcome(stay.photo, status, reason=stay.reason)


class _Mover:
    """The state of one run."""

    def __init__(self, plan: Plan, journal: Journal, report: Report) -> None:
        self._plan = plan
        self._journal = journal
        self._report = report
        self._volumes = Volumes.now()
        self._companions: dict[int, list[Identity]] = {}  # by number, of photos that have some
        self._outcomes: dict[int, Outcome] = {}

    def move(self, stays: Sequence[Outcome]) -> Receipt:
        plan = self._plan
        try:
            batch = self._journal.begin(plan, self._look_at_files(), self._volumes)
        except OSError as error:  # a dead network drive does not even say which one it is
            raise refusal_of(error, plan.into) from error
        if batch is None:
            return self._receipt(None, stays, cancelled=False)
        inside = folders.Inside([plan.root])
        run = Run(self._journal, batch, self._volumes, inside, arrived=State.PLACED, stayed=State.STAYED)
        run.make_folders(plan.new_folders)
        cancelled = self._move_all(run)
        self._settle(run)
        run.finish()
        if run.stopped is None:
            if plan.transfer is Transfer.MOVE:
                folders.remove_emptied(run.left, plan.root)
            if any(one.target is None for one in self._outcomes.values()):
                folders.remove_made(self._journal, batch, self._volumes)
        run.close(undone=False)
        receipt = self._receipt(batch.id, stays, cancelled=cancelled)
        if run.stopped is None:
            return receipt
        lost = run.stopped.code is Code.STORE_DAMAGED  # a new journal gives the batch's number to another
        return replace(receipt, batch=None if lost else batch.id, unwritten=run.stopped)

    def _receipt(self, batch: int | None, stays: Sequence[Outcome], *, cancelled: bool) -> Receipt:
        outcomes = [self._outcomes[number] for number in range(len(self._plan.moves))]
        return Receipt(batch, (*outcomes, *stays), cancelled)

    def _look_at_files(self) -> Iterator[tuple[int, PlannedMove, list[Identity]]]:
        """What the journal has to know of each photo; one with a missing file has its outcome at once."""
        for number, move in enumerate(self._plan.moves):
            try:
                companions = [_identity(file.source) for file in move.files[1:]]
            except Trouble as trouble:
                self._note(number, trouble)
                continue
            if companions:
                self._companions[number] = companions
            yield number, move, self._identities(number, move)

    def _identities(self, number: int, move: PlannedMove) -> list[Identity]:
        """Of each file of a photo, the picture first."""
        photo = move.photo
        return [(photo.size, photo.mtime_ns, move.digest), *self._companions.get(number, ())]

    def _move_all(self, run: Run) -> bool:
        """Move photo after photo; the answer is whether it was cancelled."""
        total = len(self._plan.moves)
        for number, move in enumerate(self._plan.moves):
            if number in self._outcomes:
                continue
            try:
                self._report(Progress(Stage.MOVING, number, total))
            except Cancelled:
                self._skip_rest(run, number, Reason(Code.CANCELLED))
                return True
            self._move_one(run, number, move)
            if run.due:
                self._settle(run)
            if run.stopped is not None:
                self._skip_rest(run, number + 1, run.stopped)
                return False
        return False

    def _move_one(self, run: Run, number: int, move: PlannedMove) -> None:
        legs: list[Leg] = []
        for member, (size, mtime_ns, digest) in enumerate(self._identities(number, move)):
            file = move.files[member]
            ctime_ns = move.photo.ctime_ns if member == 0 else 0
            legs.append(Leg(file.source, file.target, size, mtime_ns, digest, mtime_ns, ctime_ns))
        try:
            landed = run.carry(number, legs)
        except Trouble as trouble:
            self._note(number, trouble)
        else:
            self._outcomes[number] = self._arrived(move, landed)

    def _arrived(self, move: PlannedMove, landed: Landed) -> Outcome:
        status = Status.MOVED if self._plan.transfer is Transfer.MOVE else Status.COPIED
        return Outcome(move.photo, status, move.target, move.species, losses=landed.losses)

    def _settle(self, run: Run) -> None:
        for number, trouble in run.settle().items():
            self._note(number, trouble)

    def _note(self, number: int, trouble: Trouble) -> None:
        status = Status.FAILED if trouble.tried else Status.SKIPPED
        move = self._plan.moves[number]
        self._outcomes[number] = Outcome(move.photo, status, species=move.species, reason=trouble.reason)

    def _skip_rest(self, run: Run, start: int, reason: Reason) -> None:
        for number in range(start, len(self._plan.moves)):
            if number not in self._outcomes:
                run.leave(number)
                self._note(number, Trouble(reason, tried=False))


def _identity(companion: Path) -> Identity:
    try:
        status = fileops.look(companion)
    except OSError as error:
        raise Trouble(reason_of(error, companion)) from error
    if status is None:
        raise Trouble(Reason(Code.VANISHED, {"path": companion}), tried=False)
    return status.st_size, status.st_mtime_ns, None
