"""Write a finished run as the built-in model, and what it can do on photos that nothing was chosen by."""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flowersorter import __version__
from flowersorter.learning.backbone import Backbone, backbone_bytes, load_backbone
from flowersorter.learning.bundle import PRETRAINED, Model, ModelInfo, Teaching, write_model
from flowersorter.learning.calibrate import Calibration, threshold
from flowersorter.learning.devices import choose_device
from flowersorter.learning.evaluate import Answer, kept_figures, validate
from flowersorter.learning.feature_store import FeatureStore
from flowersorter.learning.features import read_features
from flowersorter.learning.fitting import Examples
from flowersorter.learning.head import Head
from flowersorter.learning.lesson import answers_of, calibration_of
from flowersorter.learning.network import Network
from flowersorter.learning.past_answers import PastAnswers, past_answers
from flowersorter.learning.pretrain_card import card
from flowersorter.learning.pretrain_photos import PARTS, Part, Photos
from flowersorter.learning.pretrain_start import FIGURES_FILE
from flowersorter.learning.pretrain_training import Run
from flowersorter.learning.split import fold_of, group_of
from flowersorter.learning.strangers_fit import learn_from_unseen
from flowersorter.learning.views import space_of
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import Report
from flowersorter.records import Code, Refused

NAME: Final = "Garden flowers"
CARD_FILE: Final = "README.md"
SIDE: Final = 160  # pixels, of the last crops that it learned on
VIEWS_TAKEN: Final = 2  # as large as this, two cost what one of 224 pixels does
PROMISES: Final = (1.0, 2.0, 5.0)  # wrong in 100, of which the card tells
MADE: Final = (
    "command",
    "recipe",
    "torch",
    "history",
    "before",
    "temperature",
    "validation",
)  # what is told of an earlier cycle
TEMPERATURES: Final = np.geomspace(0.25, 4.0, 81)  # a step is 3.5 %
EXEMPLARS: Final = 6  # taught photos of each species that stay in the model; more would make it too large


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """All photos of a run as the program sees them: features float32[N, 512], digests and groups."""

    features: NDArray[np.float32]
    digests: tuple[str, ...]
    groups: tuple[str, ...]


def export(run: Run, folder: Path, report: Report) -> dict[str, Any]:
    """Write the averaged weights as a model file, with its figures and its card; gives the figures.

    The head is the network's own last layer, as sure of itself as it is right on the choice part (temperature
    scaling, Guo et al. 2017, arXiv:1706.04599), which then calibrates it. The validation part is
    looked at here, once, with the weights as they are shipped and photos seen as the program sees them.
    Raises `Refused`: BAD_ARGUMENT for a run that is not finished or a folder that is there already,
    WEIGHTS_DAMAGED where weights do not fit into float16, the photo's own reason where one cannot be read.
    """
    if not run.finished:
        detail = f"{run.place.epoch} of {run.recipe.epochs} epochs are done"
        raise Refused(Code.BAD_ARGUMENT, detail=detail)
    if folder.exists():
        raise Refused(Code.BAD_ARGUMENT, detail=f"{folder} is there already")
    with tempfile.TemporaryDirectory() as temporary:
        weights = Path(temporary) / "backbone.safetensors"
        weights.write_bytes(backbone_bytes(_halved(run.averaged.state_dict(), folder), SIDE))
        backbone = load_backbone(weights)
        with PicturePool() as pool, FeatureStore(Path(temporary) / "features.sqlite") as store:
            network = Network(backbone, choose_device(run.device.type))
            read = _read(run.photos, network, pool, store, report)
        model, told, answers = _model(run, read, backbone, folder)
        write_model(folder, model, _teaching(run.photos, read), weights, answers)
    (folder / FIGURES_FILE).write_text(json.dumps(told, indent=1, ensure_ascii=False), "utf-8")
    (folder / CARD_FILE).write_text(card(told), "utf-8")
    return told


def _halved(state: dict[str, Tensor], file: Path) -> dict[str, Tensor]:
    """The backbone's tensors on the CPU, numbers with a fraction in float16."""
    halved = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).cpu().contiguous()
        for name, tensor in state.items()
        if not name.startswith("fc.")
    }
    if not all(tensor.isfinite().all() for tensor in halved.values()):
        raise Refused(Code.WEIGHTS_DAMAGED, path=file)
    return halved


def _read(photos: Photos, network: Network, pool: PicturePool, store: FeatureStore, report: Report) -> Read:
    seen = read_features(
        [Path(one.path) for one in photos.kept],
        network=network,
        store=store,
        pool=pool,
        known_digest=lambda _path: None,
        on_look=lambda _look: None,
        report=report,
        views=VIEWS_TAKEN,
    )
    facts, vectors = [], []
    for one in seen:
        if one.facts is None or one.features is None:
            raise Refused(one.problem.code if one.problem else Code.UNREADABLE, path=one.path)
        facts.append(one.facts)
        vectors.append(one.features)
    return Read(np.stack(vectors), tuple(one.digest for one in facts), tuple(group_of(facts)))


def _model(
    run: Run, read: Read, backbone: Backbone, folder: Path
) -> tuple[Model, dict[str, Any], PastAnswers]:
    photos, labels = run.photos, run.photos.labels()
    training, chosen_by = photos.part("training"), photos.part("choice")
    learned = Head(
        photos.species,
        run.averaged.get_parameter("fc.weight").cpu().numpy(),
        run.averaged.get_parameter("fc.bias").cpu().numpy(),
        root=False,
    )
    temperature = best_temperature(learned, read.features[chosen_by], labels[chosen_by])
    head = learned.tempered(temperature)
    taught = Examples(read.features[training], labels[training], photos.species)
    strangers = learn_from_unseen(taught, read.features[chosen_by])

    def answers(part: Part) -> list[Answer]:
        numbers = photos.part(part)
        strange = strangers.among(read.features[numbers]).tolist()
        kept = [photos.kept[number] for number in numbers]
        named = answers_of(
            [Path(one.path) for one in kept],
            [one.species for one in kept],
            [read.groups[number] for number in numbers],
            photos.species,
            head.predict(read.features[numbers]),
        )
        return [replace(one, stranger=is_strange) for one, is_strange in zip(named, strange, strict=True)]

    validation = answers("validation")
    figures = validate(validation, photos.species)
    info = ModelInfo(
        name=NAME,
        version=1 if run.before is None else run.before.info.version + 1,
        path=folder,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        species=photos.species,
        photos=len(training),
        method=PRETRAINED,
        base_id="builtin",
        backbone_sha256=backbone.sha256,
        feature_space=space_of(VIEWS_TAKEN, backbone.feature_space),
        accuracy=figures.accuracy,
        interval=figures.interval,
        app_version=__version__,
    )
    choice = answers("choice")
    calibration = calibration_of(choice)
    told = {
        "command": run.command,
        "recipe": asdict(run.recipe),
        "before": None if run.before is None else {key: run.before.told.get(key) for key in MADE},
        "torch": torch.__version__,
        "temperature": temperature,
        "photos": {part: len(photos.part(part)) for part in PARTS},
        "filed": [asdict(filed(validation, calibration, percent)) for percent in PROMISES],
        **validation_figures(photos, validation),
    }
    digests = [read.digests[number] for number in chosen_by]
    model = Model(info, head, calibration, kept_figures(figures), strangers)
    return model, told, past_answers(choice, digests, photos.species)


def best_temperature(head: Head, features: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """What divides the scores so that confidences fit labels int64[N] of features float32[N, 512] best."""
    return min(map(float, TEMPERATURES), key=lambda one: head.tempered(one).loss(features, labels))


def _teaching(photos: Photos, read: Read) -> Teaching:
    """What lets the gardener's own species join: the choice part, and a few taught photos of each species.

    These few teach only ("corrected"): the backbone has learned them, they say nothing of how well it does.
    """
    labels = photos.labels()
    training = {read.digests[number]: number for number in photos.part("training")}  # twins are one photo
    by_chance = [training[digest] for digest in sorted(training)]
    taught = [
        number
        for label in range(len(photos.species))
        for number in [one for one in by_chance if labels[one] == label][:EXEMPLARS]
    ]
    kept = [*photos.part("choice"), *taught]
    return Teaching(
        read.features[kept].astype(np.float16),
        labels[kept].astype(np.int32),
        np.array([fold_of(read.groups[number]) for number in kept], dtype=np.int8),
        tuple(read.digests[number] for number in kept),
        tuple(read.groups[number] for number in kept),
        corrected=frozenset(range(len(kept) - len(taught), len(kept))),
        others=tuple(sorted(training.keys() - {read.digests[number] for number in taught})),
    )


@dataclass(frozen=True, slots=True)
class Filed:
    """What a promise of at most `promised` wrong in 100 came to on the validation photos."""

    promised: float
    filed: int
    wrong: int


def filed(answers: Sequence[Answer], calibration: Calibration, percent: float) -> Filed:
    """Count what would be filed; a threshold that cannot be certified files nothing."""
    least = threshold(calibration, percent).value
    sure = [one for one in answers if one.is_sure(least)]
    return Filed(percent, len(sure), sum(not one.correct for one in sure))


def validation_figures(photos: Photos, answers: Sequence[Answer]) -> dict[str, Any]:
    """Top-1 and top-3 for each labelled folder and each species, and who is taken for whom.

    `answers` are those to the validation part. A species' precision is None where it was never the answer,
    its recalls are None where no photo of it is kept.
    """
    kept = [photos.kept[number] for number in photos.part("validation")]
    training = Counter(one.species for one in photos.kept if one.part == "training")
    roots: dict[str, list[Answer]] = defaultdict(list)
    labelled: dict[str, list[Answer]] = defaultdict(list)
    named: dict[str, list[Answer]] = defaultdict(list)
    for one, answer in zip(kept, answers, strict=True):
        roots[one.root].append(answer)
        labelled[answer.species].append(answer)
        named[answer.guess].append(answer)
    taken = Counter((one.species, one.guess) for one in answers if not one.correct)
    return {
        "validation": {root: _tops(roots[root]) for root in sorted(roots)},
        "per_species": [
            {
                "species": name,
                "training": training[name],
                **_tops(labelled[name]),
                "precision": _share(one.correct for one in named[name]),
            }
            for name in photos.species
        ],
        "confusions": [
            {"label": label, "answer": answer, "photos": count}
            for (label, answer), count in taken.most_common()
        ],
    }


def _tops(answers: Sequence[Answer]) -> dict[str, float | int | None]:
    return {
        "photos": len(answers),
        "top1": _share(one.correct for one in answers),
        "top3": _share(one.in_top3 for one in answers),
    }


def _share(hits: Iterable[bool]) -> float | None:
    found = list(hits)
    return sum(found) / len(found) if found else None
