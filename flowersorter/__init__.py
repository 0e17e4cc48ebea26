"""FlowerSorter names the flowers in a gardener's photos and files them, safely."""

from __future__ import annotations

__version__ = "0.1.0"
