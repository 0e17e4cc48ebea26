"""Promises 1, 2, 5, 8, 10, 13 to 18 and 21: what is moved, what is left, and what the receipt says."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.disks import memory_folder
from support.garden import Garden
from support.primitives import disk
from support.trees import contents, swapped, tree

from flowersorter.progress import Cancelled, Progress, Stage
from flowersorter.records import Code, Outcome, Plan, Receipt, Recovered, Refused, Status, Transfer
from flowersorter.sorting import fileops, locks
from flowersorter.sorting.journal import Journal
from flowersorter.sorting.volumes import Volumes

WAYS = ["rename", "link", "copy", "fill"]


def by_name(receipt: Receipt) -> dict[str, Outcome]:
    return {outcome.photo.path.name: outcome for outcome in receipt.outcomes}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def adds_up(receipt: Receipt, plan: Plan) -> bool:
    """Promise 21."""
    counted = sum(receipt.count(status) for status in Status)
    reasons = all(
        (outcome.reason is None) == (outcome.status in {Status.MOVED, Status.COPIED})
        for outcome in receipt.outcomes
    )
    return counted == plan.found == len({outcome.photo.path for outcome in receipt.outcomes}) and reasons


@pytest.mark.parametrize("way", WAYS)
def test_the_plan_is_what_happens(garden: Garden, way: str) -> None:
    """Promises 1, 8, 13 and 21, on every kind of disk."""
    garden.plant(
        "rose_1.jpg", "rose_1.xmp", "sub/rose_1.jpg", "sub/rose_1.xmp", "daisy_1.jpg", "unsure_1.jpg"
    )
    before = contents(garden.root)
    stats = {path.name: path.stat() for path in garden.root.iterdir() if path.is_file()}
    plan = garden.plan()
    with disk(way):
        receipt = garden.carry_out(plan)
    assert adds_up(receipt, plan)
    assert receipt.count(Status.MOVED) == 3
    moved = [outcome.target for outcome in receipt.outcomes if outcome.status is Status.MOVED]
    assert moved == [move.target for move in plan.moves]
    assert all(outcome.losses == () for outcome in receipt.outcomes)
    assert contents(garden.root) == before
    for move in plan.moves:
        for file in move.files:
            after = file.target.stat()
            if file.source.parent == garden.root:
                assert after.st_mtime_ns == stats[file.source.name].st_mtime_ns
                assert after.st_mode == stats[file.source.name].st_mode
    assert names(garden.root) == ["Daisy", "Rose", "unsure_1.jpg"]


@pytest.mark.parametrize("way", WAYS)
def test_copying_leaves_the_originals(garden: Garden, way: str) -> None:
    garden.plant("rose_1.jpg", "rose_1.xmp", "unsure_1.jpg")
    before = tree(garden.root)
    with disk(way):
        receipt = garden.sort(transfer=Transfer.COPY)
    assert receipt.count(Status.COPIED) == 1
    after = tree(garden.root)
    assert before.items() <= after.items()
    assert {after[b"Rose/rose_1.jpg"], after[b"Rose/rose_1.xmp"]} == {
        before[b"rose_1.jpg"],
        before[b"rose_1.xmp"],
    }


def test_another_disk_gets_verified_copies(garden: Garden, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Promise 6, with a real EXDEV where the system has a disk in memory."""
    with memory_folder(fallback=tmp_path_factory.mktemp("other")) as folder:
        there = Garden(tmp_path_factory.mktemp("photos"), folder / "sorted", garden.journal_file)
        there.plant("rose_1.jpg", "rose_1.xmp", "daisy_1.jpg")
        before = contents(there.root)
        receipt = there.sort()
        assert receipt.count(Status.MOVED) == 2
        assert contents(there.into) == before
        assert not contents(there.root)
        assert there.undo().restored == 2
        assert contents(there.root) == before
        assert not there.into.exists()


@pytest.mark.parametrize("transfer", list(Transfer))
def test_sorting_twice_changes_nothing(garden: Garden, transfer: Transfer) -> None:
    """Promise 14."""
    garden.plant("rose_1.jpg", "sub/rose_1.jpg", "rose_2.jpg", "rose_2.xmp", "unsure_1.jpg")
    garden.sort(transfer=transfer)
    before = tree(garden.root)
    again = garden.plan(transfer=transfer, again=True)
    assert again.moves == ()
    assert garden.carry_out(again).batch is None
    assert garden.sort(transfer=transfer).batch is None
    assert tree(garden.root) == before


def test_a_photo_that_changed_is_left(garden: Garden) -> None:
    """Promise 17: no photo is moved on the guess that another picture got."""
    plan = garden.plant("rose_1.jpg", "rose_2.jpg", "rose_3.jpg", "rose_4.jpg").plan()
    (garden.root / "rose_1.jpg").write_bytes(b"another picture")
    same_size = bytearray((garden.root / "rose_2.jpg").read_bytes())
    same_size[0] ^= 1
    (garden.root / "rose_2.jpg").write_bytes(same_size)
    (garden.root / "rose_3.jpg").unlink()
    os.utime(garden.root / "rose_4.jpg")  # touched only: the bytes are those that were classified
    receipt = garden.carry_out(plan)
    assert adds_up(receipt, plan)
    found = {name: (one.status, one.reason and one.reason.code) for name, one in by_name(receipt).items()}
    assert found == {
        "rose_1.jpg": (Status.SKIPPED, Code.CHANGED_MEANWHILE),
        "rose_2.jpg": (Status.SKIPPED, Code.CHANGED_MEANWHILE),
        "rose_3.jpg": (Status.SKIPPED, Code.VANISHED),
        "rose_4.jpg": (Status.MOVED, None),
    }


@pytest.mark.parametrize("way", ["copy", "fill"])
def test_bytes_that_changed_behind_an_old_date_are_seen_by_the_copy(garden: Garden, way: str) -> None:
    """Promise 17."""
    plan = garden.plant("rose_1.jpg").plan()
    path = garden.root / "rose_1.jpg"
    status = path.stat()
    path.write_bytes(b"x" * status.st_size)
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    with disk(way):
        (outcome,) = garden.carry_out(plan).outcomes
    assert outcome.reason is not None
    assert outcome.reason.code is Code.CHANGED_MEANWHILE
    assert path.read_bytes() == b"x" * status.st_size


def test_bytes_that_changed_behind_an_old_date_are_seen_by_the_rename(garden: Garden) -> None:
    """Promise 17: no program can set the date of the last change of the file itself."""
    plan = garden.plant("rose_1.jpg", "rose_2.jpg").plan()
    for name in ("rose_1.jpg", "rose_2.jpg"):
        path = garden.root / name
        status = path.stat()
        data = b"x" * status.st_size if name == "rose_1.jpg" else path.read_bytes()
        path.write_bytes(data)
        os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))
    outcomes = by_name(garden.carry_out(plan))
    changed = outcomes["rose_1.jpg"]
    assert changed.reason is not None
    assert (changed.status, changed.reason.code) == (Status.SKIPPED, Code.CHANGED_MEANWHILE)
    assert outcomes["rose_2.jpg"].status is Status.MOVED


@pytest.mark.parametrize("way", WAYS)
def test_a_chosen_folder_may_be_a_link(garden: Garden, tmp_path: Path, way: str) -> None:
    """~/Pictures often leads to another disk; links inside it are not followed all the same."""
    before = tree(garden.plant("rose_1.jpg", "rose_1.xmp").root)
    link = tmp_path / "Pictures"
    link.symlink_to(garden.root, target_is_directory=True)
    with disk(way):
        linked = Garden(link, link, garden.journal_file)
        assert linked.sort().count(Status.MOVED) == 1
        assert linked.sort(again=True).count(Status.KEPT) == 1
        assert linked.undo().restored == 1
    assert tree(garden.root) == before


def test_a_drive_that_does_not_say_which_one_it_is_moves_nothing(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 5: a dead network drive; nothing is written into the journal either."""
    plan = garden.plant("rose_1.jpg").plan()
    before = tree(garden.root)

    def dead(*_arguments: object) -> str:
        raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))

    with monkeypatch.context() as patch:
        patch.setattr(Volumes, "id", dead)
        with pytest.raises(Refused) as refused:
            garden.carry_out(plan)
    assert refused.value.reason.code is Code.DEVICE_GONE
    assert tree(garden.root) == before
    with garden.journal() as journal:
        assert journal.unfinished() == []


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOENT, errno.EEXIST])
def test_a_disk_that_did_what_it_says_it_did_not(garden: Garden, error: int) -> None:
    """Promise 3: some network drives say so of a rename whose answer was lost."""
    before = tree(garden.plant("rose_1.jpg", "rose_2.jpg").root)
    plan = garden.plan()

    def watch(name: str, arguments: tuple[Any, ...]) -> None:
        if name == "rename" and arguments[0].name == "rose_1.jpg":
            arguments[0].rename(arguments[1])
            raise OSError(error, os.strerror(error))

    with disk("rename", watch):
        receipt = garden.carry_out(plan)
    assert adds_up(receipt, plan)
    assert by_name(receipt)["rose_1.jpg"].status is Status.FAILED
    assert garden.recover().in_place == 2
    assert garden.undo().restored == 2
    assert tree(garden.root) == before


def test_names_and_paths_at_the_systems_limit(garden: Garden) -> None:
    """Promise 12: 255 bytes for a name with its number, some 4000 for a path."""
    stem = "ö" * 125  # 254 bytes with its suffix
    roomy = "/".join(["d" * 200] * 12)
    deep = garden.root
    while len(os.fsencode(deep)) < 3850:
        deep /= "d" * 200
    garden.plant(f"{stem}.jpg", f"sub/{stem}.jpg", f"sub/{stem}.xmp", f"{roomy}/rose_1.jpg")
    garden.plant(str(deep.relative_to(garden.root) / "rose_2.jpg"))
    before = tree(garden.root)
    plan = garden.plan(rule=lambda photo: "Rose" if photo.path.name != "rose_2.jpg" else "Rosa " + "x" * 230)
    receipt = garden.carry_out(plan)
    assert receipt.count(Status.MOVED) == 4
    found = names(garden.root / "Rose")
    assert all(len(os.fsencode(name)) <= 255 for name in found)
    assert len(found) == 4
    garden.undo()
    assert tree(garden.root) == before


@pytest.mark.parametrize("way", WAYS)
def test_a_target_whose_path_is_too_long_stays(garden: Garden, way: str) -> None:
    """Promises 5 and 12."""
    garden.into = garden.root.parent
    while len(os.fsencode(garden.into)) < 4080:
        garden.into /= "d" * min(200, 4084 - len(os.fsencode(garden.into)))
    before = tree(garden.plant("rose_1.jpg", "rose_1.xmp").root)
    with disk(way):
        (outcome,) = garden.sort().outcomes
    assert outcome.reason is not None
    assert (outcome.status, outcome.reason.code) == (Status.FAILED, Code.NAME_TOO_LONG)
    assert tree(garden.root) == before
    assert garden.recover() == Recovered()


@pytest.mark.parametrize("way", WAYS)
def test_a_stranger_who_came_first_keeps_his_name(garden: Garden, way: str) -> None:
    """Promise 2: a file appears between plan and move."""
    plan = garden.plant("rose_1.jpg", "rose_1.xmp", "rose_2.jpg").plan()
    (garden.root / "Rose").mkdir()
    (garden.root / "Rose" / "rose_1.xmp").write_bytes(b"a stranger's")
    before = contents(garden.root)
    with disk(way):
        receipt = garden.carry_out(plan)
    failed = by_name(receipt)["rose_1.jpg"]
    assert failed.reason is not None
    assert (failed.status, failed.reason.code) == (Status.FAILED, Code.TARGET_TAKEN)
    assert adds_up(receipt, plan)
    assert contents(garden.root) == before
    assert (garden.root / "Rose" / "rose_1.xmp").read_bytes() == b"a stranger's"
    assert names(garden.root / "Rose") == ["rose_1.xmp", "rose_2.jpg"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("code", [errno.EACCES, errno.EBUSY])
def test_a_locked_companion_keeps_the_whole_photo(garden: Garden, way: str, code: int) -> None:
    """Promise 10: all or none, also where only the last file cannot be let go."""
    plan = garden.plant("rose_1.jpg", "rose_1.cr2", "rose_1.xmp", "rose_2.jpg").plan()
    before = tree(garden.root)

    def watch(name: str, arguments: tuple[Any, ...]) -> None:
        if name in {"rename", "link", "unlink"} and arguments[0] == garden.root / "rose_1.xmp":
            raise OSError(code, os.strerror(code))

    with disk(way, watch):
        receipt = garden.carry_out(plan)
    assert adds_up(receipt, plan)
    failed = by_name(receipt)["rose_1.jpg"]
    assert failed.reason is not None
    assert failed.status is Status.FAILED
    assert failed.reason.code is (Code.NO_PERMISSION if code == errno.EACCES else Code.FILE_BUSY)
    assert by_name(receipt)["rose_2.jpg"].status is Status.MOVED
    after = tree(garden.root)
    assert {name: after[name] for name in before if name.startswith(b"rose_1")} == {
        name: found for name, found in before.items() if name.startswith(b"rose_1")
    }
    assert names(garden.root / "Rose") == ["rose_2.jpg"]
    assert garden.recover().in_place == 0


def test_a_missing_companion_keeps_the_whole_photo(garden: Garden) -> None:
    """Promise 10."""
    plan = garden.plant("rose_1.jpg", "rose_1.xmp").plan()
    (garden.root / "rose_1.xmp").unlink()
    receipt = garden.carry_out(plan)
    assert (receipt.batch, receipt.count(Status.SKIPPED)) == (None, 1)
    assert names(garden.root) == ["rose_1.jpg"]


@pytest.mark.parametrize("way", WAYS)
def test_cancel_stops_between_photos_and_can_be_undone(garden: Garden, way: str) -> None:
    """Promise 16: at every report."""
    garden.plant(*(f"rose_{n}.jpg" for n in range(4)), "rose_2.xmp")
    before = tree(garden.root)
    for stop_at in range(5):
        told: list[Progress] = []

        def report(event: object, told: list[Progress] = told, stop_at: int = stop_at) -> None:
            assert isinstance(event, Progress)
            told.append(event)
            if event.done == stop_at:
                raise Cancelled

        plan = garden.plan()
        with disk(way):
            receipt = garden.carry_out(plan, report)
        assert adds_up(receipt, plan)
        assert receipt.cancelled is (stop_at < 4)
        assert receipt.count(Status.MOVED) == stop_at
        assert {one.reason.code for one in receipt.outcomes if one.reason} <= {Code.CANCELLED}
        assert told[0] == Progress(Stage.MOVING, 0, 4)
        if stop_at:
            assert garden.undo().restored == stop_at
        assert tree(garden.root) == before


def test_only_folders_that_we_emptied_are_removed(garden: Garden) -> None:
    """Promise 18."""
    garden.plant("a/deep/rose_1.jpg", "b/rose_2.jpg", "b/keep.txt", "rose_3.jpg")
    (garden.root / "empty before").mkdir()
    before = tree(garden.root)
    garden.sort()
    assert names(garden.root) == ["Rose", "b", "empty before"]
    garden.undo()
    assert tree(garden.root) == before


def test_the_root_is_never_removed(garden: Garden, tmp_path: Path) -> None:
    """Promise 18."""
    garden.into = tmp_path / "elsewhere"
    garden.plant("rose_1.jpg").sort()
    assert garden.root.is_dir()


def test_relabelling_moves_a_filed_photo_by_the_same_path(garden: Garden) -> None:
    garden.plant("rose_1.jpg", "rose_2.jpg").sort()
    sorted_once = tree(garden.root)
    receipt = garden.sort(rule=lambda photo: "Tulip" if "1" in photo.path.name else "Rose", again=True)
    assert (receipt.count(Status.MOVED), receipt.count(Status.KEPT)) == (1, 1)
    assert (garden.root / "Tulip" / "rose_1.jpg").exists()
    garden.undo()
    assert tree(garden.root) == sorted_once


def test_names_that_are_not_utf8_go_there_and_back(garden: Garden) -> None:
    """Promise 12."""
    name = os.fsdecode(b"ros\xe9.jpg")
    before = tree(garden.plant(name, name + ".xmp").root)
    garden.sort(rule=lambda _: "Rose")
    assert set(tree(garden.root)) == {b"Rose", b"Rose/ros\xe9.jpg", b"Rose/ros\xe9.jpg.xmp"}
    garden.undo()
    assert tree(garden.root) == before


def test_a_folder_that_vanishes_fails_its_photos_only(garden: Garden) -> None:
    """Promise 5."""
    plan = garden.plant("rose_1.jpg", "rose_2.jpg", "daisy_1.jpg").plan()

    def report(event: object) -> None:
        assert isinstance(event, Progress)
        if plan.moves[event.done].photo.path.name == "rose_2.jpg":
            (garden.root / "Rose" / "rose_1.jpg").rename(garden.root / "stolen.jpg")
            (garden.root / "Rose").rmdir()

    receipt = garden.carry_out(plan, report)
    assert adds_up(receipt, plan)
    failed = by_name(receipt)["rose_2.jpg"]
    assert failed.reason is not None
    assert (failed.status, failed.reason.code) == (Status.FAILED, Code.FOLDER_UNREADABLE)
    assert (garden.root / "rose_2.jpg").exists()


def test_a_folder_swapped_for_a_link_is_not_entered(garden: Garden, tmp_path: Path) -> None:
    """Promise 9."""
    plan = garden.plant("rose_1.jpg").plan()
    (tmp_path / "outside").mkdir()
    (garden.root / "Rose").symlink_to(tmp_path / "outside", target_is_directory=True)
    receipt = garden.carry_out(plan)
    assert receipt.count(Status.FAILED) == 1
    assert list((tmp_path / "outside").iterdir()) == []
    assert (garden.root / "rose_1.jpg").exists()


@pytest.mark.parametrize("folder", ["album", "album/sub"])
def test_photos_whose_folder_was_swapped_for_a_link_stay(garden: Garden, tmp_path: Path, folder: str) -> None:
    """Promise 9: the same bytes elsewhere are not the photo that was planned."""
    plan = garden.plant("album/sub/rose_1.jpg", "album/sub/rose_1.xmp").plan()
    with swapped(garden.root / folder, tmp_path / "outside"):
        (outcome,) = garden.carry_out(plan).outcomes
        assert outcome.reason is not None
        assert (outcome.status, outcome.reason.code) == (Status.SKIPPED, Code.FOLDER_IS_LINK)
    assert garden.carry_out(plan).count(Status.MOVED) == 1


def test_two_data_directories_cannot_sort_one_folder(garden: Garden) -> None:
    """Promise 15: the other one says so, and nothing is left of the lock."""
    plan = garden.plant("rose_1.jpg").plan()
    before = tree(garden.root)
    with locks.hold([garden.root]), pytest.raises(Refused) as refused:
        garden.carry_out(plan)
    assert refused.value.reason.code is Code.FOLDER_IN_USE
    assert tree(garden.root) == before
    assert garden.carry_out(plan).count(Status.MOVED) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_journal_that_takes_no_more_stops_cleanly(
    garden: Garden, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 5: the data directory's disk fills up in the middle."""
    plan = garden.plant("rose_1.jpg", "rose_2.jpg", "rose_2.xmp").plan()
    before = tree(garden.root)
    kept = contents(garden.root)

    def note(*_arguments: Any, **_more: Any) -> None:
        raise Refused(Code.DISK_FULL, path=garden.journal_file)

    monkeypatch.setattr(Journal, "note", note)
    monkeypatch.setattr(Journal, "finish", note)
    with disk(way):
        receipt = garden.carry_out(plan)
    monkeypatch.undo()
    assert adds_up(receipt, plan)
    assert contents(garden.root) == kept
    if way in {"copy", "fill"}:  # the originals may not go before the journal knows
        assert receipt.count(Status.FAILED) == 2
        assert before.items() <= tree(garden.root).items()
    garden.recover()
    if receipt.count(Status.MOVED):
        assert garden.undo().restored == 2
    assert tree(garden.root) == before


def test_a_batch_of_thousands_settles_in_parts(garden: Garden) -> None:
    """Copies of more photos than share one commit."""
    garden.plant(*(f"rose_{n}.jpg" for n in range(600)))
    before = tree(garden.root)
    with disk("copy"):
        receipt = garden.sort()
        assert receipt.count(Status.MOVED) == 600
        assert Counter(tree(garden.root).values()) - Counter(before.values()) == Counter({None: 1})
        assert garden.undo().restored == 600
    assert tree(garden.root) == before


@pytest.mark.parametrize("loss", ["deleted", "altered"])
def test_no_original_goes_while_its_copy_is_not_as_it_was_made(garden: Garden, loss: str) -> None:
    """Promise 6: the copy is looked at once more before its original goes."""
    before = tree(garden.plant("rose_1.jpg", "rose_2.jpg").root)
    plan = garden.plan()
    copy = garden.root / "Rose" / "rose_1.jpg"

    def report(event: object) -> None:
        assert isinstance(event, Progress)
        if event.done == 1:
            copy.unlink() if loss == "deleted" else copy.write_bytes(b"altered")

    with disk("copy"):
        receipt = garden.carry_out(plan, report)
    failed = by_name(receipt)["rose_1.jpg"]
    assert failed.reason is not None
    assert (failed.status, failed.reason.code) == (Status.FAILED, Code.COPY_DIFFERS)
    assert tree(garden.root)[b"rose_1.jpg"] == before[b"rose_1.jpg"]
    assert by_name(receipt)["rose_2.jpg"].status is Status.MOVED


def test_a_photo_that_is_edited_between_copy_and_release_stays(garden: Garden) -> None:
    """Promise 6."""
    plan = garden.plant("rose_1.jpg", "rose_2.jpg").plan()

    def report(event: object) -> None:
        assert isinstance(event, Progress)
        if event.done == 1:
            (garden.root / "rose_1.jpg").write_bytes(b"edited")

    with disk("copy"):
        receipt = garden.carry_out(plan, report)
    skipped = by_name(receipt)["rose_1.jpg"]
    assert skipped.reason is not None
    assert (skipped.status, skipped.reason.code) == (Status.SKIPPED, Code.CHANGED_MEANWHILE)
    assert (garden.root / "rose_1.jpg").read_bytes() == b"edited"
    assert names(garden.root / "Rose") == ["rose_2.jpg"]


@pytest.mark.parametrize("name", ["rose_1.jpg", "rose_1.xmp"])
def test_an_original_edited_behind_its_old_date_is_not_removed(garden: Garden, name: str) -> None:
    """Promise 1: jhead -ft and exiftool -P keep the date; some hundred copies wait for one sync."""
    garden.plant("rose_1.jpg", "rose_1.xmp", "rose_2.jpg")
    original = garden.root / name
    status = original.stat()

    def report(event: object) -> None:
        if isinstance(event, Progress) and event.done == 1:  # the first was copied, and not yet released
            original.write_bytes(b"x" * status.st_size)
            os.utime(original, ns=(status.st_atime_ns, status.st_mtime_ns))

    with disk("copy"):
        receipt = garden.carry_out(garden.plan(), report)
    assert [outcome.status for outcome in receipt.outcomes] == [Status.SKIPPED, Status.MOVED]
    assert original.read_bytes() == b"x" * status.st_size
    assert sorted(path.name for path in (garden.root / "Rose").iterdir()) == ["rose_2.jpg"]


def test_an_original_that_was_only_touched_is_moved(garden: Garden) -> None:
    """An indexer writes attributes, and ctime changes: the bytes tell."""
    garden.plant("rose_1.jpg", "rose_2.jpg")

    def report(event: object) -> None:
        if isinstance(event, Progress) and event.done == 1:
            (garden.root / "rose_1.jpg").chmod(0o600)

    with disk("copy"):
        receipt = garden.carry_out(garden.plan(), report)
    assert receipt.count(Status.MOVED) == 2


@pytest.mark.parametrize("call", ["unlink", "rename"])
def test_a_disk_that_did_what_it_denies_splits_no_photo(
    garden: Garden, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The original is gone, or the copy has its name, although the disk says that it failed."""
    before = tree(garden.plant("rose_1.jpg", "rose_1.xmp").root)
    plan = garden.plan()
    with disk("copy"):
        done = getattr(fileops.system, call)
        denied: list[str] = []

        def deny(*paths: Path) -> None:
            done(*paths)
            if not denied:
                denied.append(call)
                raise OSError(errno.EIO, "it did, and says that it did not")

        monkeypatch.setattr(fileops.system, call, deny, raising=False)
        assert garden.carry_out(plan).count(Status.FAILED) == 1
        garden.recover()
    assert denied
    assert tree(garden.root) == before


@pytest.mark.parametrize("year", [1600, 2350])
def test_dates_that_64_bits_do_not_hold_come_back(garden: Garden, year: int) -> None:
    garden.plant("rose_1.jpg", "rose_1.xmp")
    for name in ("rose_1.jpg", "rose_1.xmp"):
        date = round((year - 1970) * 365.25 * 86400) * 10**9
        os.utime(garden.root / name, ns=(date, date))
    before = tree(garden.root)
    if (garden.root / "rose_1.jpg").stat().st_mtime_ns != date:
        pytest.skip("this disk has no such dates")
    for way in ("rename", "copy"):
        with disk(way):
            assert garden.sort().count(Status.MOVED) == 1
            assert garden.undo().restored == 1
        assert tree(garden.root) == before


@pytest.mark.parametrize("way", ["rename", "copy"])
def test_damage_of_the_journal_that_is_met_at_the_end_is_said(garden: Garden, way: str) -> None:
    """Promises 19 and 21: what was filed is filed, and the batch's number is no longer its own."""
    plan = garden.plant("rose_1.jpg", "rose_2.jpg").plan()

    def damage(event: object) -> None:
        if isinstance(event, Progress) and event.done == 1:
            with closing(sqlite3.connect(garden.journal_file, isolation_level=None)) as other:
                other.execute("INSERT INTO states VALUES (1, 0, 0, 0, 'plazed')")

    with disk(way):
        receipt = garden.carry_out(plan, damage)
    assert adds_up(receipt, plan)
    assert receipt.batch is None
    assert receipt.unwritten is not None
    assert receipt.unwritten.code is Code.STORE_DAMAGED
    assert receipt.count(Status.MOVED) == (2 if way == "rename" else 0)
