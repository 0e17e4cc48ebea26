"""Photos that the tests draw themselves: five species which a small network can tell apart."""

from __future__ import annotations

import math
import os
import random
from datetime import UTC, datetime
from pathlib import Path

from PIL import ExifTags, Image, ImageDraw, ImageFilter

Color = tuple[int, int, int]

SPECIES = ("daisy", "tulip", "sunflower", "rose", "bluebell")

# drawn larger and scaled down, because ImageDraw does not smooth its edges
_OVERSAMPLING = 2


def draw_flower(species: str, seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Draw one flower of a species in `SPECIES`; the same arguments give the same RGB picture.

    Colour, position, scale, rotation and background vary with the seed. Raises KeyError for another name.
    """
    petals = _PETALS[species]
    dice = random.Random(f"{species}/{seed}")
    width, height = (side * _OVERSAMPLING for side in size)
    picture = _background(dice, width, height)
    draw = ImageDraw.Draw(picture)
    radius = min(width, height) * dice.uniform(0.24, 0.38)
    x = width * dice.uniform(0.38, 0.62)
    y = height * dice.uniform(0.38, 0.56)
    green = _vary(dice, (60, 120, 50), 25)
    draw.line([(x, y), (x + radius * dice.uniform(-0.5, 0.5), height)], fill=green, width=int(radius / 8))
    petals(draw, dice, x, y, radius)
    soft = picture.filter(ImageFilter.GaussianBlur(dice.uniform(0.3, 1.5)))
    return soft.resize(size, Image.Resampling.BOX)


def save_photo(
    path: Path,
    image: Image.Image,
    *,
    taken: datetime | None = None,
    camera: tuple[str, str] | None = None,
    orientation: int | None = None,
    mtime: float | None = None,
) -> Path:
    """Save `image` in the format of the path's suffix, with EXIF, and give the path back.

    ``taken`` without a zone is written without one; ``camera`` is (make, model); ``orientation`` 1 to 8
    is written as it is (the picture is not turned); ``mtime`` in seconds since the epoch.
    """
    exif = Image.Exif()
    if orientation is not None:
        exif[ExifTags.Base.Orientation] = orientation
    if camera is not None:
        exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = camera
    if taken is not None:
        fields = exif.get_ifd(ExifTags.IFD.Exif)
        fields[ExifTags.Base.DateTimeOriginal] = taken.strftime("%Y:%m:%d %H:%M:%S")
        fields[ExifTags.Base.SubsecTimeOriginal] = f"{taken.microsecond:06d}"
        if taken.tzinfo is not None:
            zone = taken.strftime("%z")
            fields[ExifTags.Base.OffsetTimeOriginal] = f"{zone[:3]}:{zone[3:5]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, exif=exif, quality=90)
    if mtime is not None:
        os.utime(path, (mtime, mtime))
    return path


def draw_library(folder: Path, per_species: int, size: tuple[int, int] = (320, 240)) -> dict[str, list[Path]]:
    """Draw labelled photos into ``folder/<species>/``, an hour apart, and give the paths of each species."""
    return {
        species: [
            save_photo(
                folder / species / f"{species}_{seed:03d}.jpg",
                draw_flower(species, seed, size),
                taken=datetime.fromtimestamp(1_600_000_000 + 3600 * (seed + 1000 * rank), UTC),
                camera=("Testcam", "One"),
            )
            for seed in range(per_species)
        ]
        for rank, species in enumerate(SPECIES)
    }


def _background(dice: random.Random, width: int, height: int) -> Image.Image:
    """Meadow, soil or sky with blurred blobs, the same for every species."""
    base = dice.choice([(70, 110, 60), (95, 80, 60), (150, 175, 200), (40, 70, 45), (170, 165, 150)])
    picture = Image.new("RGB", (width, height), _vary(dice, base, 20))
    draw = ImageDraw.Draw(picture)
    for _ in range(40):
        x, y, r = dice.uniform(0, width), dice.uniform(0, height), dice.uniform(0.02, 0.12) * width
        draw.ellipse([x - r, y - r, x + r, y + r], fill=_vary(dice, base, 35))
    return picture.filter(ImageFilter.GaussianBlur(width / 60))


def _daisy(draw: ImageDraw.ImageDraw, dice: random.Random, x: float, y: float, r: float) -> None:
    _ray(draw, dice, (x, y), r, count=dice.randint(12, 18), color=_vary(dice, (240, 240, 235), 12), slim=0.13)
    _disk(draw, (x, y), r * 0.28, _vary(dice, (235, 195, 40), 18))


def _sunflower(draw: ImageDraw.ImageDraw, dice: random.Random, x: float, y: float, r: float) -> None:
    _ray(draw, dice, (x, y), r, count=dice.randint(18, 26), color=_vary(dice, (240, 190, 25), 20), slim=0.12)
    _disk(draw, (x, y), r * 0.55, _vary(dice, (75, 45, 25), 18))


def _rose(draw: ImageDraw.ImageDraw, dice: random.Random, x: float, y: float, r: float) -> None:
    color = dice.choice([(190, 25, 50), (215, 70, 110), (165, 20, 35)])
    for ring in range(7):
        reach = r * (1 - ring / 7)
        turn = dice.uniform(0, math.tau)
        shade = _vary(dice, (color[0] - 12 * (ring % 2), color[1], color[2]), 14)
        for petal in range(5):
            angle = turn + petal * math.tau / 5
            center = (x + math.cos(angle) * reach * 0.45, y + math.sin(angle) * reach * 0.45)
            _disk(draw, center, reach * 0.55, shade, outline=(90, 10, 25))


def _tulip(draw: ImageDraw.ImageDraw, dice: random.Random, x: float, y: float, r: float) -> None:
    color = _vary(dice, dice.choice([(225, 90, 30), (230, 130, 50), (205, 60, 40)]), 15)
    cup = [(x - r * 0.6, y - r * 0.8), (x - r * 0.3, y - r * 0.35), (x, y - r), (x + r * 0.3, y - r * 0.35)]
    cup += [
        (x + r * 0.6, y - r * 0.8),
        (x + r * 0.62, y + r * 0.2),
        (x, y + r * 0.85),
        (x - r * 0.62, y + r * 0.2),
    ]
    draw.polygon(cup, fill=color, outline=(120, 40, 20))
    leaf = _vary(dice, (60, 130, 60), 20)
    for side in (-1, 1):
        draw.polygon(
            [(x, y + r * 2.2), (x + side * r * 0.9, y + r * 0.4), (x + side * r * 0.3, y + r * 2.2)],
            fill=leaf,
        )


def _bluebell(draw: ImageDraw.ImageDraw, dice: random.Random, x: float, y: float, r: float) -> None:
    color = _vary(dice, (95, 85, 200), 25)
    count = dice.randint(5, 7)
    for bell in range(count):
        side = -1 if bell % 2 else 1
        bx, by = x + side * r * 0.45, y - r * 0.9 + bell * 1.9 * r / count
        size = r * dice.uniform(0.28, 0.36)
        draw.line([(x, by - size), (bx, by - size * 0.6)], fill=(70, 110, 70), width=max(2, int(r / 20)))
        draw.pieslice([bx - size, by - size, bx + size, by + size], 180, 360, fill=color)
        draw.polygon(
            [(bx - size, by), (bx + size, by), (bx + size * 0.7, by + size), (bx - size * 0.7, by + size)],
            fill=color,
        )


def _ray(
    draw: ImageDraw.ImageDraw,
    dice: random.Random,
    center: tuple[float, float],
    r: float,
    *,
    count: int,
    color: Color,
    slim: float,
) -> None:
    """Petals like the rays of a wheel."""
    turn = dice.uniform(0, math.tau)
    for petal in range(count):
        angle = turn + petal * math.tau / count
        along = (math.cos(angle), math.sin(angle))
        tip, waist = r * dice.uniform(0.92, 1.05), r * 0.6
        draw.polygon(
            [
                center,
                (
                    center[0] + along[0] * waist - along[1] * r * slim,
                    center[1] + along[1] * waist + along[0] * r * slim,
                ),
                (center[0] + along[0] * tip, center[1] + along[1] * tip),
                (
                    center[0] + along[0] * waist + along[1] * r * slim,
                    center[1] + along[1] * waist - along[0] * r * slim,
                ),
            ],
            fill=color,
            outline=(color[0] // 2, color[1] // 2, color[2] // 2),
        )


def _disk(
    draw: ImageDraw.ImageDraw,
    center: tuple[float, float],
    r: float,
    color: Color,
    outline: Color | None = None,
) -> None:
    draw.ellipse([center[0] - r, center[1] - r, center[0] + r, center[1] + r], fill=color, outline=outline)


def _vary(dice: random.Random, color: Color, by: int) -> Color:
    red, green, blue = (max(0, min(255, channel + dice.randint(-by, by))) for channel in color)
    return red, green, blue


_PETALS = {"daisy": _daisy, "tulip": _tulip, "sunflower": _sunflower, "rose": _rose, "bluebell": _bluebell}
