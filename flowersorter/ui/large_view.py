"""One photo, large, with what the model thinks of it and what can be said about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from flowersorter.records import Score
from flowersorter.sentences import show_path
from flowersorter.ui import messages
from flowersorter.ui.explained_photo import ExplainedPhoto
from flowersorter.ui.explanations import Explanations, Wish
from flowersorter.ui.place_words import kind_words, place_words
from flowersorter.ui.review import Review, Standing
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Previews, Thumbnails
from flowersorter.ui.widgets import (
    Elided,
    button,
    heading,
    icon_button,
    is_plain,
    primary_button,
    scrolling,
    set_role,
    text,
)

if TYPE_CHECKING:
    from flowersorter.learning.bundle import ModelInfo

RUNNERS_UP: Final = 3  # guesses that are shown and that keys 1 to 3 choose


class LargeView(QWidget):
    """Shows one row of a review; the review page acts on what is pressed."""

    confirm_pressed = Signal()
    leave_pressed = Signal()
    species_chosen = Signal(str)
    letters_typed = Signal(str)
    step_pressed = Signal(int)  # +1 next, -1 previous
    closed = Signal()

    def __init__(
        self,
        thumbnails: Thumbnails,
        previews: Previews,
        explanations: Explanations,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._model: ModelInfo | None = None
        self._ranking: tuple[Score, ...] = ()
        self.photo = ExplainedPhoto(thumbnails, previews, explanations)
        self._species = heading("", 1)
        self._state = text("", "muted")
        self._guesses = [_GuessRow(number + 1) for number in range(RUNNERS_UP)]
        self._guesses_title = heading(self.tr("It could be"), 3)
        self._file = Elided()
        set_role(self._file, "muted")
        for row in self._guesses:
            row.chosen.connect(self.species_chosen)

        self.why = icon_button("question", self.tr("Why?"), lambda: None)
        self.why.setText(self.tr("Why?"))
        self.why.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.why.setCheckable(True)
        self.why.setToolTip(self.tr("Where it looked, and the taught photos that are most like this one (?)"))
        self.why.toggled.connect(self.photo.set_on)

        side = QFrame()
        set_role(side, "card")
        box = QVBoxLayout(side)
        box.setContentsMargins(2 * GRID, GRID, 2 * GRID, 2 * GRID)
        box.setSpacing(GRID)
        steps = QHBoxLayout()
        steps.addWidget(
            icon_button("previous", self.tr("Previous photo"), lambda: self.step_pressed.emit(-1))
        )
        steps.addWidget(icon_button("next", self.tr("Next photo"), lambda: self.step_pressed.emit(1)))
        steps.addWidget(self._file, 1)
        steps.addWidget(icon_button("close", self.tr("Back to all photos"), self.closed.emit))
        box.addLayout(steps)
        box.addWidget(self._species)
        box.addWidget(self._state)
        asking = QHBoxLayout()
        asking.addWidget(self._guesses_title)
        asking.addStretch(1)
        asking.addWidget(self.why)
        box.addLayout(asking)
        for row in self._guesses:
            box.addWidget(row)
        box.addStretch(1)
        self._confirm = primary_button(self.tr("That is right"), self.confirm_pressed.emit)
        box.addWidget(self._confirm)
        box.addWidget(button(self.tr("Another name…"), lambda: self.letters_typed.emit(""), "pencil"))
        box.addWidget(button(self.tr("Leave it where it is"), self.leave_pressed.emit, "leave"))
        for made in side.findChildren(QAbstractButton):
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        page = QHBoxLayout(self)
        page.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        page.setSpacing(2 * GRID)
        beside = scrolling(side)
        beside.setFixedWidth(36 * GRID)
        beside.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page.addWidget(self.photo, 1)
        page.addWidget(beside)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_photo(self, review: Review, row: int) -> None:
        """Show a photo: the thumbnail at once, the sharp picture as soon as it is decoded."""
        one = review.photos[row]
        path = one.photo.path
        place = review.place(row)
        self._ranking = () if one.guess is None else one.guess.ranking[:RUNNERS_UP]
        self._species.setText(place_words(place))
        self._state.setText(self._state_words(review, row))
        self._guesses_title.setVisible(bool(self._ranking))
        for number, guess in enumerate(self._guesses):
            guess.show_score(self._ranking[number] if number < len(self._ranking) else None)
        self._file.setText(show_path(path.relative_to(path.parent)))
        self._file.setToolTip(messages.tip(show_path(path)))
        self._confirm.setEnabled(bool(place.species) and review.decision(row) is None)
        self.photo.show_photo(path, one.digest, one.problem)
        self.why.setEnabled(self._model is not None and one.problem is None)
        self.photo.explain(None if self._model is None else Wish(self._model, path, place.species))

    def set_model(self, model: ModelInfo) -> None:
        """Which model names the photos, and so can say why."""
        self._model = model

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        number = key - Qt.Key.Key_1
        if not is_plain(event):
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Escape):
            self.closed.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirm_pressed.emit()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.leave_pressed.emit()
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Down):
            self.step_pressed.emit(1)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Up):
            self.step_pressed.emit(-1)
        elif event.text() == "?":  # no letter: letters begin a name
            self.why.click()
        elif 0 <= number < len(self._ranking):
            self.species_chosen.emit(self._ranking[number].species)
        elif event.text() and event.text().isalpha():
            self.letters_typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    def forget(self) -> None:
        """The folder was closed."""
        self._model = None
        self.photo.forget()

    def _state_words(self, review: Review, row: int) -> str:
        place, decision, guess = review.place(row), review.decision(row), review.photos[row].guess
        if place.standing is Standing.FILED:
            return self.tr("Already filed.")
        if place.standing is Standing.LEFT:
            return self.tr("You chose to leave it where it is.")
        if place.standing is Standing.ALBUM:
            return self.tr("It lies in one of your albums.")
        if place.standing is Standing.UNREADABLE:
            return self.tr("It stays where it is.")
        if decision is not None:
            return self.tr("You said so.")
        if place.standing is Standing.UNSURE and guess is not None and guess.stranger:
            return self.tr("Unlike anything it was taught. What is it?")
        if place.standing is Standing.UNSURE:
            kind = kind_words(review.photos[row], place)
            unsure = self.tr("Not sure enough to file it. What is it?")
            return f"{kind}. {unsure}" if kind else unsure
        share = messages.percent(0.0 if guess is None else guess.best.confidence)
        return self.tr("{percent} sure. It will be filed.").format(percent=share)


class _GuessRow(QPushButton):
    """One guess with its number key; clicking it says "this one"."""

    chosen = Signal(str)

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._name = QLabel(textFormat=Qt.TextFormat.PlainText)
        self._percent = QLabel()
        set_role(self._percent, "muted")
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._species = ""
        key = QLabel(str(number))
        set_role(key, "muted")
        words = QHBoxLayout()
        words.addWidget(key)
        words.addWidget(self._name, 1)
        words.addWidget(self._percent)
        box = QVBoxLayout(self)
        box.setContentsMargins(GRID, GRID // 2, GRID, GRID)
        box.addLayout(words)
        box.addWidget(self._bar)
        for child in (key, self._name, self._percent, self._bar):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        set_role(self, "guess")
        self.clicked.connect(lambda _checked: self.chosen.emit(self._species))

    def show_score(self, score: Score | None) -> None:
        self.setVisible(score is not None)
        if score is None:
            return
        self._species = score.species
        self._name.setText(score.species)
        self._percent.setText(messages.percent(score.confidence))
        self._bar.setValue(round(score.confidence * 1000))
        self.setAccessibleName(f"{score.species}, {messages.percent(score.confidence)}")
        self.setToolTip(self.tr("Press {number} to choose it").format(number=self._number))
