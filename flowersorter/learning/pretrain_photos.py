"""The photos that the built-in model is made of: read once, grouped, parted, kept as small pixels on disk.

A group of like photos lies in one part for ever: `validation` is touched by the final figures only,
`choice` by curves and choices, `training` by training.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from flowersorter.learning.dataset import natural_order, read_labelled
from flowersorter.learning.feature_store import PhotoFacts
from flowersorter.learning.split import fold_of, group_of
from flowersorter.own_files import write_whole
from flowersorter.pictures.decode import Wanted
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import Progress, Report, Stage
from flowersorter.records import Code, Left, Reason, Refused

Part = Literal["training", "choice", "validation"]
PARTS: Final[tuple[Part, ...]] = get_args(Part)

SHORT_SIDE: Final = 192  # pixels: what training crops are cut from
CHOICE_SHARE: Final = 1 / 16  # of the groups that are not for validation
VALIDATION_FOLD: Final = 0

PIXELS_FILE: Final = "pixels.bin"
TABLE_FILE: Final = "photos.json"


@dataclass(frozen=True, slots=True)
class Source:
    """What a set of photos is made from: labelled folders, names that mean the same, species left out."""

    roots: tuple[Path, ...]
    twins: Mapping[str, str]
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """One photo from the labelled folder named `root`; its pixels uint8[height, width, 3] at `offset`."""

    path: str
    root: str
    species: str
    part: Part
    offset: int
    height: int
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class Photos:
    """All photos, their species in natural order, and the identity of the set and its parts."""

    kept: tuple[Kept, ...]
    species: tuple[str, ...]
    identity: str
    pixels_file: Path

    def labels(self) -> NDArray[np.int64]:
        """The place of each photo's species, int64[N]."""
        places = {name: place for place, name in enumerate(self.species)}
        return np.array([places[one.species] for one in self.kept], dtype=np.int64)

    def part(self, part: Part) -> list[int]:
        """The numbers of the photos in a part."""
        return [number for number, one in enumerate(self.kept) if one.part == part]

    def pixels(self, numbers: Collection[int] | None = None) -> Pixels:
        """The pixels of the photos, mapped from disk; only of `numbers` where given."""
        allowed = range(len(self.kept)) if numbers is None else numbers
        return Pixels(self.pixels_file, {number: self.kept[number] for number in allowed})


class Pixels:
    """Pixels uint8[H, W, 3] of photos by number; the file is mapped when first asked, once a process."""

    def __init__(self, file: Path, places: Mapping[int, Kept]) -> None:
        self._file = file
        self._places = places
        self._mapped: NDArray[np.uint8] | None = None

    def __getitem__(self, number: int) -> NDArray[np.uint8]:
        place = self._places[number]
        if self._mapped is None:
            self._mapped = np.memmap(self._file, dtype=np.uint8, mode="r")
        end = place.offset + place.height * place.width * 3
        return self._mapped[place.offset : end].reshape(place.height, place.width, 3)


def load_photos(source: Source, work: Path, report: Report) -> Photos:
    """The photos of `source`, from `work` if they were read there before, else decoded once into it.

    Raises `Refused` for a folder without labelled photos, BAD_ARGUMENT for one name given to two folders,
    OSError where `work` cannot be written.
    """
    table_file = work / TABLE_FILE
    made_from = _described(source)
    if table_file.is_file():
        table = json.loads(table_file.read_text("utf-8"))
        if table["made_from"] == made_from:
            return _photos([Kept(**row) for row in table["photos"]], work)
    kept = _read(source, work, report)
    table = {"made_from": made_from, "photos": [asdict(one) for one in kept]}
    write_whole(table_file, json.dumps(table, indent=1).encode())
    return _photos(kept, work)


def part_of(group: str) -> Part:
    """The part in which a group of like photos is for ever: a hash of its name."""
    if fold_of(group) == VALIDATION_FOLD:
        return "validation"
    digest = hashlib.sha256(f"choice/{group}".encode()).digest()
    return "choice" if int.from_bytes(digest[:8], "big") < CHOICE_SHARE * 2**64 else "training"


def _described(source: Source) -> dict[str, object]:
    """What `load_photos` compares; the resolved paths, so that a run goes on from another folder."""
    return {
        "roots": [str(root.resolve()) for root in source.roots],
        "twins": dict(source.twins),
        "without": sorted(source.without),
        "short_side": SHORT_SIDE,
    }


def _photos(kept: Sequence[Kept], work: Path) -> Photos:
    species = tuple(sorted({one.species for one in kept}, key=natural_order))
    rows = "\n".join(f"{one.root}/{Path(one.path).name}/{one.species}/{one.part}" for one in kept)
    identity = hashlib.sha256(rows.encode("utf-8", "surrogateescape")).hexdigest()
    return Photos(tuple(kept), species, identity, work / PIXELS_FILE)


def _labelled(source: Source) -> list[Kept]:
    """The photos of all roots under their common names; parts and pixels are still to come."""
    names = [root.resolve().name for root in source.roots]
    if len(set(names)) < len(names):
        raise Refused(Code.BAD_ARGUMENT, detail="two labelled folders have the same name")
    found = []
    for root, name in zip(source.roots, names, strict=True):
        for photo in read_labelled(root).photos:
            species = source.twins.get(photo.species, photo.species)
            if species not in source.without:
                found.append(Kept(str(photo.path.resolve()), name, species, "training", 0, 0, 0))
    if not found:
        raise Refused(Code.NO_PHOTOS, path=source.roots[0])
    return found


def _read(source: Source, work: Path, report: Report) -> list[Kept]:
    """Decode every photo once into the pixel file; unreadable ones are reported and left out."""
    wanted = _labelled(source)
    kept: list[Kept] = []
    facts: list[PhotoFacts] = []
    offset = 0
    beside = work / f"{PIXELS_FILE}.new"
    with PicturePool() as pool, beside.open("wb") as stream:
        looks = pool.looks((Path(one.path) for one in wanted), Wanted(short_side=SHORT_SIDE))
        for done, (one, look) in enumerate(zip(wanted, looks, strict=True), 1):
            report(Progress(Stage.READING, done, len(wanted)))
            if look.digest is None or look.pixels is None:
                report(Left(look.path, look.problem or Reason(Code.UNREADABLE)))
                continue
            height, width = look.pixels.shape[:2]
            kept.append(replace(one, offset=offset, height=height, width=width))
            facts.append(
                PhotoFacts(look.digest, look.pixel_digest, look.perceptual_hash, look.taken, look.camera)
            )
            offset += stream.write(look.pixels.tobytes())
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(beside, work / PIXELS_FILE)
    return [replace(one, part=part_of(group)) for one, group in zip(kept, group_of(facts), strict=True)]
