"""Promises 1, 21 and 22: a hostile picture costs one line in the receipt, and is never moved on a guess."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.decoders import misbehave
from support.garden import Garden
from support.hostile import hostile_files, sound_pictures
from support.processes import children_of, wait_until_gone
from support.tally import TALLY, nothing_lost
from support.trees import contents, tree

from flowersorter.pictures.child import Decoder
from flowersorter.pictures.decode import Wanted, look_at
from flowersorter.pictures.pool import PicturePool
from flowersorter.records import Code, Receipt, Status, Transfer, Wish
from flowersorter.sorting.plan import make_plan, survey
from flowersorter.sorting.scan import scan_folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at the children through /proc")

WANTED = Wanted(short_side=64, thumbnail_side=48)
WRONG_WITH_THE_FILE = {Code.UNREADABLE, Code.NOT_A_PICTURE, Code.TOO_LARGE}
WRONG_WITH_THE_DECODER = {Code.DECODER_DIED, Code.TOO_SLOW, Code.TOO_LARGE}


def sort_by_looks(garden: Garden, decoder: Decoder = look_at, seconds: float = 20.0) -> Receipt:
    """File every picture that can be decoded as a rose, and leave no process behind."""
    scan = scan_folder(garden.root, recursive=False, species_folders={}, include_filed=False)
    others = children_of(os.getpid())
    with PicturePool(2, seconds_per_picture=seconds, memory_limit=300_000_000, decoder=decoder) as pool:
        looks = list(pool.looks([photo.path for photo in scan.photos], WANTED))
        children = children_of(os.getpid()) - others
    wait_until_gone(children, 5)
    wishes = [
        Wish(photo, look.digest, None if look.problem else "Rose", problem=look.problem)
        for photo, look in zip(scan.photos, looks, strict=True)
    ]
    plan = make_plan(
        wishes,
        root=garden.root,
        into=garden.into,
        transfer=Transfer.MOVE,
        survey=survey(garden.into, wishes, {}),
    )
    return garden.carry_out(plan)


@contextmanager
def nothing_happens_to(garden: Garden) -> Iterator[None]:
    """No byte string is lost while the context lasts, and undo brings everything back."""
    before, kept = tree(garden.root), contents(garden.root)
    yield
    nothing_lost(kept, contents(garden.root))
    garden.undo()
    assert tree(garden.root) == before


def check_receipt(garden: Garden, receipt: Receipt, problems: set[Code]) -> None:
    skipped = [one for one in receipt.outcomes if one.status is Status.SKIPPED]
    assert len(skipped) + receipt.count(Status.MOVED) == len(receipt.outcomes)
    assert {one.reason.code for one in skipped if one.reason} == problems
    assert all(one.photo.path.exists() for one in skipped)


def test_damaged_pictures_and_bombs(fast_folder: Path) -> None:
    garden = Garden.lay_out(fast_folder)
    files = hostile_files(garden.root)
    sound = {path.name for path in sound_pictures(garden.root)}
    with nothing_happens_to(garden):
        receipt = sort_by_looks(garden)
        check_receipt(garden, receipt, WRONG_WITH_THE_FILE)
        found = {one.photo.path.name: one.status for one in receipt.outcomes}
        pairs = {one.name for outcome in receipt.outcomes for one in outcome.photo.companions}
        assert len(found) + len(pairs) == len(files) + len(sound)
        assert all(found.get(name, Status.MOVED) is Status.MOVED for name in sound)
        TALLY["hostile files"] += len(files)


def test_decoders_that_crash_hang_or_swallow_memory(fast_folder: Path) -> None:
    garden = Garden.lay_out(fast_folder)
    (sound, *_) = sound_pictures(fast_folder)
    names = ["crash", "rose_1", "swallow", "rose_2", "hang", "doze", "rose_3"]
    for number, name in enumerate(names):
        (garden.root / f"{name}.jpg").write_bytes(sound.read_bytes() + bytes([number]))
    with nothing_happens_to(garden):
        receipt = sort_by_looks(garden, misbehave, seconds=1.0)
        for marker in garden.root.glob("*.started"):
            marker.unlink()
        check_receipt(garden, receipt, WRONG_WITH_THE_DECODER)
        moved = {one.photo.path.stem for one in receipt.outcomes if one.status is Status.MOVED}
        assert moved == {"rose_1", "rose_2", "rose_3"}
        TALLY["hostile files"] += len(names) - len(moved)


@pytest.mark.photos
def test_other_programs_collections(real_photos: Path, fast_folder: Path) -> None:
    """The test files of Pillow, image-rs, libvips and others."""
    garden = Garden.lay_out(fast_folder)
    files = [path for path in sorted((real_photos / "hostile").rglob("*")) if path.is_file()]
    for number, path in enumerate(files):
        shutil.copy2(path, garden.root / f"{number:03}-{path.name}")
    with nothing_happens_to(garden):
        check_receipt(garden, sort_by_looks(garden), WRONG_WITH_THE_FILE)
        TALLY["hostile files"] += len(files)
