"""Promises 8, 9, 16 and 21 through the whole job: scan, classify, plan, carry out."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path

import pytest
from support.recogniser import NameReader, make_photos, model_info
from support.trees import contents, tree

from flowersorter.jobs import history, sort
from flowersorter.jobs.sort import SortRequest
from flowersorter.learning.calibrate import Threshold
from flowersorter.library import KnownFile, Library
from flowersorter.paths import Home
from flowersorter.progress import Cancelled, Report, silent
from flowersorter.records import Code, Receipt, Refused, Status
from flowersorter.settings import Settings

NAMES = ("rose-90-1.jpg", "rose-95-2.jpg", "tulip-99-1.jpg", "daisy-10-1.jpg", "broken-0-1.jpg")


@pytest.fixture(autouse=True)
def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sort, "open_recogniser", lambda *_: NameReader(Threshold(0.5), model_info()))


def sort_all(home: Home, request: SortRequest, report: Report = silent) -> Receipt:
    found = sort.look_into(home, request, report)
    sorting = sort.classify(home, Settings(), request, found, report)
    planned = sort.plan_moves(home, request, sorting.photos, {}, found)
    return sort.carry_out(home, planned.plan, report)


def counted(receipt: Receipt) -> dict[Status, int]:
    return {status: receipt.count(status) for status in Status if receipt.count(status)}


def stop_at(number: int) -> Report:
    """A report that cancels the job at its `number`-th word."""
    words = 0

    def report(_event: object) -> None:
        nonlocal words
        words += 1
        if words == number:
            raise Cancelled

    return report


@pytest.mark.parametrize("where", ["folder/sorted", "sorted/folder", "folder/Rose/deep"])
def test_a_target_inside_the_folder_and_the_reverse_do_not_loop(
    home: Home, tmp_path: Path, where: str
) -> None:
    """Promises 9 and 14: what was sorted is not sorted again, however often."""
    folder = tmp_path / "sorted" / "folder" if where == "sorted/folder" else tmp_path / "folder"
    into = tmp_path / "sorted" if where == "sorted/folder" else tmp_path / where
    make_photos(folder, *NAMES)
    before, kept = tree(tmp_path / where.split("/", maxsplit=1)[0]), contents(folder)
    request = SortRequest(folder, into, recursive=True, albums=True)
    assert counted(sort_all(home, request)) == {Status.MOVED: 3, Status.KEPT: 1, Status.SKIPPED: 1}
    after = tree(tmp_path / where.split("/", maxsplit=1)[0])
    for _ in range(2):
        assert counted(sort_all(home, request)) == {Status.KEPT: 1, Status.SKIPPED: 1}
    assert tree(tmp_path / where.split("/", maxsplit=1)[0]) == after
    assert contents(tmp_path / where.split("/", maxsplit=1)[0]) == kept
    assert history.undo(home, None).restored == 3
    assert tree(tmp_path / where.split("/", maxsplit=1)[0]) == before


def test_cancelled_at_every_report(home: Home, tmp_path: Path) -> None:
    """Promise 16: whatever was moved by then is undone, and nothing else was."""
    folder = tmp_path / "folder"
    make_photos(folder, *NAMES)
    before = tree(folder)
    number, ended = 1, False
    moved: set[int] = set()
    while not ended:
        try:
            receipt = sort_all(home, SortRequest(folder), stop_at(number))
        except Cancelled:
            assert tree(folder) == before
        else:
            ended = not receipt.cancelled
            assert len(receipt.outcomes) == len(NAMES)
            moved.add(receipt.count(Status.MOVED))
            if receipt.count(Status.MOVED):
                assert history.undo(home, None).restored == receipt.count(Status.MOVED)
            assert tree(folder) == before
        number += 1
    assert moved == {0, 1, 2, 3}


@pytest.mark.parametrize("error", [Refused(Code.DISK_FULL), OSError(errno.EROFS, "read-only")])
def test_the_receipt_comes_though_the_data_disk_is_full(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """The photos were moved: whoever waits has to hear of it."""
    make_photos(tmp_path / "folder", *NAMES)
    remember = Library.remember_digests
    told: list[Path] = []

    def full(library: Library, seen: Iterable[KnownFile]) -> None:
        photos = list(seen)
        if all(one.path.parent == tmp_path / "folder" for one in photos):
            remember(library, photos)
            return
        told.extend(one.path for one in photos)
        raise error

    monkeypatch.setattr(Library, "remember_digests", full)
    receipt = sort_all(home, SortRequest(tmp_path / "folder"))
    assert receipt.count(Status.MOVED) == len(told) == 3
