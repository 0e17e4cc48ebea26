"""Draw the picture in the README: the real window, on photos that the tests draw.

python packaging/readme/draw.py
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tests")]

from PySide6.QtCore import QEventLoop, Qt, SignalInstance  # noqa: E402 - the platform is chosen first
from support.networks import save_random_weights  # noqa: E402
from support.pictures import SPECIES, draw_flower, draw_library, save_photo  # noqa: E402

from flowersorter.app import make_application, open_window  # noqa: E402
from flowersorter.jobs.teach import TeachRequest, teach  # noqa: E402
from flowersorter.paths import Home, home_in  # noqa: E402
from flowersorter.settings import Settings, load, save  # noqa: E402
from flowersorter.ui import theme  # noqa: E402


def main() -> None:
    """Teach drawn flowers, sort a folder of others, and save what the window shows."""
    with tempfile.TemporaryDirectory(prefix="flowersorter-readme-") as folder:
        home = home_in(Path(folder) / "home")
        photos = prepare(home, Path(folder))
        app = make_application()
        theme.force(app, Qt.ColorScheme.Light)
        window = open_window(home)
        window.resize(1280, 800)
        window.show()
        wait_for(window.ready, window.start)
        wait_for(window.session.found, lambda: window.open_folder(photos))
        wait_for(window.session.classified, window.sort_page.welcome.start_button.click)
        thumbnails, shown = window.sort_page.thumbnails, window.session.review.photos
        while any(thumbnails.pixmap(one.photo.path, one.digest) is None for one in shown):
            wait_for(thumbnails.ready, window.grab)
        window.grab().save(str(HERE / "review.png"))
        window.close()


def prepare(home: Home, folder: Path) -> Path:
    """A home with a taught model, and the folder of photos to sort."""
    home.make()
    draw_library(folder / "taught", 24)
    weights = save_random_weights(folder / "random.pth", seed=7)
    save(home.settings_file, Settings(weights_file=str(weights), device="cpu", max_wrong=10.0))
    settings, _ = load(home.settings_file)
    taught = teach(home, settings, TeachRequest(folder / "taught", name="my garden"))
    save(home.settings_file, Settings(model=taught.info.name, weights_file=str(weights), max_wrong=10.0))
    photos = folder / "Garden 2024"
    for number, species in enumerate(SPECIES * 8):
        save_photo(photos / f"IMG_{number:04}.jpg", draw_flower(species, 300 + number))
    return photos


def wait_for(signal: SignalInstance, begin: Callable[[], object]) -> None:
    """Begin something and run the event loop until the signal comes."""
    loop = QEventLoop()
    signal.connect(loop.quit)
    begin()
    loop.exec()


if __name__ == "__main__":
    main()
