"""Thumbnails come from the cache wherever a photo lies now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.pictures import draw_flower, save_photo

from flowersorter.jobs.thumbnails import Thumbnailer
from flowersorter.library import Library
from flowersorter.paths import Home
from flowersorter.pictures.pool import PicturePool
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings


@pytest.fixture
def thumbnailer(home: Home) -> Iterator[Thumbnailer]:
    made = Thumbnailer(home, Settings())
    yield made
    made.close()


def test_a_photo_without_a_digest_is_decoded_once(
    home: Home, thumbnailer: Thumbnailer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = save_photo(tmp_path / "rose.jpg", draw_flower("rose", 1))
    first = thumbnailer.thumbnail(photo, None)
    monkeypatch.setattr(PicturePool, "look", None)
    assert thumbnailer.thumbnail(photo, None) == first


def test_after_closing_nothing_is_decoded(home: Home, tmp_path: Path) -> None:
    """A thread of the window that comes too late must not start another child."""
    photo = save_photo(tmp_path / "rose.jpg", draw_flower("rose", 1))
    thumbnailer = Thumbnailer(home, Settings())
    thumbnailer.close()
    with pytest.raises(Refused) as refusal:
        thumbnailer.preview(photo, 100)
    assert refusal.value.reason.code is Code.CANCELLED


def test_what_cannot_be_read_is_refused_with_its_reason(thumbnailer: Thumbnailer, tmp_path: Path) -> None:
    photo = tmp_path / "rose.jpg"
    photo.write_bytes(b"petals")
    with pytest.raises(Refused) as refusal:
        thumbnailer.thumbnail(photo, None)
    assert refusal.value.reason.code is Code.NOT_A_PICTURE


def test_a_large_view_has_the_side_that_was_asked_for(thumbnailer: Thumbnailer, tmp_path: Path) -> None:
    photo = save_photo(tmp_path / "tulip.jpg", draw_flower("tulip", 1, size=(640, 480)), orientation=6)
    assert thumbnailer.preview(photo, 320).shape == (320, 240, 3)


def test_a_library_that_is_busy_costs_no_picture(
    thumbnailer: Thumbnailer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = save_photo(tmp_path / "rose.jpg", draw_flower("rose", 1))

    def refuse(_file: Path) -> Library:
        raise Refused(Code.FILE_BUSY)

    monkeypatch.setattr(Library, "open", refuse)
    assert thumbnailer.thumbnail(photo, None)
