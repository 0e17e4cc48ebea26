"""What reading many photos needs, opened together: child processes, caches and the library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from flowersorter.jobs.caches import cache_limits
from flowersorter.jobs.thumbnails import THUMBNAIL_SIDE
from flowersorter.learning.feature_store import FeatureStore
from flowersorter.library import KnownFile, Library
from flowersorter.paths import Home
from flowersorter.pictures.decode import Look
from flowersorter.pictures.pool import PicturePool
from flowersorter.pictures.thumbnails import ThumbnailStore
from flowersorter.progress import Report, Stage
from flowersorter.records import Decision, Refused
from flowersorter.settings import Settings

if TYPE_CHECKING:  # loads torch
    from flowersorter.learning import features

KEEP_EVERY = 64  # photos per transaction of the library


class Reading:
    """One decode per photo fills every cache. Use as a context manager, on one thread."""

    def __init__(self, home: Home, settings: Settings | None = None) -> None:
        self.home = home
        self._limits = cache_limits(settings or Settings())
        self._closing = ExitStack()
        self._unkept: list[KnownFile] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.library = stack.enter_context(Library.open(self.home.library_file))
            self.features = stack.enter_context(FeatureStore(self.home.features_file, self._limits.photos))
            self.thumbnails = stack.enter_context(
                ThumbnailStore(self.home.thumbnails_file, self._limits.thumbnail_bytes)
            )
            self.pool = stack.enter_context(PicturePool())
            stack.callback(self._flush)
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def see(
        self,
        paths: Sequence[Path],
        network: features.FeatureNetwork,
        report: Report,
        stage: Stage = Stage.READING,
        views: int = 1,
    ) -> Iterator[features.Seen]:
        """The features of photos in the order of `paths`, as `read_features` gives them."""
        from flowersorter.learning.features import read_features

        return read_features(
            paths,
            network=network,
            store=self.features,
            pool=self.pool,
            known_digest=self.library.known_digest,
            digests_of_size=self.library.digests_of_size,
            on_look=self.keep,
            report=report,
            thumbnail_side=THUMBNAIL_SIDE,
            stage=stage,
            views=views,
        )

    def keep(self, look: Look) -> None:
        """Keep the thumbnail and the digest of a photo that was just decoded."""
        if look.digest is None:
            return
        if look.thumbnail is not None:
            self.thumbnails.put(look.digest, THUMBNAIL_SIDE, look.thumbnail)
        self._unkept.append(KnownFile(look.path, look.size, look.mtime_ns, look.digest))
        if len(self._unkept) >= KEEP_EVERY:
            self._flush()

    def decision(self, digest: str | None) -> Decision | None:
        """What the gardener said of a photo with these bytes, or these pixels, before."""
        if digest is None:
            return None
        facts = self.features.facts(digest)
        return self.library.decision(digest, None if facts is None else facts.pixel_digest)

    def _flush(self) -> None:
        with suppress(Refused):  # it saves time, no more: a full disk must not stop what reads
            self.library.remember_digests(self._unkept)
        self._unkept.clear()
