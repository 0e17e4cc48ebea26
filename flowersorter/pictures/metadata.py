"""What a picture's EXIF says: how to turn it, when and with what it was taken.

Metadata are often damaged by other programs, so whatever can't be read counts as not there.
Tags: CIPA DC-008 (Exif 3.0), sections 4.6.4 to 4.6.6.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from PIL import ExifTags, Image

_LONGEST_TEXT: Final = 100  # characters of what a camera says of itself, which may be anything
_TIME = re.compile(r"(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


def exif_of(image: Image.Image) -> Image.Exif:
    """The picture's EXIF, empty where there is none or it is damaged."""
    try:
        return image.getexif()
    except Exception:  # noqa: BLE001 - Pillow's parser raises anything on damaged EXIF; it costs the metadata only
        return Image.Exif()


def exif_in(data: bytes) -> Image.Exif:
    """The EXIF of a file that is built like a TIFF, as most camera RAW are; empty where it can't be read."""
    exif = Image.Exif()
    try:
        exif.load(data)
    except Exception:  # noqa: BLE001 - as above
        return Image.Exif()
    return exif


def orientation_in(exif: Image.Exif) -> int | None:
    """EXIF orientation 1 to 8, None where there is none or it is no such number."""
    value = _value(exif, ExifTags.Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else None


def taken_in(exif: Image.Exif) -> float | None:
    """When the photo was taken, in seconds since the epoch; a time without a zone counts as UTC."""
    match = _TIME.match(_text(exif, ExifTags.Base.DateTimeOriginal))
    if match is None:
        return None
    fraction = re.match(r"\d*", _text(exif, ExifTags.Base.SubsecTimeOriginal))
    seconds = float(f"0.{fraction.group() if fraction else ''}0")
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(exif))
    except ValueError:  # "0000:00:00 00:00:00" of a camera whose clock was never set
        return None
    return moment.timestamp() + seconds


def camera_in(exif: Image.Exif) -> str | None:
    """The camera's make and model, None where neither is given."""
    return f"{_text(exif, ExifTags.Base.Make)} {_text(exif, ExifTags.Base.Model)}".strip() or None


def _zone(exif: Image.Exif) -> tzinfo:
    match = _OFFSET.match(_text(exif, ExifTags.Base.OffsetTimeOriginal))
    if match is None:
        return UTC
    east = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(east if match[1] == "+" else -east)


def _text(exif: Image.Exif, tag: ExifTags.Base) -> str:
    value = _value(exif, tag)
    if isinstance(value, bytes):
        value = value[:_LONGEST_TEXT].decode("ascii", "replace")
    return value[:_LONGEST_TEXT].replace("\0", " ").strip() if isinstance(value, str) else ""


def _value(exif: Image.Exif, tag: ExifTags.Base) -> object:
    """A tag of the main directory or of the Exif directory."""
    try:
        return exif.get(tag, exif.get_ifd(ExifTags.IFD.Exif).get(tag))
    except Exception:  # noqa: BLE001 - Pillow reads a directory when it is asked for, see above
        return None
