"""Promise 22: a picture that crashes, hangs or swallows memory costs itself and one child."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import types
from collections.abc import Iterator
from multiprocessing import popen_fork
from pathlib import Path

import pytest
from support.decoders import misbehave
from support.pictures import draw_flower, save_photo
from support.processes import children_of, is_running, wait_until_gone

from flowersorter.pictures import child
from flowersorter.pictures.decode import Wanted, look_at
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import Cancelled
from flowersorter.records import Code

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at the children through /proc")

WANTED = Wanted(short_side=64, thumbnail_side=48)
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_photo(tmp_path_factory.mktemp("pool") / "rose.jpg", draw_flower("rose", 1))


@pytest.fixture(scope="module")
def pool() -> Iterator[PicturePool]:
    with PicturePool(2, seconds_per_picture=2.0, memory_limit=300_000_000, decoder=misbehave) as pool:
        yield pool


def named(photo: Path, *names: str) -> list[Path]:
    """Links to a photo, under names that tell the test's decoder what to do."""
    paths = [photo.with_name(f"{name}.jpg") for name in names]
    for path in paths:
        if not path.exists():
            path.hardlink_to(photo)
    return paths


def codes(pool: PicturePool, paths: list[Path]) -> list[Code | None]:
    return [None if look.problem is None else look.problem.code for look in pool.looks(paths, WANTED)]


def who(pool: PicturePool, photo: Path) -> tuple[int, int, set[str]]:
    """Process id, niceness and loaded modules of a child."""
    report = pool.look(*named(photo, "who"), WANTED).camera
    assert report is not None
    process, niceness, *modules = report.split()
    return int(process), int(niceness), set(modules)


def test_a_child_sees_what_this_process_sees(pool: PicturePool, photo: Path) -> None:
    here, there = look_at(photo, WANTED), pool.look(photo, WANTED)
    assert there.problem is None
    assert there.pixels is not None
    assert here.pixels is not None
    assert (there.pixels == here.pixels).all()
    assert (there.path, there.digest, there.thumbnail) == (here.path, here.digest, here.thumbnail)


def test_looks_come_in_order_whatever_becomes_of_them(pool: PicturePool, photo: Path) -> None:
    paths = named(photo, "a", "crash", "b", "hang", "c", "swallow", "d", "crash", "e")
    assert codes(pool, paths) == [
        None,
        Code.DECODER_DIED,
        None,
        Code.TOO_SLOW,
        None,
        Code.TOO_LARGE,
        None,
        Code.DECODER_DIED,
        None,
    ]
    assert [look.path for look in pool.looks(paths[:1] * 40, WANTED)] == paths[:1] * 40


def test_a_name_that_is_not_utf8_crosses_to_the_child_and_back(pool: PicturePool, photo: Path) -> None:
    """Promise 12."""
    (path,) = named(photo, os.fsdecode(b"ros\xe9"))
    look = pool.look(path, WANTED)
    assert (look.problem, os.fsencode(look.path)) == (None, os.fsencode(path))


def test_a_child_that_was_killed_while_idle_is_replaced(pool: PicturePool, photo: Path) -> None:
    process, _, _ = who(pool, photo)
    os.kill(process, signal.SIGKILL)
    wait_until_gone({process}, 5)
    assert codes(pool, [photo] * 4) == [None] * 4


def test_children_are_light_and_yield_to_the_window(pool: PicturePool, photo: Path) -> None:
    _, niceness, modules = who(pool, photo)
    assert modules.isdisjoint({"torch", "torchvision", "PySide6", "pyqtgraph", "scipy", "rawpy", "pi_heif"})
    assert niceness == os.nice(0) + 5


def test_ctrl_c_is_for_the_parent_only(pool: PicturePool, photo: Path) -> None:
    process, _, _ = who(pool, photo)
    os.kill(process, signal.SIGINT)
    assert who(pool, photo)[0] == process


def test_only_a_few_photos_are_read_ahead(pool: PicturePool, photo: Path) -> None:
    """Memory stays flat whatever the folder's size."""
    asked = 0

    def paths() -> Iterator[Path]:
        nonlocal asked
        while True:
            asked += 1
            yield photo

    looks = pool.looks(paths(), WANTED)
    for seen in range(1, 30):
        next(looks)
        assert asked <= seen + 3 * pool.workers
    looks.close()  # type: ignore[attr-defined]


def test_one_look_after_the_other_needs_one_child(photo: Path) -> None:
    before = children_of(os.getpid())
    with PicturePool(4) as pool:
        for _ in range(3):
            pool.look(photo, WANTED)
        assert len(children_of(os.getpid()) - before) == 1


@pytest.mark.parametrize("name", ["hang", "doze"])
def test_cancelling_while_a_picture_hangs_takes_effect_at_once(photo: Path, name: str) -> None:
    """Promise 16: Cancelled goes through within a second; no process and no thread is left."""
    before, threads = children_of(os.getpid()), threading.active_count()
    processes: set[int] = set()
    first_seen = 0.0

    def pulse() -> None:
        if first_seen:
            raise Cancelled

    def work() -> None:
        nonlocal first_seen
        with PicturePool(2, decoder=misbehave) as pool:
            for look in pool.looks(named(photo, "a", name, "b", "c"), WANTED, pulse):
                assert look.path.stem == "a"
                processes.update(children_of(os.getpid()) - before)
                first_seen = time.monotonic()

    with pytest.raises(Cancelled):
        work()
    assert time.monotonic() - first_seen < 1
    assert processes
    wait_until_gone(processes, 0.5)
    assert threading.active_count() == threads


def test_leaving_the_loop_keeps_the_pool_usable(pool: PicturePool, photo: Path) -> None:
    for look in pool.looks([photo] * 50, WANTED):
        assert look.problem is None
        break
    assert codes(pool, [photo]) == [None]


def test_photos_that_wait_when_the_pool_closes_are_told_so(photo: Path) -> None:
    with PicturePool(1, decoder=misbehave) as pool:
        futures = [pool.submit(path, WANTED) for path in named(photo, "a", "doze", "b")]
        assert futures[0].result().problem is None
    problems = [pool.look(photo, WANTED).problem, *(future.result().problem for future in futures[1:])]
    assert [problem and problem.code for problem in problems] == [Code.CANCELLED] * 3


PARENT = """
import os
import sys
from pathlib import Path
from flowersorter.pictures.decode import Wanted
from flowersorter.pictures.pool import PicturePool
from support.decoders import misbehave

if __name__ == "__main__":
    who, *others = map(Path, sys.argv[1:])
    with PicturePool(1, seconds_per_picture=1.0, decoder=misbehave) as pool:
        print(pool.look(who, Wanted()).camera.split()[0], flush=True)
        for path in others:
            pool.submit(path, Wanted())
            while not path.with_suffix(".started").exists():
                os.sched_yield()
        print("waiting", flush=True)
        sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("names", "seconds"),
    [(["who"], 2), (["who", "doze"], 2), (["who", "hang"], 10)],
    ids=["idle", "busy", "stuck"],
)
def test_children_die_with_a_killed_parent(
    tmp_path: Path, photo: Path, names: list[str], seconds: float
) -> None:
    """One that is stuck in C code and keeps the interpreter's lock dies of its alarm, after 3 seconds."""
    for name in names:
        photo.with_name(f"{name}.started").unlink(missing_ok=True)
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, script, *named(photo, *names)]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert parent.stdout.readline() == "waiting\n"
        assert is_running(child)
        parent.kill()
    wait_until_gone({child}, seconds)


def test_a_child_that_cannot_start_is_a_defect_and_not_a_bad_picture(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No photo is listed as unreadable because the program itself is broken."""
    only_here = types.ModuleType("only_here")
    monkeypatch.setitem(sys.modules, "only_here", only_here)
    exec("def decoder(path, wanted): ...", only_here.__dict__)  # noqa: S102 - a module that children can't import
    with (
        PicturePool(1, decoder=only_here.decoder) as pool,
        pytest.raises(RuntimeError, match="does not start"),
    ):
        pool.look(photo, WANTED)


def test_a_child_that_nothing_kills_does_not_hold_the_program(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for a drive that is gone, and Python waits for every child that it knows."""
    monkeypatch.setattr(child, "_KILL_SECONDS", 0.1)
    monkeypatch.setattr(popen_fork.Popen, "_send_signal", lambda _process, _number: None)
    with PicturePool(1, seconds_per_picture=0.5, decoder=misbehave) as pool:
        number = who(pool, photo)[0]
        look = pool.look(*named(photo, "stay"), WANTED)
        assert look.problem is not None
        assert look.problem.code is Code.TOO_SLOW
    assert is_running(number)
    assert number not in {one.pid for one in multiprocessing.active_children()}
    os.kill(number, signal.SIGKILL)
    os.waitpid(number, 0)
