"""Open a model once and name the species on photos with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs.models import find_model, refusals_named
from flowersorter.jobs.names import called_here
from flowersorter.jobs.promise import judge
from flowersorter.jobs.reading import Reading
from flowersorter.jobs.weights import open_backbone
from flowersorter.learning import calibrate
from flowersorter.learning.bundle import Model, ModelInfo, read_model
from flowersorter.learning.calibrate import Threshold
from flowersorter.learning.head import Head
from flowersorter.learning.views import views_in
from flowersorter.paths import Home
from flowersorter.progress import Report, Stage
from flowersorter.records import Classified, Code, Guess, Photo, Refused, Score
from flowersorter.settings import Settings
from flowersorter.species_names import language_of

if TYPE_CHECKING:  # these load torch
    from flowersorter.learning.devices import ChosenDevice
    from flowersorter.learning.features import FeatureNetwork, Seen

RANKING: Final = 5  # species that a guess names


@dataclass(frozen=True, slots=True, eq=False)
class Recogniser:
    """A model, its backbone and a device that works; `views` of each photo run through the network."""

    model: Model
    device: ChosenDevice
    network: FeatureNetwork
    views: int = 1

    @property
    def info(self) -> ModelInfo:
        return self.model.info

    def threshold(self, max_wrong: float) -> Threshold:
        """How sure a guess must be for at most `max_wrong` percent wrong of the photos filed."""
        return calibrate.threshold(self.model.calibration, max_wrong)

    def is_stranger(self, features: NDArray[np.float32]) -> bool:
        """Whether a photo's features float32[512] are unlike everything that the model was taught."""
        strangers = self.model.strangers
        return strangers is not None and bool(strangers.among(features[None])[0])

    def recognise(
        self, photos: Sequence[Photo], reading: Reading, threshold: float | None, report: Report
    ) -> Iterator[Classified]:
        """Name the species on each photo, in order; a guess is sure from `threshold` on, never if None.

        Photos in the cache are not decoded. `Cancelled` passes through.
        """
        paths = [photo.path for photo in photos]
        seen = reading.see(paths, self.network, report, Stage.CLASSIFYING, self.views)
        for photo, one in zip(photos, seen, strict=True):
            yield self._classified(photo, one, threshold)

    def _classified(self, photo: Photo, seen: Seen, threshold: float | None) -> Classified:
        if seen.features is None:
            return Classified(photo, seen.digest, problem=seen.problem)
        ranking = ranking_of(self.model.head, seen.features)
        guess = Guess(ranking, sure=False, stranger=self.is_stranger(seen.features))
        return Classified(photo, seen.digest, judge(guess, threshold))


def open_recogniser(
    home: Home, settings: Settings, model: str | None, device: str = "auto", folders: Sequence[str] = ()
) -> Recogniser:
    """Open a model, by name or folder; None is the one in force. Its species are called as here.

    `folders` are the species that have a folder where photos will be filed.
    Raises `Refused`: NO_MODEL, MODEL_*, WEIGHTS_*, DEVICE_UNUSABLE.
    """
    info = find_model(home, settings, model)
    with refusals_named(info.name):
        opened = called_here(read_model(info.path), language_of(settings.flower_names), folders)
    from flowersorter.learning.agreement import open_network
    from flowersorter.learning.devices import choose_device

    views, space = views_in(info.feature_space)
    backbone = open_backbone(home, settings, info)
    if space != backbone.feature_space:
        raise Refused(Code.MODEL_OTHER_NETWORK, model=info.name)
    network = open_network(backbone, choose_device(device), home.engines_file)
    return Recogniser(opened, network.device, network, views)


def list_devices() -> list[str]:
    """The devices that really work here, the one that "auto" takes first."""
    from flowersorter.learning.devices import choose_device

    devices = dict.fromkeys(str(choose_device(name)) for name in ("auto", "cpu"))
    return list(devices)


def ranking_of(head: Head, features: NDArray[np.float32]) -> tuple[Score, ...]:
    """The five best species for one photo's features float32[512], best first."""
    confidences = head.predict(features[None])[0]
    best = np.argsort(-confidences, kind="stable")[:RANKING]
    return tuple(Score(head.species[place], float(confidences[place])) for place in best)
