from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from flowersorter.learning.backbone import Backbone
from flowersorter.learning.devices import choose_device, precisions
from flowersorter.learning.network import Network, crops_at_once, crops_for
from flowersorter.learning.preprocess import MEAN, STD, centre_crop, normalise
from flowersorter.records import Code, Refused

CROPS = [np.random.default_rng(n).integers(0, 255, (224, 224, 3), dtype=np.uint8) for n in range(3)]


def test_the_prepared_network_is_the_backbone(random_backbone: Backbone) -> None:
    network = Network(random_backbone, choose_device("cpu"))
    found = network(CROPS)
    with torch.inference_mode():
        plain = random_backbone.net(normalise(torch.from_numpy(np.stack(CROPS)).permute(0, 3, 1, 2))).numpy()
    assert found.dtype == np.float32
    assert np.abs(found - plain).max() < 1e-4 * np.abs(plain).max()
    assert (network.sha256, network.feature_space) == (random_backbone.sha256, random_backbone.feature_space)


def test_preparing_it_leaves_the_backbone_alone(random_backbone: Backbone) -> None:
    before = {name: tensor.clone() for name, tensor in random_backbone.net.state_dict().items()}
    Network(random_backbone, choose_device("cpu"))(CROPS)
    after = random_backbone.net.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())


@pytest.mark.parametrize("shape", [(256, 256), (256, 341), (400, 256), (256, 257)])
def test_preprocessing_is_torchvisions(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    tensor = torch.from_numpy(pixels).permute(2, 0, 1)
    theirs = v2.Compose([v2.CenterCrop(224), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
    crop = torch.from_numpy(np.ascontiguousarray(centre_crop(pixels))).permute(2, 0, 1)
    ours = normalise(crop[None])[0]
    wanted = theirs(tensor)
    assert ours.shape == wanted.shape
    offset = (shape[0] - 224) % 2 + (shape[1] - 224) % 2
    assert offset or torch.allclose(ours, wanted, atol=1e-6)


def test_auto_takes_what_works_and_says_why_not_a_gpu() -> None:
    chosen = choose_device("auto")
    if chosen.name == "cpu":
        assert "CUDA" in chosen.reason
        assert "threads" in str(chosen)
    else:
        assert chosen.reason == ""


def test_a_device_that_is_not_there_is_refused_with_the_reason() -> None:
    missing = [
        name
        for name, there in [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())]
        if not there
    ]
    for name in [*missing, "abacus"]:
        with pytest.raises(Refused) as refused:
            choose_device(name)
        assert refused.value.reason.code is Code.DEVICE_UNUSABLE
        assert refused.value.reason.arguments["detail"]


def test_a_gpu_that_runs_no_kernel_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver may be there and the card too old: torch says so at the first kernel only."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)

    def fail(*_: object, **__: object) -> torch.Tensor:
        raise RuntimeError("CUDA error: no kernel image is available\nmore text")

    monkeypatch.setattr(torch.nn.functional, "conv2d", fail)
    monkeypatch.setattr(torch.Tensor, "to", lambda tensor, *_: tensor)
    chosen = choose_device("auto")
    assert chosen.name == "cpu"
    assert "CUDA error: no kernel image is available" in chosen.reason
    assert "more text" not in chosen.reason
    with pytest.raises(Refused):
        choose_device("cuda")


def test_a_gpu_that_calculates_wrongly_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.nn.functional, "conv2d", lambda *_: torch.zeros(1, 4, 14, 14))
    monkeypatch.setattr(torch.Tensor, "to", lambda tensor, *_: tensor)
    assert choose_device("auto").name == "cpu"


def test_only_precisions_that_the_processor_has_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    for able, expected in (
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
        ({}, "float32"),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: able)
        assert precisions("cpu")[0] == expected
    for able, expected in ((True, "bfloat16"), (False, "float16")):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda able=able, **_: able)
        assert precisions("cuda")[0] == expected
    assert {precisions(name)[-1] for name in ("cpu", "cuda", "mps")} == {"float32"}


def test_free_memory_decides_how_many_crops_go_at_once() -> None:
    assert [crops_for(threads) for threads in (1, 2, 4, 8, 64)] == [8, 8, 16, 32, 32]
    assert crops_at_once(0) == 1
    assert crops_at_once(1_000_000_000) < crops_at_once(4_000_000_000) < crops_at_once(80_000_000_000)
    assert crops_at_once(80_000_000_000) == crops_at_once(800_000_000_000)


def test_more_crops_than_fit_are_done_in_parts(random_backbone: Backbone) -> None:
    network = Network(random_backbone, choose_device("cpu"))
    whole = network(CROPS)
    network.batch = 2
    assert np.allclose(network(CROPS), whole, atol=1e-4 * np.abs(whole).max())
    assert network([]).shape == (0, 512)


def test_a_gpu_that_fills_up_meanwhile_gets_smaller_batches(random_backbone: Backbone) -> None:
    network = Network(random_backbone, choose_device("cpu"))
    whole = network(CROPS)
    net, sizes = network._net, []

    def small_gpu(pixels: torch.Tensor) -> torch.Tensor:
        sizes.append(len(pixels))
        if len(pixels) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return net(pixels)

    limit = 1
    network._net = small_gpu
    network.batch = 4
    assert np.allclose(network(CROPS), whole, atol=1e-4 * np.abs(whole).max())
    assert sizes == [3, 2, 1, 1, 1]
    limit = 0
    with pytest.raises(torch.OutOfMemoryError):
        network(CROPS)
