"""What the frozen layers make of the photos: computed when it is asked for, or once and kept in a file.

Below the layers that learn, nothing changes from epoch to epoch. So a few random views of each photo go
through those layers once; what comes out (float16, 98 KB a view before layer4) waits in a temporary file.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flowersorter.learning.augment import centre_view, random_view
from flowersorter.learning.devices import ChosenDevice, training_type
from flowersorter.learning.network import fuse_batch_norms
from flowersorter.learning.preprocess import CROP, SHORT_SIDE, normalise
from flowersorter.pictures.decode import Wanted
from flowersorter.pictures.pool import PicturePool

LAYERS: Final = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")
# what enters the layers that learn, if 1 or 2 learn, at most: a backbone may scale what it sees
SHAPES: Final = {1: (14, 14, 256), 2: (28, 28, 128)}
LIMIT_BYTES: Final = 4 * 2**30  # of the temporary file
FEWEST_VIEWS: Final = 2  # of a photo: with a single one it would be learnt by heart
CHUNK: Final = 16  # views that go through the frozen layers between two looks at Cancel

Tick = Callable[[int], None]  # told how many views were just finished; 0 only asks whether to go on


class Views(Protocol):
    """Where training gets its photos from, as the frozen layers see them."""

    def batches(
        self, places: NDArray[np.int64], epoch: int | None, size: int
    ) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """Places int64[B] and activations [B, C, H, W] on the device, for B up to `size`.

        Random views for an epoch, centre crops for None. A photo that can no longer be read is left out.
        """
        ...


class FrozenLayers:
    """The layers below those that learn, in evaluation mode, made ready for one device."""

    def __init__(self, net: nn.Module, learning: int, device: ChosenDevice) -> None:
        fused = fuse_batch_norms(copy.deepcopy(net))
        layers = nn.Sequential(*(getattr(fused, name) for name in LAYERS[:-learning]))
        self.device = torch.device(device.name)
        self.precision = training_type(device.name)
        self._layers = layers.to(self.device, self.precision).to(memory_format=torch.channels_last)
        channels, height, width = self([torch.zeros(3, CROP, CROP, dtype=torch.uint8)]).shape[1:]
        self.shape = height, width, channels

    def __call__(self, views: Sequence[Tensor]) -> Tensor:
        """Activations [N, C, H, W] of N views uint8[3, 224, 224]."""
        with torch.no_grad():  # not inference mode: the layers above take gradients of what comes out
            pixels = normalise(torch.stack(list(views)).to(self.device)).to(self.precision)
            answer: Tensor = self._layers(pixels.contiguous(memory_format=torch.channels_last))
            return answer


@dataclass(frozen=True, slots=True)
class FreshViews:
    """Views that are decoded and computed anew each time: for where the disk has no room to keep them."""

    paths: Sequence[Path]
    frozen: FrozenLayers
    pool: PicturePool
    tick: Tick

    def batches(
        self, places: NDArray[np.int64], epoch: int | None, size: int
    ) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """As `Views` says."""
        kept: list[int] = []
        parts: list[Tensor] = []
        for chunk, views in self._chunks(places, epoch):
            kept += chunk
            parts.append(self.frozen(views))
            if len(kept) >= size:
                yield np.array(kept, dtype=np.int64), torch.cat(parts)
                kept, parts = [], []
        if kept:
            yield np.array(kept, dtype=np.int64), torch.cat(parts)

    def _chunks(
        self, places: NDArray[np.int64], epoch: int | None
    ) -> Iterator[tuple[list[int], list[Tensor]]]:
        chunk: list[int] = []
        views: list[Tensor] = []
        for place, pixels in _decoded(self.paths, places, self.pool, self.tick):
            chunk.append(place)
            views.append(centre_view(pixels) if epoch is None else random_view(_image(pixels)))
            if len(chunk) == CHUNK:
                yield chunk, views
                chunk, views = [], []
        if chunk:
            yield chunk, views


@dataclass(frozen=True, slots=True, eq=False)
class StoredViews:
    """Views that were computed once: float16[R, H, W, C], mapped from a file, and where each one is.

    `rows` has the places of the lesson as keys; a photo's rows are its random views and then, where it was
    asked for, its centre crop (`centres`). Epoch after epoch the random views take turns.
    """

    numbers: NDArray[np.float16]
    rows: dict[int, list[int]]
    centres: dict[int, int]
    device: torch.device

    def batches(
        self, places: NDArray[np.int64], epoch: int | None, size: int
    ) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """As `Views` says."""
        kept = [
            int(place) for place in places if int(place) in (self.centres if epoch is None else self.rows)
        ]
        for start in range(0, len(kept), size):
            batch = kept[start : start + size]
            if epoch is None:
                wanted = [self.centres[place] for place in batch]
            else:
                wanted = [self.rows[place][epoch % len(self.rows[place])] for place in batch]
            activations = torch.from_numpy(self.numbers[wanted]).to(self.device)
            yield np.array(batch, dtype=np.int64), activations.permute(0, 3, 1, 2)


@contextmanager
def keep_views(fresh: FreshViews, views: dict[int, int], centres: set[int], folder: Path) -> Iterator[Views]:
    """Compute and keep so many random views of each place, and the centre crops of others, in a file.

    `fresh.tick` counts them. The file in `folder` has no name or goes with the program. Where its disk fills
    up, the fresh views are given back instead.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(tempfile.TemporaryFile(dir=folder))
            stored = fill(file, fresh, views, centres)
        except OSError:  # the disk is full or write-protected; training does without the file
            stored = None
        yield stored or fresh


def fill(file: BinaryIO, fresh: FreshViews, views: dict[int, int], centres: set[int]) -> StoredViews | None:
    """Write views to an empty file and map it; None where no photo could be read. Raises OSError.

    Written, not mapped, while it grows: a full disk is then an error that can be caught.
    """
    rows: dict[int, list[int]] = {}
    middle: dict[int, int] = {}
    waiting: list[Tensor] = []
    count = 0

    def write(least: int) -> None:
        while len(waiting) >= least and waiting:
            chunk = waiting[:CHUNK]
            del waiting[:CHUNK]
            numbers = fresh.frozen(chunk).permute(0, 2, 3, 1).to(torch.float16)
            file.write(numbers.contiguous().cpu().numpy().tobytes())
            fresh.tick(len(chunk))

    places = np.array(sorted(views.keys() | centres), dtype=np.int64)
    for place, pixels in _decoded(fresh.paths, places, fresh.pool, fresh.tick):
        image = _image(pixels)
        wanted = views.get(place, 0)
        waiting.extend(random_view(image) for _ in range(wanted))
        if wanted:
            rows[place] = list(range(count, count + wanted))
        if place in centres:
            waiting.append(centre_view(pixels))
            middle[place] = count + wanted
        count += wanted + (place in centres)
        write(CHUNK)
    write(1)
    file.flush()
    if not count:
        return None
    numbers = np.memmap(file, dtype=np.float16, mode="r", shape=(count, *fresh.frozen.shape))
    return StoredViews(numbers, rows, middle, fresh.frozen.device)


def affordable_views(wanted: int, photos: int, centres: int, learning: int, folder: Path) -> int:
    """How many random views of each photo may be kept: up to half of the free disk; 0 where too few could."""
    try:
        room = min(LIMIT_BYTES, shutil.disk_usage(folder).free // 2)
    except OSError:
        return 0
    affordable = (room // view_bytes(learning) - centres) // max(photos, 1)
    return min(wanted, affordable) if affordable >= FEWEST_VIEWS else 0


def view_bytes(learning: int) -> int:
    """The size of one kept view, at most."""
    return int(np.prod(SHAPES[learning])) * np.dtype(np.float16).itemsize


def _decoded(
    paths: Sequence[Path], places: NDArray[np.int64], pool: PicturePool, tick: Tick
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    looks = pool.looks([paths[place] for place in places], Wanted(short_side=SHORT_SIDE), lambda: tick(0))
    for place, look in zip(places, looks, strict=True):
        if look.pixels is not None:  # it was readable at first; gone since, it is not taught
            yield int(place), look.pixels


def _image(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)
