"""No faster engine answers before it agreed with the reference on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from flowersorter.learning import agreement
from flowersorter.learning.agreement import BOUND, Agreement, compare, drawn_crops, open_network
from flowersorter.learning.backbone import Backbone
from flowersorter.learning.devices import ChosenDevice, choose_device
from flowersorter.learning.network import Network

Crops = Sequence[NDArray[np.uint8]]
CPU = choose_device("cpu")


def cells(crops: Crops) -> NDArray[np.float32]:
    """An engine that is easily understood: the mean colours of 49 cells of a crop."""
    means = [crop.reshape(7, 32, 7, 32, 3).mean(axis=(1, 3)).ravel() for crop in crops]
    return np.array(means, dtype=np.float32) - 120


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor says that it calculates in bfloat16; torch emulates it where that is not so."""
    monkeypatch.setattr(agreement, "precisions", lambda _name: ("bfloat16", "float32"))


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "engines.json"


def test_the_drawn_crops_are_always_the_same_and_differ_among_themselves() -> None:
    crops = drawn_crops()
    assert all(np.array_equal(one, other) for one, other in zip(crops, drawn_crops(), strict=True))
    assert {(crop.shape, crop.dtype) for crop in crops} == {((224, 224, 3), np.dtype(np.uint8))}
    assert min(crop.std() for crop in crops) > 40
    assert len({crop.tobytes() for crop in crops}) == len(crops)


def test_rounding_agrees() -> None:
    verdict = compare(cells, lambda crops: cells(crops).astype(np.float16).astype(np.float32))
    assert verdict.agrees
    assert BOUND < verdict.likeness <= 1 + 1e-9


@pytest.mark.parametrize("wrong", ["noise", "order", "nan", "zero"])
def test_what_calculates_otherwise_does_not_agree(wrong: str) -> None:
    def engine(crops: Crops) -> NDArray[np.float32]:
        right = cells(crops)
        if wrong == "noise":
            return right + np.random.default_rng(0).normal(scale=3, size=right.shape).astype(np.float32)
        if wrong == "order":
            return right[::-1]
        right[3] = np.nan if wrong == "nan" else 0
        return right

    assert not compare(cells, engine).agrees


def test_bfloat16_agrees_with_the_random_network(able: None, random_backbone: Backbone, memory: Path) -> None:
    network = open_network(random_backbone, CPU, memory)
    assert network.precision == "bfloat16"
    assert network.feature_space != random_backbone.feature_space
    assert network.feature_space.startswith(random_backbone.feature_space)
    assert compare(Network(random_backbone, CPU), network).likeness > BOUND


def test_a_verdict_is_remembered(
    able: None, random_backbone: Backbone, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(
        agreement, "compare", lambda *_: asked.append(1) or Agreement(1.0, same_decisions=True)
    )
    assert [open_network(random_backbone, CPU, memory).precision for _ in range(2)] == ["bfloat16"] * 2
    assert len(asked) == 1
    monkeypatch.setattr(torch, "__version__", "999.0")
    open_network(random_backbone, CPU, memory)
    assert len(asked) == 2
    memory.write_text("[1, 2")
    open_network(random_backbone, CPU, memory)
    assert len(asked) == 3


def test_an_engine_that_disagrees_serves_nothing_and_the_reason_is_said(
    able: None, random_backbone: Backbone, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "compare", lambda *_: Agreement(0.9, same_decisions=True))
    for _ in range(2):  # measured, then remembered
        network = open_network(random_backbone, CPU, memory)
        assert network.precision == "float32"
        assert network.feature_space == random_backbone.feature_space
        assert "bfloat16" in network.device.reason


def test_an_engine_that_fails_is_left_and_tried_again_another_time(
    able: None, random_backbone: Backbone, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Agreement:
        raise RuntimeError("out of memory\nmore text")

    monkeypatch.setattr(agreement, "compare", fail)
    network = open_network(random_backbone, CPU, memory)
    assert (network.precision, "out of memory" in network.device.reason) == ("float32", True)
    assert "more text" not in network.device.reason
    assert not memory.exists()


def test_a_gpu_that_agrees_in_no_precision_leaves_the_work_to_the_processor(
    random_backbone: Backbone, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The boundary is faked: the "GPU" is the processor under another name, and calculates wrongly."""
    made = []

    def network(backbone: Backbone, device: ChosenDevice, precision: str = "float32") -> Network:
        made.append((device.name, precision))
        return Network(backbone, CPU) if device.name != "cpu" else Network(backbone, device)

    monkeypatch.setattr(agreement, "precisions", lambda _name: ("float16", "float32"))
    monkeypatch.setattr(agreement, "Network", network)
    monkeypatch.setattr(agreement, "compare", lambda *_: Agreement(0.5, same_decisions=False))
    chosen = open_network(random_backbone, ChosenDevice("cuda", "a card"), memory)
    assert ("cuda", "float16") in made
    assert ("cuda", "float32") in made
    assert chosen.device.name == "cpu"
    assert chosen.device.reason.count("cuda: ") == 2


def test_a_memory_that_cannot_be_written_costs_nothing_else(
    able: None, random_backbone: Backbone, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert open_network(random_backbone, CPU, tmp_path / "file" / "engines.json").precision == "bfloat16"
