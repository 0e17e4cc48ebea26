"""Promise 3: what recovery makes of each thing that an interruption can leave. Kills are in tests/faults."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from support.garden import Garden, files
from support.primitives import disk
from support.trees import contents, swapped, tree

from flowersorter.progress import Cancelled, Progress
from flowersorter.records import Code, Recovered, Refused, Transfer
from flowersorter.sorting import carrier, locks
from flowersorter.sorting.entries import State, Work
from flowersorter.sorting.journal import Journal


class PowerCut(BaseException):
    """Ends a run where no handler may help."""


def interrupt(
    garden: Garden,
    transfer: Transfer = Transfer.MOVE,
    names: tuple[str, ...] = ("rose_1.jpg", "rose_1.xmp", "daisy_1.jpg"),
) -> str:
    """A batch of a rose with an XMP and of a daisy, written down, its folders made; its token."""
    plan = garden.plant(*names).plan(transfer=transfer)

    def cut(_event: object) -> None:
        raise PowerCut

    with pytest.raises(PowerCut):
        garden.carry_out(plan, cut)
    with garden.journal() as journal:
        return journal.unfinished()[0].token


def bring(garden: Garden, name: str, *, copy: bool = False) -> None:
    source = garden.root / name
    target = garden.root / name.partition("_")[0].capitalize() / name
    target.parent.mkdir(exist_ok=True)
    shutil.copy2(source, target) if copy else source.rename(target)


def recovered(garden: Garden) -> Recovered:
    """Recover, and make sure that doing it again changes and says nothing."""
    result = garden.recover()
    after = tree(garden.root)
    assert garden.recover() == Recovered()
    assert tree(garden.root) == after
    assert not list(garden.root.rglob(".flowersorter*"))
    return result


def test_nothing_to_recover(garden: Garden) -> None:
    assert garden.recover() == Recovered()


def test_what_was_not_begun_stays(garden: Garden) -> None:
    interrupt(garden)
    before = files(garden.root)
    assert recovered(garden) == Recovered()
    assert files(garden.root) == before


def test_what_was_finished_stays_finished_and_can_be_undone(garden: Garden) -> None:
    interrupt(garden)
    before = files(garden.root)
    for name in ("rose_1.jpg", "rose_1.xmp"):
        bring(garden, name)
    assert recovered(garden) == Recovered(in_place=1)
    assert garden.undo().restored == 1
    assert files(garden.root) == before


def test_half_a_photo_is_put_back(garden: Garden) -> None:
    """Promise 10."""
    interrupt(garden)
    before = files(garden.root)
    bring(garden, "rose_1.jpg")
    assert recovered(garden) == Recovered(put_back=1)
    assert files(garden.root) == before


def test_a_copy_whose_original_is_there_is_finished(garden: Garden) -> None:
    interrupt(garden)
    kept = contents(garden.root)
    bring(garden, "rose_1.jpg")
    bring(garden, "rose_1.xmp", copy=True)
    assert recovered(garden) == Recovered(in_place=1)
    assert contents(garden.root) == kept


def test_a_second_name_of_the_same_file_is_taken_away(garden: Garden) -> None:
    """The link fallback, cut between link and unlink."""
    interrupt(garden)
    kept = contents(garden.root)
    (garden.root / "Daisy" / "daisy_1.jpg").hardlink_to(garden.root / "daisy_1.jpg")
    assert recovered(garden) == Recovered(in_place=1)
    assert contents(garden.root) == kept


def test_a_strangers_file_of_equal_size_and_date_is_not_ours(garden: Garden) -> None:
    interrupt(garden)
    source = garden.root / "daisy_1.jpg"
    bring(garden, "daisy_1.jpg", copy=True)
    target = garden.root / "Daisy" / "daisy_1.jpg"
    target.write_bytes(b"x" * source.stat().st_size)
    os.utime(target, ns=(0, source.stat().st_mtime_ns))
    before = files(garden.root)
    assert recovered(garden) == Recovered()
    assert files(garden.root) == before


def test_an_incomplete_target_is_removed_only_beside_our_temporary(garden: Garden) -> None:
    """The fill fallback, cut while the target was written."""
    token = interrupt(garden)
    before = files(garden.root)
    source, target = garden.root / "daisy_1.jpg", garden.root / "Daisy" / "daisy_1.jpg"
    target.write_bytes(source.read_bytes()[:100])
    with garden.journal() as journal:
        (batch,) = journal.unfinished()
        numbers = {
            os.fsdecode(one.files[0].source.path)[-11:]: one.number for one in journal.photos(batch.id)
        }
    assert batch.token == token
    temporary = target.with_name(batch.temporary(numbers["daisy_1.jpg"], 0))
    shutil.copy2(source, temporary)
    assert recovered(garden) == Recovered()
    assert files(garden.root) == before


def test_an_incomplete_file_without_our_temporary_is_a_strangers(garden: Garden) -> None:
    interrupt(garden)
    source, target = garden.root / "daisy_1.jpg", garden.root / "Daisy" / "daisy_1.jpg"
    target.write_bytes(source.read_bytes()[:100])
    before = files(garden.root)
    assert recovered(garden) == Recovered()
    assert files(garden.root) == before


def test_a_photo_that_is_nowhere_is_listed_once(garden: Garden) -> None:
    interrupt(garden)
    (garden.root / "daisy_1.jpg").rename(garden.root / "my own name.jpg")
    result = recovered(garden)
    (left,) = result.unresolved
    assert (left.path.name, left.reason.code) == ("daisy_1.jpg", Code.VANISHED)


def test_a_photo_that_was_edited_after_the_cut_is_left(garden: Garden) -> None:
    interrupt(garden)
    bring(garden, "rose_1.jpg")
    edited = garden.root / "Rose" / "rose_1.jpg"
    edited.write_bytes(b"edited")
    before = files(garden.root)
    (left,) = recovered(garden).unresolved
    assert (left.path, left.reason.code) == (edited, Code.EDITED_SINCE)
    assert [one.reason.code for one in garden.undo(1).left] == [Code.EDITED_SINCE]
    assert files(garden.root) == before


def test_a_companion_is_not_taken_from_a_photo_that_was_edited_after_the_cut(garden: Garden) -> None:
    """Promise 6: one of two companions was renamed with it."""
    interrupt(garden, names=("rose_1.jpg", "rose_1.xmp", "rose_1.wav"))
    bring(garden, "rose_1.jpg")
    bring(garden, "rose_1.wav")
    edited = garden.root / "Rose" / "rose_1.jpg"
    edited.write_bytes(b"edited")
    before = files(garden.root)
    assert [one.path for one in recovered(garden).unresolved] == [edited]
    assert files(garden.root) == before


def test_a_copied_photo_that_was_edited_after_the_cut_is_finished(garden: Garden) -> None:
    """Its companion's original was not released yet."""
    interrupt(garden)
    bring(garden, "rose_1.jpg")
    bring(garden, "rose_1.xmp", copy=True)
    edited = garden.root / "Rose" / "rose_1.jpg"
    edited.write_bytes(b"edited")
    result = recovered(garden)
    assert ([one.path for one in result.unresolved], result.in_place) == ([edited], 1)
    assert sorted(path.name for path in (garden.root / "Rose").iterdir()) == ["rose_1.jpg", "rose_1.xmp"]
    assert not (garden.root / "rose_1.xmp").exists()


def test_a_companion_is_known_by_its_date_too(garden: Garden) -> None:
    """Its bytes were never read, so not every file of its size is taken for it; FAT's rounding is allowed."""
    interrupt(garden)
    for name in ("rose_1.jpg", "rose_1.xmp"):
        bring(garden, name)
    companion = garden.root / "Rose" / "rose_1.xmp"
    date = companion.stat().st_mtime_ns
    os.utime(companion, ns=(date, date + 3_000_000_000))
    result = garden.recover()
    assert [left.path.name for left in result.unresolved] == ["rose_1.xmp"]
    assert companion.exists()


def test_a_date_that_fat_rounded_is_the_companions(garden: Garden) -> None:
    interrupt(garden)
    for name in ("rose_1.jpg", "rose_1.xmp"):
        bring(garden, name)
        path = garden.root / "Rose" / name
        date = path.stat().st_mtime_ns
        os.utime(path, ns=(date, date // 2_000_000_000 * 2_000_000_000))
    assert recovered(garden) == Recovered(in_place=1)


def test_half_a_copy_is_taken_back_and_a_whole_one_stays(garden: Garden) -> None:
    interrupt(garden, Transfer.COPY)
    bring(garden, "rose_1.jpg", copy=True)
    bring(garden, "daisy_1.jpg", copy=True)
    assert recovered(garden) == Recovered(in_place=1, put_back=1)
    assert sorted(path.name for path in garden.root.iterdir()) == [
        "Daisy", "daisy_1.jpg", "rose_1.jpg", "rose_1.xmp",
    ]  # fmt: skip
    assert garden.undo().restored == 1


def test_undo_clears_up_first(garden: Garden) -> None:
    """An interrupted batch can be undone without a new start."""
    interrupt(garden)
    before = files(garden.root)
    bring(garden, "daisy_1.jpg")
    assert garden.undo(1).restored == 1
    assert files(garden.root) == before


def test_recovery_is_idempotent_when_it_is_cut_itself(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(garden)
    before = files(garden.root)
    bring(garden, "rose_1.jpg")

    def cut(*_arguments: object, **_more: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "finish", cut)
        with pytest.raises(PowerCut):
            garden.recover()
    assert recovered(garden).unresolved == ()
    assert files(garden.root) == before


def test_a_missing_drive_keeps_the_batch_open(
    garden: Garden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(garden)
    bring(garden, "rose_1.jpg")
    with monkeypatch.context() as patched:
        patched.setattr("flowersorter.sorting.volumes.Volumes.path", lambda *_: None)
        first = garden.recover()
    assert [one.reason.code for one in first.unresolved] == [Code.DRIVE_MISSING]
    assert recovered(garden) == Recovered(put_back=1)


@pytest.mark.parametrize("brought", [(), ("rose_1.jpg",), ("rose_1.jpg", "rose_1.xmp")])
@pytest.mark.parametrize("folder", ["Rose", "album", "album/sub"])
def test_a_folder_swapped_for_a_link_keeps_the_batch_open(
    garden: Garden, tmp_path: Path, folder: str, brought: tuple[str, ...]
) -> None:
    """Promise 9: what lies elsewhere is not ours, however alike; with the folder back all is cleared up."""
    interrupt(garden, names=("album/sub/rose_1.jpg", "album/sub/rose_1.xmp"))
    before = files(garden.root)
    alike = tmp_path / "outside" / ("sub" if folder == "album" else "") / "rose_1.jpg"
    alike.parent.mkdir(parents=True)
    shutil.copy2(garden.root / "album/sub/rose_1.jpg", alike)
    for name in brought:
        (garden.root / "album/sub" / name).rename(garden.root / "Rose" / name)
    inside = files(garden.root)
    with swapped(garden.root / folder, tmp_path / "outside"):
        (left,) = garden.recover().unresolved
        assert left.reason.code is Code.FOLDER_IS_LINK
        assert left.reason.arguments == {"path": garden.root / folder}
    assert files(garden.root) == inside
    if recovered(garden).in_place:
        garden.undo()
    assert files(garden.root) == before


@pytest.mark.parametrize("error", [errno.EWOULDBLOCK, errno.EIO])
def test_a_folder_that_cannot_be_held_keeps_the_batch_open(
    garden: Garden, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """Promise 15: another FlowerSorter works there, or the disk fails; other batches are cleared up."""
    interrupt(garden)
    bring(garden, "rose_1.jpg")

    def refuse(_descriptor: int) -> None:
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patched:
        patched.setattr(locks, "lock_descriptor", refuse)
        (left,) = garden.recover().unresolved
    assert left.path == garden.root
    assert left.reason.code is (Code.FOLDER_IN_USE if error == errno.EWOULDBLOCK else Code.IO_ERROR)
    assert recovered(garden) == Recovered(put_back=1)


class Cut(BaseException):
    """The end of the process."""


def test_a_photo_whose_companion_was_edited_after_the_cut_stays_together(garden: Garden) -> None:
    """Promise 6: the picture was renamed, its XMP was not yet, and darktable has written to it since."""
    garden.plant("rose_1.jpg", "rose_1.xmp")
    renames: list[str] = []

    def cut(name: str, _arguments: tuple[Any, ...]) -> None:
        renames.extend([name] * (name == "rename"))
        if len(renames) == 2:
            raise Cut

    plan = garden.plan()
    with pytest.raises(Cut), disk("rename", cut):
        garden.carry_out(plan)
    (garden.root / "rose_1.xmp").write_bytes(b"five stars")
    recovered = garden.recover()
    assert (recovered.in_place, recovered.put_back, recovered.unresolved) == (0, 1, ())
    assert sorted(path.name for path in garden.root.iterdir() if path.is_file()) == [
        "rose_1.jpg",
        "rose_1.xmp",
    ]


def test_a_rounded_date_is_remembered_for_undo(garden: Garden) -> None:
    """Promise 7: a companion has no digest, so its date is all that says that nobody edited it."""
    interrupt(garden)
    before = files(garden.root)
    for name in ("rose_1.jpg", "rose_1.xmp"):
        bring(garden, name)
        path = garden.root / "Rose" / name
        os.utime(path, ns=(1, path.stat().st_mtime_ns // 2_000_000_000 * 2_000_000_000))
    assert recovered(garden) == Recovered(in_place=1)
    undone = garden.undo()
    assert (undone.restored, undone.left) == (1, ())
    assert files(garden.root) == before


def test_a_photo_edited_in_its_species_folder_is_left_and_listed_by_undo(garden: Garden) -> None:
    """Promise 7, after an interruption, too."""
    interrupt(garden)
    bring(garden, "daisy_1.jpg")
    edited = garden.root / "Daisy" / "daisy_1.jpg"
    edited.write_bytes(b"edited")
    assert recovered(garden) == Recovered()
    assert [left.reason.code for left in garden.undo(1).left] == [Code.EDITED_SINCE]
    assert edited.read_bytes() == b"edited"


def test_what_the_journal_knew_to_be_in_place_stays_so(garden: Garden) -> None:
    """A photo that was sorted again since is where its later batch has it; undone, the first can be, too."""
    before = files(garden.plant("rose_1.jpg", "daisy_1.jpg").root)
    garden.sort()
    garden.sort(rule=lambda photo: "Tulip" if "rose" in photo.path.name else None, again=True)
    with garden.journal() as journal:
        journal.work_on(1, Work.REDOING)  # interrupted before it did anything
    assert recovered(garden).unresolved == ()
    assert garden.undo(2).restored == 1
    assert garden.undo(1).restored == 2
    assert files(garden.root) == before


def test_an_edited_copy_is_left_and_listed_after_an_interrupted_undo(garden: Garden) -> None:
    """Promise 7."""
    garden.plant("rose_1.jpg", "rose_2.jpg").sort(transfer=Transfer.COPY)
    edited = garden.root / "Rose" / "rose_1.jpg"
    edited.write_bytes(b"edited")
    with garden.journal() as journal:
        journal.work_on(1, Work.UNDOING)
    recovered(garden)
    undone = garden.undo(1)
    assert (undone.restored, [left.reason.code for left in undone.left]) == (1, [Code.EDITED_SINCE])
    assert edited.read_bytes() == b"edited"


def test_what_another_process_recovered_meanwhile_is_left_alone(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 15: between the reading of the batch and the holding of its folders."""
    interrupt(garden)
    before = files(garden.root)
    bring(garden, "daisy_1.jpg")
    held_first(monkeypatch, lambda: (garden.recover(), garden.undo(1)))
    assert garden.recover() == Recovered()
    assert files(garden.root) == before
    assert garden.redo(1).restored == 1


def held_first(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Do something right before the folders are held for the first time."""
    hold = locks.hold
    todo = [meanwhile]

    def hold_later(folders: Sequence[Path]) -> AbstractContextManager[None]:
        if todo:
            todo.pop()()
        return hold(folders)

    monkeypatch.setattr(locks, "hold", hold_later)


def test_what_another_process_undid_meanwhile_is_not_undone_twice(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 15: its states would be written over, and redo be refused."""
    before = files(garden.plant("rose_1.jpg").root)
    garden.sort()
    held_first(monkeypatch, lambda: garden.undo(1))
    with pytest.raises(Refused) as refused:
        garden.undo(1)
    assert refused.value.reason.code is Code.NOTHING_TO_UNDO
    assert files(garden.root) == before
    held_first(monkeypatch, lambda: garden.redo(1))
    with pytest.raises(Refused) as refused:
        garden.redo(1)
    assert refused.value.reason.code is Code.NOTHING_TO_UNDO
    assert garden.undo(1).restored == 1


def test_what_another_process_left_unfinished_meanwhile_is_not_undone(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    garden.plant("rose_1.jpg").sort()

    def break_off() -> None:
        with garden.journal() as journal:
            journal.work_on(1, Work.UNDOING)

    held_first(monkeypatch, break_off)
    with pytest.raises(Refused) as refused:
        garden.undo(1)
    assert refused.value.reason.code is Code.BATCH_UNFINISHED


def undo_some(garden: Garden, batch: int, photos: int) -> None:
    """Put back so many photos of a batch, then cancel."""

    def cancel(event: object) -> None:
        if isinstance(event, Progress) and event.done == photos:
            raise Cancelled

    assert garden.undo(batch, cancel).restored == photos


def test_a_photo_that_was_sorted_again_is_in_one_batch(garden: Garden) -> None:
    """Its later batch has it at the same target: the one whose undo was interrupted does not."""
    before = files(garden.plant("rose_1.jpg", "rose_2.jpg", "rose_3.jpg").root)
    garden.sort()
    undo_some(garden, 1, 2)
    garden.sort()
    with garden.journal() as journal:
        journal.work_on(1, Work.UNDOING)
    result = recovered(garden)
    assert (result.put_back, result.unresolved) == (0, ())
    with garden.journal() as journal:
        assert [(batch.photos, batch.undone) for batch in journal.batches()] == [(2, 0), (3, 2)]
    assert garden.undo(2).restored == 2
    assert garden.undo(1).restored == 1
    assert files(garden.root) == before


def test_what_was_back_before_is_not_put_back(garden: Garden) -> None:
    garden.plant("rose_1.jpg", "rose_2.jpg", "rose_3.jpg").sort()
    undo_some(garden, 1, 2)
    with garden.journal() as journal:
        journal.work_on(1, Work.UNDOING)
    (garden.root / "Rose" / "rose_1.jpg").rename(garden.root / "rose_1.jpg")
    assert recovered(garden) == Recovered(put_back=1)


def test_a_copy_of_a_later_batch_is_not_taken_away(garden: Garden) -> None:
    """An undo was interrupted, of a batch some photos of which were back and have been copied since."""
    garden.plant("rose_1.jpg", "rose_2.jpg").sort()
    undo_some(garden, 1, 1)
    garden.sort(transfer=Transfer.COPY)
    before = files(garden.root)
    with garden.journal() as journal:
        journal.work_on(1, Work.UNDOING)
    recovered(garden)
    assert files(garden.root) == before


def test_a_picture_edited_at_home_gets_its_companion_back(garden: Garden) -> None:
    """Promise 6: an undo was interrupted between the two."""
    garden.plant("rose_1.jpg", "rose_1.xmp").sort()
    with garden.journal() as journal:
        journal.work_on(1, Work.UNDOING)
    (garden.root / "Rose" / "rose_1.jpg").rename(garden.root / "rose_1.jpg")
    (garden.root / "rose_1.jpg").write_bytes(b"edited")
    assert recovered(garden) == Recovered(put_back=1)
    assert sorted(path.name for path in garden.root.iterdir()) == ["rose_1.jpg", "rose_1.xmp"]


def test_an_undo_is_written_down_at_its_end(garden: Garden, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the journal says to be back is not looked at by recovery, so it must not be half back."""
    garden.plant("rose_1.jpg", "rose_2.jpg", "rose_3.jpg")
    with disk("copy"):
        garden.sort()
        kept = tree(garden.root)
        monkeypatch.setattr(carrier, "_SHARE_PHOTOS", 1)
        written: list[str] = []

        def watch(event: object) -> None:
            with garden.journal() as journal:
                written.extend(photo.state for photo in journal.photos(1))

        garden.undo(1, watch)
        assert set(written) == {State.PLACED}
        garden.redo(1)
    assert tree(garden.root) == kept


def test_a_strangers_picture_at_home_gets_no_companion(garden: Garden) -> None:
    """Promise 6: an undo was interrupted before this photo, which was edited where it is."""
    garden.plant("rose_1.jpg", "rose_1.xmp").sort()
    with garden.journal() as journal:
        journal.work_on(1, Work.UNDOING)
    (garden.root / "Rose" / "rose_1.jpg").write_bytes(b"edited")
    (garden.root / "rose_1.jpg").write_bytes(b"a stranger's")
    before = files(garden.root)
    assert recovered(garden) == Recovered()
    assert files(garden.root) == before
