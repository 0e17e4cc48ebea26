"""How the window looks: colours, palette, style sheet and icons, in light and dark.

`apply` follows the system's colour scheme while the program runs; `force` pins one.
"""

from __future__ import annotations

import weakref
from dataclasses import asdict, dataclass
from functools import cache
from string import Template
from typing import Final

import shiboken6
from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication

from flowersorter.resources import resource

GRID: Final = 8  # pixels; every distance is a multiple of it (or half)


@dataclass(frozen=True, slots=True)
class Colors:
    """The colours of one scheme, as #rrggbb; text colours have a contrast of at least 4.5 on their ground."""

    window: str
    surface: str  # cards, lists, fields
    raised: str  # hover, headers, alternate rows
    border: str
    text: str
    muted: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_soft: str
    warning: str
    warning_soft: str
    danger: str
    danger_soft: str


LIGHT: Final = Colors(
    window="#f5f8f4",
    surface="#ffffff",
    raised="#ebf1ea",
    border="#d0dbcf",
    text="#1b241e",
    muted="#566359",
    accent="#217a3c",
    accent_hover="#1a6631",
    on_accent="#ffffff",
    accent_soft="#ddf0e1",
    warning="#8a5200",
    warning_soft="#fdf0d5",
    danger="#a8231b",
    danger_soft="#fce6e4",
)

DARK: Final = Colors(
    window="#161a17",
    surface="#1e2420",
    raised="#29312b",
    border="#3a453d",
    text="#e6ede7",
    muted="#a1afa5",
    accent="#62c985",
    accent_hover="#7ad79a",
    on_accent="#0b1a10",
    accent_soft="#223c2b",
    warning="#f0b862",
    warning_soft="#3b2f18",
    danger="#ff968c",
    danger_soft="#45221f",
)


def colors() -> Colors:
    """The colours in force now."""
    return DARK if QApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128 else LIGHT


def apply(app: QApplication) -> None:
    """Give `app` our look, and keep it in step with the system's colour scheme."""
    app.setStyle("Fusion")
    hints = QGuiApplication.styleHints()
    _dress(app, hints.colorScheme())
    hints.colorSchemeChanged.connect(lambda scheme: _dress(app, scheme))


def force(app: QApplication, scheme: Qt.ColorScheme) -> None:
    """Use the light or dark scheme whatever the system has; ``Unknown`` follows the system again."""
    hints = QGuiApplication.styleHints()
    hints.setColorScheme(scheme)
    _dress(app, hints.colorScheme() if scheme is Qt.ColorScheme.Unknown else scheme)


def choose(app: QApplication, appearance: str) -> None:
    """Dress `app` as the settings say: "light", "dark", or "auto" for the system's own scheme."""
    schemes = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
    force(app, schemes.get(appearance, Qt.ColorScheme.Unknown))


def set_icon(target: QAction | QAbstractButton, name: str) -> None:
    """Show `resources/icons/<name>.svg` on an action or a button, redrawn whenever the scheme changes."""
    target.setIcon(icon(name))
    _dressed[target] = name


def icon(name: str) -> QIcon:
    """`resources/icons/<name>.svg` in the text colour, with a muted form for what is disabled."""
    shades = colors()
    found = QIcon()
    for side in (20, 40):  # device pixels; Qt scales them for other sizes
        found.addPixmap(draw_icon(name, side, shades.text))
        found.addPixmap(draw_icon(name, side, shades.border), QIcon.Mode.Disabled)
        found.addPixmap(draw_icon(name, side, shades.on_accent), QIcon.Mode.Selected)
    return found


def draw_icon(name: str, side: int, color: str) -> QPixmap:
    """`resources/icons/<name>.svg` as a square of `side` device pixels; `color` replaces `currentColor`."""
    renderer = QSvgRenderer(QByteArray(_svg(name).replace("currentColor", color).encode()))
    pixmap = QPixmap(QSize(side, side))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    return pixmap


_dressed: weakref.WeakKeyDictionary[QAction | QAbstractButton, str] = weakref.WeakKeyDictionary()


@cache
def _svg(name: str) -> str:
    return resource("icons", f"{name}.svg").read_text("utf-8")


def _dress(app: QApplication, scheme: Qt.ColorScheme) -> None:
    shades = DARK if scheme is Qt.ColorScheme.Dark else LIGHT
    app.setPalette(_palette(shades))
    app.setStyleSheet(_style_sheet(shades))
    for target, name in list(_dressed.items()):
        if shiboken6.isValid(target):
            target.setIcon(icon(name))


def _palette(shades: Colors) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, color in (
        (role.Window, shades.window),
        (role.WindowText, shades.text),
        (role.Base, shades.surface),
        (role.AlternateBase, shades.raised),
        (role.Text, shades.text),
        (role.Button, shades.surface),
        (role.ButtonText, shades.text),
        (role.BrightText, shades.danger),
        (role.ToolTipBase, shades.raised),
        (role.ToolTipText, shades.text),
        (role.PlaceholderText, shades.muted),
        (role.Highlight, shades.accent),
        (role.HighlightedText, shades.on_accent),
        (role.Accent, shades.accent),
        (role.Link, shades.accent),
        (role.LinkVisited, shades.accent),
        (role.Light, shades.surface),
        (role.Midlight, shades.raised),
        (role.Mid, shades.border),
        (role.Dark, shades.border),
        (role.Shadow, shades.border),
    ):
        palette.setColor(which, QColor(color))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(shades.muted))
    palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(shades.border))
    return palette


def _style_sheet(shades: Colors) -> str:
    """Roles are set with ``widget.setProperty("role", ...)``; see widgets.py."""
    name = "dark" if shades is DARK else "light"
    return _SHEET.substitute(
        asdict(shades),
        tick=resource("icons", f"tick-{name}.svg").as_posix(),
        arrow=resource("icons", f"arrow-{name}.svg").as_posix(),
        arrow_up=resource("icons", f"arrow-up-{name}.svg").as_posix(),
    )


_SHEET: Final = Template("""
QToolTip { background: $raised; color: $text; border: 1px solid $border; padding: 4px 6px; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="danger"] { color: $danger; }
QLabel[role="accent"] { color: $accent; }
QLabel[role="step"] { color: $accent; font-weight: 700; }

QPushButton { background: $surface; color: $text; border: 1px solid $border; border-radius: 6px;
              padding: 6px 14px; min-height: 20px; }
QPushButton:hover { background: $raised; }
QPushButton:pressed { background: $border; }
QPushButton:checked { background: $accent_soft; border: 1px solid $accent; }
QPushButton:focus { border: 2px solid $accent; padding: 5px 13px; }
QPushButton:disabled { color: $muted; background: $window; }
QPushButton[role="primary"] { background: $accent; color: $on_accent; border: 1px solid $accent;
                              font-weight: 600; padding: 8px 20px; }
QPushButton[role="primary"]:hover { background: $accent_hover; }
QPushButton[role="primary"]:focus { border: 2px solid $text; padding: 7px 19px; }
QPushButton[role="primary"]:disabled { background: $raised; color: $muted; border: 1px solid $border; }
QPushButton[role="quiet"] { background: transparent; border: 1px solid transparent; }
QPushButton[role="quiet"]:hover { background: $raised; }
QPushButton[role="quiet"]:focus { border: 2px solid $accent; }

QPushButton[role="guess"] { padding: 0; min-height: 46px; }
QPushButton[role="guess"]:focus { padding: 0; }

QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }

QToolButton { border: 1px solid transparent; border-radius: 6px; padding: 4px; }
QToolButton:hover { background: $raised; }
QToolButton:checked { background: $accent_soft; }
QToolButton:focus { border: 1px solid $accent; }

QFrame[role="card"] { background: $surface; border: 1px solid $border; border-radius: 10px; }
QFrame[role="drop"] { background: $accent_soft; border: 2px dashed $accent; border-radius: 12px; }
QFrame[role="bar"] { background: $surface; border: none; border-top: 1px solid $border; }
QFrame[role="info"] { background: $accent_soft; border-radius: 8px; }
QFrame[role="warning"] { background: $warning_soft; border-radius: 8px; }
QFrame[role="error"] { background: $danger_soft; border-radius: 8px; }
QFrame#on_top { margin-top: 8px; }
QLabel[role="warning"] { color: $text; padding: 6px 10px; }

QFrame[role="rail"] { background: $surface; border: none; border-right: 1px solid $border; }
QFrame[role="rail"] QPushButton { text-align: left; background: transparent; border: 2px solid transparent;
                                  padding: 7px 10px; min-height: 22px; }
QFrame[role="rail"] QPushButton:hover { background: $raised; }
QFrame[role="rail"] QPushButton:checked { background: $accent_soft; color: $accent; font-weight: 600; }
QFrame[role="rail"] QPushButton:focus { border: 2px solid $accent; }

QListView, QTreeView, QTableView { background: $surface; border: 1px solid $border; border-radius: 8px;
                                   outline: none; }
QListView:focus, QTreeView:focus, QTableView:focus { border: 1px solid $accent; }
QListView[role="grid"] { background: $window; border: none; border-radius: 0; }
QHeaderView::section { background: $raised; color: $muted; border: none; border-bottom: 1px solid $border;
                       padding: 5px 8px; }
QTableView::item { padding: 0 5px; }
QTableView::item:selected { background: $accent_soft; color: $text; }
QTableCornerButton::section { background: $raised; border: none; border-bottom: 1px solid $border; }
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox { background: $surface; border: 1px solid $border;
                                                 border-radius: 6px; padding: 4px 8px; min-height: 22px; }
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus { border: 1px solid $accent; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $border; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url("$arrow"); width: 12px; height: 12px; }
QSpinBox, QDoubleSpinBox { padding-right: 24px; }
QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button {
    subcontrol-origin: border; border: none; width: 24px; height: 15px; }
QSpinBox::up-button, QDoubleSpinBox::up-button { subcontrol-position: top right; }
QSpinBox::down-button, QDoubleSpinBox::down-button { subcontrol-position: bottom right; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url("$arrow_up"); width: 10px; height: 10px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url("$arrow"); width: 10px; height: 10px; }
QCheckBox, QRadioButton { spacing: 8px; padding: 2px; border: 1px solid transparent; border-radius: 4px; }
QCheckBox:focus, QRadioButton:focus { border: 1px solid $accent; }
QCheckBox::indicator, QRadioButton::indicator { width: 16px; height: 16px; border: 1px solid $muted;
                                                background: $surface; }
QCheckBox::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: 9px; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url("$tick"); }
QRadioButton::indicator:checked { border: 5px solid $accent; width: 8px; height: 8px; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: $border; }
QProgressBar { background: $raised; border: none; border-radius: 4px; min-height: 8px; max-height: 8px; }
QProgressBar::chunk { background: $accent; border-radius: 4px; }
QSlider { min-height: 20px; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $border; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: $accent; }
QSlider::handle:horizontal { width: 14px; margin: -6px 0; border-radius: 7px; background: $surface;
                             border: 1px solid $muted; }
QSlider::handle:horizontal:focus { border: 2px solid $accent; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: $border; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: transparent; }
QTabWidget::pane { border: none; border-top: 1px solid $border; top: -1px; }
QTabBar::tab { padding: 8px 16px; background: transparent; color: $muted; border: none;
               border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: $accent; border-bottom: 2px solid $accent; }
QTabBar::tab:focus { color: $text; }
QScrollArea { border: none; background: transparent; }
QMenu { background: $surface; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 6px 28px 6px 24px; border-radius: 4px; }
QMenu::item:selected { background: $accent_soft; color: $text; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
""")
