"""Promise 7: undo restores name, bytes and date, and leaves what somebody changed since."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.disks import memory_folder
from support.garden import Garden
from support.junctions import make_junctions
from support.primitives import disk
from support.trees import contents, swapped, tree

from flowersorter.progress import Cancelled, Progress, Report, Stage
from flowersorter.records import Code, Refused, Transfer, Undone
from flowersorter.sorting import streams
from flowersorter.sorting import undo as undoing
from flowersorter.sorting.volumes import Volume, Volumes

WAYS = ["rename", "link", "copy", "fill"]


def left(undone: Undone) -> dict[str, Code]:
    return {one.path.name: one.reason.code for one in undone.left}


def folders_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*/"))


def refusal(call: Callable[[], object]) -> Code:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.reason.code


@pytest.mark.parametrize("way", WAYS)
def test_undo_and_redo_restore_names_bytes_dates_and_folders(garden: Garden, way: str) -> None:
    """Promises 7 and 18."""
    garden.plant("rose_1.jpg", "rose_1.xmp", "sub/deep/rose_1.jpg", "daisy_1.jpg", "unsure_1.jpg")
    before = tree(garden.root)
    with disk(way):
        batch = garden.sort().batch
        after = tree(garden.root)
        assert batch is not None
        assert garden.undo() == Undone(batch, 3, ())
        assert tree(garden.root) == before
        assert garden.redo(batch) == Undone(batch, 3, ())
        assert tree(garden.root) == after
        assert garden.undo(batch) == Undone(batch, 3, ())
        assert tree(garden.root) == before


def test_what_somebody_changed_is_left_and_listed(garden: Garden) -> None:
    """Promise 7: edited, renamed, occupied."""
    garden.plant(
        "edit_1.jpg", "gone_1.jpg", "take_1.jpg", "meta_1.jpg", "meta_1.xmp", "rose_1.jpg", "rose_2.jpg"
    )
    garden.sort(rule=lambda _: "Rose")
    folder = garden.root / "Rose"
    (folder / "edit_1.jpg").write_bytes(b"edited")
    (folder / "gone_1.jpg").rename(folder / "my favourite.jpg")
    (garden.root / "take_1.jpg").write_bytes(b"a stranger's")
    (folder / "meta_1.xmp").write_bytes(b"five stars")
    os.utime(folder / "rose_2.jpg")
    before = contents(garden.root)
    undone = garden.undo()
    assert undone.restored == 2
    assert left(undone) == {
        "edit_1.jpg": Code.EDITED_SINCE,
        "gone_1.jpg": Code.RENAMED_SINCE,
        "take_1.jpg": Code.PLACE_TAKEN,
        "meta_1.jpg": Code.EDITED_SINCE,
    }
    assert contents(garden.root) == before
    assert (garden.root / "take_1.jpg").read_bytes() == b"a stranger's"
    assert sorted(path.name for path in folder.iterdir()) == [
        "edit_1.jpg", "meta_1.jpg", "meta_1.xmp", "my favourite.jpg", "take_1.jpg",
    ]  # fmt: skip
    (folder / "my favourite.jpg").rename(folder / "gone_1.jpg")
    assert refusal(garden.undo) is Code.NOTHING_TO_UNDO  # the newest that was not undone
    assert garden.undo(undone.batch).restored == 1  # asked for by name


def test_batches_are_undone_in_any_order_that_is_possible(garden: Garden) -> None:
    before = tree(garden.plant("rose_1.jpg", "daisy_1.jpg").root)
    garden.sort(rule=lambda photo: "Rose" if "rose" in photo.path.name else None)
    garden.sort(rule=lambda photo: "Daisy" if "daisy" in photo.path.name else None)
    garden.sort(rule=lambda photo: "Tulip" if "rose" in photo.path.name else None, again=True)
    blocked = garden.undo(1)
    assert (blocked.restored, left(blocked)) == (0, {"rose_1.jpg": Code.RENAMED_SINCE})
    assert garden.undo(2).restored == 1
    assert garden.undo().batch == 3
    assert garden.undo(1).restored == 1
    assert tree(garden.root) == before
    with garden.journal() as journal:
        assert [(batch.id, batch.photos, batch.undone) for batch in journal.batches()] == [
            (3, 1, 1), (2, 1, 1), (1, 1, 1),
        ]  # fmt: skip


@pytest.mark.parametrize("transfer", Transfer)
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_folder_that_two_batches_filled_goes_with_the_last(
    garden: Garden, transfer: Transfer, order: tuple[int, int]
) -> None:
    """Promise 18."""
    garden.plant("rose_1.jpg").sort(transfer=transfer)
    garden.plant("rose_2.jpg")
    garden.sort(rule=lambda photo: "Rose" if "2" in photo.path.name else None, transfer=transfer)
    for batch in order:
        assert (garden.root / "Rose").is_dir()
        assert garden.undo(batch).restored == 1
    assert sorted(path.name for path in garden.root.iterdir()) == ["rose_1.jpg", "rose_2.jpg"]
    for batch in order:
        garden.redo(batch)
    for batch in order:
        assert garden.undo(batch).restored == 1
    assert not (garden.root / "Rose").exists()


def test_a_folder_that_a_batch_made_and_somebody_again_stays(garden: Garden) -> None:
    """Promise 18: the later batch found it there."""
    garden.plant("rose_1.jpg").sort()
    garden.undo(1)
    (garden.root / "Rose").mkdir()
    garden.sort()
    garden.undo(2)
    assert (garden.root / "Rose").is_dir()


def test_no_folder_comes_back_for_a_photo_that_does_not(garden: Garden) -> None:
    """Promise 18."""
    garden.plant("one/rose_1.jpg", "two/rose_2.jpg").sort()
    (garden.root / "Rose" / "rose_1.jpg").write_bytes(b"edited")
    assert garden.undo().restored == 1
    assert sorted(path.name for path in garden.root.iterdir()) == ["Rose", "two"]


@pytest.mark.parametrize("way", ["copy", "fill"])
def test_no_folder_comes_back_for_a_photo_that_the_copy_refuses(garden: Garden, way: str) -> None:
    """Promise 18: the bytes were changed behind an old date."""
    garden.plant("one/deep/rose_1.jpg", "rose_2.jpg", "daisy_1.jpg")
    with disk(way):
        garden.sort()
        rewrite(garden.root / "Rose" / "rose_1.jpg")
        assert garden.undo().restored == 2
        assert folders_in(garden.root) == ["Rose"]
        rewrite(garden.root / "daisy_1.jpg")
        assert garden.redo(1).restored == 1
        assert folders_in(garden.root) == ["Rose"]


def test_a_folder_that_was_handed_over_to_nobody_stays(garden: Garden) -> None:
    """Promise 18: a later batch that has no photo there does not remove what somebody made."""
    garden.plant("rose_1.jpg").sort()
    garden.plant("daisy_1.jpg").sort()
    (garden.root / "Rose" / "note.txt").write_text("mine")
    garden.undo(1)
    (garden.root / "Rose" / "note.txt").unlink()
    garden.undo(2)
    assert (garden.root / "Rose").is_dir()


@pytest.mark.parametrize("act", [Garden.undo, Garden.redo])
def test_folders_that_the_journal_does_not_tell_do_not_hide_what_was_done(
    garden: Garden, act: Callable[[Garden, int, Report], Undone]
) -> None:
    """Promise 19: its table is lost while the photos move."""
    garden.plant("rose_1.jpg", "rose_2.jpg").sort()
    if act is Garden.redo:
        garden.undo()

    def drop(event: object) -> None:
        if isinstance(event, Progress) and event.done == 1:
            with closing(sqlite3.connect(garden.journal_file, isolation_level=None)) as other:
                other.execute("DROP TABLE folders")

    undone = act(garden, 1, drop)
    assert (undone.restored, undone.left) == (2, ())


@pytest.mark.parametrize("way", ["rename", "copy"])
def test_damage_that_is_met_during_an_undo_is_said(garden: Garden, way: str) -> None:
    """Promise 19: what is back is counted."""
    garden.plant("rose_1.jpg", "rose_2.jpg").sort()

    def damage(event: object) -> None:
        if isinstance(event, Progress) and event.done == 1:
            with closing(sqlite3.connect(garden.journal_file, isolation_level=None)) as other:
                other.execute("UPDATE states SET state = 'plazed'")

    with disk(way):
        undone = garden.undo(1, damage)
    assert (undone.restored, undone.left) == (2, ())
    assert undone.unwritten is not None
    assert undone.unwritten.code is Code.STORE_DAMAGED
    assert sorted(path.name for path in garden.root.rglob("*.jpg")) == ["rose_1.jpg", "rose_2.jpg"]


def test_refusals(garden: Garden) -> None:
    assert refusal(garden.undo) is Code.NOTHING_TO_UNDO
    assert refusal(lambda: garden.undo(7)) is Code.BATCH_NOT_FOUND
    garden.plant("rose_1.jpg").sort()
    assert refusal(lambda: garden.redo(1)) is Code.NOTHING_TO_UNDO
    garden.undo()
    assert refusal(lambda: garden.undo(1)) is Code.NOTHING_TO_UNDO


def test_unchanged_copies_go_into_the_trash(garden: Garden) -> None:
    """Promise 7."""
    garden.plant("rose_1.jpg", "rose_1.xmp", "edit_1.jpg", "only_1.jpg", "meta_1.jpg", "meta_1.xmp")
    before = tree(garden.root)
    garden.sort(transfer=Transfer.COPY, rule=lambda _: "Rose")
    folder = garden.root / "Rose"
    (folder / "edit_1.jpg").write_bytes(b"edited")
    (garden.root / "only_1.jpg").unlink()
    (folder / "meta_1.xmp").write_bytes(b"five stars")
    undone = garden.undo()
    assert undone.restored == 1
    assert left(undone) == {
        "edit_1.jpg": Code.EDITED_SINCE,
        "only_1.jpg": Code.VANISHED,  # the copy is all that is left of it
        "meta_1.jpg": Code.EDITED_SINCE,
    }
    assert sorted(path.name for path in garden.bin.iterdir()) == ["0 rose_1.xmp", "1 rose_1.jpg"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "edit_1.jpg", "meta_1.jpg", "meta_1.xmp", "only_1.jpg",
    ]  # fmt: skip
    assert tree(garden.root)[b"rose_1.jpg"] == before[b"rose_1.jpg"]


def test_copies_that_the_trash_refuses_are_listed(garden: Garden) -> None:
    garden.plant("rose_1.jpg", "rose_1.xmp").sort(transfer=Transfer.COPY)
    after = tree(garden.root)

    def refuse(_path: Path) -> None:
        raise PermissionError(13, "no trash on this disk")

    with garden.journal() as journal:
        undone = undoing.undo(journal, None, trash=refuse)
        assert left(undone) == {"rose_1.jpg": Code.NO_PERMISSION}
        pretended = undoing.undo(journal, 1, trash=lambda _path: None)
        assert left(pretended) == {"rose_1.jpg": Code.IO_ERROR}
    assert tree(garden.root) == after
    assert garden.undo(1).restored == 1


def test_copies_are_made_again(garden: Garden) -> None:
    batch = garden.plant("rose_1.jpg", "rose_1.xmp").sort(transfer=Transfer.COPY).batch
    after = tree(garden.root)
    garden.undo()
    assert batch is not None
    assert garden.redo(batch).restored == 1
    assert tree(garden.root) == after


@pytest.mark.parametrize("way", ["rename", "copy"])
def test_cancel_stops_an_undo_between_photos(garden: Garden, way: str) -> None:
    """Promise 16."""
    garden.plant(*(f"rose_{n}.jpg" for n in range(4)))
    before = tree(garden.root)

    def report(event: object) -> None:
        assert isinstance(event, Progress)
        assert event.stage is Stage.UNDOING
        if event.done == 2:
            raise Cancelled

    with disk(way):
        garden.sort()
        undone = garden.undo(report=report)
        assert (undone.restored, undone.cancelled) == (2, True)
        assert garden.undo().restored == 2  # still the newest that is not undone
    assert tree(garden.root) == before


def test_redo_leaves_what_changed(garden: Garden) -> None:
    garden.plant("rose_1.jpg", "rose_2.jpg", "rose_3.jpg").sort()
    garden.undo()
    (garden.root / "rose_1.jpg").write_bytes(b"edited")
    (garden.root / "Rose").mkdir()
    (garden.root / "Rose" / "rose_2.jpg").write_bytes(b"a stranger's")
    before = contents(garden.root)
    undone = garden.redo(1)
    assert undone.restored == 1
    assert left(undone) == {"rose_1.jpg": Code.EDITED_SINCE, "rose_2.jpg": Code.PLACE_TAKEN}
    assert contents(garden.root) == before


@pytest.mark.parametrize("deed", ["undo", "redo"])
@pytest.mark.parametrize("transfer", Transfer)
@pytest.mark.parametrize("folder", ["Rose", "album", "album/sub"])
def test_a_folder_swapped_for_a_link_is_not_followed(
    garden: Garden, tmp_path: Path, folder: str, transfer: Transfer, deed: str
) -> None:
    """Promise 9: what lies elsewhere is not ours, however alike; with the folder back it goes on."""
    garden.plant("album/sub/rose_1.jpg", "album/sub/rose_1.xmp", "album/sub/unsure_1.jpg")
    trees = {"undo": tree(garden.root)}
    batch = garden.sort(transfer=transfer).batch
    trees["redo"] = tree(garden.root)
    assert batch is not None
    if deed == "redo":
        garden.undo()
    act = garden.undo if deed == "undo" else garden.redo
    with swapped(garden.root / folder, tmp_path / "outside"):
        undone = act(batch)
        assert (undone.restored, left(undone)) == (0, {"rose_1.jpg": Code.FOLDER_IS_LINK})
    assert act(batch) == Undone(batch, 1, ())
    assert tree(garden.root) == trees[deed]


def test_a_folder_swapped_for_a_junction_is_not_followed(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 9."""
    batch = garden.plant("rose_1.jpg", "daisy_1.jpg").sort().batch
    with monkeypatch.context() as on_windows:
        make_junctions(on_windows, garden.root / "Rose")
        undone = garden.undo()
        assert (undone.restored, left(undone)) == (1, {"rose_1.jpg": Code.FOLDER_IS_LINK})
    assert garden.undo() == Undone(batch, 1, ())


@pytest.mark.parametrize("folder", ["album", "album/sub"])
def test_a_link_in_the_place_of_an_emptied_folder_is_not_filled(
    garden: Garden, tmp_path: Path, folder: str
) -> None:
    """Promises 9 and 18."""
    before = tree(garden.plant("album/sub/rose_1.jpg").root)
    batch = garden.sort().batch
    assert batch is not None
    (garden.root / folder).parent.mkdir(exist_ok=True)
    with swapped(garden.root / folder, tmp_path / "outside"):
        assert left(garden.undo()) == {"rose_1.jpg": Code.FOLDER_IS_LINK}
    assert garden.undo() == Undone(batch, 1, ())
    assert tree(garden.root) == before


def test_an_empty_folder_behind_a_link_is_not_removed(garden: Garden, tmp_path: Path) -> None:
    """Promises 9 and 18: photos that were set aside lie beside the chosen folder."""
    garden.into = tmp_path / "photos - set aside"
    garden.carry_out(replace(garden.plant("rose_1.jpg").plan(), into=garden.root))
    (garden.into / "Rose").rename(tmp_path / "Rose")
    (garden.into / "Rose").mkdir()
    with swapped(garden.into, tmp_path / "outside"):
        assert left(garden.undo()) == {"rose_1.jpg": Code.FOLDER_IS_LINK}


@pytest.mark.parametrize("folder", ["house", "house/photos"])
def test_the_chosen_folder_may_have_become_a_link(tmp_path: Path, folder: str) -> None:
    """Promise 7: somebody brought all photos to a larger disk and left a link."""
    garden = Garden.lay_out(tmp_path / "house")
    before = tree(garden.plant("sub/rose_1.jpg").root)
    garden.sort()
    (tmp_path / folder).rename(tmp_path / "large disk")
    (tmp_path / folder).symlink_to(tmp_path / "large disk", target_is_directory=True)
    assert garden.undo().restored == 1
    assert tree(garden.root) == before


def round_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the folder Rose keep every other second only, as FAT does."""
    real = os.utime

    def rounding(path: Any, *, ns: tuple[int, int]) -> None:
        if Path(path).parent.name == "Rose":
            ns = (ns[0], ns[1] // 2_000_000_000 * 2_000_000_000)
        real(path, ns=ns)

    monkeypatch.setattr(os, "utime", rounding)


def test_a_date_that_the_other_disk_rounded_comes_back(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 7: FAT keeps every other second, the journal the date itself."""
    garden.plant("rose_1.jpg", "rose_1.xmp")
    before = tree(garden.root)
    round_dates(monkeypatch)
    with disk("copy"):
        (outcome,) = garden.sort().outcomes
        assert outcome.losses == ("times",)
        assert tree(garden.root)[b"Rose/rose_1.jpg"] != before[b"rose_1.jpg"]
        assert garden.undo().restored == 1
    assert tree(garden.root) == before


def test_a_date_that_the_redo_kept_is_the_one_to_go_by(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 7: the disk rounded it the first time only; of a companion nothing but its date is known."""
    garden.plant("rose_1.jpg", "rose_1.xmp")
    before = tree(garden.root)
    with disk("copy"):
        with monkeypatch.context() as patched:
            round_dates(patched)
            garden.sort()
            garden.undo()
        assert garden.redo(1).restored == 1
        assert garden.undo() == Undone(1, 1, ())
    assert tree(garden.root) == before


def test_a_missing_drive_is_named_and_tried_again(
    garden: Garden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 7."""
    garden.into = tmp_path / "stick" / "sorted"
    garden.into.parent.mkdir()
    before = tree(garden.plant("rose_1.jpg", "rose_2.jpg").root)
    real = Volumes.now()
    base = real.of(tmp_path)

    def with_stick(mount: Path | None) -> Callable[[], Volumes]:
        sticks = [] if mount is None else [Volume(mount, base.kind, lambda: "uuid:stick")]
        return lambda: Volumes([Volume(Path("/"), base.kind, lambda: "uuid:house"), *sticks])

    monkeypatch.setattr(Volumes, "now", with_stick(tmp_path / "stick"))
    garden.sort()
    (tmp_path / "stick").rename(tmp_path / "mounted elsewhere")
    monkeypatch.setattr(Volumes, "now", with_stick(None))
    undone = garden.undo()
    assert undone.restored == 0
    assert {one.reason.code for one in undone.left} == {Code.DRIVE_MISSING}
    assert {one.reason.arguments["volume"] for one in undone.left} == {str(tmp_path / "stick")}
    with garden.journal() as journal:
        assert journal.batches()[0].into == garden.into
    monkeypatch.setattr(Volumes, "now", with_stick(tmp_path / "mounted elsewhere"))
    assert garden.undo().restored == 2
    assert tree(garden.root) == before
    assert list((tmp_path / "mounted elsewhere").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk")
def test_a_real_drive_is_found_where_it_is_mounted_now(garden: Garden, tmp_path: Path) -> None:
    """Promise 7."""
    image, first, second = tmp_path / "image", tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with image.open("wb") as stream:
        stream.truncate(16 << 20)
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("no mkfs.ext4 on this machine")
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, first], capture_output=True).returncode != 0:
        pytest.skip("this machine mounts no disk images")
    garden.into = first / "sorted"
    before = tree(garden.plant("rose_1.jpg", "rose_1.xmp").root)
    try:
        garden.sort()
        assert contents(garden.into)
    finally:
        subprocess.run(["umount", first], check=True)
    assert left(garden.undo()) == {"rose_1.jpg": Code.DRIVE_MISSING}
    subprocess.run(["mount", "-o", "loop", image, second], check=True)
    try:
        assert garden.undo().restored == 1
        assert not (second / "sorted").exists()
    finally:
        subprocess.run(["umount", second], check=True)
    assert tree(garden.root) == before


def test_undo_between_two_disks_is_verified_too(
    garden: Garden, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Promise 6, backwards."""
    with memory_folder(fallback=tmp_path_factory.mktemp("there")) as folder:
        there = Garden(tmp_path_factory.mktemp("photos"), folder / "sorted", garden.journal_file)
        before = tree(there.plant("rose_1.jpg", "rose_1.xmp").root)
        there.sort()
        calls: list[str] = []
        with disk("rename", lambda name, _arguments: calls.append(name)):
            there.undo()
        if there.root.stat().st_dev != folder.stat().st_dev:
            assert calls.count("sync") == 2
            assert calls.index("sync_folder") < calls.index("unlink")
        assert tree(there.root) == before


def rewrite(path: Path) -> bytes:
    """Give a file other bytes behind its old size and date."""
    status = path.stat()
    data = b"x" * status.st_size
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return data


@pytest.mark.parametrize("taken", ["rose_1.jpg", "rose_1.xmp"])
def test_a_copy_whose_original_is_another_file_now_is_not_thrown_away(garden: Garden, taken: str) -> None:
    """A card was emptied, and the camera counts from 1 again: the copy is all that is left."""
    garden.plant("rose_1.jpg", "rose_1.xmp").sort(transfer=Transfer.COPY)
    original = garden.root / taken
    rewrite(original)
    undone = garden.undo()
    assert undone.restored == 0
    assert left(undone) == {"rose_1.jpg": Code.EDITED_SINCE}
    assert (garden.root / "Rose" / "rose_1.jpg").exists()


def test_a_batch_that_no_number_can_have_is_not_found(garden: Garden) -> None:
    garden.plant("rose_1.jpg").sort()
    with pytest.raises(Refused) as caught:
        garden.undo(10**20)
    assert caught.value.reason.code is Code.BATCH_NOT_FOUND


@pytest.mark.parametrize("chunk", [1 << 20, 16])
@pytest.mark.parametrize("way", ["copy", "fill", "disks"])
def test_bytes_that_changed_behind_an_old_date_are_seen_by_the_copy(
    garden: Garden, way: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 7."""
    monkeypatch.setattr(streams, "_CHUNK", chunk)
    with disk(way):
        garden.plant("rose_1.jpg", "rose_1.xmp", "rose_2.jpg").sort()
        moved = garden.root / "Rose" / "rose_1.jpg"
        other = rewrite(moved)
        undone = garden.undo()
    assert undone.restored == 1
    assert left(undone) == {"rose_1.jpg": Code.EDITED_SINCE}
    assert moved.read_bytes() == other
    assert sorted(map(os.fsdecode, tree(garden.root))) == [
        "Rose", "Rose/rose_1.jpg", "Rose/rose_1.xmp", "rose_2.jpg",
    ]  # fmt: skip
