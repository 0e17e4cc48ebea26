"""Any picture as 8-bit sRGB over white."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import cast

import numpy as np
from PIL import Image, ImageCms

# Modes whose pixels may be averaged as they are, so that colour is converted after scaling, on few pixels.
_SCALABLE = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB"})
_SPACE_OF_MODE = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "Lab"}
_MAX_PROFILE_BYTES = 4_000_000


def scalable(image: Image.Image) -> Image.Image:
    """The same picture in a mode that can be scaled: 8 bits a channel, no palette, transparency as alpha."""
    if "transparency" in image.info and image.mode in {"1", "L", "P", "RGB"}:
        return image.convert("RGBA")
    if image.mode in _SCALABLE:
        return image
    if image.mode.startswith("I;16"):
        values = np.asarray(image)
        return Image.fromarray((values >> 8).astype(np.uint8))
    if image.mode in {"I", "F"}:
        return _stretch(np.asarray(image, np.float64))
    if image.mode in {"1", "P", "PA", "La", "RGBa"}:
        return image.convert({"1": "L", "P": "RGB", "La": "LA"}.get(image.mode, "RGBA"))
    return image.convert("RGB")


def to_srgb(image: Image.Image) -> Image.Image:
    """A picture from `scalable` in mode RGB, colours by its ICC profile, transparent parts white.

    A profile that is damaged or belongs to another mode is left aside, as browsers do.
    """
    if image.mode in {"LA", "RGBA"}:
        alpha = image.getchannel("A")
        opaque = image.convert(image.mode[:-1])
        opaque.info = image.info
        return Image.composite(to_srgb(opaque), Image.new("RGB", image.size, "white"), alpha)
    transform = _transform(image.info.get("icc_profile") or b"", image.mode)
    if transform is None:
        return image.convert("RGB")
    return cast("Image.Image", ImageCms.applyTransform(image, transform))


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The way from a profile to sRGB, None where there is none to go."""
    try:
        if profile and len(profile) <= _MAX_PROFILE_BYTES:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        elif mode == "LAB":  # Pillow has no other way from LAB to RGB
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        else:
            return None
        if source.profile.xcolor_space.strip() != _SPACE_OF_MODE.get(mode):
            return None
        if ImageCms.getProfileDescription(source).startswith("sRGB"):
            return None
        return ImageCms.buildTransform(source, _srgb(), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _stretch(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Image.Image:
    """Measurements of any range as grey from black to white."""
    finite = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    low, high = float(finite.min()), float(finite.max())
    return Image.fromarray(((finite - low) * (255 / ((high - low) or 1))).astype(np.uint8))
