"""Keep what the gardener decided."""

from __future__ import annotations

from collections.abc import Mapping

from flowersorter.learning.feature_store import FeatureStore
from flowersorter.library import Library
from flowersorter.paths import Home
from flowersorter.records import Decision


def remember(home: Home, decisions: Mapping[str, Decision | None]) -> None:
    """Keep the decision of each digest for ever; None forgets it."""
    pixels: dict[str, str] = {}
    with FeatureStore(home.features_file) as store:
        for digest in decisions:
            facts = store.facts(digest)
            if facts is not None and facts.pixel_digest is not None:
                pixels[digest] = facts.pixel_digest
    with Library.open(home.library_file) as library:
        library.remember(decisions, pixels)
