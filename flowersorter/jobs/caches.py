"""What is kept to be quick: how large it may grow, how large it is, and how to be rid of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flowersorter.learning.feature_store import BYTES_PER_PHOTO, FeatureStore
from flowersorter.paths import Home
from flowersorter.pictures.thumbnails import ThumbnailStore
from flowersorter.settings import Settings

_LEAST_MEGABYTES: Final = 50
_SHARE_OF_FEATURES: Final = 7 / 16  # a photo's thumbnail is ten times as large, but is soon made again


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """Photos whose features are kept, and bytes of thumbnails."""

    photos: int
    thumbnail_bytes: int


def cache_limits(settings: Settings) -> CacheLimits:
    """How the room that the user grants is shared out."""
    room = max(settings.cache_megabytes, _LEAST_MEGABYTES) * 1_000_000
    features = int(room * _SHARE_OF_FEATURES)
    return CacheLimits(features // BYTES_PER_PHOTO, room - features)


def cache_bytes(home: Home) -> int:
    """The room that features and thumbnails take on the disk; downloaded weights do not count."""
    return sum(_size(file) for store in _stores(home) for file in store.parent.glob(f"{store.name}*"))


def clear_caches(home: Home) -> int:
    """Forget all features and thumbnails; they are computed again when they are needed. The bytes left."""
    with FeatureStore(home.features_file) as features:
        features.clear()
    with ThumbnailStore(home.thumbnails_file) as thumbnails:
        thumbnails.clear()
    return cache_bytes(home)


def _stores(home: Home) -> tuple[Path, ...]:
    return (home.features_file, home.thumbnails_file)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # the last one to close a database takes its log away
        return 0
