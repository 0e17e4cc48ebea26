"""The panel beside the grid: the groups of the review with their counts. Photos are dropped on a species."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFont,
    QPainter,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from flowersorter.ui import messages, theme
from flowersorter.ui.photo_model import PHOTOS_MIME, Index
from flowersorter.ui.review import EVERYTHING, Kind, PanelRow, Place, Review, Standing
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import set_role

GROUP_ROLE: Final = Qt.ItemDataRole.UserRole
COUNT_ROLE: Final = Qt.ItemDataRole.UserRole + 1
KEY_ROLE: Final = Qt.ItemDataRole.UserRole + 2
FILED_ROLE: Final = Qt.ItemDataRole.UserRole + 3


class PanelModel(QAbstractListModel):
    """All, what needs a look, each species, and what stays."""

    def __init__(self, review: Review, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._groups: list[PanelRow] = [EVERYTHING]
        self._counts: list[tuple[int, int]] = [(0, 0)]

    def set_review(self, review: Review) -> None:
        self._review = review
        self.refresh()

    def refresh(self) -> None:
        """Take over the review's counts; rows appear and go with their photos."""
        groups = self._wanted()
        counts = [self._count(group) for group in groups]
        if groups == self._groups:
            self._counts = counts
            self.dataChanged.emit(self.index(0), self.index(len(groups) - 1))
            return
        self.beginResetModel()
        self._groups, self._counts = groups, counts
        self.endResetModel()

    def group_at(self, index: Index) -> PanelRow:
        return self._groups[index.row()]

    def index_of(self, group: PanelRow) -> QModelIndex:
        return self.index(self._groups.index(group)) if group in self._groups else QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._groups)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        group = self._groups[index.row()]
        count, filed = self._counts[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return group_words(group)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{group_words(group)}, {messages.photos(count)}"
            case Qt.ItemDataRole.ToolTipRole:
                return self._tip(group, count, filed)
        if role == GROUP_ROLE:
            return group
        if role == COUNT_ROLE:
            return count
        if role == FILED_ROLE:
            return filed
        if role == KEY_ROLE and group.kind is Kind.SPECIES:
            return self._review.keys.get(group.species)
        return None

    def _wanted(self) -> list[PanelRow]:
        groups = [EVERYTHING, PanelRow(Kind.UNSURE)]
        groups += [PanelRow(Kind.SPECIES, name) for name in self._review.species_shown()]
        for kind in (Kind.LEFT, Kind.ALBUM, Kind.UNREADABLE, Kind.FILED):
            if kind is Kind.LEFT or self._review.count(PanelRow(kind)):
                groups.append(PanelRow(kind))
        return groups

    def _count(self, group: PanelRow) -> tuple[int, int]:
        """How many photos of the group are new to it, and of a species how many are filed already."""
        if group.kind is Kind.SPECIES:
            count = self._review.count_standing
            return count(Standing.TO_FILE, group.species), count(Standing.FILED, group.species)
        return self._review.count(group), 0

    def _tip(self, group: PanelRow, count: int, filed: int) -> str:
        if group.kind is not Kind.SPECIES:
            return ""
        words = self.tr("{photos} to file").format(photos=messages.photos(count))
        if filed:
            words += "\n" + self.tr("{photos} already filed").format(photos=messages.photos(filed))
        key = self._review.keys.get(group.species)
        if key is not None:
            words += "\n" + self.tr("Press {key} to file the selected photos here").format(key=key)
        return words


class SpeciesPanel(QListView):
    """Chooses the group to show; `photos_dropped` says where photos were dropped."""

    group_chosen = Signal(object)  # PanelRow
    photos_dropped = Signal(object)  # PanelRow: a species, or LEFT

    def __init__(self, review: Review, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._groups = PanelModel(review, self)
        self.setModel(self._groups)
        self.setItemDelegate(_GroupDelegate(self))
        self.setUniformItemSizes(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Groups"))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        set_role(self, "grid")
        self._target: QModelIndex = QModelIndex()
        self._chosen = EVERYTHING
        self._scrolled = 0
        self.selectionModel().currentChanged.connect(self._choose)
        self._groups.modelAboutToBeReset.connect(self._keep_place)
        self._groups.modelReset.connect(self._restore)
        self._restore()

    @property
    def chosen(self) -> PanelRow:
        return self._chosen

    def set_review(self, review: Review) -> None:
        self._chosen = EVERYTHING
        self._groups.set_review(review)
        self._restore()
        self.scrollToTop()

    def refresh(self) -> None:
        self._groups.refresh()

    def choose(self, group: PanelRow) -> None:
        index = self._groups.index_of(group)
        if index.isValid():
            self.setCurrentIndex(index)

    def group_at(self, index: Index) -> PanelRow:
        return self._groups.group_at(index)

    def target(self) -> QModelIndex:
        """The row that photos are being dragged over."""
        return self._target

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(PHOTOS_MIME):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        takes = index.isValid() and self.group_at(index).kind in (Kind.SPECIES, Kind.LEFT)
        self._aim(index if takes else QModelIndex())
        event.setAccepted(takes)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._aim(QModelIndex())
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        self._aim(QModelIndex())
        if index.isValid() and self.group_at(index).kind in (Kind.SPECIES, Kind.LEFT):
            event.acceptProposedAction()
            self.photos_dropped.emit(self.group_at(index))

    def _aim(self, index: QModelIndex) -> None:
        if index != self._target:
            self._target = index
            self.viewport().update()

    def _choose(self, current: QModelIndex) -> None:
        if current.isValid() and self.group_at(current) != self._chosen:
            self._chosen = self.group_at(current)
            self.group_chosen.emit(self._chosen)

    def _keep_place(self) -> None:
        self._scrolled = self.verticalScrollBar().value()

    def _restore(self) -> None:
        """The rows are new: go on with the same group, at the same place; if it is gone, with all photos."""
        self._target = QModelIndex()
        index = self._groups.index_of(self._chosen)
        self.setAutoScroll(False)  # who looks further down is not led back to the group that is chosen
        self.setCurrentIndex(index if index.isValid() else self._groups.index(0))
        self.setAutoScroll(True)
        self.doItemsLayout()
        self.verticalScrollBar().setValue(self._scrolled if index.isValid() else 0)


class _GroupDelegate(QStyledItemDelegate):
    def __init__(self, panel: SpeciesPanel) -> None:
        super().__init__(panel)
        self._panel = panel

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return QSize(20 * GRID, option.fontMetrics.height() + 2 * GRID)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        shades = theme.colors()
        group: PanelRow = index.data(GROUP_ROLE)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        row = option.rect.adjusted(GRID // 2, 1, -GRID // 2, -1)
        if index == self._panel.target():
            painter.setBrush(QColor(shades.accent_soft))
            painter.setPen(QColor(shades.accent))
            painter.drawRoundedRect(row, 6, 6)
        elif selected or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(QColor(shades.accent_soft if selected else shades.raised))
            focused = selected and option.state & QStyle.StateFlag.State_HasFocus
            painter.setPen(QColor(shades.accent) if focused else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(row, 6, 6)
        inner = row.adjusted(GRID, 0, -GRID, 0)
        self._paint_key(painter, inner, index.data(KEY_ROLE))
        count, filed = index.data(COUNT_ROLE), index.data(FILED_ROLE)
        numbers = messages.number(count)
        if filed:
            numbers += f" + {messages.number(filed)}"
        width = painter.fontMetrics().horizontalAdvance(numbers)
        needs_look = group.kind is Kind.UNSURE and count
        painter.setPen(QColor(shades.warning if needs_look else shades.muted))
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, numbers)
        name = inner.adjusted(3 * GRID if group.kind is Kind.SPECIES else 0, 0, -width - GRID, 0)
        font = QFont(option.font)
        font.setWeight(QFont.Weight.DemiBold if selected else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(shades.text if count or filed or group.kind is Kind.ALL else shades.muted))
        words = painter.fontMetrics().elidedText(
            group_words(group), Qt.TextElideMode.ElideRight, name.width()
        )
        painter.drawText(name, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()

    def _paint_key(self, painter: QPainter, area: QRect, key: int | None) -> None:
        if key is None:
            return
        shades = theme.colors()
        cap = QRect(area.left(), area.center().y() - 8, 16, 17)
        painter.save()
        painter.setPen(QColor(shades.border))
        painter.setBrush(QColor(shades.surface))
        painter.drawRoundedRect(cap, 3, 3)
        painter.setPen(QColor(shades.muted))
        small = QFont(painter.font())
        small.setPointSizeF(small.pointSizeF() * 0.85)
        painter.setFont(small)
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, str(key))
        painter.restore()


def group_words(group: PanelRow) -> str:
    """What the panel calls a group."""
    translate = messages.translate
    match group.kind:
        case Kind.ALL:
            return translate("groups", "All photos")
        case Kind.SPECIES:
            return group.species
        case Kind.UNSURE:
            return translate("groups", "Unsure")
        case Kind.LEFT:
            return translate("groups", "Left where they are")
        case Kind.ALBUM:
            return translate("groups", "In your albums")
        case Kind.UNREADABLE:
            return translate("groups", "Could not be read")
        case Kind.FILED:
            return translate("groups", "Already filed")


def section_words(group: PanelRow, place: Place | None) -> str:
    """A group, and in a mixed one the species of the photo that is shown at its top."""
    words = group_words(group)
    if place is None or not place.species or group.kind is Kind.SPECIES:
        return words
    unsure = place.standing is Standing.UNSURE and group.kind is Kind.ALL
    section = messages.translate("groups", "Unsure: {species}?") if unsure else "{species}"
    return f"{words}  ›  {section.format(species=place.species)}"
