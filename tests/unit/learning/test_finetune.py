"""Learning more deeply: only the last layers change, as long as it helps, and the figures stay true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.labels import digest_of
from support.pictures import SPECIES, draw_flower, save_photo
from support.reading import HerePool

from flowersorter.learning import finetune
from flowersorter.learning.backbone import Backbone
from flowersorter.learning.devices import choose_device
from flowersorter.learning.evaluate import Epoch
from flowersorter.learning.features import Seen
from flowersorter.learning.finetune import (
    Deepened,
    learn_deeply,
    learned_on,
    parts_of,
    with_features,
)
from flowersorter.learning.finetune_time import seconds_needed
from flowersorter.learning.fitting import Examples
from flowersorter.learning.learner import Depth, Tally
from flowersorter.learning.lesson import Lesson
from flowersorter.progress import Cancelled, Progress, Stage, silent
from flowersorter.records import Code, Refused

NAMES = SPECIES[:2]
PHOTOS = 20  # ten of each species
SMALL = Depth(epochs=2, views=2, batch=8)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    folder = tmp_path_factory.mktemp("lesson")
    paths = tuple(
        save_photo(folder / f"{species}{number}.jpg", draw_flower(species, number, size=(80, 60)))
        for species in NAMES
        for number in range(PHOTOS // 2)
    )
    features = np.random.default_rng(0).random((PHOTOS, 512)).astype(np.float32)
    digests = tuple(digest_of(number) for number in range(PHOTOS))
    folds = np.arange(PHOTOS) % 5
    labels = np.repeat([0, 1], PHOTOS // 2)
    return Lesson(paths, digests, Examples(features, labels, NAMES), digests, folds, given=False)


@pytest.fixture(autouse=True)
def watch_every_fourth(monkeypatch: pytest.MonkeyPatch, lesson: Lesson) -> None:
    """Twenty photos are too few for the hash to deal each part some of both species."""
    watched = set(lesson.groups[1::4])

    def deal(group: str, seed: int) -> int:
        return 0 if group in watched else 4

    monkeypatch.setattr(finetune, "fold_of", deal)


def run(
    lesson: Lesson, backbone: Backbone, folder: Path, seed: int = 1, report=silent, depth=SMALL
) -> Deepened:
    pool = HerePool()
    return learn_deeply(lesson, backbone, choose_device("cpu"), pool, folder, seed, report, depth)  # type: ignore[arg-type]


@pytest.mark.parametrize(("layers", "learning"), [(1, {"layer4"}), (2, {"layer3", "layer4"})])
def test_only_the_last_layers_change_and_no_statistics(
    lesson: Lesson, random_backbone: Backbone, tmp_path: Path, layers: int, learning: set[str]
) -> None:
    before = {name: tensor.clone() for name, tensor in random_backbone.net.state_dict().items()}
    depth = replace(SMALL, layers=layers, patience=9, layer_rate=1e-5)
    deepened = run(lesson, random_backbone, tmp_path, depth=depth)
    after = deepened.backbone.net.state_dict()
    changed = {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}
    assert {name.split(".")[0] for name in changed} == learning
    assert not any("running" in name for name in changed)
    assert deepened.backbone.sha256 != random_backbone.sha256
    unharmed = random_backbone.net.state_dict()
    assert all(torch.equal(tensor, unharmed[name]) for name, tensor in before.items())


def test_what_does_not_help_is_not_kept(lesson: Lesson, random_backbone: Backbone, tmp_path: Path) -> None:
    """Steps that are far too large make it worse: it stops early, and the network is the one it was."""
    wild = replace(SMALL, epochs=9, patience=1, layer_rate=10.0, head_rate=10.0)
    deepened = run(lesson, random_backbone, tmp_path, depth=wild)
    assert len(deepened.epochs) == 2
    assert deepened.backbone.sha256 == random_backbone.sha256


def test_epochs_and_batches_are_reported(lesson: Lesson, random_backbone: Backbone, tmp_path: Path) -> None:
    events: list[object] = []
    deepened = run(lesson, random_backbone, tmp_path, report=events.append, depth=replace(SMALL, patience=9))
    assert [event for event in events if isinstance(event, Epoch)] == list(deepened.epochs)
    assert len(deepened.epochs) == 2
    assert all(epoch.val_loss is not None for epoch in deepened.epochs)
    counted = [event for event in events if isinstance(event, Progress) and event.total is not None]
    assert [event.done for event in counted] == sorted(event.done for event in counted)
    total = 2 * 12 + 4 + 2 * 12  # views of 12 learning and 4 watching photos, then two epochs
    assert counted[-1] == Progress(Stage.TRAINING, total, total)


def test_one_seed_one_network(lesson: Lesson, random_backbone: Backbone, tmp_path: Path) -> None:
    state = torch.random.get_rng_state()
    once = replace(SMALL, epochs=1, layer_rate=1e-5)
    one, other, different = (run(lesson, random_backbone, tmp_path, seed, depth=once) for seed in (1, 1, 2))
    assert one.backbone.sha256 == other.backbone.sha256
    assert one.epochs != different.epochs
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("batches", [0, 2, 5])
def test_cancelling_stops_at_the_next_batch_and_leaves_no_file(
    lesson: Lesson, random_backbone: Backbone, tmp_path: Path, batches: int
) -> None:
    """Promise 16."""
    seen: list[int] = []

    def cancel(event: object) -> None:
        if isinstance(event, Progress) and event.done > sum(seen):
            seen.append(event.done - sum(seen))
            if len(seen) > batches:
                raise Cancelled

    with pytest.raises(Cancelled):
        run(lesson, random_backbone, tmp_path, report=cancel)
    assert len(seen) == batches + 1
    assert not list(tmp_path.iterdir())


def test_without_room_for_views_it_computes_them_anew(
    lesson: Lesson, random_backbone: Backbone, tmp_path: Path
) -> None:
    pool = HerePool()
    missing = tmp_path / "no such folder"
    cpu = choose_device("cpu")
    deepened = learn_deeply(lesson, random_backbone, cpu, pool, missing, 1, silent, SMALL)  # type: ignore[arg-type]
    assert len(deepened.epochs) == 2
    # every learning photo in each epoch; the watched ones before the first epoch and after each
    assert len(pool.decoded) == 2 * 12 + 3 * 4


def test_no_photo_serves_two_sides(lesson: Lesson) -> None:
    parts = parts_of(lesson)
    assert (parts.learning.sum(), parts.watching.sum(), parts.held_back.sum()) == (12, 4, 4)
    assert (parts.learning ^ parts.watching ^ parts.held_back).all()


def test_nothing_left_to_learn_from_is_refused(lesson: Lesson) -> None:
    with pytest.raises(Refused) as refused:
        parts_of(replace(lesson, folds=np.zeros(PHOTOS, np.int64)))
    assert refused.value.reason.code is Code.TOO_FEW_PHOTOS


def test_the_held_back_fold_is_answered_and_the_head_knows_every_species(
    lesson: Lesson, random_backbone: Backbone
) -> None:
    separable = np.ones((PHOTOS, 512), np.float32)
    separable[lesson.examples.labels == 1, :256] = 3.0
    told = replace(lesson, examples=Examples(separable, lesson.examples.labels, NAMES))
    learned = learned_on(told, parts_of(told), Deepened(random_backbone, ()), silent)
    held_back = {lesson.paths[place] for place in np.flatnonzero(lesson.folds == 0)}
    assert {answer.path for answer in learned.answers} == held_back
    places = [lesson.paths.index(answer.path) for answer in learned.answers]
    assert learned.digests == tuple(lesson.digests[place] for place in places)
    assert learned.reported == learned.answers
    assert all(answer.correct for answer in learned.answers)
    assert learned.head.root


def test_a_photo_that_went_changes_no_sides(lesson: Lesson) -> None:
    seen = [Seen(path, features=np.full(512, place, np.float32)) for place, path in enumerate(lesson.paths)]
    seen[3] = Seen(lesson.paths[3])
    again = with_features(replace(lesson, corrected=frozenset({1, 3, 5})), seen)
    assert again.corrected == {1, 4}
    assert again.digests == (*lesson.digests[:3], *lesson.digests[4:])
    assert len(again.paths) == len(again.groups) == PHOTOS - 1
    assert lesson.paths[3] not in again.paths
    assert again.examples.features[3, 0] == 4.0
    assert again.folds.tolist() == np.delete(lesson.folds, 3).tolist()


def test_rates_rise_and_then_fall() -> None:
    depth = Depth(warm_up=0.1)
    shares = [depth.share(done) for done in (0.0, 0.05, 0.1, 0.5, 1.0)]
    assert shares[0] == shares[-1] == 0.0
    assert shares[1] == 0.5
    assert shares[2] == 1.0 > shares[3] > 0.0


def test_blunt_answers_are_compared_at_their_best_sharpness() -> None:
    labels = torch.tensor([0, 1, 0, 0])
    scores = torch.tensor([[2.0, -2.0], [-2.0, 2.0], [1.0, -1.0], [-0.5, 0.5]])
    sharp, blunt, none = Tally(), Tally(), Tally()
    sharp.add(torch.tensor(1.0), scores, labels)
    blunt.add(torch.tensor(2.0), scores / 2, labels)
    assert sharp.sharpened_loss() == pytest.approx(blunt.sharpened_loss())
    assert (sharp.means(), blunt.means()) == ((1.0, 0.75), (2.0, 0.75))
    assert none.sharpened_loss() is None


def test_the_time_is_told_from_real_photos(lesson: Lesson, random_backbone: Backbone, tmp_path: Path) -> None:
    def needed(photos: int) -> float:
        paths, cpu = list(lesson.paths[:4]), choose_device("cpu")
        pool = HerePool()
        return seconds_needed(paths, photos, 2, random_backbone, cpu, pool, tmp_path, silent, SMALL)  # type: ignore[arg-type]

    assert 0 < needed(10) < needed(10_000)


def test_the_time_cannot_be_told_from_photos_that_nobody_can_read(
    random_backbone: Backbone, tmp_path: Path
) -> None:
    cpu, pool = choose_device("cpu"), HerePool()
    with pytest.raises(Refused) as refused:
        seconds_needed([tmp_path / "gone.jpg"], 1, 2, random_backbone, cpu, pool, tmp_path, silent, SMALL)  # type: ignore[arg-type]
    assert refused.value.reason.code is Code.NO_PHOTOS


def test_a_photo_that_the_layers_learned_is_in_no_figure(lesson: Lesson, random_backbone: Backbone) -> None:
    held_back = np.flatnonzero(lesson.folds == 0)
    told = replace(lesson, corrected=frozenset({int(held_back[0])}))
    learned = learned_on(told, parts_of(told), Deepened(random_backbone, ()), silent)
    assert {answer.path for answer in learned.answers} == {lesson.paths[place] for place in held_back[1:]}
