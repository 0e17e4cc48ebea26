"""The one locator of `resources/`: in a checkout, in an installed wheel, in a frozen program."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path


@cache
def resources_folder() -> Path:
    """The folder that holds icons, translations and models. Raises FileNotFoundError if it is gone."""
    package = Path(__file__).resolve().parent
    frozen = Path(getattr(sys, "_MEIPASS", package)) / "resources"
    for folder in (frozen, package / "_resources", package.parent / "resources"):
        if (folder / "icons").is_dir():
            return folder
    raise FileNotFoundError("FlowerSorter's resources folder is missing; please install it again")


def resource(*parts: str) -> Path:
    """The path of one resource, for example ``resource("icons", "flower.svg")``."""
    return resources_folder().joinpath(*parts)
