"""One look: upright, exact in size, in sRGB, with true digests."""

from __future__ import annotations

import hashlib
import io
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps
from support.pictures import draw_flower, save_photo
from support.raw import save_raw

from flowersorter.pictures import content
from flowersorter.pictures.decode import Wanted, look_at
from flowersorter.records import Code

UPRIGHT = draw_flower("tulip", 1)
# how a camera that was held in that way stores the picture that looks like UPRIGHT
STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def pixels_of(path: Path, wanted: Wanted = Wanted(short_side=120)) -> NDArray[np.uint8]:  # noqa: B008 - frozen
    look = look_at(path, wanted)
    assert look.problem is None
    assert look.pixels is not None
    assert look.pixels.dtype == np.uint8
    return look.pixels


def unlikeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean absolute difference, 0 to 255; infinite for other sizes."""
    if one.shape != other.shape:
        return np.inf
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def colour_of(path: Path) -> tuple[int, ...]:
    """The colour of a picture in one colour."""
    return tuple(int(value) for value in pixels_of(path).reshape(-1, 3).mean(axis=0).round())


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
@pytest.mark.parametrize("orientation", STORED_AS)
def test_every_orientation_looks_like_the_upright_one(tmp_path: Path, suffix: str, orientation: int) -> None:
    turn = STORED_AS[orientation]
    stored = UPRIGHT if turn is None else UPRIGHT.transpose(turn)
    path = save_photo(tmp_path / f"turned{suffix}", stored, orientation=orientation)
    look = look_at(path, Wanted(short_side=120, thumbnail_side=100))
    assert (look.width, look.height) == UPRIGHT.size
    assert look.pixels is not None
    assert unlikeness(look.pixels, np.array(UPRIGHT.resize((160, 120), Image.Resampling.BILINEAR))) < 3
    assert look.thumbnail is not None
    thumbnail = Image.open(io.BytesIO(look.thumbnail))
    assert (thumbnail.size, thumbnail.getexif().get(274)) == ((100, 75), None)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("size", [(480, 360), (40, 32)], ids=["preview", "no preview"])
def test_a_raw_shows_its_preview_or_else_is_developed(
    tmp_path: Path, orientation: int, size: tuple[int, int]
) -> None:
    turn = STORED_AS[orientation]
    stored = UPRIGHT if turn is None else UPRIGHT.transpose(turn)
    preview = ImageOps.contain(stored, size)
    look = look_at(
        save_raw(tmp_path / "a.dng", stored, preview=preview, orientation=orientation), Wanted(short_side=120)
    )
    assert (look.problem, look.width, look.height, look.camera) == (None, 320, 240, "Testcam Raw")
    assert look.pixels is not None
    expected = np.array(UPRIGHT.resize((160, 120), Image.Resampling.BILINEAR))
    # LibRaw brightens what it develops, so only the shapes can be compared
    assert np.corrcoef(look.pixels.mean(axis=2).ravel(), expected.mean(axis=2).ravel())[0, 1] > 0.9


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((320, 240), (298, 224)),
        ((240, 320), (224, 298)),
        ((90, 60), (336, 224)),
        ((1000, 999), (224, 224)),
        ((224, 224), (224, 224)),
        ((2000, 300), (1493, 224)),
        ((1, 1), (224, 224)),
    ],
)
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_the_short_side_is_exact_and_the_long_one_cut_as_torchvision_does(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int], suffix: str
) -> None:
    path = save_photo(tmp_path / f"a{suffix}", UPRIGHT.resize(size))
    assert pixels_of(path, Wanted(short_side=224)).shape == (expected[1], expected[0], 3)


@pytest.mark.parametrize("turned", [False, True])
def test_of_a_very_long_picture_the_middle_is_kept(tmp_path: Path, turned: bool) -> None:
    """Promise 22: a line of one pixel would become 120 MB, and a hundred photos wait for the network."""
    colours = Image.new("RGB", (3001, 20))
    colours.paste((255, 0, 0), (1460, 0, 1540, 20))
    path = save_photo(tmp_path / "a.png", colours.transpose(Image.Transpose.ROTATE_90) if turned else colours)
    look = look_at(path, Wanted(short_side=64, thumbnail_side=48))
    assert look.pixels is not None
    pixels = look.pixels.swapaxes(0, 1) if turned else look.pixels
    assert pixels.shape == (64, 512, 3)
    assert (pixels[32, 150:362] == (255, 0, 0)).all()
    assert (pixels[32, [0, -1]] == (0, 0, 0)).all()
    assert (look.width, look.height) == ((20, 3001) if turned else (3001, 20))


def test_a_large_view_is_never_enlarged(tmp_path: Path) -> None:
    path = save_photo(tmp_path / "a.jpg", UPRIGHT)
    assert pixels_of(path, Wanted(long_side=200)).shape == (150, 200, 3)
    assert pixels_of(path, Wanted(long_side=4000)).shape == (240, 320, 3)


def test_a_jpeg_is_decoded_at_reduced_scale_without_losing_sharpness(tmp_path: Path) -> None:
    path = save_photo(tmp_path / "a.jpg", draw_flower("daisy", 3, (1800, 1200)))
    with Image.open(path) as image:
        full = np.array(image.resize((336, 224), Image.Resampling.BILINEAR))
    assert unlikeness(pixels_of(path, Wanted(short_side=224)), full) < 1.5


def test_asking_for_a_thumbnail_does_not_change_the_pixels(tmp_path: Path) -> None:
    """Features are cached: they must not depend on what else was asked for."""
    path = save_photo(tmp_path / "a.jpg", draw_flower("rose", 4, (1600, 1200)))
    alone = look_at(path, Wanted(short_side=224))
    both = look_at(path, Wanted(short_side=224, thumbnail_side=1000))
    assert np.array_equal(alone.pixels, both.pixels)  # type: ignore[arg-type]
    assert alone.pixel_digest == both.pixel_digest
    assert alone.thumbnail is None


def test_with_nothing_wanted_only_digest_and_metadata_come(tmp_path: Path) -> None:
    look = look_at(save_photo(tmp_path / "a.jpg", UPRIGHT, camera=("Canon", "EOS")), Wanted())
    assert (look.pixels, look.thumbnail, look.pixel_digest, look.problem) == (None, None, None, None)
    assert (look.width, look.height, look.camera) == (320, 240, "Canon EOS")


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = save_photo(tmp_path / "a.jpg", UPRIGHT, mtime=1_500_000_000)
    look = look_at(path, Wanted(short_side=64))
    assert look.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (look.size, look.mtime_ns) == (path.stat().st_size, 1_500_000_000 * 10**9)


def test_the_pixel_digest_survives_an_edit_of_the_metadata(tmp_path: Path) -> None:
    path = save_photo(tmp_path / "a.jpg", UPRIGHT)
    before = look_at(path, Wanted(short_side=64))
    jpeg = path.read_bytes()
    path.write_bytes(jpeg[:2] + b"\xff\xfe\x00\x09a rose" + jpeg[2:])  # a comment segment
    after = look_at(path, Wanted(short_side=64))
    assert after.digest != before.digest
    assert after.pixel_digest == before.pixel_digest is not None
    other = look_at(save_photo(tmp_path / "b.jpg", draw_flower("tulip", 2)), Wanted(short_side=64))
    assert other.pixel_digest != before.pixel_digest


def test_the_perceptual_hash_knows_a_smaller_copy_from_another_photo(tmp_path: Path) -> None:
    def look_hash(name: str, image: Image.Image) -> int:
        found = look_at(save_photo(tmp_path / name, image), Wanted(short_side=120)).perceptual_hash
        assert found is not None
        assert 0 <= found < 2**64
        return found

    photo = look_hash("a.jpg", draw_flower("rose", 1, (640, 480)))
    copy = look_hash("b.webp", draw_flower("rose", 1, (640, 480)).resize((320, 240)))
    other = look_hash("c.jpg", draw_flower("rose", 2, (640, 480)))
    assert (photo ^ copy).bit_count() <= 4 < 12 < (photo ^ other).bit_count()


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        (datetime(2021, 5, 6, 7, 8, 9), 1620284889.0),  # noqa: DTZ001 - cameras write times without a zone
        (datetime(2021, 5, 6, 7, 8, 9, 250_000), 1620284889.25),  # noqa: DTZ001
        (datetime(2021, 5, 6, 9, 8, 9, tzinfo=timezone(timedelta(hours=2))), 1620284889.0),
        (datetime(1965, 1, 1, tzinfo=UTC), -157766400.0),
    ],
)
def test_capture_time(tmp_path: Path, taken: datetime, expected: float) -> None:
    look = look_at(save_photo(tmp_path / "a.jpg", UPRIGHT, taken=taken), Wanted())
    assert look.taken == pytest.approx(expected, abs=1e-6)


def test_a_clock_that_was_never_set_and_a_missing_camera_are_none(tmp_path: Path) -> None:
    path = save_photo(tmp_path / "a.jpg", UPRIGHT, taken=datetime(2021, 5, 6, 7, 8, 9, tzinfo=UTC))
    jpeg = path.read_bytes().replace(b"2021:05:06 07:08:09", b"0000:00:00 00:00:00")
    path.write_bytes(jpeg)
    look = look_at(path, Wanted())
    assert (look.taken, look.camera, look.problem) == (None, None, None)


def test_damaged_metadata_costs_the_metadata_only(tmp_path: Path) -> None:
    path = save_photo(tmp_path / "a.jpg", UPRIGHT, camera=("Canon", "EOS"), orientation=6)
    jpeg = bytearray(path.read_bytes())
    header = jpeg.index(b"Exif\0\0") + 6
    jpeg[header : header + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(jpeg)
    look = look_at(path, Wanted(short_side=120))
    assert (look.problem, look.camera, look.taken) == (None, None, None)
    assert look.pixels is not None
    assert look.pixels.shape == (120, 160, 3)


RED = (200, 40, 30)
MODES = {
    "RGBA.png": (Image.new("RGBA", (40, 40), (*RED, 255)), RED),
    "clear.png": (Image.new("RGBA", (40, 40), (*RED, 0)), (255, 255, 255)),
    "half.webp": (Image.new("RGBA", (40, 40), (0, 0, 0, 128)), (127, 127, 127)),
    "P.png": (Image.new("RGB", (40, 40), RED).convert("P", palette=Image.Palette.ADAPTIVE), RED),
    "P.gif": (Image.new("RGB", (40, 40), RED).convert("P", palette=Image.Palette.ADAPTIVE), RED),
    "L.jpg": (Image.new("L", (40, 40), 90), (90, 90, 90)),
    "LA.png": (Image.new("LA", (40, 40), (90, 0)), (255, 255, 255)),
    "1.png": (Image.new("1", (40, 40), 1), (255, 255, 255)),
    "CMYK.jpg": (Image.new("CMYK", (40, 40), (0, 255, 255, 0)), (255, 0, 0)),
    "CMYK.tif": (Image.new("CMYK", (40, 40), (255, 0, 255, 0)), (0, 255, 0)),
    "I16.png": (Image.fromarray(np.full((40, 40), 90 << 8, np.uint16)), (90, 90, 90)),
    "I16.tif": (Image.fromarray(np.full((40, 40), 90 << 8, np.uint16)), (90, 90, 90)),
    "LAB.tif": (Image.new("LAB", (40, 40), (255, 128, 128)), (255, 255, 255)),
    "YCbCr.tif": (Image.new("YCbCr", (40, 40), (128, 128, 128)), (128, 128, 128)),
    "RGB.bmp": (Image.new("RGB", (40, 40), RED), RED),
}


@pytest.mark.parametrize("name", MODES)
def test_every_mode_becomes_rgb_over_white(tmp_path: Path, name: str) -> None:
    image, expected = MODES[name]
    image.save(tmp_path / name)
    assert colour_of(tmp_path / name) == pytest.approx(expected, abs=4)


def test_a_transparent_palette_colour_is_white(tmp_path: Path) -> None:
    image = Image.new("P", (40, 40), 0)
    image.putpalette([10, 20, 30])
    image.save(tmp_path / "a.gif", transparency=0)
    image.save(tmp_path / "a.png", transparency=0)
    assert colour_of(tmp_path / "a.gif") == colour_of(tmp_path / "a.png") == (255, 255, 255)


def test_floating_point_measurements_are_shown_from_black_to_white(tmp_path: Path) -> None:
    ramp = np.linspace(-3.0, 7.0, 1600, dtype=np.float32).reshape(40, 40)
    Image.fromarray(ramp).save(tmp_path / "a.tif")
    pixels = pixels_of(tmp_path / "a.tif", Wanted(long_side=40))
    assert (int(pixels.min()), int(pixels.max())) == (0, 255)


def test_colours_follow_the_icc_profile(tmp_path: Path) -> None:
    """A profile whose red and green are exchanged must exchange them."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exchanged = profile.replace(b"rXYZ", b"????", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"????", b"gXYZ", 1)
    exchanged = exchanged.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))
    for name in ("a.png", "a.jpg", "a.webp"):
        Image.new("RGB", (40, 40), (255, 0, 0)).save(tmp_path / name, icc_profile=exchanged)
        assert colour_of(tmp_path / name) == pytest.approx((0, 255, 0), abs=4)
    thumbnail = look_at(tmp_path / "a.jpg", Wanted(thumbnail_side=40)).thumbnail
    assert thumbnail is not None
    assert "icc_profile" not in Image.open(io.BytesIO(thumbnail)).info
    Image.new("RGB", (40, 40), RED).save(tmp_path / "b.png", icc_profile=b"no profile at all")
    assert colour_of(tmp_path / "b.png") == RED


def test_animations_show_their_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in (RED, (0, 0, 255), (0, 255, 0))]
    for name in ("a.gif", "a.webp", "a.png", "a.tif", "a.mpo"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        assert colour_of(tmp_path / name) == pytest.approx(RED, abs=8)


def test_a_raw_without_preview_that_is_too_large_to_develop_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save_raw(tmp_path / "a.dng", UPRIGHT, preview=None)
    assert pixels_of(path).shape == (120, 160, 3)
    monkeypatch.setattr(content, "_MAX_DEVELOPED_PIXELS", 320 * 240 - 1)
    problem = look_at(path, Wanted(short_side=120)).problem
    assert problem is not None
    assert problem.code is Code.TOO_LARGE


def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    photo = save_photo(tmp_path / "a.webp", UPRIGHT)
    for name in ("b.jpg", "c.heic", "d.nef", "e.png"):
        photo = photo.rename(tmp_path / name)
        assert pixels_of(photo).shape == (120, 160, 3)
    tiff = save_photo(tmp_path / "a.tif", UPRIGHT).rename(tmp_path / "a.dng")
    assert pixels_of(tiff).shape == (120, 160, 3)


def test_a_name_that_is_not_utf8_is_read(tmp_path: Path) -> None:
    """Promise 12."""
    photo = save_photo(tmp_path / "a.jpg", UPRIGHT).rename(tmp_path / os.fsdecode(b"ros\xe9.jpg"))
    assert pixels_of(photo).shape == (120, 160, 3)


def test_half_a_picture_is_not_shown(tmp_path: Path) -> None:
    for suffix in (".jpg", ".png", ".webp", ".tif", ".gif", ".avif"):
        path = save_photo(tmp_path / f"a{suffix}", UPRIGHT)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        look = look_at(path, Wanted(short_side=120, thumbnail_side=64))
        assert look.problem is not None
        assert look.problem.code is Code.UNREADABLE
        assert (look.pixels, look.thumbnail) == (None, None)
        assert look.digest is not None


@pytest.mark.parametrize("orientation", [6, 8])
def test_a_preview_that_the_camera_turned_is_not_turned_again(tmp_path: Path, orientation: int) -> None:
    """LibRaw writes the RAW's orientation into it."""
    tall = UPRIGHT.transpose(Image.Transpose.ROTATE_90)
    stored = tall.transpose(STORED_AS[orientation])
    look = look_at(
        save_raw(tmp_path / "a.dng", stored, preview=tall, orientation=orientation), Wanted(short_side=120)
    )
    assert (look.width, look.height) == tall.size
    assert look.pixels is not None
    expected = np.array(tall.resize((120, 160), Image.Resampling.BILINEAR))
    assert look.pixels.shape == expected.shape
    assert np.corrcoef(look.pixels.mean(axis=2).ravel(), expected.mean(axis=2).ravel())[0, 1] > 0.9


def test_a_camera_of_many_words_is_cut(tmp_path: Path) -> None:
    """Promise 22: it is kept in memory and in the cache of each photo."""
    look = look_at(save_photo(tmp_path / "a.jpg", UPRIGHT, camera=("Canon" * 1000, "EOS" * 1000)), Wanted())
    assert look.camera is not None
    assert len(look.camera) <= 201
    assert look.camera.startswith("CanonCanon")
