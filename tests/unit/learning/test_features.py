"""Each photo is seen once: by content, in order, with bounded memory."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.pictures import draw_flower, save_photo
from support.reading import Colours, HerePool

from flowersorter.learning import features
from flowersorter.learning.feature_store import FeatureStore
from flowersorter.learning.features import Seen, read_features
from flowersorter.pictures.decode import Look, Wanted
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import Cancelled, Progress, Stage
from flowersorter.records import Code

Read = Callable[..., list[Seen]]


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    return [
        save_photo(tmp_path / "photos" / f"{number}.jpg", draw_flower("rose", number, size=(80, 60)))
        for number in range(7)
    ]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeatureStore]:
    with FeatureStore(tmp_path / "features.sqlite") as store:
        yield store


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "BATCH", 3)
    monkeypatch.setattr(features, "AHEAD", 5)


class Reader:
    """Calls `read_features` and remembers what it did."""

    def __init__(self, store: FeatureStore) -> None:
        self.store = store
        self.pool: Any = HerePool()
        self.network = Colours()
        self.looks: list[Look] = []
        self.progress: list[Progress] = []

    def __call__(self, paths: list[Path], **changed: Any) -> Iterator[Seen]:
        self.pool.decoded, self.pool.hashed, self.network.shown, self.progress = [], [], 0, []
        arguments: dict[str, Any] = {
            "network": self.network,
            "store": self.store,
            "pool": self.pool,
            "known_digest": digest_of,
            "on_look": self.looks.append,
            "report": self.progress.append,
        }
        return read_features(paths, **{**arguments, **changed})


@pytest.fixture
def reader(store: FeatureStore) -> Reader:
    return Reader(store)


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_features_come_in_the_order_of_the_photos(reader: Reader, photos: list[Path]) -> None:
    seen = list(reader(photos))
    assert [one.path for one in seen] == photos
    assert [one.digest for one in seen] == [digest_of(path) for path in photos]
    assert all(one.features is not None and one.features.shape == (512,) for one in seen)
    assert reader.progress[0] == Progress(Stage.READING, 0, 7)
    assert reader.progress[-1] == Progress(Stage.READING, 7, 7)
    assert [look.path for look in reader.looks] == photos


def test_the_second_time_nothing_is_decoded_and_the_answer_is_the_same(
    reader: Reader, photos: list[Path]
) -> None:
    first = list(reader(photos))
    assert len(reader.pool.decoded) == reader.network.shown == 7
    again = list(reader(photos))
    assert (reader.pool.decoded, reader.network.shown) == ([], 0)
    for one, other in zip(first, again, strict=True):
        assert one.features is not None
        assert other.features is not None
        assert np.array_equal(one.features, other.features)
        assert one.facts == other.facts


def test_a_moved_photo_runs_through_no_network(reader: Reader, photos: list[Path], tmp_path: Path) -> None:
    list(reader(photos))
    moved = [Path(shutil.copy2(path, tmp_path / path.name)) for path in photos]
    seen = list(reader(moved, known_digest={}.get))
    assert reader.network.shown == 0
    assert all(one.features is not None for one in seen)


def test_a_copy_is_read_but_not_decoded(reader: Reader, photos: list[Path], tmp_path: Path) -> None:
    first = list(reader(photos))
    copies = [Path(shutil.copy2(path, tmp_path / path.name)) for path in photos]
    by_size = {path.stat().st_size: digest_of(path) for path in photos}
    reader.looks.clear()
    seen = list(
        reader(copies, known_digest={}.get, digests_of_size=lambda path: [by_size[path.stat().st_size]])
    )
    assert (reader.pool.decoded, reader.pool.hashed) == ([], copies)
    assert [one.facts for one in seen] == [one.facts for one in first]
    assert [look.digest for look in reader.looks] == [one.digest for one in first]


def test_a_file_of_the_same_size_with_other_bytes_is_decoded(reader: Reader, photos: list[Path]) -> None:
    list(reader(photos[:1]))
    stranger = digest_of(photos[0])
    seen = list(reader(photos[1:], known_digest={}.get, digests_of_size=lambda _path: [stranger, "0" * 64]))
    assert reader.pool.decoded == photos[1:]
    assert all(one.features is not None for one in seen)


def test_a_copy_of_a_photo_that_the_cache_lost_meanwhile_is_decoded(
    reader: Reader, photos: list[Path], tmp_path: Path
) -> None:
    """Somebody clears the caches while a folder is sorted."""
    list(reader(photos[:1]))
    copy = Path(shutil.copy2(photos[0], tmp_path / "copy.jpg"))
    digest = digest_of(copy)
    hash_only = reader.pool.submit

    def lose(path: Path, wanted: Wanted) -> Any:
        future = hash_only(path, wanted)
        reader.store.prune(0)
        return future

    reader.pool.submit = lose
    (seen,) = reader([copy], known_digest={}.get, digests_of_size=lambda _path: [digest])
    assert seen.problem is None
    assert seen.features is not None
    assert (reader.pool.hashed, reader.pool.decoded) == ([copy], [copy])


def test_one_photo_twice_is_computed_once(reader: Reader, photos: list[Path]) -> None:
    seen = list(reader([photos[0], photos[1], photos[0]], known_digest={}.get))
    assert reader.network.shown == 2
    assert all(one.features is not None for one in seen)
    assert seen[0].features is not None
    assert seen[2].features is not None
    assert np.array_equal(seen[0].features, seen[2].features)


def test_views_are_seen_in_one_pass_and_averaged(reader: Reader, photos: list[Path]) -> None:
    all_three = list(reader(photos, views=3))
    assert (len(reader.pool.decoded), reader.network.shown) == (7, 21)
    both = list(reader(photos, views=2))
    middles = list(reader(photos))
    assert (reader.pool.decoded, reader.network.shown) == ([], 0)  # a model of one view needs no look
    again = list(reader(photos, views=2))
    assert (reader.pool.decoded, reader.network.shown) == ([], 0)
    assert all(one.features is not None for one in all_three)
    for first, middle, second in zip(both, middles, again, strict=True):
        assert first.features is not None
        assert middle.features is not None
        assert second.features is not None
        assert np.array_equal(first.features, second.features)
        assert not np.allclose(first.features, middle.features)


def test_only_the_view_that_is_missing_is_computed(
    reader: Reader, photos: list[Path], tmp_path: Path
) -> None:
    list(reader(photos))
    later = list(reader(photos, views=2))
    assert (len(reader.pool.decoded), reader.network.shown) == (7, 7)
    with FeatureStore(tmp_path / "other.sqlite") as empty:
        at_once = list(reader(photos, views=2, store=empty))
    for one, other in zip(later, at_once, strict=True):
        assert one.features is not None
        assert other.features is not None
        assert np.array_equal(one.features, other.features)


def test_a_photo_whose_facts_were_lost_is_looked_at_again(
    reader: Reader, photos: list[Path], tmp_path: Path
) -> None:
    list(reader(photos[:1]))
    with sqlite3.connect(tmp_path / "features.sqlite") as database:
        database.execute("DELETE FROM facts")
    database.close()
    (seen,) = reader(photos[:1])
    assert seen.features is not None
    assert reader.network.shown == 1
    list(reader(photos[:1]))
    assert reader.network.shown == 0


def test_unreadable_photos_keep_their_place_and_say_why(
    reader: Reader, photos: list[Path], tmp_path: Path
) -> None:
    """Promise 22."""
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photos[0].read_bytes()[:300])
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    paths = [photos[0], broken, text, tmp_path / "gone.jpg", photos[1]]
    seen = list(reader(paths, known_digest={}.get))
    assert [one.path for one in seen] == paths
    assert [one.problem and one.problem.code for one in seen] == [
        None, Code.UNREADABLE, Code.NOT_A_PICTURE, Code.VANISHED, None,
    ]  # fmt: skip
    assert [one.features is None for one in seen] == [False, True, True, True, False]


def test_only_a_few_photos_are_decoded_ahead(reader: Reader, photos: list[Path]) -> None:
    stream = reader(photos * 10)
    next(stream)
    assert len(reader.pool.decoded) == 5
    stream.close()


def test_cancelling_passes_through_and_keeps_what_was_seen(reader: Reader, photos: list[Path]) -> None:
    """Promise 16."""

    def cancel(event: object) -> None:
        if isinstance(event, Progress) and event.done >= 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(reader(photos, report=cancel))
    list(reader(photos))
    assert len(reader.pool.decoded) == 4


def test_through_child_processes(reader: Reader, photos: list[Path], tmp_path: Path) -> None:
    """The real pool: decoding goes on while the network runs, and thumbnails come with it."""
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff nothing")
    with PicturePool(workers=1) as pool:
        seen = list(reader([*photos, bad], pool=pool, known_digest={}.get, thumbnail_side=40))
    assert [one.features is None for one in seen] == [False] * 7 + [True]
    assert all(look.thumbnail for look in reader.looks if look.problem is None)


class SlowPool(HerePool):
    """The photos of a batch are there, those after it are still being decoded."""

    def __init__(self, ready: int) -> None:
        super().__init__()
        self._ready = ready
        self._later: list[tuple[Future[Look], Path, Wanted]] = []

    def submit(self, path: Path, wanted: Wanted) -> Future[Look]:
        if len(self.decoded) + len(self._later) < self._ready:
            return super().submit(path, wanted)
        future: Future[Look] = Future()
        self._later.append((future, path, wanted))
        return future

    def go_on(self) -> None:
        self._ready = 1000
        for future, path, wanted in self._later:
            future.set_result(super().submit(path, wanted).result())
        self._later.clear()


@pytest.mark.parametrize(("ready", "threads"), [(3, 1), (5, 2)])
def test_the_network_leaves_the_processors_to_decoding_that_lags_behind(
    reader: Reader, photos: list[Path], monkeypatch: pytest.MonkeyPatch, ready: int, threads: int
) -> None:
    monkeypatch.setattr(features, "AHEAD", 7)
    reader.pool = SlowPool(ready)
    used = []

    class Watching(Colours):
        def __call__(self, crops: Any) -> Any:
            used.append(torch.get_num_threads())
            reader.pool.go_on()
            return super().__call__(crops)

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert len(list(reader(photos, network=Watching(), known_digest={}.get))) == 7
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert used[0] == threads
    assert used[-1] == 2
