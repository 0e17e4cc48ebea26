"""The report on what was learned, as one HTML page that can be shown to anyone.

It holds no photo and no script, and fetches nothing. Texts are English templates that the window translates,
as `sentences.py` has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Final

from flowersorter.jobs.line_plot import Line, line_plot
from flowersorter.jobs.teach import Taught
from flowersorter.learning.evaluate import SpeciesFigures, Validation, without_unmet
from flowersorter.own_files import write_whole
from flowersorter.records import Left
from flowersorter.resources import resource
from flowersorter.sentences import say, show_path

FILE_NAME: Final = "teaching-report.html"

_METHODS: Final = {
    "head": "a new last layer on frozen layers ({name})",
    "recipe": "the plain recipe ({name})",
    "finetune": "learning more deeply ({name})",
}
_BASES: Final = {
    "file": "a weights file of your own",
    "imagenet": "ResNet-18, trained on ImageNet",
    "builtin": "FlowerSorter's own ResNet-18",
}

Translate = Callable[[str], str]


def write_report(taught: Taught, file: Path, translate: Translate = str) -> None:
    """Write the page, whole or not at all; what was there under that name is replaced. Raises OSError."""
    write_whole(file, report_html(taught, translate).encode())


def report_html(taught: Taught, translate: Translate = str) -> str:
    """The page of one teaching; `translate` gives a text in the reader's language."""
    title = translate("What “{name}” has learned").format(name=taught.info.name)
    style = resource("report.css").read_text("utf-8")
    validation = without_unmet(taught.validation, taught.own)
    parts = [
        f"<h1>{_safe(title)}</h1>",
        *(f"<p class='lead'>{_safe(words)}</p>" for words in _summary(validation, translate)),
        _section(translate("How it was taught"), _facts(taught, translate)),
        _section(translate("Each species"), _species(validation.per_species, translate)),
        _section(translate("What it mixes up"), _confusion(validation, translate)),
        _section(translate("How it learned"), _curves(taught, translate)),
        _section(translate("Not used, and why"), _skipped(taught.skipped, translate)),
    ]
    return (
        "<!DOCTYPE html>\n<html><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        "<meta name='color-scheme' content='light dark'>"
        f"<title>{_safe(title)}</title>\n<style>\n{style}</style></head>\n<body><main>\n"
        + "\n".join(parts)
        + "\n</main></body></html>\n"
    )


def _summary(validation: Validation, translate: Translate) -> list[str]:
    if validation.accuracy is None or validation.interval is None:
        return [
            translate(
                "There were too few photos to hold some back for a test. "
                "Nobody knows yet how often it is right."
            )
        ]
    low, high = validation.interval
    words = [
        translate(
            "It named {accuracy} of {photos} photos correctly that it had not learned from. On other photos "
            "like these, expect it to be right for {low} to {high} (95 % interval)."
        ).format(
            accuracy=_percent(validation.accuracy),
            photos=f"{validation.photos:,}",
            low=_percent(low),
            high=_percent(high),
        )
    ]
    if validation.top3 is not None and len(validation.species) > 3:
        words.append(
            translate("The right species was among its first three for {top3}.").format(
                top3=_percent(validation.top3)
            )
        )
    return words


def _facts(taught: Taught, translate: Translate) -> str:
    info = taught.info
    created = datetime.fromisoformat(info.created)
    rows = (
        (translate("Model"), info.name),
        (translate("Version"), str(info.version)),
        (translate("Species"), f"{len(info.species):,}"),
        (translate("Photos taught"), f"{info.photos:,}"),
        (translate("Method"), translate(_METHODS.get(info.method, "{name}")).format(name=info.method)),
        (translate("Looks at each photo"), str(taught.views)),
        (translate("Base network"), translate(_BASES.get(info.base_id, "{name}")).format(name=info.base_id)),
        (translate("Its fingerprint (SHA-256)"), info.backbone_sha256),
        (translate("Device"), taught.device),
        (translate("Time taken"), translate("{seconds} seconds").format(seconds=f"{taught.seconds:,.1f}")),
        (translate("Seed"), str(taught.seed)),
        (translate("Date"), f"{created:%Y-%m-%d %H:%M} {created.tzname() or ''}".strip()),
        (translate("FlowerSorter"), info.app_version),
    )
    lines = (f"<tr><th scope='row'>{_safe(name)}</th><td>{_safe(value)}</td></tr>" for name, value in rows)
    return _table("facts", lines)


def _species(figures: Sequence[SpeciesFigures], translate: Translate) -> str:
    heads = (
        translate("Species"),
        translate("Tested on"),
        translate("Of its photos, recognised"),
        translate("When it says so, right"),
        "",
    )
    few = translate("too few photos to say")
    rows = (
        _row(
            "th",
            each.species,
            f"{each.photos:,}",
            _percent(each.recall),
            _percent(each.precision),
            few if each.too_few else "",
        )
        for each in figures
    )
    return _table("species", rows, heads)


def _confusion(validation: Validation, translate: Translate) -> str:
    explanation = translate("Each line is a species, and each column what its photos were taken for.")
    heads = "".join(f"<th scope='col'><span>{_safe(name)}</span></th>" for name in validation.species)
    rows = []
    for row, (name, counts) in enumerate(zip(validation.species, validation.confusion, strict=True)):
        whole = max(1, sum(counts))
        cells = "".join(
            _cell(count, count / whole, right=row == column) for column, count in enumerate(counts)
        )
        rows.append(f"<tr><th scope='row'>{_safe(name)}</th>{cells}</tr>")
    body = "".join(rows)
    return (
        f"<p>{_safe(explanation)}</p><div class='wide'><table class='confusion'><thead><tr><td></td>{heads}"
        f"</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(count: int, share: float, *, right: bool) -> str:
    """One number of the mix-ups, shaded by its share of the line."""
    if not count:
        return "<td></td>"
    return f"<td class='{'right' if right else 'wrong'}' style='--share:{share:.3f}'>{count:,}</td>"


def _curves(taught: Taught, translate: Translate) -> str:
    epochs = taught.epochs
    if not epochs:
        return ""
    learnt, tested = translate("Photos it learned from"), translate("Photos it was tested on")
    across = translate("Round")
    plots = (
        (
            translate("Right answers (%)"),
            [100 * each.train_accuracy for each in epochs],
            [100 * each.val_accuracy for each in epochs if each.val_accuracy is not None],
        ),
        (
            translate("How far off (cross-entropy, in nats)"),
            [each.train_loss for each in epochs],
            [each.val_loss for each in epochs if each.val_loss is not None],
        ),
    )
    figures = []
    for title, first, second in plots:
        plot = line_plot(title, across, (Line(learnt, "learnt", first), Line(tested, "tested", second)))
        figures.append(f"<figure><figcaption>{_safe(title)}</figcaption>{plot}</figure>")
    legend = f"<span class='learnt'>{_safe(learnt)}</span>"
    if any(each.val_accuracy is not None for each in epochs):
        legend += f" <span class='tested'>{_safe(tested)}</span>"
    # the last layer is judged fold by fold, and only the first fold's rounds are recorded
    note = translate(
        "The curves are those of the first part that was held back; the figures count every part."
    )
    said = f"<p class='muted'>{_safe(note)}</p>" if taught.info.method == "head" else ""
    return f"<div class='plots'>{''.join(figures)}</div><p class='legend'>{legend}</p>{said}"


def _skipped(skipped: Sequence[Left], translate: Translate) -> str:
    rows = (_row("td", _name(left.path), say(left.reason, translate)) for left in skipped)
    return _table("skipped", rows, (translate("File or folder"), translate("Why"))) if skipped else ""


def _name(path: Path) -> str:
    """The last two parts: where a home folder lies is nobody's business."""
    return show_path(Path(*path.parts[-2:]))


def _section(title: str, content: str) -> str:
    return f"<section><h2>{_safe(title)}</h2>{content}</section>" if content else ""


def _table(kind: str, rows: Iterable[str], heads: Sequence[str] = ()) -> str:
    head = "".join(f"<th scope='col'>{_safe(name)}</th>" for name in heads)
    thead = f"<thead><tr>{head}</tr></thead>" if heads else ""
    return f"<div class='wide'><table class='{kind}'>{thead}<tbody>{''.join(rows)}</tbody></table></div>"


def _row(first: str, *cells: str) -> str:
    opened = "th scope='row'" if first == "th" else first
    rest = "".join(f"<td>{_safe(cell)}</td>" for cell in cells[1:])
    return f"<tr><{opened}>{_safe(cells[0])}</{first}>{rest}</tr>"


def _percent(share: float | None) -> str:
    """One decimal, but 100 only for what was always right."""
    if share is None:
        return "–"
    return f"{min(100 * share, 99.9) if share < 1 else 100:.1f} %"


def _safe(words: str) -> str:
    """Text for HTML: escaped, and lone surrogates (names that are not UTF-8) replaced."""
    return escape(words.encode("utf-8", "replace").decode("utf-8"))
