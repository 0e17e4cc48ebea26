"""The list of photos that the grid shows: one group of the review, in one order.

It keeps its own sorted rows instead of a proxy model: fifty thousand photos are ordered by one
`sorted`, where a proxy would call Python for every comparison.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt

from flowersorter.sentences import show_path
from flowersorter.ui import messages
from flowersorter.ui.place_words import kind_words, place_words
from flowersorter.ui.review import EVERYTHING, Order, PanelRow, Place, Review, SortKey, confidence

PHOTOS_MIME: Final = "application/x-flowersorter-photos"
ROW_ROLE: Final = Qt.ItemDataRole.UserRole  # the photo's row in the review

# beyond this many single changes, starting over is quicker than telling the view of each
_MANY: Final = 200

Index = QModelIndex | QPersistentModelIndex


class PhotoModel(QAbstractListModel):
    """Rows of `review` that `group` holds; unconfirmed ones only, if asked for."""

    def __init__(self, review: Review, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._review = review
        self._group = EVERYTHING
        self._order = Order.LEAST_SURE
        self._unconfirmed_only = False
        self._shown: list[SortKey] = []  # sort keys, ascending; the last element is the photo's row
        self._keys: dict[int, SortKey] = {}  # the same, by row

    @property
    def review(self) -> Review:
        return self._review

    @property
    def group(self) -> PanelRow:
        return self._group

    def set_review(self, review: Review) -> None:
        self._review = review
        self._group = EVERYTHING
        self._start_over()

    def show_group(self, group: PanelRow) -> None:
        self._group = group
        self._start_over()

    def set_order(self, order: Order) -> None:
        self._order = order
        self._start_over()

    def set_unconfirmed_only(self, only: bool) -> None:
        self._unconfirmed_only = only
        self._start_over()

    def refresh(self, rows: Sequence[int]) -> None:
        """Photos of the review are new, or stand elsewhere: show, move or hide them."""
        if len(rows) > _MANY:
            self._start_over()
            return
        for row in rows:
            old = self._keys.get(row)
            new = self._key(row) if self._wants(row) else None
            if old == new and old is not None:
                index = self.index_of(row)
                self.dataChanged.emit(index, index)
                continue
            if old is not None:
                self._hide(row, old)
            if new is not None:
                self._show(row, new)

    def add(self, rows: Sequence[int]) -> None:
        """Photos of the review are new: show them all at once. What is selected stays selected."""
        new = [row for row in rows if row not in self._keys and self._wants(row)]
        keys = self._review.sort_keys(new, self._group, self._order)
        if not keys:
            return
        before = len(self._shown)
        self.beginInsertRows(QModelIndex(), before, before + len(keys) - 1)
        self._shown += keys
        self._keys |= {key[-1]: key for key in keys}
        self.endInsertRows()
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        named = [self.row_at(index) for index in held]
        self._shown.sort()
        self.changePersistentIndexList(held, [self.index_of(row) for row in named])
        self.layoutChanged.emit()

    def row_at(self, index: Index) -> int:
        """The photo's row in the review."""
        return self._shown[index.row()][-1]

    def rows_at(self, positions: range) -> list[int]:
        """The photos' rows in the review, for places in the grid."""
        return [key[-1] for key in self._shown[positions.start : positions.stop]]

    def index_of(self, row: int) -> QModelIndex:
        """The index of a photo, invalid if it is not shown."""
        key = self._keys.get(row)
        return QModelIndex() if key is None else self.index(bisect_left(self._shown, key))

    def following(self, rows: Sequence[int]) -> int | None:
        """The first photo shown after the last of `rows`, else the one before the first."""
        acted = set(rows)
        shown = [index.row() for index in map(self.index_of, rows) if index.isValid()]
        if not shown:
            return None
        for position in (max(shown) + 1, min(shown) - 1):
            if 0 <= position < len(self._shown) and self._shown[position][-1] not in acted:
                return self._shown[position][-1]
        return None

    def place_at(self, index: Index) -> Place:
        return self._review.place(self.row_at(index))

    # QAbstractListModel

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.row_at(index)
        one = self._review.photos[row]
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return show_path(one.photo.path.relative_to(one.photo.path.parent))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            lines = [show_path(one.photo.path)]
            if one.problem is not None:
                lines.append(messages.say(one.problem))
            return messages.tip("\n".join(lines))
        return None

    def _spoken(self, row: int) -> str:
        """What a screen reader says of a tile."""
        one = self._review.photos[row]
        place = self._review.place(row)
        words = [place_words(place), kind_words(one, place)]
        if one.guess is not None and self._review.decision(row) is None:
            words.append(messages.percent(confidence(one)))
        return ", ".join([*filter(None, words), show_path(one.photo.path.relative_to(one.photo.path.parent))])

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flag = Qt.ItemFlag
        return flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemIsDragEnabled | flag.ItemNeverHasChildren

    def mimeTypes(self) -> list[str]:
        return [PHOTOS_MIME]

    def mimeData(self, indexes: Iterable[QModelIndex]) -> QMimeData:
        """Rows of the review as decimal numbers: they mean something in this window only."""
        data = QMimeData()
        data.setData(PHOTOS_MIME, " ".join(str(self.row_at(index)) for index in indexes).encode())
        return data

    # what is shown

    def _key(self, row: int) -> SortKey:
        return self._review.sort_keys((row,), self._group, self._order)[0]

    def _wants(self, row: int) -> bool:
        if self._unconfirmed_only and self._review.confirmed(row):
            return False
        return self._group.holds(self._review.place(row))

    def _start_over(self) -> None:
        self.beginResetModel()
        rows = self._review.rows_in(self._group, unconfirmed_only=self._unconfirmed_only)
        self._shown = sorted(self._review.sort_keys(rows, self._group, self._order))
        self._keys = {key[-1]: key for key in self._shown}
        self.endResetModel()

    def _show(self, row: int, key: SortKey) -> None:
        at = bisect_left(self._shown, key)
        self.beginInsertRows(QModelIndex(), at, at)
        insort(self._shown, key)
        self._keys[row] = key
        self.endInsertRows()

    def _hide(self, row: int, key: SortKey) -> None:
        at = bisect_left(self._shown, key)
        self.beginRemoveRows(QModelIndex(), at, at)
        del self._shown[at]
        del self._keys[row]
        self.endRemoveRows()
