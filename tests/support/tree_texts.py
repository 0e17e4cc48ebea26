"""What a `GroupTree` shows, as text."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QTreeView


def shown(tree: QTreeView) -> dict[str, list[str]]:
    """The cells of every line under its group's title; the count and note of a group come first."""
    model = tree.model()

    def cells(row: int, parent: QModelIndex) -> list[str]:
        columns = range(model.columnCount())
        return [str(model.index(row, column, parent).data(Qt.ItemDataRole.DisplayRole)) for column in columns]

    found = {}
    for row in range(model.rowCount()):
        title, *rest = cells(row, QModelIndex())
        group = model.index(row, 0)
        lines = [" | ".join(filter(None, cells(child, group))) for child in range(model.rowCount(group))]
        found[title] = [" | ".join(filter(None, rest)), *lines]
    return found
