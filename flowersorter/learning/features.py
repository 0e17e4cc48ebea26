"""See each photo once: decode it in a child process, run the network, keep the features."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from flowersorter.learning.devices import one_thread
from flowersorter.learning.feature_store import FeatureStore, PhotoFacts
from flowersorter.learning.preprocess import SHORT_SIDE
from flowersorter.learning.views import VIEWS, Pixels, Vector, cache_spaces, mean_features, recall
from flowersorter.pictures.decode import Look, Wanted
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import Progress, Report, Stage
from flowersorter.records import Code, Reason

BATCH = 32  # photos per run of the network
AHEAD = 3 * BATCH  # photos that wait for the network or are being decoded; bounds the memory
PULSE_SECONDS = 0.2  # how long a wish to cancel may wait for a slow picture

_View = tuple[str, str]  # one view of a photo: the digest, and the space under which the cache keeps it


class FeatureNetwork(Protocol):
    """What turns crops uint8[H, W, 3] of one size into features float32[N, 512]."""

    sha256: str
    feature_space: str

    def __call__(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A photo and its features, float32[512] rounded to 16 bits; or why it has none."""

    path: Path
    digest: str | None = None
    features: NDArray[np.float32] | None = None
    facts: PhotoFacts | None = None
    problem: Reason | None = None


def read_features(
    paths: Sequence[Path],
    *,
    network: FeatureNetwork,
    store: FeatureStore,
    pool: PicturePool,
    known_digest: Callable[[Path], str | None],
    on_look: Callable[[Look], None],
    report: Report,
    thumbnail_side: int | None = None,
    views: int = 1,
    stage: Stage = Stage.READING,
    digests_of_size: Callable[[Path], Collection[str]] | None = None,
) -> Iterator[Seen]:
    """Give the features of every photo in the order of `paths`, from the cache where it knows them.

    With several `views` they are the mean over these; one decoding serves all views that the cache lacks.
    A known photo is not decoded, nor is a copy of one: where `digests_of_size` names the digests of files of
    the same size, the child process looks at the digest first. Child processes decode the next photos while
    the network runs. `on_look` gets each photo that was read once, with its thumbnail if it was decoded and
    `thumbnail_side` is given. `report` gets a
    `Progress` per batch and may raise `Cancelled`, which passes through.
    """
    wanted = Wanted(short_side=SHORT_SIDE, thumbnail_side=thumbnail_side)
    waiting = iter(paths)
    window: deque[Seen | Future[Look]] = deque()
    done = 0

    def pulse() -> None:
        report(Progress(stage, done, len(paths)))

    def decode(path: Path) -> Future[Look]:
        return pool.submit(path, wanted)

    def look_at(path: Path) -> Future[Look]:
        alike = () if digests_of_size is None else digests_of_size(path)
        known = frozenset(filter(reader.is_stored, alike))
        return pool.submit(path, replace(wanted, known=known))

    spaces = cache_spaces(views, network.feature_space)
    reader = _Reader(network, spaces, store, known_digest, decode, on_look, pulse)
    pulse()
    try:
        while True:
            for path in islice(waiting, AHEAD - len(window)):
                window.append(reader.cached(path) or look_at(path))
            if not window:
                return
            batch = list(islice(window, BATCH))
            reader.wait_for(batch)
            # more than what was just submitted: decoding is what takes long, and needs the other processors
            decoding = sum(isinstance(entry, Future) and not entry.done() for entry in window) > BATCH
            with one_thread() if decoding else nullcontext():
                seen = reader.finish(batch)
            for _ in seen:
                window.popleft()
            yield from seen
            done += len(seen)
            pulse()
    finally:
        for entry in window:
            if isinstance(entry, Future):
                entry.cancel()


@dataclass(frozen=True, slots=True)
class _Reader:
    network: FeatureNetwork
    spaces: tuple[str, ...]  # of the views that are wanted
    store: FeatureStore
    known_digest: Callable[[Path], str | None]
    decode: Callable[[Path], Future[Look]]
    on_look: Callable[[Look], None]
    pulse: Callable[[], None]

    def cached(self, path: Path) -> Seen | None:
        """What the cache knows of the file as it is now, None if it must be decoded."""
        digest = self.known_digest(path)
        return None if digest is None else self._stored(path, digest)

    def is_stored(self, digest: str) -> bool:
        """Whether a photo with these bytes needs no decoding."""
        return self._stored(Path(), digest) is not None

    def wait_for(self, batch: Sequence[Seen | Future[Look]]) -> None:
        """Wait for the photos of a batch that are being decoded."""
        for one in batch:
            if isinstance(one, Future):
                self._wait_for(one)

    def finish(self, batch: Sequence[Seen | Future[Look]]) -> list[Seen]:
        """Run the network over those views of the photos of a batch that are new."""
        crops: dict[_View, Pixels] = {}
        vectors: dict[_View, Vector] = {}
        seen = [
            self._looked_at(self._wait_for(one), crops, vectors) if isinstance(one, Future) else one
            for one in batch
        ]
        if not crops:
            return seen
        facts = {one.facts.digest: one.facts for one in seen if one.facts is not None}
        for space in self.spaces:  # the crops of one view have the same size
            new = [digest for digest, where in crops if where == space]
            if not new:
                continue
            found = self.network([crops[digest, space] for digest in new])
            # rounded as the cache rounds them: the second run gives the same answers
            rounded = found.astype(np.float16).astype(np.float32)
            vectors.update({(digest, space): row for digest, row in zip(new, rounded, strict=True)})
            self.store.put(
                [(facts[digest], vectors[digest, space]) for digest in new], self.network.sha256, space
            )
        return [self._with_features(one, vectors) for one in seen]

    def _with_features(self, seen: Seen, vectors: dict[_View, Vector]) -> Seen:
        """What was just looked at, with the mean over its views."""
        if seen.features is not None or seen.digest is None or seen.facts is None:
            return seen
        return replace(seen, features=mean_features([vectors[seen.digest, space] for space in self.spaces]))

    def _wait_for(self, future: Future[Look]) -> Look:
        while not wait([future], PULSE_SECONDS).done:
            self.pulse()
        return future.result()

    def _looked_at(self, look: Look, crops: dict[_View, Pixels], vectors: dict[_View, Vector]) -> Seen:
        """A photo that was decoded: its new views go to `crops`, those that the cache knows to `vectors`."""
        if (
            look.problem is None
            and look.pixels is None
            and self._stored(look.path, look.digest or "") is None
        ):
            look = self._wait_for(
                self.decode(look.path)
            )  # a copy of a photo that the cache has lost meanwhile
        self.on_look(look)
        stored = None if look.problem or look.digest is None else self._stored(look.path, look.digest)
        if stored is not None:
            return stored
        if look.problem is not None or look.digest is None or look.pixels is None:
            return Seen(look.path, look.digest, problem=look.problem or Reason(Code.UNREADABLE))
        known = recall(self.store, look.digest, self.network.sha256, self.spaces)
        if all(vector is not None for vector in known):  # the facts were lost, and go with the features
            known = [None for _ in known]
        for view, space, vector in zip(VIEWS, self.spaces, known, strict=False):
            if vector is None:
                crops[look.digest, space] = view.cut(look.pixels).copy()  # else it keeps the whole picture
            else:
                vectors[look.digest, space] = vector
        hashed, taken = look.perceptual_hash, look.taken
        facts = PhotoFacts(
            look.digest, look.pixel_digest, hashed, taken, look.camera, look.width, look.height
        )
        return Seen(look.path, look.digest, facts=facts)

    def _stored(self, path: Path, digest: str) -> Seen | None:
        known = recall(self.store, digest, self.network.sha256, self.spaces)
        vectors = [vector for vector in known if vector is not None]
        facts = self.store.facts(digest)
        if len(vectors) < len(self.spaces) or facts is None:
            return None
        return Seen(path, digest, mean_features(vectors), facts)
