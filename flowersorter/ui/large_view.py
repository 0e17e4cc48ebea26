"""One photo, large, with what the model thinks of it and what can be said about it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from flowersorter.records import Score
from flowersorter.sentences import show_path
from flowersorter.ui import messages
from flowersorter.ui.place_words import place_words
from flowersorter.ui.review import Review, Standing
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Previews, Thumbnails
from flowersorter.ui.widgets import Elided, button, heading, icon_button, primary_button, set_role, text

RUNNERS_UP: Final = 3  # guesses that are shown and that keys 1 to 3 choose


class LargeView(QWidget):
    """Shows one row of a review; the review page acts on what is pressed."""

    confirm_pressed = Signal()
    leave_pressed = Signal()
    species_chosen = Signal(str)
    letters_typed = Signal(str)
    step_pressed = Signal(int)  # +1 next, -1 previous
    closed = Signal()

    def __init__(self, thumbnails: Thumbnails, previews: Previews, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._previews = previews
        self._path: Path | None = None
        self._ranking: tuple[Score, ...] = ()
        self._picture = _Picture()
        self._species = heading("", 1)
        self._state = text("", "muted")
        self._guesses = [_GuessRow(number + 1) for number in range(RUNNERS_UP)]
        self._guesses_title = heading(self.tr("It could be"), 3)
        self._file = Elided()
        set_role(self._file, "muted")
        previews.ready.connect(self._take)
        for row in self._guesses:
            row.chosen.connect(self.species_chosen)

        side = QFrame()
        set_role(side, "card")
        side.setFixedWidth(36 * GRID)
        box = QVBoxLayout(side)
        box.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
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
        box.addWidget(self._guesses_title)
        for row in self._guesses:
            box.addWidget(row)
        box.addStretch(1)
        self._confirm = primary_button(self.tr("That is right"), self.confirm_pressed.emit)
        box.addWidget(self._confirm)
        box.addWidget(button(self.tr("Another name…"), lambda: self.letters_typed.emit(""), "pencil"))
        box.addWidget(button(self.tr("Leave it where it is"), self.leave_pressed.emit, "leave"))
        for made in side.findChildren(QPushButton):
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        page = QHBoxLayout(self)
        page.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        page.setSpacing(2 * GRID)
        page.addWidget(self._picture, 1)
        page.addWidget(side)
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
        self._file.setToolTip(show_path(path))
        self._confirm.setEnabled(bool(place.species) and review.decision(row) is None)
        if path != self._path:
            self._path = path
            if one.problem is None:
                self._picture.show_pixmap(self._thumbnails.pixmap(path, one.digest))
                self._previews.fetch(path, self._wanted_side())
            else:
                self._picture.show_words(messages.say(one.problem))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        number = key - Qt.Key.Key_1
        if key in (Qt.Key.Key_Space, Qt.Key.Key_Escape):
            self.closed.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirm_pressed.emit()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.leave_pressed.emit()
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Down):
            self.step_pressed.emit(1)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Up):
            self.step_pressed.emit(-1)
        elif 0 <= number < len(self._ranking):
            self.species_chosen.emit(self._ranking[number].species)
        elif (
            event.text()
            and event.text().isalpha()
            and not event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.letters_typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    def forget(self) -> None:
        """The folder was closed."""
        self._path = None
        self._picture.show_words("")

    def _wanted_side(self) -> int:
        return round(max(self._picture.width(), self._picture.height(), 800) * self.devicePixelRatioF())

    def _take(self, path: Path, answer: QImage | Exception) -> None:
        if path != self._path:
            return  # of a photo that was left meanwhile
        if isinstance(answer, QImage):
            self._picture.show_pixmap(QPixmap.fromImage(answer))
        else:
            self._picture.show_words(messages.say_error(answer))

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
            return self.tr("Not sure enough to file it. What is it?")
        share = messages.percent(0.0 if guess is None else guess.best.confidence)
        return self.tr("{percent} sure. It will be filed.").format(percent=share)


class _Picture(QWidget):
    """A picture as large as fits, or a sentence instead."""

    def __init__(self) -> None:
        super().__init__()
        self._pixmap: QPixmap | None = None
        self._words = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(200, 200))

    def show_pixmap(self, pixmap: QPixmap | None) -> None:
        self._pixmap, self._words = pixmap, ""
        self.update()

    def show_words(self, words: str) -> None:
        self._pixmap, self._words = None, words
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._pixmap is None:
            painter.drawText(
                self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._words
            )
            return
        target = self.rect()
        target.setSize(self._pixmap.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio))
        target.moveCenter(self.rect().center())
        painter.drawPixmap(target, self._pixmap)


class _GuessRow(QPushButton):
    """One guess with its number key; clicking it says "this one"."""

    chosen = Signal(str)

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._name = QLabel()
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
