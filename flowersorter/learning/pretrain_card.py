"""The card of the built-in model: what it is made of, how well it does, and what it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

MOST_CONFUSED: Final = 20
WEAKEST: Final = 10
CREDITS: Final = """\
- `five-flowers`: the training part of the TensorFlow team's flower_photos, which their authors put on Flickr
  under Creative Commons Attribution 2.0; its LICENSE.txt names them.
- `garden-102`: M.-E. Nilsback and A. Zisserman, Automated flower classification over a large number of
  classes (2008), published for research, with no licence stated.

No photo is in the model or in the project. The weights started from random numbers: no other network than
this one was their start or their teacher."""


def card(figures: Mapping[str, Any]) -> str:
    """The card as Markdown, from the figures of `pretrain_export.export`."""
    photos = figures["photos"]
    rows = sorted(figures["per_species"], key=lambda one: (one["top1"] is not None, one["top1"] or 0))
    weakest = ", ".join(
        f"{one['species']} ({percent(one['top1'])} of {one['photos']})"
        for one in [row for row in rows if row["photos"]][:WEAKEST]
    )
    return f"""# The model that comes with FlowerSorter

A ResNet-18 that names {len(rows)} garden flowers. This page is written by
`flowersorter/learning/pretrain_card.py` with the model; `species.json` holds the names of the species.

## What it was made of

{CREDITS}

{photos["training"]} photos taught it, {photos["choice"]} say how sure it is and must be, and
{photos["validation"]} were kept from it and from every choice: the figures below are of those. Photos of one
scene lie in one part.

## How it was made

{_made(figures)}
## How well it does

| photos kept back | photos | species right | among the first three |
|---|---|---|---|
{_lines(figures["validation"])}

| promised: at most so many wrong in 100 | filed of {photos["validation"]} | of these wrong |
|---|---|---|
{_filed_lines(figures["filed"])}

The photos are of the kind that it was taught on: one flower, near and in the middle. Photos of whole beds, of
leaves or of flowers far away do worse.

## What it takes for what

{_confusions(figures["confusions"])}

The weakest species: {weakest}.

## What it does not know

Every flower that is not in the list, fruit, leaves, trees, people and pets. Such a photo goes to Unsure
where it is unlike all that was taught; nothing promises that it always is. It knows species, not cultivars.

## Every species

| species | photos that taught it | photos kept back | found | of those named so, right |
|---|---|---|---|---|
{_species_lines(figures["per_species"])}
"""


def _made(figures: Mapping[str, Any]) -> str:
    """The command and the recipe, then those of the model that it went on from."""
    recipe = figures["recipe"]
    told = f"""    {figures["command"]}

Seed {recipe["seed"]}, {recipe["epochs"]} epochs, torch {figures["torch"]}. The recipe, which
packaging/builtin-model.md explains:

    {"  ".join(f"{name}={value}" for name, value in recipe.items())}
{_temperature(figures.get("temperature"))}{figures.get("history") or ""}"""
    before = figures.get("before")
    return f"{told}\nThe weights that it began at were made so:\n\n{_made(before)}" if before else told


def _temperature(found: float | None) -> str:
    if found is None:
        return ""
    return f"""
Its scores are divided by {found:.2f}, the temperature at which its confidences fit the choice part best;
no answer changes by that.
"""


def percent(share: float | None) -> str:
    """A share in words, a dash where there is none."""
    return "–" if share is None else f"{100 * share:.1f} %"


def _lines(parts: Mapping[str, Mapping[str, Any]]) -> str:
    return "\n".join(
        f"| {name} | {one['photos']} | {percent(one['top1'])} | {percent(one['top3'])} |"
        for name, one in parts.items()
    )


def _filed_lines(filed: list[Mapping[str, Any]]) -> str:
    return "\n".join(
        f"| {one['promised']:g} | {one['filed']} | {one['wrong']}"
        f" ({percent(one['wrong'] / one['filed'] if one['filed'] else None)}) |"
        for one in filed
    )


def _confusions(confusions: list[Mapping[str, Any]]) -> str:
    lines = [
        f"- {one['label']}, named {one['answer']}: {one['photos']} photos"
        for one in confusions[:MOST_CONFUSED]
        if one["photos"] > 1
    ]
    return "\n".join(lines) or "No mistake was made twice."


def _species_lines(species: list[Mapping[str, Any]]) -> str:
    return "\n".join(
        f"| {one['species']} | {one['training']} | {one['photos']} | {percent(one['top1'])}"
        f" | {percent(one['precision'])} |"
        for one in species
    )
