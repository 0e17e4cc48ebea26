"""What a file holds, told by its content and not by its name, opened but not yet decoded."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import AvifImagePlugin, Image, JpegImagePlugin, TiffImagePlugin, WebPImagePlugin

from flowersorter.filetypes import RAW_SUFFIXES
from flowersorter.pictures.metadata import exif_in, exif_of, orientation_in

RAW = "RAW"

# Pillow finds these by its own list of all plugins otherwise, which takes long and reaches formats we refuse.
_PLUGINS = (AvifImagePlugin, JpegImagePlugin, TiffImagePlugin, WebPImagePlugin)

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"FUJIFILMCCD-RAW", RAW),
    (b"IIRO", RAW),
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"IIU\0", RAW),
    (b"\0MRM", RAW),
    (b"FOVb", RAW),
    (b"II\x1a\0\0\0HEAPCCDR", RAW),
)
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})

# libheif turns pictures while decoding (ISO/IEC 23008-12, 6.5.10), Pillow's TIFF reader after it
_TURNED_BY_DECODER = frozenset({"HEIF", "TIFF"})

# A RAW's own preview is used unless it is a mere thumbnail: below this many pixels on its short side.
_SMALLEST_PREVIEW = 224
_MAX_DEVELOPED_PIXELS = 64_000_000  # LibRaw takes about 7 bytes per pixel

# LibRaw's flip (as in dcraw: 1 mirrored, 2 upside down, 4 transposed, combined) as EXIF orientation.
_ORIENTATION_OF_FLIP = (1, 2, 4, 3, 5, 8, 6, 7)


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture whose pixels are still to be decoded.

    ``size`` is (width, height) of the photo before turning; `image` may be smaller where it is a RAW's
    preview. ``raw_exif`` and ``raw_turn`` (EXIF orientation of `image`) are those of a RAW, None for others.
    """

    image: Image.Image
    kind: str
    size: tuple[int, int]
    raw_exif: Image.Exif | None = None
    raw_turn: int | None = None


def kind_of(data: bytes, suffix: str) -> str | None:
    """Pillow's name of the format that `data` begins like, "RAW", or None if it is no picture.

    The suffix only tells RAW from TIFF, which begin alike.
    """
    kind = next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)
    if kind == "TIFF" and suffix.lower() in RAW_SUFFIXES:
        return RAW
    if kind is not None:
        return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return _kind_of_media(data) if data[4:8] == b"ftyp" else None


def open_content(data: bytes, kind: str) -> Opened:
    """Open a picture of the kind that `kind_of` told. Raises whatever Pillow, libheif or LibRaw raise."""
    if kind == RAW:
        import rawpy  # here, as libheif below: a child that meets no RAW need not carry LibRaw

        try:
            return _open_raw(data)
        except rawpy.LibRawFileUnsupportedError:
            kind = kind_of(data, "") or RAW
            if kind == RAW:
                raise
    if kind == "HEIF" and kind not in Image.OPEN:
        import pi_heif

        # one thread: the pool of child processes is what keeps all cores busy
        pi_heif.register_heif_opener(thumbnails=False, decode_threads=1)
    image = Image.open(io.BytesIO(data), formats=(kind,))
    return Opened(image, kind, image.size)


def exif_and_turn(opened: Opened) -> tuple[Image.Exif, int]:
    """The photo's EXIF and the EXIF orientation by which the decoded pixels must be turned.

    Ask after `refusal` only: Pillow decodes a whole PNG to find its EXIF.
    """
    if opened.raw_exif is not None:
        return opened.raw_exif, opened.raw_turn or 1
    exif = exif_of(opened.image)
    return exif, 1 if opened.kind in _TURNED_BY_DECODER else orientation_in(exif) or 1


def _kind_of_media(data: bytes) -> str | None:
    """The kind of an ISO base media file, by its major and compatible brands (ISO/IEC 14496-12, 4.3)."""
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end, 4))]
    if brands[0] == b"crx ":
        return RAW
    if any(brand in _AVIF_BRANDS for brand in brands):
        return "AVIF"
    return "HEIF" if any(brand in _HEIF_BRANDS for brand in brands) else None


def _open_raw(data: bytes) -> Opened:
    import rawpy

    with rawpy.imread(io.BytesIO(data)) as raw:
        sizes = raw.sizes
        size = (sizes.width, sizes.height)
        try:
            preview = raw.extract_thumb()
        except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
            preview = None
        if preview is not None and preview.format == rawpy.ThumbFormat.JPEG:
            image: Image.Image = Image.open(io.BytesIO(preview.data), formats=("JPEG",))
            if min(image.size) >= _SMALLEST_PREVIEW:
                own = exif_of(image)
                exif = exif_in(data) or own
                if sizes.flip & 4 and (image.width > image.height) != (size[0] > size[1]):
                    # the camera turned it already; LibRaw writes the RAW's orientation into it all the same
                    return Opened(image, "JPEG", size[::-1], exif, 1)
                turn = orientation_in(own) or _ORIENTATION_OF_FLIP[sizes.flip & 7]
                return Opened(image, "JPEG", size, exif, turn)
        if sizes.raw_width * sizes.raw_height > _MAX_DEVELOPED_PIXELS:
            raise Image.DecompressionBombError("a RAW without a preview is too large to develop")
        pixels = raw.postprocess(half_size=True, use_camera_wb=True, user_flip=0)
    developed = Image.fromarray(np.asarray(pixels))
    return Opened(developed, RAW, size, exif_in(data), _ORIENTATION_OF_FLIP[sizes.flip & 7])
