"""A photo as large as fits, and on request why it was named so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from flowersorter.records import Reason
from flowersorter.ui import messages
from flowersorter.ui.explanations import Explanations, Wish, heat_image
from flowersorter.ui.neighbours import Neighbours
from flowersorter.ui.picture import Preview
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Previews, Thumbnails
from flowersorter.ui.widgets import heading, set_role, text

if TYPE_CHECKING:
    from flowersorter.jobs.explain import Explanation


class ExplainedPhoto(QWidget):
    """Thumbnail at once, sharp picture as soon as it is decoded; `set_on` adds the reasons."""

    def __init__(
        self,
        thumbnails: Thumbnails,
        previews: Previews,
        explanations: Explanations,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._explanations = explanations
        self._readable = False
        self._wish: Wish | None = None
        self._on = False
        self.picture = Preview(previews)
        self._where = heading("", 3)
        self._legend = text("", "muted")
        self._alike = heading("", 3)
        self.neighbours = Neighbours(thumbnails)
        self._why = QFrame()
        set_role(self._why, "card")
        box = QVBoxLayout(self._why)
        box.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        box.setSpacing(GRID // 2)
        for widget in (self._where, self._legend, self._alike, self.neighbours):
            box.addWidget(widget)
        self._why.hide()
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(GRID)
        page.addWidget(self.picture, 1)
        page.addWidget(self._why)
        explanations.ready.connect(self._take_explanation)

    def show_photo(self, path: Path, digest: str | None, problem: Reason | None = None) -> None:
        """Show another photo, or the sentence that says why it cannot be shown."""
        if path == self.picture.path:
            return
        self._readable = problem is None
        self._wish = None
        self.picture.show_heat(None)
        if problem is None:
            self.picture.show_photo(path, self._thumbnails.pixmap(path, digest))
        else:
            self.picture.show_words(messages.say(problem))

    def explain(self, wish: Wish | None) -> None:
        """What is to be explained of this photo; asked for when, and only when, it is on."""
        if wish != self._wish:
            self._wish = wish
            self._ask()

    def set_on(self, on: bool) -> None:
        """Show the reasons, or the photo alone."""
        if on != self._on:
            self._on = on
            self._ask()

    def forget(self) -> None:
        """The folder was closed."""
        self._wish = None
        self.picture.show_words("")
        self._ask()

    def reasons(self) -> str:
        """What is said below the photo; empty while it is off."""
        if self._why.isHidden():
            return ""
        said = (self._where, self._legend, self._alike)
        return " ".join(label.text() for label in said if not label.isHidden())

    def _ask(self) -> None:
        wish = self._wish if self._on and self._readable else None
        self.picture.show_heat(None)
        self._why.setVisible(wish is not None)
        if wish is not None:
            self._say(self.tr("Finding out why…"), "", "")
            self.neighbours.hide()
            self._explanations.ask(wish)

    def _take_explanation(self, wish: Wish, answer: Explanation | Exception) -> None:
        if wish != self._wish or not self._on:
            return  # of a photo that was left meanwhile
        if isinstance(answer, Exception):
            self._say(messages.say_error(answer), "", "")
            return
        if float(answer.heat.max()) > 0:
            self.picture.show_heat(heat_image(answer.heat), answer.seen)
            legend = self.tr(
                "Yellow: here it found what speaks for this species. Blue: little or nothing. "
                "It does not see what is outside the dashed line."
            )
        else:
            legend = self.tr("It found nothing in this photo that speaks for this species.")
        where = self.tr("What speaks for “{species}”").format(species=answer.species)
        self._say(where, legend, self._alike_words(answer))
        self.neighbours.show_neighbours(answer.neighbours or (), answer.species)
        self.neighbours.setVisible(bool(answer.neighbours))

    def _alike_words(self, answer: Explanation) -> str:
        if answer.neighbours is None:
            return self.tr("This model came without the photos that it was taught.")
        if not answer.neighbours:
            return self.tr("The photos that it was taught are no longer where they were.")
        words = self.tr("Most like these photos that it was taught")
        if answer.lost:
            gone = messages.plural(
                answer.lost,
                self.tr("%Ln more is no longer where it was", "", answer.lost),
                self.tr("%Ln more are no longer where they were", "", answer.lost),
            )
            words += f" ({gone})"
        return words

    def _say(self, where: str, legend: str, alike: str) -> None:
        for label, words in ((self._where, where), (self._legend, legend), (self._alike, alike)):
            label.setText(words)
            label.setVisible(bool(words))
