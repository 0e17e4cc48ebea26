"""Load torch before it is asked for."""

from __future__ import annotations

import importlib


def warm_up() -> None:
    """Import what recognising needs; takes a second or two, so the window does it in a worker."""
    importlib.import_module("flowersorter.learning.features")
