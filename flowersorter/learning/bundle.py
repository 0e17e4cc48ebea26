"""The model file: one folder with a manifest and safetensors, written whole or not at all.

Nothing in it is ever unpickled or run; every file's size and hash stand in the manifest and are checked
before the file is parsed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from flowersorter.learning.again import again_arrays, read_again
from flowersorter.learning.calibrate import Calibration
from flowersorter.learning.head import WIDTH, Head, Start
from flowersorter.learning.parts import array_of, checked_bytes, read_part, sync_folder, typed, write_synced
from flowersorter.learning.past_answers import (
    PastAnswers,
    answers_bytes,
    answers_of,
    digest_names,
    digest_rows,
)
from flowersorter.learning.strangers import Strangers
from flowersorter.learning.strangers_file import STRANGERS, read_strangers, strangers_bytes
from flowersorter.records import Code, Refused

FORMAT: Final = 1
PRETRAINED: Final = "pretrained"  # the method of the model that comes with the program
UNFINISHED: Final = ".new-"  # how the name of a model begins until it is whole
MAX_MANIFEST_BYTES: Final = 16 * 2**20
MANIFEST, HEAD, CALIBRATION, TEACHING, ANSWERS, BACKBONE = (
    "manifest.json",
    "head.safetensors",
    "calibration.safetensors",
    "teaching.safetensors",
    "answers.safetensors",
    "backbone.safetensors",
)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the manifest says of a model. `path` is its folder; `created` is ISO 8601, UTC."""

    name: str
    version: int
    path: Path
    created: str
    species: tuple[str, ...]
    photos: int
    method: str
    base_id: str
    backbone_sha256: str
    feature_space: str
    accuracy: float | None
    interval: tuple[float, float] | None
    app_version: str


@dataclass(frozen=True, slots=True, eq=False)
class Teaching:
    """What a model was taught on, so that it can be taught again without the photos.

    `features` float16[N, 512], `labels` int32[N] (places in the species), `folds` int8[N]; `digests` and
    `groups` name photos and their groups by sha256, hex. `given` and `corrected` are those of a `Lesson`;
    `start` is there where a correction can be learned. `others` are digests of photos that taught it, too,
    but of which it keeps no features.
    """

    features: NDArray[np.float16]
    labels: NDArray[np.int32]
    folds: NDArray[np.int8]
    digests: tuple[str, ...]
    groups: tuple[str, ...]
    given: bool = False
    corrected: frozenset[int] = frozenset()
    start: Start | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A model that was read and checked. `figures` holds the validation as the manifest keeps it.

    `strangers` is None in models of earlier versions and of few photos: these take nobody for a stranger.
    """

    info: ModelInfo
    head: Head
    calibration: Calibration
    figures: Mapping[str, Any] = field(default_factory=dict)
    strangers: Strangers | None = None


def write_model(
    folder: Path,
    model: Model,
    teaching: Teaching | None = None,
    backbone: Path | None = None,
    answers: PastAnswers | None = None,
) -> ModelInfo:
    """Write a model as a new folder, and give its info with that path.

    The files are written beside, synced, and renamed into place together; on any error nothing is left.
    Raises OSError, and FileExistsError where `folder` exists.
    """
    if folder.exists():
        raise FileExistsError(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folder.parent))
    try:
        parts = {HEAD: _head_bytes(model.head), CALIBRATION: _calibration_bytes(model.calibration)}
        if model.strangers is not None:
            parts[STRANGERS] = strangers_bytes(model.strangers)
        if teaching is not None:
            parts[TEACHING] = _teaching_bytes(teaching)
        if answers is not None:
            parts[ANSWERS] = answers_bytes(answers)
        if backbone is not None:
            parts[BACKBONE] = backbone.read_bytes()
        files = {name: write_synced(beside / name, content) for name, content in parts.items()}
        manifest = {**_manifest(model), "files": files}
        text = json.dumps(manifest, ensure_ascii=True, allow_nan=False, indent=1)
        write_synced(beside / MANIFEST, text.encode("ascii"))
        beside.chmod(0o755)
        sync_folder(beside)
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    sync_folder(folder.parent)
    return replace(model.info, path=folder)


def read_info(folder: Path) -> ModelInfo:
    """Read the manifest only. Raises `Refused`: MODEL_NOT_FOUND, MODEL_DAMAGED, MODEL_TOO_NEW."""
    return _info(folder, _read_manifest(folder))


def read_model(folder: Path) -> Model:
    """Read and check a model.

    Raises `Refused`: MODEL_NOT_FOUND, MODEL_DAMAGED, MODEL_TOO_NEW, MODEL_OTHER_NETWORK.
    """
    manifest = _read_manifest(folder)
    info = _info(folder, manifest)
    head = read_part(folder, manifest, HEAD)
    classes = len(info.species)
    weight = array_of(folder, head, "weight", np.float32, 2)
    bias = array_of(folder, head, "bias", np.float32, 1)
    if weight.shape != (classes, WIDTH) or bias.shape != (classes,):
        raise Refused(Code.MODEL_OTHER_NETWORK, model=folder)
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise Refused(Code.MODEL_DAMAGED, model=folder)
    figures = manifest.get("figures")
    return Model(
        info,
        Head(info.species, weight, bias, root=manifest.get("root_features") is True),
        _read_calibration(folder, manifest),
        figures if isinstance(figures, dict) else {},
        read_strangers(folder, manifest, WIDTH),
    )


def read_teaching(folder: Path) -> Teaching | None:
    """What the model was taught on; None where it was exported without. Raises as `read_model` does."""
    manifest = _read_manifest(folder)
    if TEACHING not in manifest["files"]:
        return None
    part = read_part(folder, manifest, TEACHING)
    features = array_of(folder, part, "features", np.float16, 2)
    labels = array_of(folder, part, "labels", np.int32, 1)
    folds = array_of(folder, part, "folds", np.int8, 1)
    digests = array_of(folder, part, "digests", np.uint8, 2)
    groups = array_of(folder, part, "groups", np.uint8, 2)
    count = len(labels)
    classes = len(_info(folder, manifest).species)
    shapes = (features.shape, folds.shape, digests.shape, groups.shape)
    if shapes != ((count, WIDTH), (count,), (count, 32), (count, 32)):
        raise Refused(Code.MODEL_DAMAGED, model=folder)
    if count and not (labels.min() >= 0 and labels.max() < classes):
        raise Refused(Code.MODEL_DAMAGED, model=folder)
    given, corrected, start = read_again(folder, part, count, _info(folder, manifest).species)
    others = array_of(folder, part, "others", np.uint8, 2) if "others" in part else digest_rows(())
    if others.shape[1:] != (32,):
        raise Refused(Code.MODEL_DAMAGED, model=folder)
    return Teaching(
        features,
        labels,
        folds,
        digest_names(digests),
        digest_names(groups),
        given,
        corrected,
        start,
        digest_names(others),
    )


def read_answers(folder: Path) -> PastAnswers | None:
    """The model's answers out of fold; None where it has none with it. Raises as `read_model` does."""
    manifest = _read_manifest(folder)
    if ANSWERS not in manifest["files"]:
        return None
    classes = len(_info(folder, manifest).species)
    return answers_of(folder, read_part(folder, manifest, ANSWERS), classes)


def backbone_file(folder: Path) -> Path | None:
    """The backbone that the model brings along, hash checked; None where it uses a known one."""
    manifest = _read_manifest(folder)
    if BACKBONE not in manifest["files"]:
        return None
    checked_bytes(folder, manifest, BACKBONE)
    return folder / BACKBONE


def copy_model(
    source: Path, target: Path, *, include_teaching: bool, version: int | None = None
) -> ModelInfo:
    """Check a model whole and write it again, elsewhere. Raises as `read_model` and `write_model` do."""
    model = read_model(source)
    teaching = read_teaching(source)
    answers = read_answers(source)
    if version is not None:
        model = replace(model, info=replace(model.info, version=version))
    backbone = backbone_file(source)
    if not include_teaching:
        return write_model(target, model, None, backbone)
    return write_model(target, model, teaching, backbone, answers)


# the manifest


def _manifest(model: Model) -> dict[str, Any]:
    info = model.info
    return {
        "format": FORMAT,
        "name": info.name,
        "version": info.version,
        "created": info.created,
        "app_version": info.app_version,
        "method": info.method,
        "species": list(info.species),
        "photos": info.photos,
        "backbone": {"id": info.base_id, "sha256": info.backbone_sha256},
        "feature_space": info.feature_space,
        "root_features": model.head.root,
        "accuracy": info.accuracy,
        "interval": info.interval,
        "figures": dict(model.figures),
    }


def _read_manifest(folder: Path) -> dict[str, Any]:
    file = folder / MANIFEST
    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_MANIFEST_BYTES + 1)
    except OSError:
        raise Refused(Code.MODEL_NOT_FOUND, model=folder) from None
    try:
        if len(text) > MAX_MANIFEST_BYTES:
            raise ValueError("the manifest is too long")
        manifest = json.loads(text)
        if not isinstance(manifest, dict) or not isinstance(manifest["format"], int):
            raise TypeError("the manifest is not an object")
        if manifest["format"] > FORMAT:
            raise Refused(Code.MODEL_TOO_NEW, model=folder)
        if not isinstance(manifest["files"], dict):
            raise TypeError("the manifest lists no files")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Refused(Code.MODEL_DAMAGED, model=folder) from error
    return manifest


def _info(folder: Path, manifest: Mapping[str, Any]) -> ModelInfo:
    try:
        species = tuple(typed(name, str) for name in typed(manifest["species"], list))
        if len(set(species)) != len(species) or len(species) < 2:
            raise ValueError("the species are not two or more different ones")
        accuracy, interval = manifest["accuracy"], manifest["interval"]
        return ModelInfo(
            name=typed(manifest["name"], str),
            version=typed(manifest["version"], int),
            path=folder,
            created=typed(manifest["created"], str),
            species=species,
            photos=typed(manifest["photos"], int),
            method=typed(manifest["method"], str),
            base_id=typed(manifest["backbone"]["id"], str),
            backbone_sha256=typed(manifest["backbone"]["sha256"], str),
            feature_space=typed(manifest["feature_space"], str),
            accuracy=None if accuracy is None else _fraction(accuracy),
            interval=None if interval is None else (_fraction(interval[0]), _fraction(interval[1])),
            app_version=typed(manifest["app_version"], str),
        )
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise Refused(Code.MODEL_DAMAGED, model=folder) from error


def _fraction(value: Any) -> float:
    if not 0.0 <= float(value) <= 1.0:
        raise ValueError(f"{value!r} is no part of a whole")
    return float(value)


# the files beside it


def _head_bytes(head: Head) -> bytes:
    return save({"weight": np.ascontiguousarray(head.weight), "bias": np.ascontiguousarray(head.bias)})


def _calibration_bytes(calibration: Calibration) -> bytes:
    parts: dict[str, NDArray[Any]] = {
        "confidence": calibration.confidence.astype(np.float32),
        "correct": calibration.correct.astype(np.uint8),
        "group": calibration.group.astype(np.int64),
    }
    if calibration.stranger is not None:
        parts["stranger"] = calibration.stranger.astype(np.uint8)
    return save(parts)


def _teaching_bytes(teaching: Teaching) -> bytes:
    return save(
        {
            "features": np.ascontiguousarray(teaching.features),
            "labels": teaching.labels,
            "folds": teaching.folds,
            "digests": digest_rows(teaching.digests),
            "groups": digest_rows(teaching.groups),
            "others": digest_rows(teaching.others),
            **again_arrays(teaching.given, teaching.corrected, teaching.start),
        }
    )


def _read_calibration(folder: Path, manifest: Mapping[str, Any]) -> Calibration:
    part = read_part(folder, manifest, CALIBRATION)
    confidence = array_of(folder, part, "confidence", np.float32, 1)
    correct = array_of(folder, part, "correct", np.uint8, 1)
    group = array_of(folder, part, "group", np.int64, 1)
    stranger = array_of(folder, part, "stranger", np.uint8, 1) if "stranger" in part else None
    if {len(correct), len(group), *(() if stranger is None else (len(stranger),))} != {len(confidence)}:
        raise Refused(Code.MODEL_DAMAGED, model=folder)
    strange = None if stranger is None else stranger.astype(np.bool_)
    return Calibration(confidence, correct.astype(np.bool_), group, strange)
