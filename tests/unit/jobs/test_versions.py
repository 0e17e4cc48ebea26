"""Which version is in force: switched in one step, and never by an accident (promise 20)."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from flowersorter.jobs import versions
from flowersorter.jobs.versions import CURRENT, NONE, folders_of, hold_in_force, in_force, put_in_force


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for number in ("0001", "0002", "0010", "10000", "notes"):
        (tmp_path / "garden" / number).mkdir(parents=True)
    return tmp_path / "garden"


def test_the_newest_is_in_force_until_another_is_put(model: Path) -> None:
    assert in_force(model) == model / "10000"
    put_in_force(model / "0002")
    assert in_force(model) == model / "0002"
    assert [folder.name for folder in folders_of(model)] == ["0001", "0002", "0010", "10000"]


def test_a_held_version_stays_when_a_newer_one_comes(model: Path) -> None:
    hold_in_force(model)
    (model / "10001").mkdir()
    assert in_force(model) == model / "10000"


@pytest.mark.parametrize("mark", ["", "0099\n", "../0001", "\x00" * 99, "ä"])
def test_a_damaged_mark_is_as_none(model: Path, mark: str) -> None:
    """Promise 19."""
    (model / CURRENT).write_text(mark, "utf-8")
    assert in_force(model) == model / "10000"


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    assert in_force(tmp_path / "none") is None
    hold_in_force(tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_switch_that_fails_leaves_the_earlier_one_in_force(
    model: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: BaseException
) -> None:
    put_in_force(model / "0001")

    def fail(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(versions.os, call, fail)
    with pytest.raises(type(error)):
        put_in_force(model / "0002")
    assert in_force(model) == model / "0001"
    assert sorted(path.name for path in model.iterdir() if path.is_file()) == [CURRENT]


def test_a_switch_outlives_a_power_cut(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new name is brought to the disk, once it is there."""
    synced: list[tuple[Path, Path | None]] = []
    monkeypatch.setattr(versions, "sync_folder", lambda folder: synced.append((folder, in_force(folder))))
    put_in_force(model / "0002")
    assert synced == [(model, model / "0002")]


def test_what_a_kill_leaves_of_a_switch_is_not_believed(model: Path) -> None:
    """A kill before the rename leaves the mark that was being written beside."""
    put_in_force(model / "0001")
    (model / f"{versions.UNFINISHED_MARK}x").write_text("0002\n")
    assert in_force(model) == model / "0001"


def test_none_may_be_in_force(model: Path) -> None:
    """The model that came with the program is, and what corrections made of it is worse."""
    put_in_force(model / NONE)
    assert in_force(model) is None
    hold_in_force(model)
    assert in_force(model) is None
    put_in_force(model / "0002")
    assert in_force(model) == model / "0002"
