"""The plan: exactly what will happen, before anything does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from flowersorter.jobs.sort import Planned
from flowersorter.progress import Progress
from flowersorter.records import Plan, PlannedMove, Reason, Transfer
from flowersorter.sentences import show_path
from flowersorter.ui import messages
from flowersorter.ui.group_tree import Group, GroupTree, Line, by_reason, file_name, stay_line
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import ProgressPanel, button, heading, primary_button, set_role, text

_OPEN_UP_TO = 12  # photos; larger folders start folded


class PlanView(QWidget):
    """Shows a plan, and asks for Move or Copy; whoever holds the plan carries it out."""

    back = Signal()
    transfer_changed = Signal(Transfer)
    carry_out_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None, *, cleaning: bool = False) -> None:
        """`cleaning`: photos only move, and a species may have a second folder, of photos set aside."""
        super().__init__(parent)
        self._cleaning = cleaning
        self._plan: Plan | None = None
        self._folders: Sequence[Group] = ()
        self._blocked = False
        self._title = heading("")
        self._summary = text("", "muted")
        self._concerns = QVBoxLayout()
        self._concern_bars: list[_Concern] = []
        self.agree = QCheckBox(self.tr("I have read this and want to go on."))
        self.agree.toggled.connect(self._update_button)
        self.renamed_only = QCheckBox()
        self.renamed_only.toggled.connect(self._show_moves)

        self.moves = GroupTree(
            (self.tr("Folder and photo"), self.tr("Photos"), self.tr("Remark")), self._describe_move
        )
        self.moves.setAccessibleName(self.tr("Photos that will be filed, by folder"))
        self.stays = GroupTree((self.tr("Stays where it is, and why"), self.tr("Photos"), ""), stay_line)
        self.stays.setAccessibleName(self.tr("Photos that stay where they are, by reason"))
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.addWidget(self.moves)
        self._splitter.addWidget(self.stays)
        self._splitter.setSizes([1000, 1000])
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(2 * GRID)

        self.progress = ProgressPanel(self.tr("Stop"))
        self.progress.cancel_requested.connect(self.cancel_requested)

        body = QVBoxLayout()
        body.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 2 * GRID)
        body.setSpacing(GRID)
        body.addWidget(self._title)
        body.addWidget(self._summary)
        body.addLayout(self._concerns)
        body.addWidget(self.agree)
        body.addSpacing(GRID)
        body.addWidget(self.renamed_only)
        body.addWidget(self._splitter, 1)
        body.addWidget(self.progress)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(body, 1)
        page.addWidget(self._make_bar())
        for choice in (self.move_choice, self.copy_choice):
            choice.setVisible(not cleaning)

    def _make_bar(self) -> QFrame:
        self.move_choice = QRadioButton(self.tr("Move the photos"))
        self.copy_choice = QRadioButton(self.tr("Copy them and keep the originals where they are"))
        self._transfers = QButtonGroup(self)
        self._transfers.addButton(self.move_choice)
        self._transfers.addButton(self.copy_choice)
        # only what a person clicks asks for another plan
        self.move_choice.clicked.connect(lambda _checked: self._change(Transfer.MOVE))
        self.copy_choice.clicked.connect(lambda _checked: self._change(Transfer.COPY))
        self.go = primary_button("", self._carry_out)
        self._back = button(self.tr("Back to the photos"), self.back.emit)
        self._bar = QFrame()
        set_role(self._bar, "bar")
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(3 * GRID, GRID, 3 * GRID, GRID)
        row.setSpacing(2 * GRID)
        row.addWidget(self._back)
        row.addStretch(1)
        choices = QVBoxLayout()  # below each other: side by side they are too wide for a small window
        choices.setSpacing(0)
        choices.addWidget(self.move_choice)
        choices.addWidget(self.copy_choice)
        row.addLayout(choices)
        row.addSpacing(GRID)
        row.addWidget(self.go)
        return self._bar

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Hand the keyboard on; not to the button: a key pressed twice must not move photos."""
        self.moves.setFocus(event.reason())

    def show_plan(self, planned: Planned) -> None:
        """Show what will happen; the button stays shut while a concern forbids it."""
        plan = self._plan = planned.plan
        self._folders = self._group(plan)
        self.progress.stop()
        self._bar.setEnabled(True)
        self._blocked = any(concern.blocks for concern in planned.concerns)
        self._show_concerns([(concern.reason, concern.blocks) for concern in planned.concerns])
        (self.copy_choice if plan.transfer is Transfer.COPY else self.move_choice).setChecked(True)
        self._title.setText(self.tr("Nothing has been moved yet. This is what will happen."))
        self._summary.setText(self._summary_words(plan))
        renamed = sum(move.renamed for move in plan.moves)
        self.renamed_only.setText(
            messages.plural(
                renamed,
                self.tr("Show only the %Ln photo that gets a number, because its name is taken", "", renamed),
                self.tr(
                    "Show only the %Ln photos that get a number, because their names are taken", "", renamed
                ),
            )
        )
        self.renamed_only.setChecked(False)
        self.renamed_only.setVisible(renamed > 0)
        self._show_moves()
        self.stays.show_groups(by_reason([*plan.skipped, *plan.kept]))
        self.stays.setVisible(bool(plan.kept or plan.skipped))
        self._update_button()

    def show_progress(self, progress: Progress) -> None:
        """Show how far the carrying out is; the first call shuts the page's other controls."""
        if self.progress.isHidden():
            self.progress.start()
            self._bar.setEnabled(False)
            self.agree.hide()
            self._title.setText(self.tr("Filing your photos"))
        self.progress.show_progress(progress)

    def summary(self) -> str:
        """The sentences below the title."""
        return self._summary.text()

    def _summary_words(self, plan: Plan) -> str:
        moves, stays = len(plan.moves), len(plan.kept) + len(plan.skipped)
        folders = len(self._folders)
        new = len(plan.new_folders)
        into = messages.plural(
            folders,
            self.tr("%Ln folder in {place}", "", folders),
            self.tr("%Ln folders in {place}", "", folders),
        ).format(place=messages.place(self._around(plan)))
        goes = self.tr("{photos} into {folders}").format(photos=messages.photos(moves), folders=into)
        words = [
            self.tr("Copy {what}.").format(what=goes)
            if plan.transfer is Transfer.COPY
            else self.tr("Move {what}.").format(what=goes)
        ]
        if not moves:
            words = [self.tr("No photo is to be filed. Confirm or name some photos first.")]
        elif new:
            words.append(
                messages.plural(
                    new, self.tr("%Ln folder is new.", "", new), self.tr("%Ln folders are new.", "", new)
                )
            )
        if stays:
            words.append(
                messages.plural(
                    stays,
                    self.tr("%Ln photo stays where it is.", "", stays),
                    self.tr("%Ln photos stay where they are.", "", stays),
                )
            )
        if moves:
            words.append(self.tr("Nothing is overwritten, and you can undo it."))
        return " ".join(words)

    def _around(self, plan: Plan) -> Path:
        """The folder that all targets lie in: where some lie beside `into`, the one around both."""
        inside = all(group.rows[0].target.is_relative_to(plan.into) for group in self._folders)
        return plan.into if inside else plan.into.parent

    def _show_concerns(self, concerns: Sequence[tuple[Reason, bool]]) -> None:
        for bar in self._concern_bars:
            bar.deleteLater()
        self._concern_bars = [_Concern(messages.say(reason), blocks=blocks) for reason, blocks in concerns]
        for bar in self._concern_bars:
            self._concerns.addWidget(bar)
        self.agree.setChecked(False)
        self.agree.setVisible(bool(concerns) and not self._blocked)

    def _show_moves(self) -> None:
        groups = self._folders
        if self.renamed_only.isChecked():
            renamed = [(group, [move for move in group.rows if move.renamed]) for group in groups]
            groups = [replace(group, rows=rows) for group, rows in renamed if rows]
        self.moves.show_groups(groups, open_up_to=_OPEN_UP_TO)

    def _group(self, plan: Plan) -> list[Group]:
        """The moves by folder; two species can share one. Comparing a folder per species is quick."""
        alike: dict[object, list[PlannedMove]] = {}
        for move in plan.moves:
            alike.setdefault(move.target.parent if self._cleaning else move.species, []).append(move)
        by_folder: dict[Path, list[PlannedMove]] = {}
        for moves in alike.values():
            by_folder.setdefault(moves[0].target.parent, []).extend(moves)
        new = set(plan.new_folders)
        groups = [
            Group(
                _shown(folder, plan.into),
                self.tr("new folder") if folder in new else self.tr("is there already"),
                moves,
            )
            for folder, moves in by_folder.items()
        ]
        return sorted(groups, key=lambda group: group.title.casefold())

    def _describe_move(self, move: PlannedMove) -> Line:
        remarks = []
        if move.renamed:
            remarks.append(self.tr("becomes {name}").format(name=file_name(move.target)))
        travellers = len(move.files) - 1
        if travellers:
            remarks.append(
                messages.plural(
                    travellers,
                    self.tr("with %Ln file that belongs to it", "", travellers),
                    self.tr("with %Ln files that belong to it", "", travellers),
                )
            )
        if move.photo.filed_as is not None:
            remarks.append(self.tr("was under {species}").format(species=move.photo.filed_as))
        whole = "\n".join(f"{show_path(file.source)}\n→ {show_path(file.target)}" for file in move.files)
        return Line(file_name(move.photo.path), ", ".join(remarks), whole)

    def _update_button(self) -> None:
        plan = self._plan
        if plan is None:
            return
        count = len(plan.moves)
        copying = plan.transfer is Transfer.COPY
        self.go.setText(
            messages.plural(
                count, self.tr("Copy %Ln photo", "", count), self.tr("Copy %Ln photos", "", count)
            )
            if copying
            else messages.plural(
                count, self.tr("Move %Ln photo", "", count), self.tr("Move %Ln photos", "", count)
            )
        )
        agreed = self.agree.isHidden() or self.agree.isChecked()
        self.go.setEnabled(count > 0 and not self._blocked and agreed)

    def _change(self, transfer: Transfer) -> None:
        if self._plan is not None and transfer is not self._plan.transfer:
            self._bar.setEnabled(False)  # until the other plan is shown
            self.transfer_changed.emit(transfer)

    def _carry_out(self) -> None:
        self._bar.setEnabled(False)  # a double click is one wish
        self.carry_out_requested.emit()


def _shown(folder: Path, into: Path) -> str:
    """A target folder below `into`; what lies beside that folder is named from the one around both."""
    inside = folder.is_relative_to(into)
    return show_path(folder.relative_to(into if inside else into.parent))


class _Concern(QFrame):
    """One thing to know before the plan is carried out."""

    def __init__(self, words: str, *, blocks: bool) -> None:
        super().__init__()
        set_role(self, "error" if blocks else "warning")
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        label: QLabel = text(words)
        row.addWidget(label)
