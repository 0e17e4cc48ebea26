"""Decoding at reduced scale within a memory bound, scaling and fingerprints."""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from flowersorter.pictures.content import Opened
from flowersorter.records import Code, Reason

MAX_PIXELS: Final = 400_000_000  # declared; twice the largest telephone's
MAX_DECODING_BYTES: Final = 450_000_000  # a 48-megapixel HEIC takes 415 MB
MAX_RESULT_PIXELS: Final = 40_000_000  # an 8K screen full; more comes of enlarging a very narrow picture

MOST_TIMES_AS_LONG: Final = 8  # as the short side are the pixels of a photo: many of them wait in memory

# Bytes that decoding takes per pixel, Pillow's own four included, measured on 12 and 24 megapixels; TIFF
# and RAW with room for strips of the picture's size and for the sensor's values.
_BYTES_PER_PIXEL: Final = {"HEIF": 8.5, "AVIF": 9.5, "WEBP": 16.0, "TIFF": 7.0, "RAW": 7.0}
_BYTES_PER_PIXEL_OTHERWISE: Final = 5.5
_BYTES_PER_TRANSPARENT_PIXEL: Final = 4.0  # more: Pillow scales a copy multiplied by the opacity
_JPEG_QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a look should bring besides digest and metadata; sides in pixels.

    ``short_side``: pixels with exactly that short side (enlarged if need be), of a panorama longer than
    8:1 its middle. ``long_side``: pixels with
    at most that long side. ``thumbnail_side``: a JPEG with at most that long side, made from the pixels
    where those are asked for too, so that asking for a thumbnail never changes the pixels. A photo whose
    digest is in ``known`` is not decoded: the look brings its digest only.
    """

    short_side: int | None = None
    thumbnail_side: int | None = None
    long_side: int | None = None
    known: frozenset[str] = frozenset()

    def size_of(self, width: int, height: int) -> tuple[int, int] | None:
        """The size to which a picture is decoded and scaled, None where no pixels are needed.

        The long side is cut as torchvision's Resize cuts it.
        """
        if self.short_side is not None:
            short, long = sorted((width, height))
            far = int(self.short_side * long / short)
            return (self.short_side, far) if width <= height else (far, self.short_side)
        side = self.long_side or self.thumbnail_side
        return None if side is None else _fitted(width, height, side)


def refusal(opened: Opened, wanted: Wanted) -> Reason | None:
    """Why this picture is not decoded; prepares a JPEG for decoding at reduced scale if it is."""
    image = opened.image
    width, height = image.size
    target = wanted.size_of(width, height)
    pixels = width * height
    if pixels > MAX_PIXELS or (target is not None and target[0] * target[1] > MAX_RESULT_PIXELS):
        return Reason(Code.TOO_LARGE, {"width": width, "height": height})
    needed = 0.0
    if isinstance(image, JpegImageFile):
        if image.info.get("progressive"):  # libjpeg keeps all coefficients of these, two bytes each
            needed += 2 * pixels * _samples_per_pixel(image)
        if target is not None:
            image.draft(None, (min(target[0], width), min(target[1], height)))
        pixels = image.width * image.height
    needed += pixels * _BYTES_PER_PIXEL.get(opened.kind, _BYTES_PER_PIXEL_OTHERWISE)
    if image.mode in {"LA", "PA", "RGBA"} or "transparency" in image.info:
        needed += pixels * _BYTES_PER_TRANSPARENT_PIXEL
    if needed > MAX_DECODING_BYTES:
        return Reason(Code.TOO_LARGE, {"width": width, "height": height})
    return None


def middle_of(image: Image.Image, wanted: Wanted) -> Image.Image:
    """The middle of a very long picture where a short side is wanted; a centre crop finds the same pixels."""
    if wanted.short_side is None:
        return image
    most = wanted.short_side * MOST_TIMES_AS_LONG
    width, height = min(image.width, most), min(image.height, most)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def thumbnail_of(image: Image.Image, side: int) -> bytes:
    """A JPEG of an RGB picture with at most that long side; small pictures are not enlarged."""
    small = image.resize(_fitted(*image.size, side), Image.Resampling.BILINEAR)
    small.info = {}  # profile and comments of the photo don't belong to the converted copy
    file = io.BytesIO()
    small.save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()


def pixel_digest_of(image: Image.Image) -> str:
    """BLAKE2b-128 of size and pixels, hex: equal for equal pixels, whatever the metadata."""
    header = f"{image.width}x{image.height}".encode()
    return hashlib.blake2b(header + image.tobytes(), digest_size=16).hexdigest()


def perceptual_hash_of(image: Image.Image) -> int:
    """A 64-bit difference hash: whether each of 8×8 cells is brighter than its right neighbour.

    Hamming distance measures likeness. N. Krawetz, "Kind of Like That" (2013).
    """
    cells = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX))
    bits = np.packbits(cells[:, :-1] > cells[:, 1:])
    return int.from_bytes(bits.tobytes(), "big")


def _fitted(width: int, height: int, side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _samples_per_pixel(image: JpegImageFile) -> float:
    """Coefficients per pixel: 3 without subsampling, 1.5 with the usual one."""
    factors = [(across, down) for _, across, down, _ in image.layer]
    most = max(across for across, _ in factors) * max(down for _, down in factors)
    return math.fsum(across * down for across, down in factors) / most
