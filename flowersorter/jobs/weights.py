"""Where the backbone comes from: a file that the user points at, a download, or the program itself."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.jobs.download import download
from flowersorter.jobs.models import builtin_model
from flowersorter.paths import Home
from flowersorter.progress import Report, silent
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings

if TYPE_CHECKING:  # loads torch
    from flowersorter.learning.backbone import Backbone
    from flowersorter.learning.bundle import ModelInfo

# torchvision's ResNet18_Weights.IMAGENET1K_V1; the name carries the first digits of the file's sha256
IMAGENET_URL = "https://download.pytorch.org/models/resnet18-f37072fd.pth"
IMAGENET_SHA256 = "f37072fd"
IMAGENET_BYTES = 46_830_571  # said before the download is agreed to


@dataclass(frozen=True, slots=True)
class Base:
    """Pre-trained weights that teaching can start from. `id`: "file", "imagenet" or "builtin"."""

    id: str
    path: Path


def imagenet_file(home: Home) -> Path:
    """Where the downloaded ImageNet weights are, or will be."""
    return home.weights / IMAGENET_URL.rpartition("/")[2]


def available_bases(home: Home, settings: Settings) -> list[Base]:
    """The weights that are on this computer, the first is what ``auto`` prefers; no damaged download."""
    builtin = builtin_model()
    bases = [Base("imagenet", imagenet_file(home))]
    if settings.weights_file:
        bases.insert(0, Base("file", Path(settings.weights_file)))
    if builtin is not None:
        bases.append(Base("builtin", builtin / "backbone.safetensors"))
    return [base for base in bases if base.path.is_file() and (base.id != "imagenet" or _is_whole(base.path))]


def resolve_base(home: Home, settings: Settings, base: str) -> Base:
    """The weights for "auto", "builtin", "imagenet" or a file.

    Raises `Refused`: NO_WEIGHTS where they have to be fetched first, WEIGHTS_NOT_FOUND for a file.
    """
    bases = available_bases(home, settings)
    if base == "auto":
        if settings.weights_file and not Path(settings.weights_file).is_file():
            raise Refused(Code.WEIGHTS_NOT_FOUND, path=Path(settings.weights_file))
        if not bases:
            raise Refused(Code.NO_WEIGHTS)
        return bases[0]
    if base in ("builtin", "imagenet"):
        for one in bases:
            if one.id == base:
                return one
        raise Refused(Code.NO_WEIGHTS)
    file = Path(os.path.expanduser(base)).absolute()  # noqa: PTH111 - pathlib's raises for unknown users
    if not file.is_file():
        raise Refused(Code.WEIGHTS_NOT_FOUND, path=file)
    return Base("file", file)


def resolve_bases(home: Home, settings: Settings, base: str) -> list[Base]:
    """What `resolve_base` gives, and for "auto" after it the other weights. Raises likewise."""
    first = resolve_base(home, settings, base)
    others = available_bases(home, settings) if base == "auto" else []
    return [first, *(one for one in others if one != first)]


def check_weights(file: Path) -> Base:
    """Whether teaching can start from a file, before it is chosen for good.

    Raises `Refused`: WEIGHTS_NOT_FOUND, WEIGHTS_DAMAGED, WEIGHTS_OTHER_NETWORK.
    """
    from flowersorter.learning.backbone import load_backbone

    file = file.expanduser().absolute()
    load_backbone(file)
    return Base("file", file)


def download_imagenet(home: Home, report: Report = silent, url: str = IMAGENET_URL) -> Path:
    """Fetch torchvision's ImageNet weights (45 MB) into the cache; a stopped download goes on later.

    Raises `Refused`: DOWNLOAD_FAILED, DOWNLOAD_CORRUPT, DISK_FULL; and `Cancelled`.
    """
    target = imagenet_file(home)
    if not _is_whole(target):
        download(url, target, IMAGENET_SHA256, report)
    return target


def open_backbone(home: Home, settings: Settings, info: ModelInfo) -> Backbone:
    """The backbone that a model was taught on, wherever it is. Raises `Refused`: MODEL_NEEDS_WEIGHTS."""
    from flowersorter.learning.backbone import load_backbone
    from flowersorter.learning.bundle import backbone_file

    own = backbone_file(info.path)
    kept = _kept_file(home, info.backbone_sha256)
    places = [own] if own is not None else [kept, *(base.path for base in available_bases(home, settings))]
    for place in places:
        try:
            backbone = load_backbone(place)
        except Refused:  # not there, or damaged: the next place may have it
            continue
        if backbone.sha256 == info.backbone_sha256:
            return backbone
    raise Refused(Code.MODEL_NEEDS_WEIGHTS, model=info.name, base=info.base_id)


def keep_backbone(home: Home, backbone: Backbone) -> None:
    """Keep a copy of a backbone with the models: they need it even if its file goes. Raises OSError."""
    from flowersorter.learning.backbone import save_backbone

    file = _kept_file(home, backbone.sha256)
    if not file.is_file():
        save_backbone(backbone, file)


def _is_whole(imagenet: Path) -> bool:
    """Whether the ImageNet weights are there as they were published; reads 45 MB."""
    try:
        with imagenet.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest().startswith(IMAGENET_SHA256)
    except OSError:
        return False


def _kept_file(home: Home, sha256: str) -> Path:
    return home.backbones / f"{sha256}.safetensors"
