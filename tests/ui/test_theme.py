"""Both schemes can be read, and a change of scheme reaches the icons."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QPushButton

from flowersorter.app import _keep_appearance
from flowersorter.resources import resource
from flowersorter.ui import theme
from flowersorter.ui.theme import DARK, LIGHT, Colors


def luminance(color: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in QColor(color).getRgbF()[:3]
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("shades", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("words", "ground"),
    [
        *[(words, ground) for words in ("text", "muted") for ground in ("window", "surface", "raised")],
        ("text", "accent_soft"), ("accent", "surface"), ("accent", "accent_soft"), ("on_accent", "accent"),
        ("text", "warning_soft"), ("warning", "surface"), ("text", "danger_soft"), ("danger", "surface"),
    ],
)  # fmt: skip
def test_words_can_be_read(shades: Colors, words, ground):
    """WCAG AA: a contrast of at least 4.5."""
    assert contrast(getattr(shades, words), getattr(shades, ground)) >= 4.5


@pytest.fixture
def dark(qapp):
    theme.force(qapp, Qt.ColorScheme.Dark)
    yield
    theme.force(qapp, Qt.ColorScheme.Light)


def brightness(button: QPushButton) -> int:
    image = button.icon().pixmap(20, 20).toImage()
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max(pixel.lightness() for pixel in pixels if pixel.alpha() == 255)


def test_icons_follow_the_scheme(qtbot, qapp):
    button = QPushButton()
    qtbot.addWidget(button)
    theme.force(qapp, Qt.ColorScheme.Light)
    theme.set_icon(button, "check")
    assert brightness(button) < 80
    theme.force(qapp, Qt.ColorScheme.Dark)
    assert brightness(button) > 200
    theme.force(qapp, Qt.ColorScheme.Light)


def test_the_colours_in_force_are_those_of_the_scheme(dark):
    assert theme.colors() is DARK


def test_the_settings_choose_the_scheme(qapp, store):
    _keep_appearance(store)
    store.change(appearance="dark")
    assert theme.colors() is DARK
    store.change(appearance="light")
    assert theme.colors() is LIGHT


@pytest.mark.parametrize("file", sorted(resource("icons").glob("*.svg")), ids=lambda file: file.stem)
def test_every_icon_can_be_drawn(qapp, file):
    image = theme.draw_icon(file.stem, 32, "#ff0000").toImage()
    assert any(image.pixelColor(x, y).alpha() for x in range(32) for y in range(32))
