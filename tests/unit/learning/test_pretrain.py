"""The built-in model: nothing leaks, stopping changes nothing, and what is exported is what was measured."""

from __future__ import annotations

import copy
import functools
import hashlib
import json
import math
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file
from support.pictures import SPECIES, draw_flower, save_photo

from flowersorter.learning import pretrain, pretrain_training
from flowersorter.learning.backbone import load_backbone
from flowersorter.learning.bundle import read_model, read_teaching
from flowersorter.learning.calibrate import Calibration
from flowersorter.learning.evaluate import Answer
from flowersorter.learning.head import Head
from flowersorter.learning.preprocess import normalise
from flowersorter.learning.pretrain_batches import HEARD_AS, Crops, Mixer, drawn, seed_chance
from flowersorter.learning.pretrain_export import Filed, best_temperature, export, filed, validation_figures
from flowersorter.learning.pretrain_photos import Photos, Source, load_photos, part_of
from flowersorter.learning.pretrain_start import read_earlier
from flowersorter.learning.pretrain_training import (
    CHECKPOINT_FILE,
    EpochLine,
    Recipe,
    Run,
    another_cycle,
    average_into,
    new_network,
    parameter_groups,
)
from flowersorter.progress import silent
from flowersorter.records import Code, Left, Refused

TWINS = {"tulip": "Tulip", "rose": "Rose"}
TINY = Recipe(epochs=2, batch=32, sides=((0.0, 32), (0.5, 40)), peak_rate=0.02)
CPU = torch.device("cpu")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Small networks spend their time waiting for the other thread."""
    lent = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(lent)


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two labelled folders; `town` writes two species otherwise, and repeats photos of `garden`."""
    folder = tmp_path_factory.mktemp("labelled")
    for species in SPECIES:
        for seed in range(16):
            name = TWINS.get(species, species)
            save_photo(folder / "garden" / name / f"{seed}.jpg", draw_flower(species, seed, (80, 60)))
    for species in TWINS:
        for seed in range(12, 24):
            save_photo(folder / "town" / species / f"again {seed}.jpg", draw_flower(species, seed, (80, 60)))
    return folder / "garden", folder / "town"


@pytest.fixture(scope="module")
def pixels(roots: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with the photos, read."""
    work = tmp_path_factory.mktemp("read")
    load_photos(Source(roots, TWINS), work, silent)
    return work


@pytest.fixture
def work(pixels: Path, tmp_path: Path) -> Path:
    """A work folder of its own for a run."""
    return Path(shutil.copytree(pixels, tmp_path / "work"))


@pytest.fixture
def photos(roots: tuple[Path, Path], work: Path) -> Photos:
    return load_photos(Source(roots, TWINS), work, silent)


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """A run without a stop."""

    run: Run
    lines: list[EpochLine]


@pytest.fixture(scope="module")
def whole(roots: tuple[Path, Path], pixels: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    run = Run(load_photos(Source(roots, TWINS), pixels, silent), TINY, "cpu", "")
    return Whole(run, train(run, tmp_path_factory.mktemp("whole")))


def train(run: Run, work: Path, steps: float = math.inf) -> list[EpochLine]:
    """Train for at most so many steps, without worker processes."""
    lines: list[EpochLine] = []
    asked = iter(range(10**6))
    run.train(work, lambda: next(asked) > steps, lines.append, workers=0)
    return lines


def equal(one: Run, other: Run) -> bool:
    pairs = [(one.net, other.net), (one.averaged, other.averaged)]
    return all(
        torch.equal(tensor, second.state_dict()[name])
        for first, second in pairs
        for name, tensor in first.state_dict().items()
    )


def test_twins_are_one_species_and_every_photo_is_kept(photos: Photos) -> None:
    assert photos.species == ("bluebell", "daisy", "Rose", "sunflower", "Tulip")
    assert len(photos.kept) == 5 * 16 + 2 * 12
    assert {one.root for one in photos.kept if one.species == "Rose"} == {"garden", "town"}


def test_the_same_photo_in_two_folders_lies_in_one_part(photos: Photos) -> None:
    """No leak: the repeated photos are equal files, one of them may not validate what the other teaches."""
    parts: dict[tuple[str, int], set[str]] = {}
    for one in photos.kept:
        seed = int(Path(one.path).stem.removeprefix("again "))
        parts.setdefault((one.species, seed), set()).add(one.part)
    assert len(parts) == 3 * 16 + 2 * 24
    assert {len(found) for found in parts.values()} == {1}
    assert {part for found in parts.values() for part in found} == {"training", "choice", "validation"}


def test_parts_have_their_shares_and_stay_for_ever() -> None:
    parts = [part_of(f"group {number}") for number in range(4000)]
    assert parts == [part_of(f"group {number}") for number in range(4000)]
    assert 0.18 < parts.count("validation") / 4000 < 0.22
    assert 0.04 < parts.count("choice") / 4000 < 0.06


def test_photos_are_read_once_and_again_when_the_source_changes(
    roots: tuple[Path, Path], work: Path, tmp_path: Path
) -> None:
    seen: list[object] = []
    first = load_photos(Source(roots, TWINS), work, seen.append)
    assert seen == []
    without = load_photos(Source(roots, TWINS, without=("daisy",)), work, seen.append)
    assert seen != []
    assert "daisy" not in without.species
    assert without.identity != first.identity


def test_an_unreadable_photo_is_named_and_left_out(roots: tuple[Path, Path], tmp_path: Path) -> None:
    root = Path(shutil.copytree(roots[1], tmp_path / "town"))
    (root / "rose" / "broken.jpg").write_bytes(b"no picture")
    seen: list[object] = []
    photos = load_photos(Source((root,), {}), tmp_path, seen.append)
    left = [event for event in seen if isinstance(event, Left)]
    assert [(one.path.name, one.reason.code) for one in left] == [("broken.jpg", Code.NOT_A_PICTURE)]
    assert len(photos.kept) == 24


def test_training_sees_only_its_own_part(work: Path, photos: Photos, whole: Whole) -> None:
    """Scrambling every other photo changes no weight."""
    scrambled = np.memmap(photos.pixels_file, dtype=np.uint8, mode="r+")
    others = [one for one in photos.kept if one.part != "training"]
    for one in others:
        place = slice(one.offset, one.offset + one.height * one.width * 3)
        scrambled[place] = 255 - scrambled[place]
    scrambled.flush()
    again = Run(photos, TINY, "cpu", "")
    train(again, work)
    assert len(others) > 10
    assert equal(whole.run, again)


def test_training_cannot_even_ask_for_another_part(photos: Photos) -> None:
    crops = Crops(photos.pixels(photos.part("training")), photos.labels(), 32, seed=1, epoch=0)
    with pytest.raises(KeyError):
        crops[photos.part("validation")[0]]


def test_an_epoch_shows_every_photo_and_rare_species_again() -> None:
    labels = np.array([0] * 200 + [1] * 20, dtype=np.int64)
    training = [number for number in range(220) if number % 4]
    orders = [drawn(training, labels, 7, epoch) for epoch in range(3)]
    rare = [number for number in training if labels[number] == 1]
    for order in orders:
        assert set(order) == set(training)
        shown = [number for number in order if labels[number] == 1]
        assert len(shown) == min(2 * len(rare), round(math.sqrt(len(rare) * HEARD_AS)))
        assert len(order) == len(orders[0])
    assert orders[0] != orders[1]
    assert orders[1] == drawn(training, labels, 7, 1)


def test_mixing_keeps_whole_shares_and_uses_all_three_ways() -> None:
    mixer = Mixer(4)
    photos, labels = torch.rand(8, 3, 16, 16), torch.tensor([0, 1, 2, 3] * 2)
    ways = set()
    for step in range(40):
        seed_chance(step)
        mixed, shares = mixer(photos, labels)
        assert mixed.shape == photos.shape
        assert torch.allclose(shares.sum(dim=1), torch.ones(8))
        same = (mixed == photos).float().mean()
        ways.add("none" if same == 1 else "mixup" if same < 0.01 else "cutmix")
    assert ways == {"none", "mixup", "cutmix"}


def test_norms_and_biases_are_not_decayed() -> None:
    net = new_network(5, CPU)
    decayed, others = parameter_groups(net, 0.01)
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    assert decayed["weight_decay"] == 0.01
    assert others["weight_decay"] == 0.0
    kernels = {names[id(parameter)] for parameter in decayed["params"]}
    norms = {names[id(parameter)] for parameter in others["params"]}
    assert kernels | norms == set(names.values())
    assert "fc.weight" in kernels
    assert "fc.bias" in norms
    assert {name for name in kernels if "bn" in name or name.endswith("bias")} == set()


def test_crops_grow_and_the_rate_rises_then_falls_to_nothing() -> None:
    recipe = Recipe()
    assert [recipe.side(epoch) for epoch in (0, 54, 56, 85, 87, 99)] == [112, 112, 128, 128, 160, 160]
    assert recipe.rate(0.0) == 0.0
    assert recipe.rate(recipe.warm_up) == pytest.approx(recipe.peak_rate)
    assert recipe.rate(1.0) == pytest.approx(0.0)


def test_averaged_weights_follow_slowly() -> None:
    averaged, net = new_network(2, CPU), new_network(2, CPU)
    start, target = averaged.fc.weight.detach().clone(), net.fc.weight.detach().clone()
    average_into(averaged, net, 0.9)
    assert torch.allclose(averaged.fc.weight, 0.9 * start + 0.1 * target)
    assert torch.equal(net.fc.weight, target)


def test_a_step_follows_the_mean_gradient_of_both_halves(photos: Photos) -> None:
    run = Run(photos, replace(TINY, mixed_until=0.0, warm_up=0.5), "cpu", "")
    pixels = torch.randint(0, 256, (8, 32, 32, 3), dtype=torch.uint8)
    labels = torch.arange(8) % 5
    shares = torch.nn.functional.one_hot(labels, 5).float()
    gradients = []
    for half in (slice(0, 4), slice(4, 8)):
        net = copy.deepcopy(run.net)
        run._learn((net, normalise(pixels[half].permute(0, 3, 1, 2)), shares[half]))
        gradients.append([parameter.grad for parameter in net.parameters()])
    start = [parameter.detach().clone() for parameter in run.net.parameters()]
    with ThreadPoolExecutor(2) as threads:
        run._step(pixels, labels, threads)
        assert all(map(torch.equal, run.net.parameters(), start))  # the rate rises from nothing
        for parameter, *halves in zip(run.net.parameters(), *gradients, strict=True):
            assert torch.allclose(parameter.grad, torch.stack(halves).mean(dim=0), atol=1e-5)
        run.place.step = 1
        run._step(pixels, labels, threads)
    assert not any(map(torch.equal, run.net.conv1.parameters(), start))
    for own, shared in zip(*(net.parameters() for net in run._halves), strict=True):
        assert torch.equal(own, shared)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_it_learns_in_the_precision_that_the_device_has(
    precision: torch.dtype, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrain_training, "training_type", lambda _name: precision)
    run = Run(photos, TINY, "cpu", "")
    seen = []
    run.net.conv1.register_forward_hook(lambda _module, _inputs, output: seen.append(output.dtype))
    run._learn((run.net, torch.rand(4, 3, 32, 32), torch.eye(5)[:4]))
    assert seen == [precision]


@pytest.mark.parametrize("steps", [2, 5])
def test_a_stopped_run_goes_on_as_if_it_had_not_been(
    steps: int, photos: Photos, work: Path, whole: Whole
) -> None:
    stopped = Run(photos, TINY, "cpu", "first command")
    before = train(stopped, work, steps)
    assert not stopped.finished
    resumed = Run(photos, TINY, "cpu", "second command")
    resumed.load(work)
    after = train(resumed, work)
    assert equal(whole.run, resumed)
    assert resumed.command == "first command"
    assert [line.loss for line in before + after] == [line.loss for line in whole.lines]


def test_a_checkpoint_of_another_recipe_or_other_photos_is_refused(
    photos: Photos, work: Path, roots: tuple[Path, Path], tmp_path: Path
) -> None:
    Run(photos, TINY, "cpu", "").save(work)
    with pytest.raises(Refused):
        Run(photos, Recipe(epochs=3, batch=8), "cpu", "").load(work)
    (tmp_path / "fewer").mkdir()
    fewer = load_photos(Source(roots, TWINS, without=("daisy",)), tmp_path / "fewer", silent)
    with pytest.raises(Refused):
        Run(fewer, TINY, "cpu", "").load(work)


def test_a_loss_that_is_no_number_spoils_no_checkpoint(photos: Photos, work: Path) -> None:
    run = Run(photos, TINY, "cpu", "")
    run.save(work)
    before = (work / CHECKPOINT_FILE).read_bytes()
    with torch.no_grad():
        run.net.fc.bias.fill_(math.nan)
    with pytest.raises(FloatingPointError):
        train(run, work)
    assert (work / CHECKPOINT_FILE).read_bytes() == before


def test_figures_count_each_folder_and_species(photos: Photos) -> None:
    kept = [photos.kept[number] for number in photos.part("validation")]
    answers = [
        Answer(Path(one.path), one.species, one.species, 0.9, str(number), in_top3=True)
        for number, one in enumerate(kept)
    ]
    other = next(name for name in photos.species if name != kept[0].species)
    answers[0] = replace(answers[0], guess=other)
    figures = validation_figures(photos, answers)
    assert sum(part["photos"] for part in figures["validation"].values()) == len(kept)
    first = figures["validation"][kept[0].root]
    assert first["top1"] == pytest.approx(1 - 1 / first["photos"])
    assert first["top3"] == 1.0
    assert figures["confusions"] == [{"label": kept[0].species, "answer": other, "photos": 1}]
    own = figures["per_species"][photos.species.index(kept[0].species)]
    assert own["top1"] == pytest.approx(1 - 1 / own["photos"])
    assert sum(one["training"] for one in figures["per_species"]) == len(photos.part("training"))


def test_what_is_filed_counts_no_stranger_and_nothing_without_a_promise() -> None:
    answers = [
        Answer(Path("x"), "rose", "rose", 0.9, "0", in_top3=True),
        Answer(Path("x"), "rose", "daisy", 0.9, "1", in_top3=True),
        Answer(Path("x"), "rose", "daisy", 0.9, "2", in_top3=True, stranger=True),
        Answer(Path("x"), "rose", "daisy", 0.1, "3", in_top3=True),
    ]
    sure = np.full(400, 0.8, np.float32)
    sound = Calibration(sure, np.ones(400, np.bool_), np.arange(400))
    assert filed(answers, sound, 2.0) == Filed(2.0, 2, 1)
    unsound = Calibration(sure, np.zeros(400, np.bool_), np.arange(400))
    assert filed(answers, unsound, 2.0) == Filed(2.0, 0, 0)


@pytest.fixture(scope="module")
def exported(whole: Whole, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of a whole run."""
    folder = tmp_path_factory.mktemp("exported") / "model"
    export(whole.run, folder, silent)
    return folder


def test_another_cycle_begins_at_the_weights_of_the_model(
    photos: Photos, exported: Path, whole: Whole
) -> None:
    earlier = read_earlier(exported)
    recipe = another_cycle(earlier.info.backbone_sha256)
    run = Run(photos, replace(recipe, epochs=2, batch=32, sides=((0.0, 32),)), "cpu", "", earlier)
    for net in (run.net, run.averaged):
        for name, tensor in net.named_parameters():
            learned = whole.run.averaged.get_parameter(name)
            assert torch.allclose(tensor, learned if name.startswith("fc.") else learned.half().float())


def test_the_model_is_as_sure_as_it_is_right_and_answers_alike(exported: Path, whole: Whole) -> None:
    head = read_model(exported).head
    told = json.loads((exported / "figures.json").read_text("utf-8"))
    learned = whole.run.averaged.get_parameter("fc.weight").detach().numpy()
    assert told["temperature"] != 1.0
    assert np.allclose(head.weight, learned / told["temperature"], rtol=1e-5)
    assert f"divided by {told['temperature']:.2f}" in (exported / "README.md").read_text("utf-8")


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_temperature_is_found_again(temperature: float) -> None:
    """Labels drawn with a head's own confidences fit it best; at another temperature they lead back to it."""
    chance = np.random.default_rng(3)
    weight, bias = (
        chance.normal(0, size, shape).astype(np.float32) for size, shape in ((0.1, (4, 512)), (1, 4))
    )
    honest = Head(("a", "b", "c", "d"), weight, bias, root=False)
    features = chance.random((2000, 512), dtype=np.float32)
    labels = np.array([chance.choice(4, p=row) for row in honest.predict(features)])
    found = best_temperature(honest.tempered(1 / temperature), features, labels)
    assert found == pytest.approx(temperature, rel=0.15)


def test_the_model_that_a_cycle_begins_at_teaches_it(photos: Photos, exported: Path) -> None:
    """The labels lie half way between the species, smoothed, and what the model answers to the same crops."""
    earlier = read_earlier(exported)
    run = Run(photos, replace(TINY, distilled=0.5), "cpu", "", earlier)
    crops = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    shares = torch.eye(len(photos.species))[:4]
    labels = run._labels(crops, shares)
    model = new_network(len(photos.species), CPU)
    model.load_state_dict(earlier.state)
    with torch.no_grad():
        answers = model.eval()(crops).softmax(dim=1)
    smooth = 0.9 * shares + 0.1 / len(photos.species)
    assert torch.allclose(labels, (smooth + answers) / 2, atol=0.02)  # the teacher may answer in bfloat16
    assert not torch.allclose(answers, smooth, atol=0.1)
    by_species_alone = Run(photos, TINY, "cpu", "", earlier)._labels(crops, shares)
    assert torch.allclose(by_species_alone, smooth)


def test_a_model_of_other_species_or_made_otherwise_is_no_start(
    photos: Photos, exported: Path, roots: tuple[Path, Path], tmp_path: Path
) -> None:
    fewer = load_photos(Source(roots, TWINS, without=("daisy",)), tmp_path, silent)
    with pytest.raises(Refused):
        Run(fewer, TINY, "cpu", "", read_earlier(exported))
    taught = Path(shutil.copytree(exported, tmp_path / "taught"))
    manifest = json.loads((taught / "manifest.json").read_text("utf-8"))
    (taught / "manifest.json").write_text(json.dumps({**manifest, "method": "head"}), "utf-8")
    with pytest.raises(Refused):
        read_earlier(taught)


def test_the_card_tells_of_both_cycles(photos: Photos, exported: Path, work: Path, tmp_path: Path) -> None:
    earlier = read_earlier(exported)
    recipe = replace(another_cycle(earlier.info.backbone_sha256), epochs=1, batch=32, sides=((0.0, 32),))
    run = Run(photos, recipe, "cpu", "the second command", earlier)
    train(run, work)
    told = export(run, tmp_path / "model", silent)
    assert told["before"]["recipe"]["epochs"] == TINY.epochs
    assert read_model(tmp_path / "model").info.version == 2
    page = (tmp_path / "model" / "README.md").read_text("utf-8")
    assert page.index("the second command") < page.index("began at were made so") < page.index("epochs=2")


def test_an_unfinished_run_is_not_exported(photos: Photos, work: Path, tmp_path: Path) -> None:
    """Nobody can look at the validation part while there is still something to choose."""
    with pytest.raises(Refused):
        export(Run(photos, TINY, "cpu", ""), tmp_path / "model", silent)
    assert not (tmp_path / "model").exists()


def test_the_command_trains_stops_resumes_and_exports(
    roots: tuple[Path, Path],
    work: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(pretrain, "Recipe", functools.partial(Recipe, batch=32, sides=((0.0, 32),)))
    monkeypatch.setattr(pretrain.signal, "signal", lambda *_: None)
    twins = tmp_path / "twins.json"
    twins.write_text(json.dumps(TWINS), "utf-8")
    model = tmp_path / "model"
    first = [*map(str, roots), "--twins", str(twins), "--work", str(work), "--epochs", "2", "--seed", "5"]
    first += ["--sides", "40"]
    assert pretrain.main([*first, "--minutes", "0"]) == 0
    assert pretrain.main(first) == 2  # it would begin again over the checkpoint
    assert "--resume" in capsys.readouterr().err
    assert pretrain.main([*first, "--resume", "--export", str(model)]) == 0

    lines = [json.loads(line) for line in (work / pretrain.LOG_FILE).read_text("utf-8").splitlines()]
    assert [(line["epoch"], line["side"]) for line in lines] == [(1, 40), (2, 40)]
    exported = read_model(model)
    assert exported.info.species == ("bluebell", "daisy", "Rose", "sunflower", "Tulip")
    assert load_backbone(model / "backbone.safetensors").sha256 == exported.info.backbone_sha256
    assert load_file(model / "backbone.safetensors")["conv1.weight"].dtype == torch.float16
    assert exported.strangers is not None
    figures = json.loads((model / "figures.json").read_text("utf-8"))
    assert figures["recipe"]["seed"] == 5
    assert figures["command"].endswith("--seed 5 --sides 40 --minutes 0")
    counted = sum(part["photos"] for part in figures["validation"].values())
    assert counted == figures["photos"]["validation"] == exported.figures["photos"]
    page = (model / "README.md").read_text("utf-8")
    assert figures["command"] in page
    assert all(f"| {species} |" in page for species in exported.info.species)

    # every photo of the training part is known to have taught it; the few that stay only teach
    kept = load_photos(Source(roots, TWINS), work, silent)
    taught = {file_digest(kept.kept[number].path) for number in kept.part("training")}
    choice = {file_digest(kept.kept[number].path) for number in kept.part("choice")}
    teaching = read_teaching(model)
    assert teaching is not None
    stay = {teaching.digests[place] for place in teaching.corrected}
    assert stay <= taught
    assert set(teaching.digests) - stay == choice
    assert set(teaching.others) == taught - stay


def file_digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@pytest.mark.parametrize("wish", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_to_stop(wish: signal.Signals) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        stop = pretrain._stopper(None)
        assert not stop()
        signal.raise_signal(wish)
        assert stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_two_runs_do_not_share_a_work_folder(
    roots: tuple[Path, Path], work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FileLock(work / "lock"):
        assert pretrain.main([*map(str, roots), "--work", str(work)]) == 2
    assert "another run" in capsys.readouterr().err
    assert not (work / CHECKPOINT_FILE).exists()
