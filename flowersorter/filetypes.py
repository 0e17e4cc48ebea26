"""Which file name endings are photos, and which travel beside one. Lower case, with the dot."""

from __future__ import annotations

from typing import Final

RAW_SUFFIXES: Final = frozenset(
    {
        ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".kdc", ".mef",
        ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf",
        ".srw", ".x3f",
    }
)  # fmt: skip

HEIF_SUFFIXES: Final = frozenset({".heic", ".heif", ".hif"})

BITMAP_SUFFIXES: Final = frozenset(
    {".avif", ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp"}
)

PHOTO_SUFFIXES: Final = RAW_SUFFIXES | HEIF_SUFFIXES | BITMAP_SUFFIXES

# Files that mean nothing without their photo: edits, thumbnails, voice notes, the film of a Live Photo.
COMPANION_SUFFIXES: Final = frozenset(
    {".xmp", ".aae", ".thm", ".wav", ".mov", ".mp4", ".pp3", ".dop", ".on1", ".vrd"}
)
