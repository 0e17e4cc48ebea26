"""Explanations for the window: worked out off the GUI thread, and drawn as colours over the photo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from flowersorter.paths import Home
from flowersorter.settings import Settings
from flowersorter.ui.newest import Newest

if TYPE_CHECKING:  # numpy is not needed before the first photo
    import numpy as np
    from numpy.typing import NDArray

    from flowersorter.jobs.explain import Explanation
    from flowersorter.learning.bundle import ModelInfo

# From dark blue to yellow, brighter with every step: it reads the same for colour-blind eyes and in grey
# (after cividis, Nuñez, Anderton and Renslow 2018). The warmer, the more of the photo shines through.
_COLD: Final = (0, 32, 77)
_MIDDLE: Final = (124, 123, 120)
_HOT: Final = (255, 234, 70)
_ALPHAS: Final = (0.72, 0.30)


class Wish(NamedTuple):
    """What is to be explained: the photo, by which model, and for which species."""

    model: ModelInfo
    photo: Path
    species: str


class Explainer(Protocol):
    """What `jobs.explain.Explainer` offers; `explain` blocks and raises `Refused`."""

    def explain(self, info: ModelInfo, photo: Path, species: str) -> Explanation: ...

    def close(self) -> None: ...


class LateExplainer:
    """The jobs' explainer, made by the thread that needs it first: it opens a model and loads torch."""

    def __init__(self, home: Home, settings: Callable[[], Settings]) -> None:
        self._home = home
        self._settings = settings
        self._made: Explainer | None = None
        self._lock = Lock()

    def explain(self, info: ModelInfo, photo: Path, species: str) -> Explanation:
        with self._lock:
            if self._made is None:
                from flowersorter.jobs import explain

                self._made = explain.Explainer(self._home, self._settings)
        return self._made.explain(info, photo, species)

    def close(self) -> None:
        with self._lock:
            if self._made is not None:
                self._made.close()


class Explanations(QObject):
    """One explanation at a time; `ready` answers with the wish."""

    ready = Signal(object, object)  # Wish, Explanation or the Exception that says why there is none

    def __init__(self, explainer: Explainer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explainer = explainer
        self._newest = Newest(lambda wish: explainer.explain(*wish), self)
        self._newest.succeeded.connect(self.ready)
        self._newest.failed.connect(self.ready)

    def ask(self, wish: Wish) -> None:
        """Explain this next; an older wish that waits is dropped."""
        self._newest.ask(wish)

    def close(self) -> None:
        """Stop. The explainer is closed first: that ends a decode that takes long."""
        self._explainer.close()
        self._newest.close()


def heat_image(heat: NDArray[np.float32]) -> QImage:
    """A heat map float32[H, W], 0 to 1, as a picture to lay over the photo."""
    import numpy as np

    steps = np.linspace(0.0, 1.0, 256)
    alpha = np.interp(steps, (0.0, 1.0), _ALPHAS)
    shades = [
        np.interp(steps, (0.0, 0.5, 1.0), levels) * alpha for levels in zip(_COLD, _MIDDLE, _HOT, strict=True)
    ]
    table = np.stack([*shades, 255 * alpha], axis=1).round().astype(np.uint8)
    pixels = np.ascontiguousarray(table[(heat * 255).round().astype(np.uint8)])
    height, width = heat.shape
    form = QImage.Format.Format_RGBA8888_Premultiplied
    # copied, because QImage does not keep the bytes alive
    return QImage(pixels.tobytes(), width, height, 4 * width, form).copy()
