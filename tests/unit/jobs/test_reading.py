"""Whoever sees a photo first fills the caches for all others; a known photo is never decoded again."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.pictures import draw_flower, save_photo
from support.reading import Colours, HerePool

from flowersorter.jobs import reading, sort
from flowersorter.jobs.caches import clear_caches
from flowersorter.jobs.engine import Recogniser
from flowersorter.jobs.sort import Sorting, SortRequest, classify, look_into
from flowersorter.jobs.thumbnails import Thumbnailer
from flowersorter.learning.calibrate import Calibration
from flowersorter.learning.devices import choose_device
from flowersorter.learning.head import Head
from flowersorter.library import Library
from flowersorter.paths import Home
from flowersorter.pictures.pool import PicturePool
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings


class Counting:
    """Sorts a folder, and knows what that decoded."""

    def __init__(self, home: Home, pool: HerePool) -> None:
        self.home = home
        self.pool = pool

    def __call__(self, folder: Path) -> Sorting:
        self.pool.decoded, self.pool.hashed = [], []
        request = SortRequest(folder)
        sorting = classify(self.home, Settings(), request, look_into(self.home, request))
        assert all(one.guess is not None for one in sorting.photos)
        return sorting


@pytest.fixture
def sort_folder(home: Home, monkeypatch: pytest.MonkeyPatch) -> Counting:
    pool = HerePool()
    monkeypatch.setattr(reading, "PicturePool", lambda: pool)
    weight = np.random.default_rng(0).normal(size=(2, 512)).astype(np.float32)
    model = SimpleNamespace(
        info=SimpleNamespace(name="garden", species=("daisy", "rose")),
        head=Head(("daisy", "rose"), weight, np.zeros(2, np.float32), root=True),
        calibration=Calibration(np.full(300, 0.6, np.float32), np.ones(300, np.bool_), np.arange(300)),
        strangers=None,
    )
    recogniser = Recogniser(model, choose_device("cpu"), Colours())
    monkeypatch.setattr(sort, "open_recogniser", lambda *_: recogniser)
    return Counting(home, pool)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for number in range(6):
        save_photo(folder / f"{number}.jpg", draw_flower("rose", number, size=(80, 60)))
    return folder


def test_a_second_run_over_an_unchanged_folder_decodes_and_reads_nothing(
    sort_folder: Counting, folder: Path
) -> None:
    first = sort_folder(folder)
    assert len(sort_folder.pool.decoded) == 6
    again = sort_folder(folder)
    assert (sort_folder.pool.decoded, sort_folder.pool.hashed) == ([], [])
    assert [one.guess for one in again.photos] == [one.guess for one in first.photos]


def test_copied_moved_and_renamed_photos_are_not_decoded(
    sort_folder: Counting, folder: Path, tmp_path: Path
) -> None:
    sort_folder(folder)
    other = tmp_path / "elsewhere"
    shutil.copytree(folder, other)
    (other / "0.jpg").rename(other / "renamed.jpg")
    (folder / "1.jpg").rename(other / "moved.jpg")
    sorting = sort_folder(other)
    assert sort_folder.pool.decoded == []
    assert len(sort_folder.pool.hashed) == len(sorting.photos) == 7
    sort_folder(other)
    assert sort_folder.pool.hashed == []


def test_a_photo_with_new_bytes_is_decoded(sort_folder: Counting, folder: Path) -> None:
    sort_folder(folder)
    save_photo(folder / "0.jpg", draw_flower("daisy", 99, size=(80, 60)))
    sort_folder(folder)
    assert sort_folder.pool.decoded == [folder / "0.jpg"]


def test_sorting_makes_the_thumbnails_too(
    sort_folder: Counting, home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sorting = sort_folder(folder)
    monkeypatch.setattr(PicturePool, "look", None)
    thumbnailer = Thumbnailer(home, Settings())
    assert all(thumbnailer.thumbnail(one.photo.path, one.digest) for one in sorting.photos)
    thumbnailer.close()


def test_cleared_caches_cost_time_only(sort_folder: Counting, folder: Path) -> None:
    first = sort_folder(folder)
    clear_caches(sort_folder.home)
    again = sort_folder(folder)
    assert len(sort_folder.pool.decoded) == 6
    assert [one.guess for one in again.photos] == [one.guess for one in first.photos]


def test_a_data_disk_that_takes_no_more_stops_nothing(
    sort_folder: Counting, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept there saves time, no more."""

    def full(*_arguments: object) -> None:
        raise Refused(Code.DISK_FULL)

    monkeypatch.setattr(Library, "remember_digests", full)
    assert len(sort_folder(folder).photos) == 6
