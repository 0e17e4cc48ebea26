"""A recogniser that reads the species off the file's name: ``rose-90-1.jpg`` is a rose, 90 % sure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

from flowersorter.learning.bundle import ModelInfo
from flowersorter.learning.calibrate import Threshold
from flowersorter.progress import Progress, Report, Stage
from flowersorter.records import Classified, Code, Guess, Photo, Reason, Score

SPECIES = ("daisy", "rose", "tulip")


def model_info(species: Sequence[str] = SPECIES) -> ModelInfo:
    """A model as the library lists it."""
    return ModelInfo(
        name="my garden",
        version=1,
        path=Path("my garden"),
        created="2026-05-01T12:00:00+00:00",
        species=tuple(species),
        photos=300,
        method="head",
        base_id="imagenet",
        backbone_sha256="0" * 64,
        feature_space="test",
        accuracy=0.9,
        interval=(0.85, 0.94),
        app_version="0.1.0",
    )


class NameReader:
    """Stands in for `jobs.engine.Recogniser`; ``broken-*.jpg`` cannot be read."""

    def __init__(self, threshold: Threshold, info: ModelInfo) -> None:
        self.info = info
        self.device = SimpleNamespace(name="cpu")
        self._threshold = threshold
        self.thresholds: dict[float, Threshold] = {}  # by max_wrong, where it is another one
        self.pause_after: int | None = None  # photos, then it waits for `go_on`
        self.go_on = Event()

    def threshold(self, max_wrong: float) -> Threshold:
        assert max_wrong > 0
        return self.thresholds.get(max_wrong, self._threshold)

    def recognise(
        self, photos: Sequence[Photo], _reading: Any, threshold: float | None, report: Report
    ) -> Iterator[Classified]:
        for number, photo in enumerate(photos, 1):
            report(Progress(Stage.CLASSIFYING, number, len(photos)))
            yield classified(photo, threshold)
            if number == self.pause_after:
                assert self.go_on.wait(20)


def classified(photo: Photo, threshold: float | None) -> Classified:
    """The answer for one photo."""
    name = photo.path.name.split("-")
    if name[0] == "broken":
        return Classified(photo, problem=Reason(Code.UNREADABLE))
    species, confidence = name[0], int(name[1]) / 100
    others = [other for other in SPECIES if other != species]
    ranking = [Score(species, confidence), *(Score(other, (1 - confidence) / 2) for other in others)]
    sure = threshold is not None and confidence >= threshold
    digest = hashlib.sha256(photo.path.read_bytes()).hexdigest()
    return Classified(photo, digest, Guess(tuple(ranking), sure))


def make_photos(folder: Path, *names: str) -> list[Path]:
    """Small files with different bytes under these names; they need not be pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"bytes of {name}".encode())
        paths.append(path)
    return paths
