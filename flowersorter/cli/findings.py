"""What ``check`` prints: findings in a labelled folder, as JSON and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flowersorter.cli.output import left_json
from flowersorter.sentences import show_path

if TYPE_CHECKING:  # these modules load the learning room
    from flowersorter.jobs.clean import Checked
    from flowersorter.learning.suspects import Finding

_TITLES: Final = {
    "two_species": "The same photo in two species",
    "misfiled": "Photos that look misfiled, the most striking first",
    "twin": "The same photo twice",
    "near_twin": "Nearly the same photo twice",
}


def findings_json(checked: Checked) -> dict[str, Any]:
    """The answer of ``check``."""
    return {
        "folder": str(checked.folder),
        "photos": checked.photos,
        "findings": [
            {
                "kind": finding.kind.value,
                "photos": [
                    {"path": str(one.path), "species": one.species, "surplus": one.surplus}
                    for one in finding.photos
                ],
                "suggestion": finding.suggestion,
                "strength": round(finding.strength, 4),
            }
            for finding in checked.findings
        ],
        "skipped": left_json(checked.skipped),
    }


def findings_text(checked: Checked) -> str:
    """One line per photo, by what is wrong with it."""
    if not checked.findings:
        return f"{checked.photos:,} photos looked at. Nothing looks wrong."
    lines = [f"{checked.photos:,} photos looked at. Nothing was changed."]
    for kind, title in _TITLES.items():
        findings = [finding for finding in checked.findings if finding.kind.value == kind]
        if findings:
            lines.append(f"{title}: {len(findings):,}")
            lines += [f"  {_line(finding)}" for finding in findings]
    return "\n".join(lines)


def _line(finding: Finding) -> str:
    paths = " = ".join(show_path(photo.path) for photo in finding.photos)
    return paths if finding.suggestion is None else f"{paths}: looks like {finding.suggestion}"
