"""Promises 1, 2, 3, 7, 10, 14, 16 and 21: anything in any order, and no byte string is ever lost."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.garden import Garden, species_of
from support.primitives import WAYS, disk
from support.tally import TALLY, nothing_lost
from support.trees import contents

from flowersorter.progress import Cancelled, Progress
from flowersorter.records import Photo, Recovered, Refused, Status, Transfer

NAMES = st.sampled_from(
    ["rose_1.jpg", "rose_1.xmp", "rose_1.jpg.xmp", "ROSE_1.JPG", "rose_1.cr2", "daisy_1.jpg", "unsure_1.jpg",
     "Blu\u0308te_1.jpg", "Bl\u00fcte_1.jpg", "rose_1 (2).jpg", "ros\udce9_1.jpg"]
)  # fmt: skip
FOLDERS = st.sampled_from(["", "sub", "sub/deep", "Rose", "rose"])
TRANSFERS = st.sampled_from(Transfer)
KILL_AT = st.integers(1, 30)


class Cut(BaseException):
    """Ends a run in the middle, where no handler may help."""


class Gardening(RuleBasedStateMachine):
    """A gardener, a stranger, and power that fails."""

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")  # noqa: S108 - the folder in it has a name of its own
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.inside = Garden.lay_out(self.folder)
        self.outside = Garden(self.inside.root, self.folder / "sorted", self.inside.journal_file)
        self.ever: Counter[str] = Counter()  # digests of what was put there by hand, and not edited
        self.way = "rename"
        self.count = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize(way=st.sampled_from(sorted(WAYS)))
    def choose_disk(self, way: str) -> None:
        self.way = way

    @rule(name=NAMES, folder=FOLDERS)
    def add(self, name: str, folder: str) -> None:
        self._write(self.inside.root / folder / name)

    @rule(name=NAMES, folder=st.sampled_from(["Rose", "Daisy", "Blüte"]), into=st.booleans())
    def stranger(self, name: str, folder: str, into: bool) -> None:
        root = self.outside.into if into else self.inside.root
        self._write(root / folder / name)

    @rule(transfer=TRANSFERS, inside=st.booleans(), seed=st.integers(0, 3))
    def sort(self, transfer: Transfer, inside: bool, seed: int) -> None:
        garden = self._garden(inside)
        plan = garden.plan(transfer=transfer, rule=lambda photo: self._species(photo, seed), again=True)
        with disk(self.way):
            receipt = garden.carry_out(plan)
        assert plan.found == len(receipt.outcomes)
        assert receipt.count(Status.FAILED) == 0
        again = garden.plan(transfer=transfer, rule=lambda photo: self._species(photo, seed), again=True)
        if transfer is Transfer.MOVE:
            assert again.moves == ()

    @rule(inside=st.booleans(), stop_at=st.integers(0, 3))
    def sort_and_cancel(self, inside: bool, stop_at: int) -> None:
        garden = self._garden(inside)
        plan = garden.plan()

        def report(event: object) -> None:
            assert isinstance(event, Progress)
            if event.done >= stop_at:
                raise Cancelled

        with disk(self.way):
            receipt = garden.carry_out(plan, report)
        assert plan.found == len(receipt.outcomes)
        assert receipt.count(Status.MOVED) <= stop_at

    @rule(transfer=TRANSFERS, inside=st.booleans(), kill_at=KILL_AT)
    def sort_and_die(self, transfer: Transfer, inside: bool, kill_at: int) -> None:
        garden = self._garden(inside)
        plan = garden.plan(transfer=transfer)
        self._die(lambda: garden.carry_out(plan), kill_at)

    @rule()
    def undo(self) -> None:
        try:
            with disk(self.way):
                self.inside.undo()
        except Refused:
            return

    @rule(kill_at=KILL_AT)
    def undo_and_die(self, kill_at: int) -> None:
        self._die(self.inside.undo, kill_at)

    @rule(number=st.integers(0, 5))
    def undo_or_redo_any(self, number: int) -> None:
        try:
            with disk(self.way):
                self._undo_or_redo(number)
        except Refused:
            return

    @rule(number=st.integers(0, 5), kill_at=KILL_AT)
    def undo_or_redo_any_and_die(self, number: int, kill_at: int) -> None:
        self._die(lambda: self._undo_or_redo(number), kill_at)

    def _undo_or_redo(self, number: int) -> None:
        with self.inside.journal() as journal:
            batches = journal.batches()
        if batches:
            batch = batches[number % len(batches)]
            self.inside.redo(batch.id) if batch.undone else self.inside.undo(batch.id)

    @precondition(lambda self: self.ever)
    @rule(seed=st.integers(0, 100))
    def edit(self, seed: int) -> None:
        """The gardener works on a photo: its old bytes are his to give up."""
        files = [path for path in self.inside.root.rglob("*") if path.is_file()]
        if not files:
            return
        path = random.Random(seed).choice(sorted(files))
        old = hashlib.sha256(path.read_bytes()).hexdigest()
        if contents(self.folder)[old] == 1:
            self.ever[old] = 0
        self._write(path, replace=True)

    @invariant()
    def no_byte_string_is_lost(self) -> None:
        TALLY["state-machine steps"] += 1
        nothing_lost(+self.ever, contents(self.folder))

    @invariant()
    def no_temporary_is_left(self) -> None:
        assert not list(self.folder.rglob(".flowersorter-*"))

    def _garden(self, inside: bool) -> Garden:
        return self.inside if inside else self.outside

    def _species(self, photo: Photo, seed: int) -> str | None:
        species = species_of(photo)
        return {1: "Rosa/alba", 2: "ROSE"}.get(seed, species) if species == "Rose" else species

    def _write(self, path: Path, *, replace: bool = False) -> None:
        if path.exists() and not replace:
            return
        self.count += 1
        path.parent.mkdir(parents=True, exist_ok=True)
        data = b"photo number %d" % self.count
        path.write_bytes(data)
        os.utime(path, ns=(self.count * 10**12, self.count * 10**12 + 123_456_789))
        self.ever[hashlib.sha256(data).hexdigest()] += 1

    def _die(self, deed: Callable[[], object], kill_at: int) -> None:
        """Everything fails from one primitive on, then the program starts again and recovers."""
        calls = 0

        def watch(_name: str, _arguments: object) -> None:
            nonlocal calls
            calls += 1
            if calls >= kill_at:
                raise Cut

        try:
            with disk(self.way, watch):
                deed()
        except (Cut, Refused):
            pass
        with disk(self.way):
            self.inside.recover()
            assert self.inside.recover() == Recovered()


TestGardening = Gardening.TestCase
TestGardening.settings = settings(
    max_examples=100, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
