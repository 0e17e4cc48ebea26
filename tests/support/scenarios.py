"""What can be interrupted: a sort, an undo, a redo, on every kind of disk; and what must hold after."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from support.garden import Garden, Rule, species_of
from support.primitives import disk
from support.tally import nothing_lost
from support.trees import contents, tree

from flowersorter.records import Photo, Recovered, Refused, Transfer

NAMES = ("rose_1.jpg", "rose_1.jpg.xmp", "sub/daisy_1.jpg", "unsure_1.jpg")
STRANGER = b"a stranger's"


@dataclass(frozen=True)
class Scenario:
    """What is done, to be interrupted: `prepare` first, then `act`, on disks of one of `primitives.WAYS`."""

    way: str
    deed: str  # sort, undo, redo, recover
    transfer: Transfer = Transfer.MOVE
    corrected: bool = False  # later batches brought the photos to another species, and back

    def __str__(self) -> str:
        return f"{self.deed}-{self.transfer}-{self.way}" + "-corrected" * self.corrected


SCENARIOS = [
    *(Scenario(way, "sort") for way in ("rename", "link", "copy", "fill", "disks")),
    *(Scenario(way, "undo") for way in ("rename", "link", "fill", "disks")),
    *(Scenario(way, "redo") for way in ("rename", "disks")),
    *(Scenario(way, "sort", Transfer.COPY) for way in ("rename", "fill")),
    Scenario("rename", "undo", Transfer.COPY),
    Scenario("rename", "redo", Transfer.COPY),
    *(Scenario(way, "undo", corrected=True) for way in ("rename", "disks")),
]


class Stage:
    """A garden in a state that can be set up again and again: the journal holds absolute paths."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario = scenario
        self._work, self._kept = folder / "work", folder / "kept"
        self.garden = Garden.lay_out(self._work)
        self.garden.plant(*NAMES)
        (self.garden.root / "Rose").mkdir()
        (self.garden.root / "Rose" / "rose_1.jpg").write_bytes(STRANGER)
        self.original = tree(self.garden.root)
        if scenario.deed != "sort":
            self._do("sort")
        if scenario.corrected:
            self._file_again(lambda photo: None if species_of(photo) is None else "Tulip")
            self._file_again(species_of)
        if scenario.deed == "redo":
            self._do("undo")
        self.before = tree(self.garden.root)
        self.contents = contents(self._work)
        shutil.copytree(self._work, self._kept)

    def _file_again(self, rule: Rule) -> None:
        def without_the_strangers(photo: Photo) -> str | None:
            return None if photo.path.read_bytes() == STRANGER else rule(photo)

        with disk(self.scenario.way):
            self.garden.sort(rule=without_the_strangers, again=True)

    def set_up(self) -> None:
        """Bring everything back to where the scenario begins."""
        shutil.rmtree(self._work)
        shutil.copytree(self._kept, self._work)

    def act(self) -> object:
        """Do what the scenario is about, on this machine's disk; wrap it in `disk` for others."""
        return self._do_now(self.scenario.deed)

    def _do(self, deed: str) -> None:
        with disk(self.scenario.way):
            self._do_now(deed)

    def _do_now(self, deed: str) -> object:
        if deed == "sort":
            return self.garden.sort(transfer=self.scenario.transfer, rule=not_the_strangers)
        return self.garden.undo(1) if deed == "undo" else self.garden.redo(1)

    def lost_nothing(self) -> None:
        """Promise 1, at any moment: no byte string is missing, half-written ones may be there too."""
        wanted = {digest for digest in self.contents if digest in self._photo_digests()}
        have = contents(self._work)
        nothing_lost(type(have)(wanted), type(have)(set(have)))

    def _photo_digests(self) -> set[str]:
        return {found[0] for found in self.original.values() if found is not None}

    def check_recovered(self, *, and_go_on: bool = True, folders: bool = True) -> None:
        """Promises 1, 3, 7 and 10, after a fault or a kill: recover, and then undo, sort and undo.

        `folders` False allows an empty folder more or less, where it was its own removal that failed.
        """
        with disk(self.scenario.way):
            self.garden.recover()
            self._check_whole()
            now = tree(self.garden.root)
            assert self.garden.recover() == Recovered()
            assert tree(self.garden.root) == now
            if not and_go_on:
                return
            self._undo_all()
            self._check_original("undo", folders=folders)
            self._do_now("sort")
            self._check_whole()
            self._undo_all()
            self._check_original("sort and undo", folders=folders)

    def _check_whole(self) -> None:
        """No photo is lost or split, no temporary left, and every date is as it was."""
        root = self.garden.root
        assert not [path for path in root.rglob("*") if path.name.startswith(".flowersorter")]
        have = contents(self._work)
        originals = [found for found in self.original.values() if found is not None]
        nothing_lost(type(have)(digest for digest, _ in originals), have)
        files = {path: found for path, found in tree(root).items() if found is not None}
        assert set(files.values()) == set(originals)
        if self.scenario.deed == "undo" and self.scenario.transfer is Transfer.COPY:
            return  # what went into the trash does not come back by itself, and the originals are there
        notes = {path.with_suffix("") for path in root.rglob("rose_1*.jpg.xmp")}
        assert notes == {path for path in root.rglob("rose_1*.jpg") if path.read_bytes() != STRANGER}
        if self.scenario.transfer is Transfer.MOVE:
            assert len(files) == len(originals)

    def _check_original(self, after: str, *, folders: bool) -> None:
        now = tree(self.garden.root)
        if not folders:
            now = {path: found for path, found in now.items() if found is not None or path in self.original}
            now |= {path: None for path, found in self.original.items() if found is None}
        assert now == self.original, f"not as it was after {after}"

    def _undo_all(self) -> None:
        while True:
            try:
                undone = self.garden.undo()
            except Refused:
                return
            assert undone.left == () or self.scenario.corrected  # the batches after it say what is gone


def not_the_strangers(photo: Photo) -> str | None:
    """The species of a photo that is not filed yet."""
    return None if photo.path.parent.name in {"Rose", "Daisy"} else species_of(photo)
