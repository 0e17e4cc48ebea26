"""One look at a photo: read once, decoded once at reduced scale, upright, in sRGB.

This runs in child processes (pool.py), for the bytes may be hostile. Features are kept for ever by what
comes out of here: a change of the pixels needs a new name of the feature space (learning/preprocess.py).
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from flowersorter.pictures.colour import scalable, to_srgb
from flowersorter.pictures.content import exif_and_turn, kind_of, open_content
from flowersorter.pictures.metadata import camera_in, taken_in
from flowersorter.pictures.reading import Content, read_content
from flowersorter.pictures.scaling import (
    MAX_PIXELS,
    Wanted,
    middle_of,
    perceptual_hash_of,
    pixel_digest_of,
    refusal,
    thumbnail_of,
)
from flowersorter.records import Code, Reason

__all__ = ["Look", "Wanted", "look_at", "unread"]

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What one look at a photo brought; everything that could not be learned is None.

    ``digest`` sha256 of the bytes, hex; ``size`` bytes; ``pixels`` H×W×3 uint8 sRGB, upright;
    ``thumbnail`` JPEG; ``width`` and ``height`` of the whole upright photo, 0 if unknown;
    ``pixel_digest`` BLAKE2b of the decoded pixels, comparable between looks with the same `Wanted`;
    ``perceptual_hash`` 64-bit dHash; ``taken`` seconds since the epoch; ``problem`` why it can't be shown.
    """

    path: Path
    digest: str | None
    size: int
    mtime_ns: int
    pixels: NDArray[np.uint8] | None
    thumbnail: bytes | None
    width: int
    height: int
    pixel_digest: str | None
    perceptual_hash: int | None
    taken: float | None
    camera: str | None
    problem: Reason | None


def look_at(path: Path, wanted: Wanted) -> Look:
    """Look at a photo. Never raises for what is in the file: `problem` says what is wrong with it.

    Animations give their first frame, bursts their primary picture, camera RAW the embedded preview.
    With nothing wanted the pixels are not decoded, so damage inside them is not seen.
    """
    content = read_content(path)
    if isinstance(content, Reason):
        return unread(path, content)
    look = replace(
        unread(path, None),
        digest=hashlib.sha256(content.data).hexdigest(),
        size=content.size,
        mtime_ns=content.mtime_ns,
    )
    if look.digest in wanted.known:
        return look
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd metadata; the pixel limit's warning comes below its error
            warnings.simplefilter("ignore")
            return _decoded(look, content, wanted)
    except (MemoryError, Image.DecompressionBombError):
        return replace(look, problem=Reason(Code.TOO_LARGE))
    except UnidentifiedImageError:  # its text names an object in memory
        return replace(look, problem=Reason(Code.UNREADABLE, {"detail": "UnidentifiedImageError"}))
    except Exception as error:  # noqa: BLE001 - decoders raise anything on damaged files; it costs this photo only
        return replace(look, problem=Reason(Code.UNREADABLE, {"detail": f"{type(error).__name__}: {error}"}))


def unread(path: Path, problem: Reason | None) -> Look:
    """The look at a photo of which nothing is known but the problem."""
    return Look(path, None, 0, 0, None, None, 0, 0, None, None, None, None, problem)


def _decoded(look: Look, content: Content, wanted: Wanted) -> Look:
    kind = kind_of(content.data, look.path.suffix)
    if kind is None:
        return replace(look, problem=Reason(Code.NOT_A_PICTURE))
    opened = open_content(content.data, kind)
    target = wanted.size_of(*opened.image.size)
    problem = refusal(opened, wanted)
    if problem is not None:
        return replace(look, problem=problem)
    exif, turn = exif_and_turn(opened)
    width, height = opened.size[::-1] if turn in _SIDEWAYS else opened.size
    look = replace(look, width=width, height=height, taken=taken_in(exif), camera=camera_in(exif))
    if target is None:
        return look
    picture = _upright(opened.image, target, turn)
    pixels_wanted = wanted.short_side is not None or wanted.long_side is not None
    return replace(
        look,
        pixels=np.array(middle_of(picture, wanted)) if pixels_wanted else None,
        thumbnail=None if wanted.thumbnail_side is None else thumbnail_of(picture, wanted.thumbnail_side),
        pixel_digest=pixel_digest_of(picture),
        perceptual_hash=perceptual_hash_of(picture),
    )


def _upright(image: Image.Image, size: tuple[int, int], turn: int) -> Image.Image:
    """The picture in sRGB, scaled to `size` and turned by an EXIF orientation.

    Colours and orientation come after scaling, on few pixels.
    """
    image.load()
    small = scalable(image).resize(size, Image.Resampling.BILINEAR)
    small.info = image.info
    picture = to_srgb(small)
    return picture.transpose(_TURNS[turn]) if turn in _TURNS else picture


# Pillow's own guard, for what it opens before our `refusal` sees the size
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
