"""The model file: whole or not at all, checked before it is used, never unpickled (promises 20 and 22)."""

from __future__ import annotations

import errno
import json
import os
import pickle
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.labels import digest_of

from flowersorter.learning import bundle, parts
from flowersorter.learning.bundle import (
    Model,
    ModelInfo,
    Teaching,
    backbone_file,
    copy_model,
    read_answers,
    read_info,
    read_model,
    read_teaching,
    write_model,
)
from flowersorter.learning.calibrate import Calibration
from flowersorter.learning.head import Head, Start
from flowersorter.learning.past_answers import PastAnswers
from flowersorter.learning.split import FOLDS
from flowersorter.records import Code, Refused

SPECIES = ("Gänseblümchen", "バラ", os.fsdecode(b"ros\xe9"))


def made(folder: Path, species: tuple[str, ...] = SPECIES) -> tuple[Model, Teaching]:
    dice = np.random.default_rng(0)
    info = ModelInfo(
        "My garden", 1, folder, "2026-01-01T00:00:00+00:00", species, 7, "head", "file", "ab" * 32, "space",
        0.9, (0.8, 0.95), "0.1.0",
    )  # fmt: skip
    head = Head(species, dice.normal(size=(3, 512)).astype(np.float32), np.zeros(3, np.float32), root=True)
    calibration = Calibration(
        dice.random(7).astype(np.float32), np.array([True, False] * 3 + [True]), np.arange(7) // 2
    )
    teaching = Teaching(
        dice.random((7, 512)).astype(np.float16),
        np.array([0, 1, 2, 0, 1, 2, 0], np.int32),
        np.arange(7, dtype=np.int8) % 5,
        tuple(digest_of(number) for number in range(7)),
        tuple(digest_of(number // 2) for number in range(7)),
    )
    return Model(info, head, calibration, {"accuracy": 0.9}), teaching


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "models" / "garden" / "0001"
    model, teaching = made(target)
    write_model(target, model, teaching)
    return target


def refusal(act: Callable[[], object]) -> Code:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.reason.code


def change_manifest(folder: Path, **changes: Any) -> None:
    file = folder / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text("ascii")), **changes}), "ascii")


def test_strangers_among_the_answers_come_back(tmp_path: Path) -> None:
    """A model of an earlier version has none, and is read all the same."""
    folder = tmp_path / "garden"
    model, _ = made(folder)
    assert model.calibration.stranger is None
    strange = np.arange(7) == 3
    write_model(folder, replace(model, calibration=replace(model.calibration, stranger=strange)))
    found = read_model(folder).calibration.stranger
    assert found is not None
    assert found.tolist() == strange.tolist()


def test_a_model_comes_back_as_it_was_written(folder: Path) -> None:
    model, teaching = made(folder)
    found = read_model(folder)
    assert found.info == model.info == read_info(folder)
    assert found.info.species == SPECIES
    assert found.head.root
    assert np.array_equal(found.head.weight, model.head.weight)
    assert np.array_equal(found.calibration.correct, model.calibration.correct)
    assert np.array_equal(found.calibration.group, model.calibration.group)
    assert found.figures == {"accuracy": 0.9}
    again = read_teaching(folder)
    assert again is not None
    assert np.array_equal(again.features, teaching.features)
    assert (again.digests, again.groups) == (teaching.digests, teaching.groups)
    assert again.labels.tolist() == teaching.labels.tolist()
    assert sorted(path.name for path in folder.parent.iterdir()) == ["0001"]


def test_an_existing_model_is_never_overwritten(folder: Path) -> None:
    model, _ = made(folder)
    with pytest.raises(FileExistsError):
        write_model(folder, model)
    assert read_teaching(folder) is not None


@pytest.mark.parametrize("failing", ["write_synced", "sync_folder"])
@pytest.mark.parametrize("moment", [1, 2])
def test_a_full_disk_leaves_no_half_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str, moment: int
) -> None:
    original = getattr(bundle, failing)
    calls = 0

    def fail(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == moment:
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(*arguments)

    monkeypatch.setattr(bundle, failing, fail)
    model, teaching = made(tmp_path)
    target = tmp_path / "garden" / "0001"
    with pytest.raises(OSError, match="No space"):
        write_model(target, model, teaching)
    left = {path.name for path in target.parent.iterdir()}
    assert left <= {"0001"}
    if left:  # only the last sync, after the rename, may fail with the whole model in place
        assert (failing, moment) == ("sync_folder", 2)
        assert read_teaching(target) is not None


def test_every_byte_is_on_the_disk_before_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync
    target = tmp_path / "0001"

    def note(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        assert not target.exists() or synced[-1] == tmp_path.name
        fsync(handle)

    if not Path("/proc/self/fd").exists():
        pytest.skip("reads the names of open files from /proc")
    monkeypatch.setattr(os, "fsync", note)
    model, teaching = made(target)
    write_model(target, model, teaching)
    written = {path.name for path in target.iterdir()}
    assert written <= set(synced)
    assert synced[-2].startswith(".new-")
    assert synced[-1] == tmp_path.name


PARTS = ["head.safetensors", "calibration.safetensors", "teaching.safetensors"]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("damage", ["truncated", "longer", "flipped", "gone"])
def test_a_damaged_part_is_refused(folder: Path, part: str, damage: str) -> None:
    file = folder / part
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    elif damage == "truncated":
        file.write_bytes(content[:-5])
    elif damage == "longer":
        file.write_bytes(content + b"more")
    else:
        file.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    read = read_teaching if part == "teaching.safetensors" else read_model
    assert refusal(lambda: read(folder)) is Code.MODEL_DAMAGED


@pytest.mark.parametrize("longer", [True, False])
def test_a_part_that_is_too_large_is_not_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, longer: bool
) -> None:
    """Promise 22: neither one that has grown since, nor one whose manifest says so."""
    if longer:
        with (folder / "head.safetensors").open("ab") as stream:
            stream.write(b"more")
    else:
        monkeypatch.setattr(parts, "MAX_FILE_BYTES", 100)

    def sha256(_content: bytes) -> None:
        pytest.fail("it was read")

    monkeypatch.setattr(parts.hashlib, "sha256", sha256)
    assert refusal(lambda: read_model(folder)) is Code.MODEL_DAMAGED


@pytest.mark.parametrize("heads", [FOLDS - 1, FOLDS, FOLDS + 1])
def test_a_correction_starts_from_one_head_for_each_fold(tmp_path: Path, heads: int) -> None:
    model, teaching = made(tmp_path / "model")
    start = Start(0.1, (None, *[model.head] * (heads - 1)))
    write_model(tmp_path / "model", model, replace(teaching, start=start))
    if heads == FOLDS:
        read = read_teaching(tmp_path / "model")
        assert read is not None
        assert read.start is not None
        assert [head is None for head in read.start.heads] == [True, *[False] * (heads - 1)]
    else:
        assert refusal(lambda: read_teaching(tmp_path / "model")) is Code.MODEL_DAMAGED


def replace_part(folder: Path, name: str, content: bytes) -> None:
    """Put a file in place whose size and hash are right: only its meaning is hostile."""
    (folder / name).unlink()
    line = bundle.write_synced(folder / name, content)
    manifest = json.loads((folder / "manifest.json").read_text("ascii"))
    change_manifest(folder, files={**manifest["files"], name: line})


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("ran-code"),))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        pickle.dumps(Bomb()),
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 8) + b"\xff" * 8,
        struct.pack("<Q", 88)
        + b'{"weight":{"dtype":"F32","shape":[9999999999,512],"data_offsets":[0,20479999997952]}}    ',
    ],
    ids=["empty", "pickle", "endless header", "no arrays", "no text", "huge array"],
)
def test_a_hostile_head_is_refused_and_runs_nothing(
    folder: Path, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    replace_part(folder, "head.safetensors", content)
    assert refusal(lambda: read_model(folder)) is Code.MODEL_DAMAGED
    assert not (tmp_path / "ran-code").exists()


def test_another_shape_is_another_network(folder: Path) -> None:
    wide = {"weight": np.zeros((3, 2048), np.float32), "bias": np.zeros(3, np.float32)}
    replace_part(folder, "head.safetensors", bundle.save(wide))
    assert refusal(lambda: read_model(folder)) is Code.MODEL_OTHER_NETWORK


def test_numbers_that_are_none_are_refused(folder: Path) -> None:
    spoiled = {"weight": np.full((3, 512), np.nan, np.float32), "bias": np.zeros(3, np.float32)}
    replace_part(folder, "head.safetensors", bundle.save(spoiled))
    assert refusal(lambda: read_model(folder)) is Code.MODEL_DAMAGED


def test_labels_outside_the_species_are_refused(folder: Path) -> None:
    _, teaching = made(folder)
    broken = replace(teaching, labels=teaching.labels + 1)
    replace_part(folder, "teaching.safetensors", bundle._teaching_bytes(broken))
    assert refusal(lambda: read_teaching(folder)) is Code.MODEL_DAMAGED


@pytest.mark.parametrize(
    "changes",
    [
        {"species": "rose"},
        {"species": ["rose"]},
        {"species": ["rose", "rose", "tulip"]},
        {"species": ["rose", 3, "tulip"]},
        {"photos": "many"},
        {"files": []},
        {"files": {"head.safetensors": {"bytes": -1, "sha256": ""}}},
        {"files": {"head.safetensors": {"bytes": True, "sha256": 7}}},
        {"backbone": "net"},
        {"accuracy": 2.5},
        {"interval": [0.1]},
        {"interval": ["low", "high"]},
        {"format": "one"},
    ],
)
def test_a_manifest_that_means_nothing_is_refused(folder: Path, changes: dict[str, Any]) -> None:
    change_manifest(folder, **changes)
    assert refusal(lambda: read_model(folder)) is Code.MODEL_DAMAGED


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": 1e999}', "[" * 100_000, '{"accuracy": NaN}']
)
def test_a_manifest_that_cannot_be_read_is_refused(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text, "ascii")
    assert refusal(lambda: read_info(folder)) is Code.MODEL_DAMAGED


def test_an_endless_manifest_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MAX_MANIFEST_BYTES", 100)
    assert refusal(lambda: read_info(folder)) is Code.MODEL_DAMAGED


def test_a_newer_model_asks_for_a_newer_program(folder: Path) -> None:
    change_manifest(folder, format=bundle.FORMAT + 1, species="another meaning")
    assert refusal(lambda: read_model(folder)) is Code.MODEL_TOO_NEW


def test_no_model_there(tmp_path: Path) -> None:
    assert refusal(lambda: read_info(tmp_path)) is Code.MODEL_NOT_FOUND


def test_parts_outside_the_folder_are_never_read(folder: Path) -> None:
    """The names of parts are ours; a manifest cannot name other files."""
    secret = folder.parent / "secret"
    secret.write_bytes(b"secret")
    manifest = json.loads((folder / "manifest.json").read_text("ascii"))
    change_manifest(folder, files={**manifest["files"], "../secret": {"bytes": 6, "sha256": "0" * 64}})
    copied = copy_model(folder, folder.parent / "0002", include_teaching=True)
    assert sorted(path.name for path in copied.path.iterdir()) == [
        "calibration.safetensors", "head.safetensors", "manifest.json", "teaching.safetensors",
    ]  # fmt: skip


def test_a_copy_is_the_same_model_with_or_without_what_it_was_taught_on(folder: Path, tmp_path: Path) -> None:
    whole = copy_model(folder, tmp_path / "whole", include_teaching=True, version=7)
    bare = copy_model(folder, tmp_path / "bare", include_teaching=False)
    assert (whole.version, bare.version) == (7, 1)
    assert read_teaching(whole.path) is not None
    assert read_teaching(bare.path) is None
    assert np.array_equal(read_model(bare.path).head.weight, read_model(folder).head.weight)


def test_a_backbone_travels_with_the_model(tmp_path: Path) -> None:
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"weights")
    model, _ = made(tmp_path)
    written = write_model(tmp_path / "0001", model, backbone=weights)
    found = backbone_file(written.path)
    assert found is not None
    assert found.read_bytes() == b"weights"
    found.write_bytes(b"WEIGHTS")
    assert refusal(lambda: backbone_file(written.path)) is Code.MODEL_DAMAGED


def test_answers_come_back_and_a_model_without_them_still_loads(folder: Path, tmp_path: Path) -> None:
    assert read_answers(folder) is None
    model, teaching = made(folder)
    past = PastAnswers(teaching.digests, teaching.labels, np.array([0, 1, 2, 1, 1, 2, 0], np.int32))
    write_model(tmp_path / "whole", model, teaching, answers=past)
    found = read_answers(tmp_path / "whole")
    assert found is not None
    assert found.digests == past.digests
    assert (found.labels.tolist(), found.guesses.tolist()) == (past.labels.tolist(), past.guesses.tolist())
    copy_model(tmp_path / "whole", tmp_path / "shared", include_teaching=False)
    assert read_answers(tmp_path / "shared") is None
    copy_model(tmp_path / "whole", tmp_path / "backup", include_teaching=True)
    assert read_answers(tmp_path / "backup") is not None


@pytest.mark.parametrize(
    "past",
    [
        PastAnswers((digest_of(0),), np.array([3], np.int32), np.array([0], np.int32)),
        PastAnswers((digest_of(0),), np.array([0], np.int32), np.array([-1], np.int32)),
        PastAnswers((digest_of(0), digest_of(1)), np.array([0], np.int32), np.array([0], np.int32)),
        PastAnswers((digest_of(0),), np.array([0], np.int32), np.array([0, 1], np.int32)),
        PastAnswers((digest_of(0),), np.array([0], np.int64), np.array([0], np.int32)),
    ],
)
def test_answers_that_cannot_be_are_refused(folder: Path, tmp_path: Path, past: PastAnswers) -> None:
    """Promise 22."""
    write_model(tmp_path / "odd", made(folder)[0], answers=past)
    assert refusal(lambda: read_answers(tmp_path / "odd")) is Code.MODEL_DAMAGED
