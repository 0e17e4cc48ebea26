"""The plain recipe: frozen layers are frozen, and the same seed gives the same model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.labels import digest_of
from support.pictures import SPECIES, draw_flower, save_photo
from support.reading import HerePool

from flowersorter.learning import recipe
from flowersorter.learning.augment import random_view
from flowersorter.learning.backbone import Backbone
from flowersorter.learning.devices import choose_device
from flowersorter.learning.evaluate import Epoch
from flowersorter.learning.fitting import Examples
from flowersorter.learning.lesson import Learned, Lesson
from flowersorter.learning.recipe import frozen_with_new_layer, learn_by_recipe
from flowersorter.progress import Cancelled, Progress, Stage, silent
from flowersorter.records import Code, Refused

NAMES = SPECIES[:2]


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    folder = tmp_path_factory.mktemp("lesson")
    paths = tuple(
        save_photo(folder / f"{species}{number}.jpg", draw_flower(species, number, size=(80, 60)))
        for species in NAMES
        for number in range(5)
    )
    features = np.random.default_rng(0).random((10, 512)).astype(np.float32)
    digests = tuple(digest_of(number) for number in range(10))
    folds = np.array([0, 1, 2, 3, 4] * 2)
    return Lesson(
        paths, digests, Examples(features, np.repeat([0, 1], 5), NAMES), digests, folds, given=False
    )


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "BATCH", 4)


def run(lesson: Lesson, backbone: Backbone, seed: int = 1, epochs: int = 2, report=None) -> Learned:
    cpu = choose_device("cpu")
    events = report or silent
    return learn_by_recipe(lesson, backbone, cpu, HerePool(), seed, events, epochs)  # type: ignore[arg-type]


def test_training_changes_nothing_in_the_frozen_layers(
    lesson: Lesson, random_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither weights nor the running statistics of batch norm, which training mode would change."""
    trained: list[torch.nn.Module] = []

    def spy(backbone: Backbone, classes: int) -> tuple[torch.nn.Module, torch.nn.Linear]:
        net, layer = frozen_with_new_layer(backbone, classes)
        trained.extend([net, layer])
        before.update({name: tensor.clone() for name, tensor in net.state_dict().items()})
        return net, layer

    before: dict[str, torch.Tensor] = {}
    monkeypatch.setattr(recipe, "frozen_with_new_layer", spy)
    run(lesson, random_backbone)
    after = trained[0].state_dict()
    changed = {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    assert changed == {"fc.weight", "fc.bias"}
    assert any(name.endswith("running_mean") for name in before)


def test_the_articles_settings() -> None:
    assert (recipe.EPOCHS, recipe.LEARNING_RATE, recipe.MOMENTUM) == (10, 0.001, 0.9)


def test_only_the_new_layer_learns(random_backbone: Backbone) -> None:
    net, layer = frozen_with_new_layer(random_backbone, 7)
    learning = [name for name, parameter in net.named_parameters() if parameter.requires_grad]
    assert learning == ["fc.weight", "fc.bias"]
    assert layer.weight.shape == (7, 512)


def test_every_photo_is_decoded_in_every_epoch(lesson: Lesson, random_backbone: Backbone) -> None:
    pool = HerePool()
    learn_by_recipe(lesson, random_backbone, choose_device("cpu"), pool, 1, silent, 3)  # type: ignore[arg-type]
    assert sorted(pool.decoded) == sorted(lesson.paths * 3)


def test_epochs_and_batches_are_reported(lesson: Lesson, random_backbone: Backbone) -> None:
    events: list[object] = []
    result = run(lesson, random_backbone, report=events.append)
    assert [event for event in events if isinstance(event, Epoch)] == list(result.epochs)
    assert len(result.epochs) == 2
    assert all(epoch.val_accuracy is not None for epoch in result.epochs)
    done = [event.done for event in events if isinstance(event, Progress)]
    assert done == sorted(done)
    assert events[-2] == Progress(Stage.TRAINING, 20, 20)


def test_the_answers_are_those_of_the_held_back_part(lesson: Lesson, random_backbone: Backbone) -> None:
    result = run(lesson, random_backbone)
    assert [answer.path for answer in result.answers] == [lesson.paths[0], lesson.paths[5]]
    assert result.digests == (lesson.digests[0], lesson.digests[5])
    assert not result.head.root


def test_one_seed_one_model(lesson: Lesson, random_backbone: Backbone) -> None:
    state = torch.random.get_rng_state()
    one, other, different = (run(lesson, random_backbone, seed, epochs=1) for seed in (1, 1, 2))
    assert np.array_equal(one.head.weight, other.head.weight)
    assert not np.array_equal(one.head.weight, different.head.weight)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_cancelling_stops_within_a_batch(lesson: Lesson, random_backbone: Backbone) -> None:
    """Promise 16."""

    def cancel(event: object) -> None:
        if isinstance(event, Progress) and event.done >= 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(lesson, random_backbone, report=cancel)


def test_a_photo_that_went_is_not_taught(lesson: Lesson, random_backbone: Backbone, tmp_path: Path) -> None:
    paths = (tmp_path / "gone.jpg", *lesson.paths[1:-1], tmp_path / "gone too.jpg")
    gone = Lesson(paths, lesson.digests, lesson.examples, lesson.groups, lesson.folds, given=False)
    assert len(run(gone, random_backbone, epochs=1).epochs) == 1


def test_nothing_left_to_teach_is_refused(lesson: Lesson, random_backbone: Backbone) -> None:
    held_back = Lesson(
        lesson.paths, lesson.digests, lesson.examples, lesson.groups, np.zeros(10, np.int64), given=False
    )
    with pytest.raises(Refused) as refused:
        run(held_back, random_backbone)
    assert refused.value.reason.code is Code.TOO_FEW_PHOTOS


def test_views_are_random_parts_of_the_photo() -> None:
    pixels = torch.randint(0, 255, (3, 256, 300), dtype=torch.uint8)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        one, other = random_view(pixels), random_view(pixels)
        torch.manual_seed(0)
        again = random_view(pixels)
    assert one.shape == (3, 224, 224)
    assert one.dtype == torch.uint8
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_a_photo_that_the_layers_learned_is_in_no_figure(lesson: Lesson, random_backbone: Backbone) -> None:
    result = run(replace(lesson, corrected=frozenset({0})), random_backbone, epochs=1)
    assert [answer.path for answer in result.answers] == [lesson.paths[5]]
