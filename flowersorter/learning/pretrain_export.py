"""Write the finished built-in weights and what they can do: figures on photos that nothing was chosen by."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn

from flowersorter.learning.pretrain_photos import Kept, Photos, write_beside
from flowersorter.learning.pretrain_training import Run, answers_for, middle, new_network, ranks, scored
from flowersorter.pictures.decode import Wanted
from flowersorter.pictures.pool import PicturePool
from flowersorter.records import Code, Refused

WEIGHTS_FILE: Final = "resnet18.safetensors"
FIGURES_FILE: Final = "figures.json"

TESTED_CROPS: Final = (160, 176, 192, 208, 224)  # pixels; cut from a photo whose short side is 8/7 of it


@dataclass(frozen=True, slots=True)
class Tested:
    """How well the choice part does with one crop, pixels."""

    crop: int
    short_side: int
    loss: float
    top1: float
    top3: float


def export(run: Run, folder: Path) -> dict[str, Any]:
    """Write the averaged weights in float16, torchvision's layout, and the figures; gives the figures.

    The crop is chosen on the choice part; the validation part is looked at here, once, with the rounded
    weights. Raises `Refused`: BAD_ARGUMENT for a run that is not finished, WEIGHTS_DAMAGED where weights
    do not fit into float16, the photo's own reason where one can no longer be read.
    """
    if not run.finished:
        detail = f"{run.place.epoch} of {run.recipe.epochs} epochs are done"
        raise Refused(Code.BAD_ARGUMENT, detail=detail)
    folder.mkdir(parents=True, exist_ok=True)
    state = _halved(run.averaged.state_dict(), folder / WEIGHTS_FILE)
    net = new_network(len(run.photos.species), run.device)
    net.load_state_dict(state)
    figures = {
        "command": run.command,
        "recipe": asdict(run.recipe),
        "torch": torch.__version__,
        "species": run.photos.species,
        "photos": {part: len(run.photos.part(part)) for part in ("training", "choice", "validation")},
        **_figures(run, net.eval()),
    }
    write_beside(folder / WEIGHTS_FILE, save(state, {"species": json.dumps(run.photos.species)}))
    write_beside(folder / FIGURES_FILE, json.dumps(figures, indent=1, ensure_ascii=False).encode())
    return figures


def _halved(state: dict[str, Tensor], file: Path) -> dict[str, Tensor]:
    """The tensors on the CPU, numbers with a fraction in float16."""
    halved = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).cpu().contiguous()
        for name, tensor in state.items()
    }
    if not all(tensor.isfinite().all() for tensor in halved.values()):
        raise Refused(Code.WEIGHTS_DAMAGED, path=file)
    return halved


def _figures(run: Run, net: nn.Module) -> dict[str, Any]:
    photos, labels = run.photos, run.photos.labels()
    choice, validation = photos.part("choice"), photos.part("validation")
    tested = []
    with PicturePool() as pool:
        for crop in TESTED_CROPS:
            answers = answers_for(net, _crops(pool, photos, choice, crop), run.device)
            loss, top1, top3 = scored(answers, labels[choice])
            tested.append(Tested(crop, short_side(crop), loss, top1, top3))
        best = min(tested, key=lambda one: one.loss)
        answers = answers_for(net, _crops(pool, photos, validation, best.crop), run.device)
    return {
        "crop": best.crop,
        "short_side": best.short_side,
        "choice": [asdict(one) for one in tested],
        **validation_figures(photos, [photos.kept[number] for number in validation], answers),
    }


def short_side(crop: int) -> int:
    """The short side of the photo, pixels, from whose middle a crop is cut: 256 for 224."""
    return crop * 8 // 7


def validation_figures(photos: Photos, kept: Sequence[Kept], answers: Tensor) -> dict[str, Any]:
    """Top-1 and top-3 for each labelled folder and each species, and who is taken for whom.

    `answers` float32[N, species] are those for `kept`. A species' precision is None where it was never
    the answer, its recalls are None where no photo of it is kept.
    """
    labels = np.array([photos.species.index(one.species) for one in kept], dtype=np.int64)
    rank = ranks(answers, labels)
    best: NDArray[np.int64] = answers.argmax(dim=1).numpy()
    roots = np.array([one.root for one in kept])
    training = Counter(one.species for one in photos.kept if one.part == "training")
    species = []
    for label, name in enumerate(photos.species):
        own, answered = labels == label, best == label
        right = int((own & answered).sum())
        species.append(
            {
                "species": name,
                "training": training[name],
                **_tops(rank[own]),
                "precision": right / int(answered.sum()) if answered.any() else None,
            }
        )
    taken = Counter(
        (photos.species[label], photos.species[answer])
        for label, answer in zip(labels, best, strict=True)
        if label != answer
    )
    return {
        "validation": {root: _tops(rank[roots == root]) for root in sorted(set(roots.tolist()))},
        "per_species": species,
        "confusions": [
            {"label": label, "answer": answer, "photos": count}
            for (label, answer), count in taken.most_common()
        ],
    }


def _tops(rank: NDArray[np.int64]) -> dict[str, float | int | None]:
    if not len(rank):
        return {"photos": 0, "top1": None, "top3": None}
    return {"photos": len(rank), "top1": float((rank < 1).mean()), "top3": float((rank < 3).mean())}


def _crops(pool: PicturePool, photos: Photos, numbers: Sequence[int], crop: int) -> list[NDArray[np.uint8]]:
    """The middles of photos, decoded from their files as the program decodes them."""
    paths = [Path(photos.kept[number].path) for number in numbers]
    crops = []
    for look in pool.looks(paths, Wanted(short_side=short_side(crop))):
        if look.pixels is None:
            raise Refused(look.problem.code if look.problem else Code.UNREADABLE, path=look.path)
        crops.append(middle(look.pixels, crop).copy())
    return crops
