"""What the command line says of figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from support.plans import plan_of, planned_move, receipt_of

from flowersorter.cli.output import sort_json, undo_json
from flowersorter.cli.words import bases_text, evaluate_text, receipt_text, undo_text
from flowersorter.jobs.bases import BasesTried, Tried
from flowersorter.jobs.evaluate import Evaluation
from flowersorter.jobs.weights import Base
from flowersorter.learning.evaluate import SpeciesFigures
from flowersorter.records import Code, Reason, Undone
from flowersorter.sentences import say


def test_an_accuracy_says_of_how_many_photos_it_is() -> None:
    """100 photos were asked, but half of them are of a species that the model does not know."""
    rose = SpeciesFigures("rose", 50, 1.0, 0.9, too_few=False)
    found = Evaluation(
        "garden", 100, 0, 0.9, (0.8, 0.96), 1.0, ("rose", "tulip"), ((45, 5), (0, 0)), (rose,), ("orchid",),
        60, 10, (),
    )  # fmt: skip
    words = evaluate_text(found)
    assert "Right: 90.0% of 50 (between 80.0% and 96.0%)." in words
    assert "It does not know: orchid." in words


def test_a_base_none_of_whose_answers_counts_has_no_share() -> None:
    builtin, imagenet = Base("builtin", Path("a")), Base("imagenet", Path("b"))
    tried = BasesTried(builtin, (Tried(builtin, None), Tried(imagenet, 0.75)))
    assert "builtin: –, imagenet: 75.0% right" in bases_text(tried)


def test_a_history_that_was_lost_is_said() -> None:
    """Promise 19."""
    damaged = Reason(Code.STORE_DAMAGED, {"path": Path("/data/journal.sqlite"), "aside": Path("/data/aside")})
    receipt = replace(receipt_of(plan_of(planned_move("a.jpg", "rose"))), batch=None, unwritten=damaged)
    undone = Undone(1, 1, (), unwritten=damaged)
    lines = [
        say(damaged),
        "The history begins anew: what was done before cannot be taken back here.",
    ]
    assert receipt_text(receipt).splitlines()[1:] == lines
    assert undo_text(undone).splitlines()[1:] == lines
    for answer in (sort_json(receipt, (), "m", dry_run=False), undo_json(undone)):
        assert answer["unwritten"] == {"code": "store_damaged", "reason": lines[0]}
