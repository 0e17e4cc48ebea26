"""Why a photo was named as it was: where the network looked, and the taught photos that are most like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs.engine import ranking_of
from flowersorter.jobs.models import builtin_model, refusals_named
from flowersorter.jobs.names import called
from flowersorter.jobs.weights import open_backbone
from flowersorter.learning.bundle import Model, ModelInfo, Teaching, read_model, read_teaching
from flowersorter.learning.views import VIEWS, mean_features, views_in
from flowersorter.library import Library
from flowersorter.paths import Home
from flowersorter.pictures.decode import Look, Wanted
from flowersorter.pictures.pool import PicturePool
from flowersorter.records import Code, Refused, Score
from flowersorter.settings import Settings

if TYPE_CHECKING:  # loads torch
    from flowersorter.learning.backbone import Backbone

NEIGHBOURS: Final = 6
_LOOKED_FOR: Final = 60  # most similar photos whose files are looked for


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle in a photo, in parts of its width and height."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A taught photo that is like the one explained; `likeness` is the cosine of their features."""

    path: Path
    digest: str
    species: str
    likeness: float


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Why `species` was named, or what speaks for it if another one was.

    `heat` float32[H, W], 0 to 1, is of the first view and lies over `seen`, the part of the photo in it.
    `neighbours` come in order, the likest first; None where the model came without the photos that it was
    taught. `lost` photos would be among them, but their files are no longer where they were.
    """

    species: str
    ranking: tuple[Score, ...]
    heat: NDArray[np.float32]
    seen: Frame
    neighbours: tuple[Neighbour, ...] | None
    lost: int


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    model: Model
    backbone: Backbone
    teaching: Teaching | None
    brought: frozenset[str]  # digests of photos that taught the built-in model, and never were here


class Explainer:
    """Blocking explanations, for a thread of the window's own. The last model stays open until `close`."""

    def __init__(self, home: Home, settings: Callable[[], Settings]) -> None:
        self._home = home
        self._settings = settings
        self._opened: _Opened | None = None
        self._pool = PicturePool(workers=1)

    def explain(self, info: ModelInfo, photo: Path, species: str) -> Explanation:
        """Explain a photo; a species that the model does not know is replaced by its best guess.

        Species are called as in `info`. Raises `Refused`: the photo's problem, MODEL_*, WEIGHTS_*.
        """
        from flowersorter.learning.explain import activations, heat_map
        from flowersorter.learning.preprocess import SHORT_SIDE

        opened = self._open(info)
        head = opened.model.head
        look = self._look(photo, Wanted(short_side=SHORT_SIDE))
        if look.pixels is None:
            raise Refused(Code.UNREADABLE)
        views, _ = views_in(opened.model.info.feature_space)
        crops = [view.cut(look.pixels) for view in VIEWS[:views]]
        each = [activations(opened.backbone.net, crop) for crop in crops]
        # rounded as the cache rounds them, so that the ranking is the one that was shown
        rounded = [maps.mean(axis=(1, 2)).astype(np.float16).astype(np.float32) for maps in each]
        features = mean_features(rounded)
        ranking = ranking_of(head, features)
        shown = species if species in head.species else ranking[0].species
        neighbours, lost = self._neighbours(opened, features, look.digest)
        heat = heat_map(each[0], head, shown)
        return Explanation(shown, ranking, heat, _frame(look.pixels, crops[0]), neighbours, lost)

    def close(self) -> None:
        """End the child process; an explanation under way ends, too."""
        self._pool.close()

    def _open(self, info: ModelInfo) -> _Opened:
        if self._opened is None or self._opened.model.info != info:
            self._opened = None  # two models at a time would be twice the memory
            with refusals_named(info.name):
                model, teaching = called(read_model(info.path), info.species), read_teaching(info.path)
            backbone = open_backbone(self._home, self._settings(), model.info)
            self._opened = _Opened(model, backbone, teaching, _brought())
        return self._opened

    def _look(self, path: Path, wanted: Wanted) -> Look:
        look = self._pool.look(path, wanted)
        if look.problem is not None:
            raise Refused.because(look.problem)
        return look

    def _neighbours(
        self, opened: _Opened, features: NDArray[np.float32], digest: str | None
    ) -> tuple[tuple[Neighbour, ...] | None, int]:
        """The most similar taught photos whose files are still there, and how many were passed over."""
        from flowersorter.learning.explain import likeness

        taught = opened.teaching
        if taught is None:
            return None, 0
        cosines = likeness(taught.features, features)
        nearest = np.argsort(-cosines, kind="stable")[:_LOOKED_FOR]
        others = [place for place in nearest if taught.digests[place] != digest]  # not the photo itself
        with Library.open(self._home.library_file) as library:
            paths = library.paths_of(taught.digests[place] for place in others)
        found: list[Neighbour] = []
        lost = 0
        for place in others:
            path = paths.get(taught.digests[place])
            if path is None:
                lost += taught.digests[place] not in opened.brought
                continue
            species = opened.model.info.species[taught.labels[place]]
            found.append(Neighbour(path, taught.digests[place], species, float(cosines[place])))
            if len(found) == NEIGHBOURS:
                break
        return (tuple(found), lost) if found or lost else (None, 0)


def _brought() -> frozenset[str]:
    builtin = builtin_model()
    teaching = None if builtin is None else read_teaching(builtin)
    return frozenset() if teaching is None else frozenset(teaching.digests)


def _frame(pixels: NDArray[np.uint8], crop: NDArray[np.uint8]) -> Frame:
    height, width = pixels.shape[:2]
    tall, wide = crop.shape[:2]
    return Frame((width - wide) // 2 / width, (height - tall) // 2 / height, wide / width, tall / height)
