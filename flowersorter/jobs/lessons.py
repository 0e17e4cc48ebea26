"""Read what a head is taught on: labelled photos, their features from the cache where it knows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.jobs.reading import Reading
from flowersorter.learning.dataset import Labelled, LabelledPhoto, read_labelled
from flowersorter.progress import Report, silent
from flowersorter.records import Code, Left, Refused
from flowersorter.sorting.scan import scan_folder

if TYPE_CHECKING:  # these load torch
    from flowersorter.learning.backbone import Backbone
    from flowersorter.learning.devices import ChosenDevice
    from flowersorter.learning.features import Seen
    from flowersorter.learning.lesson import Lesson


def read_garden(folder: Path, report: Report = silent, *, min_species: int = 2) -> Labelled:
    """The labelled photos of a folder, as `read_labelled` does; RAW and JPEG of one shot are one."""
    labelled = read_labelled(folder, report, min_species=min_species)
    scan = scan_folder(folder, recursive=True, species_folders={}, include_filed=True, report=report)
    companions = {path for photo in scan.photos for path in photo.companions}
    return replace(labelled, photos=tuple(one for one in labelled.photos if one.path not in companions))


def read_lesson(
    labelled: Labelled,
    backbone: Backbone,
    device: ChosenDevice,
    reading: Reading,
    report: Report,
    views: int = 1,
) -> tuple[Lesson, tuple[Left, ...]]:
    """See so many views of every photo; those that cannot be read are listed, also to `report`.

    Raises `Refused`: NO_PHOTOS, ONE_SPECIES where too few are readable; and `Cancelled`.
    """
    from flowersorter.learning.agreement import open_network
    from flowersorter.learning.lesson import make_lesson

    network = open_network(backbone, device, reading.home.engines_file)
    seen = reading.see([photo.path for photo in labelled.photos], network, report, views=views)
    readable: list[tuple[LabelledPhoto, Seen]] = []
    unreadable: list[Left] = []
    for photo, one in zip(labelled.photos, seen, strict=True):
        if one.problem is None:
            readable.append((photo, one))
        else:
            unreadable.append(Left(photo.path, one.problem))
            report(unreadable[-1])
    remaining = Labelled(labelled.folder, tuple(photo for photo, _ in readable))
    if not remaining.photos:
        raise Refused(Code.NO_PHOTOS, path=labelled.folder)
    if len(remaining.species) < 2:
        raise Refused(Code.ONE_SPECIES, path=labelled.folder)
    lesson = make_lesson(remaining.photos, [one for _, one in readable], remaining.species)
    return lesson, tuple(unreadable)
