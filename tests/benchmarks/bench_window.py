"""How soon the window is there, and how long the review keeps the GUI thread at a time.

    python tests/benchmarks/bench_window.py [--photos 10000] [--species 20]

Processor time of the GUI thread, so that other programs on the machine do not count.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from PySide6.QtWidgets import QApplication

from flowersorter.records import Classified, Decision, Guess, Photo, Score
from flowersorter.ui import theme
from flowersorter.ui.photo_delegate import PhotoDelegate
from flowersorter.ui.photo_grid import PhotoGrid
from flowersorter.ui.photo_model import PhotoModel
from flowersorter.ui.review import EVERYTHING, Kind, Order, PanelRow, Review
from flowersorter.ui.species_panel import SpeciesPanel

STARTS = 5
SHARE = 200  # photos, as review_view.py fills the grid
START = """
import time
from flowersorter import app
from flowersorter.paths import user_home
home = user_home()
home.make()
application = app.make_application()
window = app.open_window(home)
window.show()
application.processEvents()
print(time.process_time(), flush=True)
window.close()
"""


class NoThumbnails:
    """Drawing pictures is not measured."""

    def pixmap(self, _path: Path, _digest: str | None) -> None:
        return None

    def failed(self, _path: Path) -> bool:
        return False


def seconds_to_window() -> tuple[float, float]:
    """From starting Python to the first painted window: by the clock, and of processor time."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "FLOWERSORTER_HOME": folder, "PYTHONPATH": sys.path[0]}
        began = time.perf_counter()
        window = subprocess.Popen([sys.executable, "-c", START], env=environment, stdout=subprocess.PIPE)
        assert window.stdout is not None
        busy = float(window.stdout.readline())
        took = time.perf_counter() - began
        window.communicate()
    return took, busy


def made_up(photos: int, species: list[str]) -> list[Classified]:
    dice = random.Random(1)
    answers = []
    for number in range(photos):
        name, share = dice.choice(species), dice.random()
        guess = Guess((Score(name, share), Score("other", 1 - share)), share > 0.6)
        answers.append(Classified(Photo(Path(f"/garden/{number}.jpg"), 1, number), str(number), guess))
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--species", type=int, default=20)
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    starts = [seconds_to_window() for _ in range(STARTS)]
    clock, busy = (statistics.median(column) for column in zip(*starts, strict=True))
    print(f"window up after {clock:.2f} s by the clock, {busy:.2f} s of processor time (medians of {STARTS})")

    application = QApplication([])
    theme.apply(application)
    names = [f"species {number}" for number in range(arguments.species)]
    review = Review()
    review.know(names)
    model = PhotoModel(review)
    grid = PhotoGrid(model, PhotoDelegate(review, NoThumbnails(), 176, model))  # type: ignore[arg-type]
    panel = SpeciesPanel(review)
    grid.resize(1500, 900)
    for widget in (grid, panel):
        widget.show()
    application.processEvents()

    def measured(do: Callable[[], object]) -> float:
        began = time.thread_time()
        do()
        application.processEvents()
        return 1000 * (time.thread_time() - began)

    answers = made_up(arguments.photos, names)

    def add(first: int) -> None:
        model.add(review.add(answers[first : first + SHARE]))
        panel.refresh()

    tenth = {one.photo.path: Decision(names[0]) for one in answers[::10]}
    first = {answers[1].photo.path: Decision(names[0])}
    print(f"longest turns of the GUI thread with {arguments.photos} photos, in ms:")
    for words, took in (
        (
            "a share of the photos comes",
            max(measured(lambda at=at: add(at)) for at in range(0, len(answers), SHARE)),
        ),
        ("one species", measured(lambda: model.show_group(PanelRow(Kind.SPECIES, names[0])))),
        ("all photos", measured(lambda: model.show_group(EVERYTHING))),
        ("surest first", measured(lambda: model.set_order(Order.SUREST))),
        ("select all", measured(grid.selectAll)),
        ("selected rows", measured(grid.selected_rows)),
        ("a tenth gets another species", measured(lambda: model.refresh(review.set_decisions(tenth)))),
        ("one photo gets another species", measured(lambda: model.refresh(review.set_decisions(first)))),
        ("smaller pictures", measured(lambda: grid.set_side(120))),
    ):
        print(f"  {words:32s} {took:7.1f}")


if __name__ == "__main__":
    main()
