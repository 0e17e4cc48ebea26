"""The heat map says where the score comes from; likeness finds what is alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.pictures import draw_flower
from torch import nn

from flowersorter.learning.backbone import Backbone
from flowersorter.learning.explain import activations, heat_map, likeness
from flowersorter.learning.head import Head
from flowersorter.learning.network import Network
from flowersorter.learning.preprocess import centre_crop

SPECIES = ("rose", "tulip", "daisy")


def head_on(channels: dict[str, int], *, root: bool) -> Head:
    """A head in which one channel speaks for each of these species."""
    weight = np.zeros((len(SPECIES), 512), np.float32)
    for species, channel in channels.items():
        weight[SPECIES.index(species), channel] = 2.0
    return Head(SPECIES, weight, np.array([0.3, -0.2, 0.0], np.float32), root)


def random_maps(seed: int = 0) -> np.ndarray:
    return np.maximum(np.random.default_rng(seed).normal(size=(512, 7, 7)), 0).astype(np.float32)


@pytest.mark.parametrize("root", [True, False])
def test_the_corner_that_matters_is_the_hot_one(root: bool) -> None:
    maps = np.zeros((512, 7, 7), np.float32)
    maps[5, 0, 6] = 3.0  # top right: a rose
    maps[9, 6, 0] = 3.0  # bottom left: a tulip
    head = head_on({"rose": 5, "tulip": 9}, root=root)
    rose, tulip = heat_map(maps, head, "rose"), heat_map(maps, head, "tulip")
    assert rose.shape == (224, 224)
    assert rose.dtype == np.float32
    assert rose.max() == 1.0
    assert rose.min() >= 0.0
    assert rose[:40, -40:].mean() > 0.5
    assert rose[64:].max() == 0.0
    assert rose[:, :160].max() == 0.0
    assert tulip[-40:, :40].mean() > 0.5
    assert tulip[:160].max() == 0.0


@pytest.mark.parametrize("root", [True, False])
def test_the_places_add_up_to_the_score(root: bool) -> None:
    """For a linear head the mean over the places is the score; for a head on roots it is half of it."""
    maps = random_maps()
    weight = np.random.default_rng(1).normal(size=(3, 512)).astype(np.float32)
    weight -= weight.mean(axis=0)
    features = maps.mean(axis=(1, 2))
    seen = np.sqrt(features) if root else features
    inner = weight[0] / (2 * np.sqrt(features)) if root else weight[0]
    places = np.einsum("f,fhw->hw", inner, maps)
    assert places.mean() == pytest.approx((0.5 if root else 1.0) * float(weight[0] @ seen), rel=1e-4)
    heat = heat_map(maps, Head(SPECIES, weight, np.zeros(3, np.float32), root), "rose")
    coarse = heat.reshape(7, 32, 7, 32).mean(axis=(1, 3))
    assert np.corrcoef(coarse.ravel(), np.maximum(places, 0).ravel())[0, 1] > 0.95


@pytest.mark.parametrize("root", [True, False])
def test_the_root_heads_weights_are_the_gradient_of_the_score(root: bool) -> None:
    """Grad-CAM's weights, taken by autograd, give the same map."""
    maps = torch.tensor(random_maps(2) + 0.01, dtype=torch.float64, requires_grad=True)
    weight = np.random.default_rng(3).normal(size=(3, 512)).astype(np.float32)
    weight -= weight.mean(axis=0)
    features = maps.mean(dim=(1, 2))
    (torch.tensor(weight[1], dtype=torch.float64) @ (features.sqrt() if root else features)).backward()
    assert maps.grad is not None
    gradient = (maps.grad.sum(dim=(1, 2))[:, None, None] * maps.detach()).sum(dim=0).relu()
    heat = heat_map(
        maps.detach().float().numpy(), Head(SPECIES, weight, np.zeros(3, np.float32), root), "tulip"
    )
    coarse = heat.reshape(7, 32, 7, 32).mean(axis=(1, 3))
    assert np.corrcoef(coarse.ravel(), gradient.numpy().ravel())[0, 1] > 0.95


def test_what_every_species_gets_alike_says_nothing() -> None:
    maps = random_maps()
    head = head_on({"rose": 5}, root=True)
    shifted = Head(SPECIES, head.weight + 3.0, head.bias, head.root)
    np.testing.assert_allclose(heat_map(maps, head, "rose"), heat_map(maps, shifted, "rose"), atol=1e-4)


def test_where_nothing_speaks_for_it_nothing_is_hot() -> None:
    heat = heat_map(np.zeros((512, 7, 7), np.float32), head_on({"rose": 5}, root=True), "rose")
    assert heat.max() == 0.0
    assert np.isfinite(heat).all()


def test_the_mean_of_the_activations_are_the_features(random_backbone: Backbone) -> None:
    from flowersorter.learning.devices import choose_device

    crop = centre_crop(np.asarray(draw_flower("rose", 1, size=(341, 256))))
    maps = activations(random_backbone.net, crop)
    assert maps.shape == (512, 7, 7)
    network = Network(random_backbone, choose_device("cpu"))
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), network([crop])[0], rtol=1e-3, atol=1e-3)


def test_a_network_that_sees_a_corner_only_is_explained_by_that_corner() -> None:
    """From pixels to heat: this network's one feature is how bright a place is."""

    class Brightness(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stage = nn.AvgPool2d(32)
            self.spread = _Spread()
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.fc = nn.Identity()

    crop = np.zeros((224, 224, 3), np.uint8)
    crop[:64, :64] = 255
    heat = heat_map(activations(Brightness(), crop), head_on({"daisy": 0}, root=True), "daisy")
    hottest = np.unravel_index(heat.argmax(), heat.shape)
    assert max(hottest) < 64
    assert heat[112:, 112:].max() < 0.01


class _Spread(nn.Module):
    """Brightness from 0 on in the first of 512 channels."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        maps = torch.zeros(len(pixels), 512, *pixels.shape[2:])
        brightness = pixels.mean(dim=1)
        maps[:, 0] = brightness - brightness.min()
        return maps


def test_likeness_is_the_cosine() -> None:
    dice = np.random.default_rng(0)
    taught = dice.random((5000, 512)).astype(np.float16)
    features = taught[4321].astype(np.float32)
    cosines = likeness(taught, 2 * features)
    assert int(cosines.argmax()) == 4321
    assert cosines[4321] == pytest.approx(1.0, abs=1e-5)
    one = taught[7].astype(np.float64)
    expected = one @ features / np.linalg.norm(one) / np.linalg.norm(features)
    assert cosines[7] == pytest.approx(expected, abs=1e-5)
    assert likeness(np.zeros((2, 512), np.float16), features).tolist() == [0.0, 0.0]
