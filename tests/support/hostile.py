"""Pictures that are damaged, lie about their size, or only bear a picture's name."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from support.pictures import draw_flower, save_photo
from support.raw import save_raw

FLIPS = 8  # damaged copies per format with a few random bytes, and as many with a stretch of zeros
PARTS = (0.1, 0.5, 0.9, 0.999)  # of a file that was not copied to its end


def png_that_declares(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(3_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg_that_declares(width: int, height: int, *, progressive: bool) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "JPEG", progressive=progressive)
    jpeg = bytearray(file.getvalue())
    frame = jpeg.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(jpeg)


def tiff_that_declares(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "TIFF")
    tiff = file.getvalue()
    for tag, side in ((256, width), (257, height)):
        tiff = tiff.replace(struct.pack("<HHII", tag, 4, 1, 64), struct.pack("<HHII", tag, 4, 1, side), 1)
    return tiff


BOMBS = {
    "wide.png": png_that_declares(20_000, 20_000),
    "huge.png": png_that_declares(2**31 - 1, 2**31 - 1),
    "large.jpg": jpeg_that_declares(65_500, 65_500, progressive=False),
    "progressive.jpg": jpeg_that_declares(19_000, 19_000, progressive=True),
    "huge.tif": tiff_that_declares(2**30, 2**30),
    "narrow.png": png_that_declares(1_000_000, 1),
}


def sound_pictures(folder: Path) -> Iterator[Path]:
    """A picture of every format that the tests can write."""
    flower = draw_flower("rose", 1)
    for suffix in ("jpg", "png", "webp", "tif", "gif", "bmp", "avif"):
        yield save_photo(folder / f"rose.{suffix}", flower, orientation=6)
    burst = folder / "rose.mpo"
    flower.save(burst, "MPO", save_all=True, append_images=[draw_flower("rose", 2)])
    yield burst
    yield save_raw(folder / "rose.dng", flower, preview=flower)


def hostile_files(folder: Path) -> list[Path]:
    """Many files that no decoder likes, in an empty folder; the sound pictures are not among them."""
    dice = random.Random(3)
    files: list[Path] = []

    def add(name: str, data: bytes) -> None:
        files.append(folder / name)
        files[-1].write_bytes(data)

    for name, data in BOMBS.items():
        add(name, data)
    add("letter.jpg", b"This is a letter.")
    add("empty.png", b"")
    add("program.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    for sound in list(sound_pictures(folder)):
        data, suffix = sound.read_bytes(), sound.suffix
        sound.unlink()
        for part in PARTS:
            add(f"{part}{suffix}", data[: int(len(data) * part)])
        for number in range(FLIPS):
            flipped, zeroed = bytearray(data), bytearray(data)
            for _ in range(dice.randint(1, 30)):
                flipped[dice.randrange(len(data))] ^= dice.randint(1, 255)
            start = dice.randrange(len(data))
            zeroed[start : start + 200] = bytes(len(zeroed[start : start + 200]))
            add(f"flipped-{number}{suffix}", flipped)
            add(f"zeroed-{number}{suffix}", zeroed)
    return files
