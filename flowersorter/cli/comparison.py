"""What the command line says of a new model beside the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # these load the learning room
    from flowersorter.learning.compare import Comparison


def comparison_json(comparison: Comparison | None) -> dict[str, Any] | None:
    """The key ``comparison`` of ``train``: counts of photos; null where there was nothing to compare."""
    if comparison is None:
        return None
    return {
        "earlier": {"model": comparison.earlier.name, "version": comparison.earlier.version},
        "photos": comparison.photos,
        "now_right": len(comparison.now_right),
        "now_wrong": len(comparison.now_wrong),
        "difference": comparison.difference,
        "interval": comparison.interval,
        "taken": comparison.taken,
    }


def comparison_text(comparison: Comparison) -> str:
    """The same in words."""
    earlier = f"“{comparison.earlier.name}”, version {comparison.earlier.version}"
    words = (
        f"Beside the model before ({earlier}), on {comparison.photos:,} photos that both were tested on: "
        f"{len(comparison.now_right):,} are right now that were wrong, "
        f"{len(comparison.now_wrong):,} are wrong now that were right."
    )
    if comparison.taken:
        return words
    return words + " The new one is clearly worse, so the one before stays in use."
