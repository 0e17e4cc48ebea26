"""The same promises on real cameras' files, where they lie beside the checkout."""

from __future__ import annotations

import io
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.processes import children_of, peak_memory

from flowersorter.pictures.decode import Wanted, look_at
from flowersorter.pictures.pool import PicturePool
from flowersorter.records import Code

pytestmark = pytest.mark.photos

WANTED = Wanted(short_side=224, thumbnail_side=320)


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["Landscape", "Portrait"])
def test_every_orientation_looks_like_the_upright_photo(real_photos: Path, name: str) -> None:
    upright = look_at(real_photos / "orientation" / f"{name}_1.jpg", WANTED).pixels
    assert upright is not None
    for orientation in (0, 2, 3, 4, 5, 6, 7, 8):
        pixels = look_at(real_photos / "orientation" / f"{name}_{orientation}.jpg", WANTED).pixels
        assert pixels is not None
        assert pixels.shape == upright.shape
        # each has its own number printed in its middle
        assert np.abs(pixels.astype(int) - upright.astype(int)).mean() < 3


def test_every_telephone_and_camera_is_read(real_photos: Path) -> None:
    photos = files_in(real_photos / "phone")
    looks = [look_at(photo, WANTED) for photo in photos]
    assert [look.path.name for look in looks if look.problem] == []
    assert all(look.pixels is not None and min(look.pixels.shape[:2]) == 224 for look in looks)
    assert sum(look.taken is not None and look.camera is not None for look in looks) >= 22


def test_a_turned_heic_is_turned_once(real_photos: Path) -> None:
    """libheif turns it; its EXIF still says 6."""
    look = look_at(real_photos / "phone" / "iphone_13_pro_max.HEIC", Wanted(thumbnail_side=64))
    assert (look.width, look.height) == (3024, 4032)
    assert look.thumbnail is not None
    assert Image.open(io.BytesIO(look.thumbnail)).size == (48, 64)


def test_a_heic_named_jpg_is_read(real_photos: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes((real_photos / "phone" / "bird_burst.heic").read_bytes())
    assert look_at(tmp_path / "a.jpg", WANTED).problem is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads the children's peak memory from /proc")
def test_hostile_files_cost_a_line_each_and_little_memory(real_photos: Path) -> None:
    """Promise 22: no crash, no hang, and less than 300 MB above what ordinary photos take."""
    peaks = {}
    others = children_of(os.getpid())
    for name in ("native", "hostile"):
        files = files_in(real_photos / name)
        with PicturePool(2) as pool:
            looks = list(pool.looks(files, WANTED))
            peaks[name] = sum(peak_memory(child) for child in children_of(os.getpid()) - others)
        assert [look.path for look in looks] == files
    found = Counter(None if look.problem is None else look.problem.code for look in looks)
    assert set(found) == {None, Code.UNREADABLE, Code.NOT_A_PICTURE, Code.TOO_LARGE}
    assert found[None] >= 400
    assert peaks["hostile"] - peaks["native"] < 300_000_000
