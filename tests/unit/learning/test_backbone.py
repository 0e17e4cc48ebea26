"""Weights are checked before they are used; hostile files run nothing (promise 22)."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save, save_file
from torch.nn.functional import interpolate
from torchvision.models import resnet34

from flowersorter.learning import backbone
from flowersorter.learning.backbone import Backbone, backbone_bytes, load_backbone, save_backbone
from flowersorter.learning.devices import choose_device
from flowersorter.learning.network import Network
from flowersorter.records import Code, Refused

State = dict[str, Any]


@pytest.fixture
def state(random_weights: Path) -> State:
    loaded: State = torch.load(random_weights, weights_only=True)
    return loaded


def saved(file: Path, state: object) -> Path:
    torch.save(state, file)
    return file


def refusal(file: Path) -> Code:
    with pytest.raises(Refused) as refused:
        load_backbone(file)
    return refused.value.reason.code


def test_the_network_is_frozen_and_gives_512_features(random_backbone: Backbone) -> None:
    net = random_backbone.net
    assert not net.training
    assert not any(module.training for module in net.modules())
    assert not any(parameter.requires_grad for parameter in net.parameters())
    assert net(torch.zeros(2, 3, 64, 64)).shape == (2, 512)


def test_one_network_has_one_name_in_every_format(
    random_backbone: Backbone, state: State, tmp_path: Path
) -> None:
    save_file(state, tmp_path / "a.safetensors")
    narrow = {**state, "fc.weight": torch.zeros(5, 512), "fc.bias": torch.zeros(5)}
    headless = {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}
    old = tmp_path / "old.pth"
    torch.save(state, old, _use_new_zipfile_serialization=False)
    save_backbone(random_backbone, tmp_path / "kept.safetensors")
    files = [
        tmp_path / "a.safetensors",
        saved(tmp_path / "b.pth", narrow),
        saved(tmp_path / "c.pth", headless),
        old,
        tmp_path / "kept.safetensors",
    ]
    assert {load_backbone(file).sha256 for file in files} == {random_backbone.sha256}
    changed = {**state, "conv1.weight": state["conv1.weight"] + 1e-3}
    assert load_backbone(saved(tmp_path / "d.pth", changed)).sha256 != random_backbone.sha256


def test_a_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.pth") is Code.WEIGHTS_NOT_FOUND


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize(
    "content", [b"", b"<html>Please log in</html>", b"PK\x03\x04 half an archive", b"\x80\x02}q\x00."]
)
def test_a_file_that_is_no_weights(tmp_path: Path, content: bytes, suffix: str) -> None:
    file = tmp_path / f"weights.{suffix}"
    file.write_bytes(content)
    assert refusal(file) in (Code.WEIGHTS_DAMAGED, Code.WEIGHTS_OTHER_NETWORK)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.999])
def test_a_truncated_file(tmp_path: Path, random_weights: Path, part: float) -> None:
    content = random_weights.read_bytes()
    file = tmp_path / "weights.pth"
    file.write_bytes(content[: int(len(content) * part)])
    assert refusal(file) is Code.WEIGHTS_DAMAGED


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("ran-code"),))


def test_a_pickle_with_code_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = tmp_path / "plain.pth"
    plain.write_bytes(pickle.dumps(Bomb()))
    assert refusal(plain) is Code.WEIGHTS_DAMAGED
    assert refusal(saved(tmp_path / "archive.pth", {**state, "fc.bias": Bomb()})) is Code.WEIGHTS_DAMAGED
    assert not (tmp_path / "ran-code").exists()
    pickle.loads(plain.read_bytes())  # it is a real bomb
    assert (tmp_path / "ran-code").exists()


def test_an_archive_that_unpacks_to_gigabytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backbone, "MAX_FILE_BYTES", 2**20)
    file = tmp_path / "bomb.pth"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 2**24)
    assert file.stat().st_size < 2**20
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was opened"))
    assert refusal(file) is Code.WEIGHTS_DAMAGED


def test_a_file_of_another_size_class_is_not_read(
    tmp_path: Path, random_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backbone, "MAX_FILE_BYTES", 2**20)
    assert refusal(random_weights) is Code.WEIGHTS_OTHER_NETWORK


def test_another_network(tmp_path: Path, state: State) -> None:
    with torch.device("meta"):
        names = {name: tensor.shape for name, tensor in resnet34(weights=None).state_dict().items()}
    others: list[object] = [
        {name: torch.zeros(shape) for name, shape in names.items()},
        {**state, "conv1.weight": torch.zeros(64, 1, 7, 7)},
        {**state, "layer5.weight": torch.zeros(1)},
        {name: tensor for name, tensor in state.items() if name != "bn1.running_mean"},
        {**state, "conv1.weight": "text"},
        {**state, "conv1.weight": torch.zeros(64, 3, 7, 7, dtype=torch.int64)},
        {"state_dict": state},
        [1, 2],
    ]
    found = [refusal(saved(tmp_path / f"{number}.pth", other)) for number, other in enumerate(others)]
    assert found == [Code.WEIGHTS_OTHER_NETWORK] * len(others)


def test_weights_that_are_no_numbers(tmp_path: Path, state: State) -> None:
    spoiled = state["layer4.1.conv2.weight"].clone()
    spoiled[0, 0, 0, 0] = float("nan")
    file = saved(tmp_path / "nan.pth", {**state, "layer4.1.conv2.weight": spoiled})
    assert refusal(file) is Code.WEIGHTS_DAMAGED


@pytest.mark.parametrize(("name", "value"), [("bn1.running_var", -1.0), ("layer4.1.bn2.weight", 1e6)])
def test_numbers_that_make_no_features(tmp_path: Path, state: State, name: str, value: float) -> None:
    """Each is sound by itself; what comes of them is no number, or none that 16 bits hold."""
    file = saved(tmp_path / "odd.pth", {**state, name: torch.full_like(state[name], value)})
    assert refusal(file) is Code.WEIGHTS_DAMAGED


@pytest.mark.photos
def test_imagenet_weights_load(real_weights: Path) -> None:
    assert len(load_backbone(real_weights).sha256) == 64


def test_a_network_that_learned_on_smaller_pictures_sees_them_so(
    random_weights: Path, tmp_path: Path
) -> None:
    plain = load_backbone(random_weights)
    file = tmp_path / "small.safetensors"
    file.write_bytes(backbone_bytes(dict(plain.net.state_dict()), 96))
    small = load_backbone(file)
    assert small.sha256 == plain.sha256
    assert small.feature_space != plain.feature_space
    pixels = torch.rand(2, 3, 224, 224)
    scaled = interpolate(pixels, size=(96, 96), mode="bilinear", antialias=True)
    assert torch.allclose(small.net(pixels), plain.net(scaled), atol=1e-5)
    fast = Network(small, choose_device("cpu"), "bfloat16")
    crops = [np.random.default_rng(0).integers(0, 255, (224, 224, 3), np.uint8)]
    exact = Network(small, choose_device("cpu"))(crops)
    assert np.corrcoef(fast(crops)[0], exact[0])[0, 1] > 0.99
    save_backbone(small, tmp_path / "again.safetensors")
    assert load_backbone(tmp_path / "again.safetensors").feature_space == small.feature_space


@pytest.mark.parametrize("side", ["0", "-5", "huge", "4096", ""])
def test_a_file_that_asks_for_an_impossible_size_is_refused(
    random_weights: Path, tmp_path: Path, side: str
) -> None:
    file = tmp_path / "odd.safetensors"
    file.write_bytes(save(dict(load_backbone(random_weights).net.state_dict()), {"side": side}))
    with pytest.raises(Refused) as refused:
        load_backbone(file)
    assert refused.value.reason.code is Code.WEIGHTS_DAMAGED
