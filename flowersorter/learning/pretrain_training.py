"""Train a ResNet-18 from random numbers: the recipe, the loop, and the checkpoint it goes on from.

Each batch is cut in halves that two threads learn from, each with a network of its own over the same
weights. Two threads inside every operation, torch's own way, wait for each other some hundred times a
step: where other programs use the cores too, that takes three times as long.
"""

from __future__ import annotations

import copy
import io
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.models import resnet18

from flowersorter.learning.devices import DeviceName, training_type
from flowersorter.learning.preprocess import normalise
from flowersorter.learning.pretrain_batches import Crops, Mixer, batches, drawn, seed_chance
from flowersorter.learning.pretrain_photos import Photos
from flowersorter.learning.pretrain_start import Earlier
from flowersorter.learning.side_by_side import single_threads
from flowersorter.own_files import write_whole
from flowersorter.records import Code, Refused

CHECKPOINT_FILE: Final = "checkpoint.pt"
SAVE_SECONDS: Final = 240.0
HALVES: Final = 2  # part of the recipe: batch norm sees half a batch
CHOICE_CROP: Final = 176  # pixels, cut from the middle of the cached photos for the curves


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what comes out, beside the photos. Shares are of the whole run."""

    seed: int = 42
    epochs: int = 100
    batch: int = 64
    # pixels, each from this share on
    sides: tuple[tuple[float, int], ...] = ((0.0, 112), (0.55, 128), (0.86, 160))
    peak_rate: float = 0.1
    warm_up: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 5e-4
    smoothing: float = 0.1  # of labels; Szegedy et al. 2016, arXiv:1512.00567
    mixed_until: float = 0.86
    averaged_every: int = 5  # steps
    averaging: float = 0.97  # of the averaged weights that stay at each such step
    start: str = ""  # sha256 of the weights that it began at; none: random numbers
    distilled: float = 0.0  # share of a label that is what the weights of the start answer to the same crop

    def side(self, epoch: int) -> int:
        """The side of the crops of an epoch, pixels."""
        return [side for start, side in self.sides if epoch >= start * self.epochs][-1]

    def rate(self, share: float) -> float:
        """The learning rate after this share of the run: up in a line, then half a cosine down."""
        if share < self.warm_up:
            return self.peak_rate * share / self.warm_up
        return self.peak_rate * (1 + math.cos(math.pi * (share - self.warm_up) / (1 - self.warm_up))) / 2


def another_cycle(start: str) -> Recipe:
    """The recipe to go on from finished weights: half the rate, and labels that are half what these answer.

    So each cycle teaches the next one: snapshot distillation, Yang et al. 2019, arXiv:1812.00123.
    """
    return Recipe(
        epochs=48,
        sides=((0.0, 112), (0.5, 128), (0.85, 160)),
        peak_rate=0.05,
        mixed_until=0.85,
        start=start,
        distilled=0.5,
    )


@dataclass(slots=True)
class Place:
    """Where a run is: the epoch, how many of its batches are done, and the sum of their losses."""

    epoch: int = 0
    step: int = 0
    loss: float = 0.0


@dataclass(frozen=True, slots=True)
class EpochLine:
    """One line of the log. Top-1 and top-3 are shares of the choice part, by the averaged weights."""

    epoch: int
    side: int
    rate: float
    loss: float
    choice_loss: float
    choice_top1: float
    choice_top3: float
    photos_per_second: float
    finished: str  # time of day, UTC


class Run:
    """A network in training, its averaged twin, and everything needed to go on later."""

    def __init__(
        self,
        photos: Photos,
        recipe: Recipe,
        device: DeviceName,
        command: str,
        before: Earlier | None = None,
    ) -> None:
        self.photos, self.recipe, self.command, self.before = photos, recipe, command, before
        self.device, self._type = torch.device(device), training_type(device)
        self.place = Place()
        seed_chance(recipe.seed, "start")
        self.net = new_network(len(photos.species), self.device)
        if before is not None:
            self.net.load_state_dict(before.state_of(photos.species))
        self._halves = [self.net, *(_sharing_weights(self.net) for _ in range(HALVES - 1))]
        self.averaged = new_network(len(photos.species), self.device)
        self.averaged.load_state_dict(self.net.state_dict())
        self.averaged.requires_grad_(requires_grad=False).eval()
        self._earlier = None if before is None else self._still(before.state_of(photos.species))
        self.optimizer = torch.optim.SGD(
            parameter_groups(self.net, recipe.weight_decay),
            lr=recipe.peak_rate,
            momentum=recipe.momentum,
            nesterov=True,
        )
        training = photos.part("training")
        self.steps = len(drawn(training, photos.labels(), recipe.seed, 0)) // recipe.batch
        if not self.steps:
            raise Refused(Code.TOO_FEW_PHOTOS, species="", photos=len(training))

    @property
    def finished(self) -> bool:
        return self.place.epoch >= self.recipe.epochs

    def save(self, work: Path) -> None:
        """Write the checkpoint in the place of the former one. Raises OSError."""
        state = {
            "recipe": _plain(self.recipe),
            "photos": self.photos.identity,
            "command": self.command,
            "place": asdict(self.place),
            "net": self.net.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_whole(work / CHECKPOINT_FILE, buffer.getvalue())

    def load(self, work: Path) -> None:
        """Go on from the checkpoint. Raises `Refused` BAD_ARGUMENT if recipe or photos are others."""
        state: dict[str, Any] = torch.load(
            work / CHECKPOINT_FILE, map_location=self.device, weights_only=True
        )
        if state["recipe"] != _plain(self.recipe) or state["photos"] != self.photos.identity:
            raise Refused(
                Code.BAD_ARGUMENT, detail="the checkpoint was made by another recipe or from other photos"
            )
        self.command = state["command"]
        self.place = Place(**state["place"])
        self.net.load_state_dict(state["net"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])

    def train(
        self, work: Path, stop: Callable[[], bool], log: Callable[[EpochLine], None], workers: int = 1
    ) -> None:
        """Train until the recipe's end or until `stop` says so; leaves a checkpoint either way.

        `workers` processes make the crops; 0 makes them here.
        """
        lent = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with single_threads(HALVES) as threads:
                self._train(work, stop, log, workers, threads)
        finally:
            torch.set_num_threads(lent)

    def _train(
        self,
        work: Path,
        stop: Callable[[], bool],
        log: Callable[[EpochLine], None],
        workers: int,
        threads: ThreadPoolExecutor,
    ) -> None:
        saved = time.monotonic()
        while not self.finished and not stop():
            started, first = time.monotonic(), self.place.step
            for photos, labels in self._batches(workers):
                self.place.loss += self._step(photos, labels, threads)
                self.place.step += 1
                if stop():
                    break
                if time.monotonic() - saved > SAVE_SECONDS:
                    self.save(work)
                    saved = time.monotonic()
            if self.place.step < self.steps:
                break
            done = (self.place.step - first) * self.recipe.batch
            line = self._line(done / (time.monotonic() - started))
            self.place = Place(self.place.epoch + 1)
            self.save(work)
            saved = time.monotonic()
            log(line)
        if self.place.step or not (work / CHECKPOINT_FILE).exists():
            self.save(work)

    def _batches(self, workers: int) -> Any:
        recipe, epoch, labels = self.recipe, self.place.epoch, self.photos.labels()
        training = self.photos.part("training")
        crops = Crops(self.photos.pixels(training), labels, recipe.side(epoch), recipe.seed, epoch)
        order = drawn(training, labels, recipe.seed, epoch)
        return batches(crops, order, recipe.batch, self.place.step, workers)

    def _step(self, pixels: Tensor, labels: Tensor, threads: Executor) -> float:
        """One step of the optimiser on uint8[N, H, W, 3]; the loss, in nats."""
        recipe = self.recipe
        share = (self.place.epoch + self.place.step / self.steps) / recipe.epochs
        # pixels in the order H, W, C are already what channels_last means
        photos = normalise(pixels.to(self.device, non_blocking=True).permute(0, 3, 1, 2))
        shares = nn.functional.one_hot(labels, len(self.photos.species)).float()
        if share < recipe.mixed_until:
            seed_chance(recipe.seed, self.place.epoch, "batch", self.place.step)
            photos, shares = Mixer(len(self.photos.species))(photos, labels)
        halves = zip(self._halves, photos.chunk(HALVES), shares.to(self.device).chunk(HALVES), strict=True)
        loss = sum(threads.map(self._learn, halves)) / HALVES
        if not math.isfinite(loss):
            raise FloatingPointError("the loss is no longer a number; the checkpoint is from before")
        for own, *others in zip(*(net.parameters() for net in self._halves), strict=True):
            own.grad = torch.stack([own.grad, *(other.grad for other in others)]).mean(dim=0)
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.rate(share)
        self.optimizer.step()
        done = self.place.epoch * self.steps + self.place.step
        if done % recipe.averaged_every == 0:
            turn = done // recipe.averaged_every
            stays = min(recipe.averaging, (1 + turn) / (10 + turn))  # less at first
            average_into(self.averaged, self.net, stays)
        return loss

    def _still(self, state: Mapping[str, Tensor]) -> nn.Module:
        """A network of the run's precision that only answers."""
        net = new_network(len(self.photos.species), self.device)
        net.load_state_dict(state)
        return net.requires_grad_(requires_grad=False).eval().to(self._type)

    def _labels(self, photos: Tensor, shares: Tensor) -> Tensor:
        """The labels float32[N, classes] that photos and their species' shares are learned by."""
        recipe = self.recipe
        smooth = shares.lerp(torch.full_like(shares, 1 / shares.shape[1]), recipe.smoothing)
        if self._earlier is None or not recipe.distilled:
            return smooth
        with torch.no_grad():
            answers = self._earlier(photos.to(self._type)).float()
        return smooth.lerp(answers.softmax(dim=1), recipe.distilled)

    def _learn(self, half: tuple[nn.Module, Tensor, Tensor]) -> float:
        """Set the gradients of one network by its half of a batch."""
        net, photos, shares = half
        photos = photos.contiguous(memory_format=torch.channels_last)
        net.train()
        net.zero_grad()
        # a cache of cast weights would be shared by the threads, and each weight is cast once anyhow
        cast = self._type is not torch.float32
        with torch.autocast(self.device.type, self._type, enabled=cast, cache_enabled=False):
            answers = net(photos)
        loss = nn.functional.cross_entropy(answers.float(), self._labels(photos, shares))
        loss.backward()
        return float(loss.detach())

    def _line(self, speed: float) -> EpochLine:
        choice = self.photos.part("choice")
        pixels = self.photos.pixels(choice)
        crops = [middle(pixels[number], CHOICE_CROP) for number in choice]
        answers = answers_for(self.averaged, crops, self.device)
        loss, top1, top3 = scored(answers, self.photos.labels()[choice])
        return EpochLine(
            epoch=self.place.epoch + 1,
            side=self.recipe.side(self.place.epoch),
            rate=round(self.optimizer.param_groups[0]["lr"], 5),
            loss=round(self.place.loss / self.steps, 4),
            choice_loss=round(loss, 4),
            choice_top1=round(top1, 4),
            choice_top3=round(top3, 4),
            photos_per_second=round(speed, 1),
            finished=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )


def new_network(classes: int, device: torch.device) -> nn.Module:
    """A ResNet-18 of random numbers whose blocks begin as identities (Goyal et al. 2017, 1706.02677)."""
    net: nn.Module = resnet18(weights=None, num_classes=classes, zero_init_residual=True)
    return net.to(memory_format=torch.channels_last).to(device)


def parameter_groups(net: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """The parameters for an optimiser: norms and biases without decay (He et al. 2019, arXiv:1812.01187)."""
    decayed = [parameter for parameter in net.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in net.parameters() if parameter.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


@torch.no_grad()
def average_into(averaged: nn.Module, net: nn.Module, stays: float) -> None:
    """Move the averaged weights and running statistics towards those of `net` by 1 - `stays`."""
    current = net.state_dict()
    for name, tensor in averaged.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(current[name], 1 - stays)
        else:
            tensor.copy_(current[name])


def middle(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Cut the middle square of `side` pixels out of uint8[H, W, 3]."""
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return pixels[top : top + side, left : left + side]


def answers_for(net: nn.Module, crops: Sequence[NDArray[np.uint8]], device: torch.device) -> Tensor:
    """The scores float32[N, classes] of crops uint8[side, side, 3], on the CPU; `net` evaluates."""

    @torch.inference_mode()
    def answer(start: int) -> Tensor:
        pixels = torch.from_numpy(np.stack(crops[start : start + 32])).to(device).permute(0, 3, 1, 2)
        answers: Tensor = net(normalise(pixels)).cpu()
        return answers

    with single_threads(HALVES) as threads:
        return torch.cat(list(threads.map(answer, range(0, len(crops), 32))))


def scored(answers: Tensor, labels: NDArray[np.int64]) -> tuple[float, float, float]:
    """Mean cross-entropy in nats, and the shares whose label is the best and among the best three."""
    loss = nn.functional.cross_entropy(answers, torch.from_numpy(labels))
    rank = ranks(answers, labels)
    return float(loss), float((rank < 1).mean()), float((rank < 3).mean())


def ranks(answers: Tensor, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many species score higher than the label, int64[N]."""
    own = answers.gather(1, torch.from_numpy(labels)[:, None])
    return (answers > own).sum(dim=1).numpy()


def _sharing_weights(net: nn.Module) -> nn.Module:
    """A network with gradients and running statistics of its own over the weights of another."""
    twin = copy.deepcopy(net)
    for own, shared in zip(twin.parameters(), net.parameters(), strict=True):
        own.data = shared.data
    return twin


def _plain(recipe: Recipe) -> dict[str, Any]:
    """The recipe as lists and numbers, as a checkpoint holds it."""
    return {**asdict(recipe), "sides": [list(pair) for pair in recipe.sides]}
