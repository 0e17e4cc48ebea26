"""Promises 5 and 22: what is wrong with a file is told, and costs no more than a normal photo."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.hostile import BOMBS, jpeg_that_declares
from support.pictures import draw_flower, save_photo

from flowersorter.pictures import reading
from flowersorter.pictures.decode import Wanted, look_at
from flowersorter.records import Code

WANTED = Wanted(short_side=64, thumbnail_side=48)


def code_of(path: Path, wanted: Wanted = WANTED) -> Code | None:
    look = look_at(path, wanted)
    assert (look.problem is None) == (look.pixels is not None)
    return None if look.problem is None else look.problem.code


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("This is a letter.")
    (tmp_path / "b.png").write_bytes(b"")
    (tmp_path / "c.gif").mkdir()
    (tmp_path / "d.webp").write_bytes(b"RIFF\0\0\0\0WAVE")
    (tmp_path / "e.heic").write_bytes(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom")
    assert {path.name: code_of(path) for path in tmp_path.iterdir()} == dict.fromkeys(
        ("a.jpg", "b.png", "c.gif", "d.webp", "e.heic"), Code.NOT_A_PICTURE
    )


def test_programs_that_pillow_would_start_are_never_asked(tmp_path: Path) -> None:
    """PostScript is run by Ghostscript: no code of a stranger's file is."""
    (tmp_path / "a.jpg").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    )
    assert code_of(tmp_path / "a.jpg") is Code.NOT_A_PICTURE


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert code_of(tmp_path / "a.jpg") is Code.NOT_A_PICTURE


def test_what_is_gone(tmp_path: Path) -> None:
    assert code_of(tmp_path / "gone.jpg") is Code.VANISHED
    (tmp_path / "file").touch()
    assert code_of(tmp_path / "file" / "gone.jpg") is Code.VANISHED


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EACCES, Code.NO_PERMISSION),
        (errno.EPERM, Code.NO_PERMISSION),
        (errno.EIO, Code.IO_ERROR),
        (errno.ESTALE, Code.IO_ERROR),
        (errno.ETIMEDOUT, Code.IO_ERROR),
    ],
)
@pytest.mark.parametrize("primitive", ["open", "fstat"])
def test_the_systems_refusals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: Code, primitive: str
) -> None:
    photo = save_photo(tmp_path / "a.jpg", draw_flower("rose", 1))

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(reading.os, primitive, refuse)
        found = code_of(photo)
    assert found is code


def test_a_file_that_lies_in_the_cloud_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = save_photo(tmp_path / "a.jpg", draw_flower("rose", 1))
    for marks in ({"st_file_attributes": 0x40_0000}, {"st_flags": 0x4000_0000}):
        with monkeypatch.context() as patch:
            patch.setattr(Path, "stat", lambda _, marks=marks: SimpleNamespace(**marks))
            patch.setattr(reading.os, "open", lambda *_: pytest.fail("opened"))
            assert code_of(photo) is Code.PLACEHOLDER


def test_a_photo_that_is_being_written_is_left_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = save_photo(tmp_path / "a.jpg", draw_flower("rose", 1), mtime=1_600_000_000)
    real, calls = os.fstat, []

    def fstat(handle: int) -> os.stat_result:
        calls.append(handle)
        if len(calls) == 2:
            os.utime(photo, (1_600_000_001, 1_600_000_001))
        return real(handle)

    with monkeypatch.context() as patch:
        patch.setattr(reading.os, "fstat", fstat)
        found = code_of(photo)
    assert found is Code.CHANGED_MEANWHILE


def test_a_file_above_the_size_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.tif").open("wb") as file:
        file.truncate(reading.MAX_FILE_BYTES + 1)
    look = look_at(tmp_path / "a.tif", WANTED)
    assert look.problem is not None
    assert (look.problem.code, look.digest) == (Code.TOO_LARGE, None)


@pytest.mark.parametrize("name", BOMBS)
def test_a_declared_bomb_is_refused_before_it_is_decoded(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BOMBS[name])
    assert code_of(tmp_path / name) is Code.TOO_LARGE


@pytest.mark.parametrize(
    ("width", "height", "progressive"),
    [(16_320, 12_240, False), (8_064, 6_048, True)],
    ids=["200 MP", "48 MP"],
)
def test_large_pictures_of_real_telephones_are_let_in(
    tmp_path: Path, width: int, height: int, progressive: bool
) -> None:
    """Only the declaration is large here; a JPEG that ends early with its end mark is read as grey."""
    (tmp_path / "a.jpg").write_bytes(jpeg_that_declares(width, height, progressive=progressive))
    assert code_of(tmp_path / "a.jpg") is None


SEEDS = []
for kind, options in {
    "JPEG": {},
    "PNG": {},
    "WEBP": {},
    "GIF": {},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
}.items():
    seed_file = io.BytesIO()
    draw_flower("daisy", 2, (64, 48)).save(seed_file, kind, **options)
    SEEDS.append(seed_file.getvalue())


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(data=st.data())
def test_damaged_bytes_give_a_picture_or_a_reason_and_never_an_exception(
    tmp_path: Path, data: st.DataObject
) -> None:
    picture = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 8))):
        picture[data.draw(st.integers(0, len(picture) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(picture)))
    path = tmp_path / "a.jpg"
    path.write_bytes(picture[: cut or None])
    assert code_of(path) in {None, Code.UNREADABLE, Code.NOT_A_PICTURE, Code.TOO_LARGE}
