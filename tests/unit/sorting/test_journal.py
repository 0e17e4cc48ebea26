"""Promises 3, 12 and 19: what the journal keeps, and what becomes of a damaged one."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.garden import Garden, files
from support.trees import tree

from flowersorter.records import Code, Refused, Transfer
from flowersorter.sorting.entries import State
from flowersorter.sorting.journal import Journal


def refusal(file: Path) -> Refused:
    with pytest.raises(Refused) as refused:
        Journal.open(file)
    return refused.value


def test_a_new_journal_is_empty(garden: Garden) -> None:
    with garden.journal() as journal:
        assert journal.batches() == []
        assert journal.species_folders(garden.root) == {}
        assert journal.unfinished() == []
        with pytest.raises(Refused) as refused:
            journal.newest_done()
        assert refused.value.reason.code is Code.NOTHING_TO_UNDO


def test_everything_is_written_down_before_anything_moves(garden: Garden) -> None:
    """Promise 3: journal first."""
    plan = garden.plant("rose_1.jpg", "rose_1.xmp").plan()
    seen: list[State] = []

    def report(_event: object) -> None:
        with garden.journal() as journal:
            (photo,) = journal.photos(journal.unfinished()[0].id)
            seen.append(photo.state)
            assert [file.source.path[-10:] for file in photo.files] == [b"rose_1.jpg", b"rose_1.xmp"]
            assert photo.files[0].digest == plan.moves[0].digest
        assert (garden.root / "rose_1.jpg").exists()

    garden.carry_out(plan, report)
    assert seen == [State.WAITING]


def test_commits_outlive_a_power_cut(garden: Garden) -> None:
    """Promise 4."""
    with garden.journal() as journal:
        assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert journal._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_history_is_newest_first_and_leaves_out_what_moved_nothing(garden: Garden) -> None:
    garden.plant("rose_1.jpg", "rose_2.jpg", "daisy_1.jpg").sort()
    garden.plant("rose_3.jpg").sort(transfer=Transfer.COPY)
    plan = garden.plant("tulip_1.jpg").plan()
    (garden.root / "tulip_1.jpg").unlink()
    garden.carry_out(plan)
    with garden.journal() as journal:
        second, first = journal.batches()
    assert (first.photos, first.species, first.transfer) == (3, {"Daisy": 1, "Rose": 2}, Transfer.MOVE)
    assert (second.photos, second.species, second.transfer) == (1, {"Rose": 1}, Transfer.COPY)
    assert (first.root, first.into, first.undone) == (garden.root, garden.root, 0)
    assert first.started < second.started


def test_species_folders_are_those_that_we_filled(garden: Garden, tmp_path: Path) -> None:
    name = os.fsdecode(b"ros\xe9_1.jpg")
    garden.plant(name, "daisy_1.jpg")
    (garden.root / "DAISY").mkdir()
    garden.sort(rule=lambda photo: "Daisy" if "daisy" in photo.path.name else "Rosé")
    with garden.journal() as journal:
        assert journal.species_folders(garden.root) == {"DAISY": "Daisy", "Rosé": "Rosé"}
        assert journal.species_folders(tmp_path) == {}


@pytest.mark.parametrize("damage", ["no database", "truncated", "empty table", "overwritten page"])
def test_a_damaged_journal_is_set_aside_and_no_photo_touched(garden: Garden, damage: str) -> None:
    """Promise 19."""
    garden.plant(*(f"rose_{n}.jpg" for n in range(40))).sort()
    file = garden.journal_file
    data = file.read_bytes()
    if damage == "no database":
        file.write_bytes(b"this is no database, whatever its name says" * 100)
    elif damage == "truncated":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "empty table":
        connection = sqlite3.connect(file)
        connection.execute("DROP TABLE pages")
        connection.close()
    else:
        file.write_bytes(data[:8192] + b"\xff" * 4096 + data[12288:])
    before = tree(garden.root)
    refused = refusal(file)
    assert refused.reason.code is Code.STORE_DAMAGED
    assert refused.reason.arguments["aside"].exists()
    assert tree(garden.root) == before
    with Journal.open(file) as journal:
        assert journal.batches() == []


def test_a_second_damaged_journal_does_not_replace_the_first(garden: Garden) -> None:
    garden.journal().__exit__(None, None, None)
    asides = set()
    for _ in range(2):
        garden.journal_file.write_bytes(b"no database" * 1000)
        asides.add(refusal(garden.journal_file).reason.arguments["aside"])
    assert len(asides) == 2


def test_a_journal_of_the_future_is_left_alone(garden: Garden) -> None:
    """Promise 19."""
    garden.plant("rose_1.jpg").sort()
    connection = sqlite3.connect(garden.journal_file)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    before = garden.journal_file.read_bytes()
    assert refusal(garden.journal_file).reason.code is Code.STORE_TOO_NEW
    assert garden.journal_file.read_bytes() == before


def test_an_altered_row_is_never_acted_upon(garden: Garden) -> None:
    """Promise 19: SQLite itself does not see a flipped bit in a path."""
    garden.plant("rose_1.jpg").sort()
    connection = sqlite3.connect(garden.journal_file, isolation_level=None)
    connection.execute("UPDATE pages SET photos = replace(photos, 'rose_1', 'rose_2')")
    connection.close()
    before = tree(garden.root)
    with pytest.raises(Refused) as refused:
        garden.undo()
    assert refused.value.reason.code is Code.STORE_DAMAGED
    assert tree(garden.root) == before


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE states SET state = 'plazed'",
        "UPDATE states SET last = 1 << 40",
        "DROP TABLE states",
        "DROP TABLE landed",
    ],
)
def test_damage_that_is_met_while_writing_is_said(garden: Garden, damage: str) -> None:
    """Promise 19."""
    garden.plant("rose_1.jpg").sort()
    with garden.journal() as journal:
        with closing(sqlite3.connect(garden.journal_file, isolation_level=None)) as other:
            other.execute(damage)
        with pytest.raises(Refused) as refused:
            journal.note(1, {0: State.BACK})
    assert refused.value.reason.code is Code.STORE_DAMAGED
    assert refused.value.reason.arguments["aside"].exists()


def test_damage_that_is_met_twice_sets_one_file_aside(garden: Garden) -> None:
    """Promise 19: another process may have begun a sound one under its name."""
    garden.plant("rose_1.jpg").sort()
    with garden.journal() as journal:
        with closing(sqlite3.connect(garden.journal_file, isolation_level=None)) as other:
            other.execute("UPDATE states SET state = 'plazed'")
        with pytest.raises(Refused) as first:
            journal.photos(1)
        garden.plant("daisy_1.jpg").sort()
        with pytest.raises(Refused) as second:
            journal.folders(1)
    assert second.value.reason == first.value.reason
    assert garden.undo().restored == 1


@pytest.mark.parametrize("seed", range(4))
def test_flipped_bits_never_cost_a_photo(garden: Garden, tmp_path: Path, seed: int) -> None:
    """Promise 19: either it is said, or every photo that undo put back has its own name."""
    before = files(garden.plant("rose_1.jpg", "rose_1.xmp", "daisy_1.jpg").root)
    garden.sort()
    after = files(garden.root)
    copy = tmp_path / "copy"
    shutil.copytree(garden.root, copy)
    data = garden.journal_file.read_bytes()
    told = undone = 0
    for position in range(seed * 13 + 1, len(data), 307):
        flipped = bytearray(data)
        flipped[position] ^= 1 << position % 8
        garden.journal_file.write_bytes(flipped)
        try:
            left = garden.undo().left
        except Refused:
            told += 1
            assert files(garden.root) == after
            continue
        undone += 1
        now = files(garden.root)
        assert sorted(now.values()) == sorted(before.values())
        assert now == before or (left and now.items() <= before.items() | after.items())
        shutil.rmtree(garden.root)
        shutil.copytree(copy, garden.root)
    assert told
    assert undone


def test_a_disk_that_takes_no_journal_moves_nothing(garden: Garden, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 5: the data directory's disk is full."""
    plan = garden.plant(*(f"rose_{n}.jpg" for n in range(300))).plan()
    before = tree(garden.root)
    real = Journal.open

    def open_full(file: Path) -> Journal:
        journal = real(file)
        journal._connection.execute("PRAGMA max_page_count=1")
        return journal

    monkeypatch.setattr(Journal, "open", open_full)
    with pytest.raises(Refused) as refused:
        garden.carry_out(plan)
    assert refused.value.reason.code is Code.DISK_FULL
    assert tree(garden.root) == before
