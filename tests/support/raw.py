"""A camera RAW that the tests write themselves: the smallest DNG that LibRaw takes.

Adobe, Digital Negative Specification 1.6. IFD 0 holds the JPEG preview, its sub-IFD the sensor's pixels.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image

_BYTE, _ASCII, _SHORT, _LONG = 1, 2, 3, 4
_FORMATS = {_BYTE: "B", _SHORT: "H", _LONG: "I"}
_HEADER = b"II*\0\x08\0\0\0"
_WHITE = 4095

Tag = tuple[int, int, list[int] | bytes]


def save_raw(path: Path, image: Image.Image, *, preview: Image.Image | None, orientation: int = 1) -> Path:
    """Save `image` as what the sensor saw, with a JPEG preview, and give the path back.

    Sides must be even. ``orientation`` 1 to 8 is written as it is.
    """
    file = io.BytesIO()
    (preview or Image.new("RGB", (16, 16))).save(file, "JPEG", quality=90)
    jpeg = file.getvalue().ljust(len(file.getvalue()) + len(file.getvalue()) % 2, b"\0")
    sensor = _bayer(image)
    # twice: the places of what follows are known once the directories' lengths are
    first, second = _directories(image, preview, orientation, jpeg, sensor, (0, 0, 0))
    places = (len(_HEADER) + len(first), len(_HEADER) + len(first) + len(second))
    first, second = _directories(image, preview, orientation, jpeg, sensor, (*places, places[1] + len(jpeg)))
    path.write_bytes(_HEADER + first + second + jpeg + sensor)
    return path


def _bayer(image: Image.Image) -> bytes:
    """Little-endian 16-bit values of an RGGB sensor, linear enough for a test."""
    rgb = np.asarray(image.convert("RGB"), np.uint32)
    values = np.empty(rgb.shape[:2], "<u2")
    for (row, column), channel in {(0, 0): 0, (0, 1): 1, (1, 0): 1, (1, 1): 2}.items():
        values[row::2, column::2] = rgb[row::2, column::2, channel] ** 2 * _WHITE // 255**2
    return values.tobytes()


def _directories(
    image: Image.Image,
    preview: Image.Image | None,
    orientation: int,
    jpeg: bytes,
    sensor: bytes,
    places: tuple[int, int, int],
) -> tuple[bytes, bytes]:
    sub_at, jpeg_at, sensor_at = places
    small = (16, 16) if preview is None else preview.size
    first: list[Tag] = [
        (254, _LONG, [1]),  # NewSubfileType: a reduced picture
        (256, _LONG, [small[0]]),
        (257, _LONG, [small[1]]),
        (258, _SHORT, [8, 8, 8]),
        (259, _SHORT, [7]),  # JPEG
        (262, _SHORT, [6]),  # YCbCr
        (271, _ASCII, b"Testcam\0"),
        (272, _ASCII, b"Raw\0"),
        (273, _LONG, [jpeg_at]),
        (274, _SHORT, [orientation]),
        (277, _SHORT, [3]),
        (278, _LONG, [small[1]]),
        (279, _LONG, [len(jpeg)]),
        (330, _LONG, [sub_at]),
        (50706, _BYTE, [1, 4, 0, 0]),  # DNGVersion
        (50708, _ASCII, b"Testcam Raw\0"),
    ]
    second: list[Tag] = [
        (254, _LONG, [0]),
        (256, _LONG, [image.width]),
        (257, _LONG, [image.height]),
        (258, _SHORT, [16]),
        (259, _SHORT, [1]),  # not compressed
        (262, _SHORT, [32803]),  # colour filter array
        (273, _LONG, [sensor_at]),
        (277, _SHORT, [1]),
        (278, _LONG, [image.height]),
        (279, _LONG, [len(sensor)]),
        (33421, _SHORT, [2, 2]),
        (33422, _BYTE, [0, 1, 1, 2]),  # red, green / green, blue
        (50717, _LONG, [_WHITE]),
    ]
    return _directory(first, len(_HEADER)), _directory(second, sub_at)


def _directory(tags: list[Tag], at: int) -> bytes:
    """A TIFF directory that lies at `at`, followed by the values that don't fit into it."""
    entries, rest = struct.pack("<H", len(tags)), b""
    rest_at = at + 2 + 12 * len(tags) + 4
    for tag, kind, values in tags:
        raw = values if isinstance(values, bytes) else struct.pack(f"<{len(values)}{_FORMATS[kind]}", *values)
        entries += struct.pack("<HHI", tag, kind, len(values))
        if len(raw) <= 4:
            entries += raw.ljust(4, b"\0")
        else:
            entries += struct.pack("<I", rest_at + len(rest))
            rest += raw.ljust(len(raw) + len(raw) % 2, b"\0")
    return entries + b"\0\0\0\0" + rest
