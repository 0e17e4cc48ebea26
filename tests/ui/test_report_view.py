"""The report on what was learned: true figures in plain words, the mix-ups and the photos behind them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFileDialog
from support.tree_texts import shown

from flowersorter.jobs.teach import Taught
from flowersorter.jobs.teaching_report import report_html
from flowersorter.learning.bundle import ModelInfo
from flowersorter.learning.compare import Comparison
from flowersorter.learning.evaluate import Answer, Epoch, validate
from flowersorter.records import Code, Left, Reason
from flowersorter.ui.answer_grid import look_of
from flowersorter.ui.answer_view import AnswerView
from flowersorter.ui.confusion_view import SHARE_ROLE, ConfusionModel
from flowersorter.ui.curves_view import CurvesView
from flowersorter.ui.report_saving import choose_and_save, save
from flowersorter.ui.report_view import ReportView
from flowersorter.ui.species_table import SpeciesModel
from flowersorter.ui.tasks import end_tasks
from flowersorter.ui.thumbnails import Previews
from flowersorter.ui.tile_grid import LOOK_ROLE, TileModel

SPECIES = ("daisy", "rose", "tulip")


def answer(name: str, species: str, guess: str, confidence: float = 0.9) -> Answer:
    return Answer(Path("/taught") / species / name, species, guess, confidence, group=name, in_top3=True)


ANSWERS = (
    *(answer(f"d{n}.jpg", "daisy", "daisy", 0.5 + n / 100) for n in range(8)),
    answer("d8.jpg", "daisy", "rose", 0.7),
    answer("d9.jpg", "daisy", "rose", 0.95),
    *(answer(f"r{n}.jpg", "rose", "rose") for n in range(9)),
    answer("r9.jpg", "rose", "tulip", 0.6),
    answer("t0.jpg", "tulip", "tulip"),
)


def taught(answers: tuple[Answer, ...] = ANSWERS, skipped: tuple[Left, ...] = ()) -> Taught:
    validation = validate(answers, SPECIES)
    info = ModelInfo(
        "My garden", 1, Path("/m"), "2026-05-01T10:00:00+00:00", SPECIES, 90, "head", "imagenet", "ab", "cd",
        validation.accuracy, validation.interval, "0.1",
    )  # fmt: skip
    epochs = (Epoch(1.5, 0.5, 1.6, 0.4), Epoch(0.8, 0.8, 1.0, 0.7))
    return Taught(info, epochs, validation, answers, skipped, "cpu (2 threads)", 42.0)


@pytest.fixture
def view(qtbot, thumbnails):
    made = ReportView(thumbnails)
    qtbot.addWidget(made)
    made.resize(QSize(1000, 700))
    return made


def names(grid) -> list[str]:
    model = grid.model()
    return [model.index(row).data(LOOK_ROLE).path.name for row in range(model.rowCount())]


def test_the_models_keep_qts_rules(qapp, qtmodeltester):
    validation = validate(ANSWERS, SPECIES)
    for model, content in (
        (ConfusionModel(), validation),
        (SpeciesModel(), validation.per_species),
        (TileModel(look_of), ANSWERS),
    ):
        qtmodeltester.check(model)
        model.show(content)
        qtmodeltester.check(model)


def test_the_headline_says_how_often_it_is_right_and_how_sure_that_is(view):
    view.show_taught(taught())
    low, high = taught().validation.interval
    assert view.headline.text() == "It names 86 of 100 photos correctly."
    assert (
        f"expect it to be right for {round(100 * low)} to {round(100 * high)} of 100."
        in view.uncertainty.text()
    )
    assert "21 photos that it had not learned from" in view.uncertainty.text()
    assert view.facts.text() == (
        "“My garden” knows 3 species and builds on the network that knows ImageNet. "
        "It took 42 seconds on the processor (2 threads)."
    )


def test_without_a_test_it_claims_nothing(view):
    view.show_taught(taught(answers=()))
    assert view.headline.text() == "It has learned your flowers."
    assert "Nobody knows yet how often it is right." in view.uncertainty.text()


def test_always_right_is_said_only_of_what_always_was(view):
    nearly = (*(answer(f"{n}.jpg", "rose", "rose") for n in range(999)), answer("x.jpg", "rose", "tulip"))
    view.show_taught(taught(nearly))
    assert view.headline.text() == "It names 99 of 100 photos correctly."


def test_a_cell_of_the_mix_ups_shows_its_photos(view, qtbot):
    """A click on a cell of the confusion matrix shows those photos, the surest mistake first."""
    view.show_taught(taught())
    model = view.confusion.model()
    view.tabs.setCurrentIndex(1)
    with qtbot.waitExposed(view):
        view.show()
    cell = view.confusion.visualRect(model.index(1, 2)).center()
    qtbot.mouseClick(view.confusion.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert view.cell_words.text() == "1 photo of rose taken for tulip"
    assert names(view.cell_photos) == ["r9.jpg"]
    view.confusion.setCurrentIndex(model.index(0, 1))
    assert names(view.cell_photos) == ["d9.jpg", "d8.jpg"]


def test_the_worst_mix_up_is_shown_first(view):
    view.show_taught(taught())
    assert view.cell_words.text() == "2 photos of daisy taken for rose"


def test_the_list_of_mix_ups_leads_to_their_photos(view):
    view.show_taught(taught())
    listed = [view.worst.itemText(row) for row in range(view.worst.count())]
    assert listed == ["daisy taken for rose: 2 photos", "rose taken for tulip: 1 photo"]
    view.worst.setCurrentIndex(1)
    assert names(view.cell_photos) == ["r9.jpg"]
    view.confusion.choose(2, 2)
    assert view.worst.currentIndex() == -1, "right answers are no mix-up"
    view.confusion.choose(0, 1)
    assert view.worst.currentText() == "daisy taken for rose: 2 photos"


def test_without_a_mix_up_there_is_no_list(view):
    view.show_taught(taught((answer("d.jpg", "daisy", "daisy"),)))
    assert view.worst.isHidden()
    assert names(view.cell_photos) == ["d.jpg"]


def test_shares_of_the_matrix_are_shares_of_the_label(view):
    view.show_taught(taught())
    model = view.confusion.model()
    shares = [[model.index(row, column).data(SHARE_ROLE) for column in range(3)] for row in range(3)]
    assert shares == [[0.8, 0.2, 0.0], [0.0, 0.9, 0.1], [0.0, 0.0, 1.0]]
    assert model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole) == "2 photos of daisy taken for rose"


def test_wrong_photos_come_first_and_can_be_looked_at_alone(view):
    view.show_taught(taught())
    assert names(view.photos)[:4] == ["d9.jpg", "d8.jpg", "r9.jpg", "d0.jpg"]
    assert len(names(view.photos)) == len(ANSWERS)
    view.wrong_only.setChecked(True)
    assert names(view.photos) == ["d9.jpg", "d8.jpg", "r9.jpg"]


def test_species_figures_and_too_few_to_say(view):
    view.show_taught(taught())
    model = view.species.model()
    rows = [[model.index(row, column).data() for column in range(5)] for row in range(3)]
    assert rows == [
        ["daisy", "10 photos", "80 %", "100 %", ""],
        ["rose", "10 photos", "90 %", "82 %", ""],
        ["tulip", "1 photo", "100 %", "50 %", "too few photos to say"],
    ]
    view.species.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert model.index(0, 0).data() == "tulip"


def test_what_was_not_used_is_listed(view):
    view.show_taught(taught())
    assert not view.tabs.isTabVisible(4)
    view.show_taught(taught(skipped=(Left(Path("/taught/rose/bad.jpg"), Reason(Code.UNREADABLE)),)))
    assert view.tabs.isTabVisible(4)
    assert shown(view.skipped) == {"The picture is damaged or incomplete.": ["1", "bad.jpg"]}


def test_what_could_not_be_tested_is_said(view):
    view.show_taught(replace(taught(), untested=3))
    assert "3 more could not be tested: there are no others of their species." in view.uncertainty.text()
    view.show_taught(taught())
    assert "could not be tested" not in view.uncertainty.text()


def test_the_axis_ends_where_the_figures_end(qtbot):
    """Nothing is right more often than 100 times of 100, and nothing is less than 0 off."""
    curves = CurvesView()
    qtbot.addWidget(curves)
    curves.resize(900, 400)
    curves.show()
    perfect = replace(
        taught().epochs[0], train_accuracy=1.0, val_accuracy=1.0, train_loss=0.001, val_loss=0.0
    )
    curves.show_epochs([perfect, perfect])
    qtbot.waitUntil(lambda: curves.right.getViewBox().viewRange()[1][0] > 50)
    bottom, top = curves.right.getViewBox().viewRange()[1]
    assert bottom <= 91
    assert 100 < top <= 101
    assert curves.off.getViewBox().viewRange()[1][0] >= 0


def test_the_curves_show_both_parts(qtbot):
    curves = CurvesView()
    qtbot.addWidget(curves)
    curves.show_epochs(taught().epochs)
    assert list(curves.right.learnt.getData()[1]) == [50.0, 80.0]
    assert list(curves.right.tested.getData()[1]) == [40.0, 70.0]
    assert list(curves.off.learnt.getData()[1]) == [1.5, 0.8]
    assert list(curves.off.tested.getData()[0]) == [1, 2]


def test_rounds_that_come_at_once_are_drawn_together(qtbot):
    curves = CurvesView()
    qtbot.addWidget(curves)
    for _ in range(300):
        curves.add_epoch(Epoch(1.0, 0.5, None, None))
    assert curves.right.learnt.getData() == (None, None), "nothing is drawn yet"
    qtbot.waitUntil(lambda: curves.right.learnt.getData()[0] is not None)
    assert len(curves.right.learnt.getData()[0]) == 300
    assert curves.right.tested.getData() == (None, None), "nothing was held back"


def test_buttons_go_on(view, qtbot):
    view.show_taught(taught())
    with qtbot.waitSignal(view.sort_requested):
        view.sort_button.click()


def test_a_tested_photo_is_opened_by_mouse_and_by_keyboard(view, qtbot):
    view.show_taught(taught())
    view.tabs.setCurrentIndex(2)
    for grid in (view.photos, view.cell_photos):
        grid.setCurrentIndex(grid.model().index(0))
        first = grid.tiles.record(0)
        for press in (
            lambda grid=grid: qtbot.keyClick(grid, Qt.Key.Key_Space),
            lambda grid=grid: qtbot.keyClick(grid, Qt.Key.Key_Return),
            lambda grid=grid: grid.doubleClicked.emit(grid.currentIndex()),
        ):
            with qtbot.waitSignal(view.photo_opened) as opened:
                press()
            assert opened.args == [first, taught().info]


def test_a_tested_photo_is_explained_and_says_which_head_speaks(
    thumbnails, thumbnailer, explanations, explainer, qtbot
):
    previews = Previews(thumbnailer)
    dialog = AnswerView(thumbnails, previews, explanations)
    qtbot.addWidget(dialog)
    with qtbot.waitSignal(explanations.ready):
        dialog.show_answer(ANSWERS[9], taught().info)
    assert explainer.asked == [("d9.jpg", "rose")]
    assert dialog.words() == (
        "daisy In the test it was taken for “rose”, 95 % sure. "
        "The finished model, which may have learned from this photo, says: rose 70 %, daisy 30 %."
    )
    assert "What speaks for “rose”" in dialog.photo.reasons()
    previews.close()
    end_tasks(previews)


def test_the_report_is_saved_where_the_gardener_says(view, qtbot, tmp_path):
    view.show_taught(taught())
    file = tmp_path / "new folder" / "report.html"
    task = save(view, view.message, taught(), file)
    with qtbot.waitSignal(task.succeeded):
        pass
    assert file.read_text("utf-8") == report_html(taught())
    assert "The report is saved in" in view.message.words()


def test_a_report_that_cannot_be_saved_costs_one_sentence(view, qtbot, tmp_path):
    (tmp_path / "file").write_text("no folder")
    view.show_taught(taught())
    task = save(view, view.message, taught(), tmp_path / "file" / "report.html")
    with qtbot.waitSignal(task.failed):
        pass
    place = tmp_path / "file"
    assert view.message.words() == f"“{place}” cannot be used: File exists."


def test_saving_asks_before_a_file_is_replaced(view, qtbot):
    view.show_taught(taught())
    dialog = choose_and_save(view, view.message, taught())
    assert not dialog.testOption(QFileDialog.Option.DontConfirmOverwrite)
    assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
    assert dialog.defaultSuffix() == "html"
    dialog.reject()
    qtbot.waitUntil(lambda: not view.findChildren(QFileDialog))


def compared(*, taken: bool) -> Taught:
    new = taught()
    earlier = replace(new.info, version=1)
    new = replace(new, info=replace(new.info, version=2))
    found = Comparison(earlier, 20, ANSWERS[:2], ANSWERS[8:9], 0.05, (-0.1, 0.2), taken)
    return replace(new, comparison=found)


def test_without_an_earlier_model_nothing_is_compared(view):
    view.show_taught(taught())
    assert not view.tabs.isTabVisible(view._comparison_tab)


def test_it_says_what_is_right_and_wrong_beside_the_earlier_model(view):
    view.show_taught(compared(taken=True))
    comparison = view.comparison
    assert view.tabs.isTabVisible(view._comparison_tab)
    assert not view.message.isVisibleTo(view)
    assert "2 are right now that were wrong, 1 are wrong now that were right" in comparison.counts.text()
    assert names(comparison.photos) == ["d8.jpg"]
    comparison.right_button.click()
    assert sorted(names(comparison.photos)) == ["d0.jpg", "d1.jpg"]


def test_a_worse_model_is_said_at_once_and_can_be_used_all_the_same(view, qtbot):
    """Promise 20."""
    new = compared(taken=False)
    view.show_taught(new)
    assert view.message.words() == "The new model is clearly worse, so the one before stays in use."
    with qtbot.waitSignal(view.use_requested) as asked:
        view.comparison.use_button.click()
    assert asked.args == [new.info]
    view.show_in_use(new.info)
    assert not view.message.isVisibleTo(view)
    with qtbot.waitSignal(view.use_requested) as asked:
        view.comparison.use_button.click()
    assert asked.args == [new.comparison.earlier]


def test_what_it_notices_of_strangers_is_said_and_nothing_promised(view):
    view.show_taught(taught())
    assert "not taught" not in view.facts.text()
    view.show_taught(replace(taught(), strangers_caught=0.17))
    assert "it noticed 17 of 100; it makes no promise" in view.facts.text()
