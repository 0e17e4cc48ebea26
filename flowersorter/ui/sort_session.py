"""The state of one sorting, from the chosen folder to the receipt, and the tasks that it runs.

Views show it and call its verbs; it knows no widget.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from flowersorter.paths import Home
from flowersorter.progress import Report
from flowersorter.records import Classified, Decision, Photo, Transfer
from flowersorter.ui.decisions import Changes, Decide
from flowersorter.ui.newest import Newest
from flowersorter.ui.review import Review
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.tasks import TaskRunner, end_tasks

if TYPE_CHECKING:
    from flowersorter.jobs.sort import Found, Planned, SortRequest, Started
    from flowersorter.learning.bundle import ModelInfo
    from flowersorter.learning.calibrate import Threshold

logger = logging.getLogger(__name__)


class Busy(Enum):
    """What the session is doing."""

    NOTHING = auto()
    LOOKING = auto()
    CLASSIFYING = auto()
    PLANNING = auto()
    FILING = auto()


class SortSession(QObject):
    """One sorting at a time."""

    busy_changed = Signal(object)  # Busy
    progressed = Signal(object)  # Progress
    failed = Signal(object)  # Exception: of what was running, but filing
    not_filed = Signal(object)  # Refused, and nothing was moved; else some photos may have been
    not_saved = Signal(object)  # Exception: what was said will be kept with what is said next
    found = Signal(object)  # Found: what is in the chosen folder
    review_began = Signal(object)  # Review, empty as yet
    started = Signal(object)  # Started
    photos_added = Signal(object)  # range of rows of the review
    decided = Signal(object)  # rows of the review whose decision, or whose sureness, changed
    promised = Signal(object)  # Threshold: another one is in force
    promise_failed = Signal(object)  # Exception: the earlier one is still in force
    classified = Signal()  # every photo was looked at
    stopped = Signal()  # not every photo was: the gardener stopped it
    planned = Signal(object)  # Planned
    filed = Signal(object)  # Receipt

    def __init__(self, home: Home, store: SettingsStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._store = store
        self._busy = Busy.NOTHING
        self._task: TaskRunner | None = None
        self._unsaved: dict[str, Decision | None] = {}
        # of photos that were not read, so that nothing could be kept by their bytes: while the window lasts
        self._said: dict[Photo, Decision | None] = {}
        self._saving = False
        self._thresholds = Newest(_threshold_of, self)
        self._thresholds.succeeded.connect(self._keep_promise)
        self._thresholds.failed.connect(self._break_promise)
        self._wished: tuple[ModelInfo, float] | None = None  # the newest promise that is still worked out
        self._plan_waits = False  # for that promise
        self.undo_stack = QUndoStack(self)
        self.review = Review()
        self.request: SortRequest | None = None
        self.found_now: Found | None = None
        self.started_with: Started | None = None
        self.threshold: Threshold | None = None
        self.plan: Planned | None = None

    @property
    def busy(self) -> Busy:
        return self._busy

    @property
    def promising(self) -> bool:
        """Whether it is being worked out which guesses are sure."""
        return self._wished is not None

    # verbs, in the order of the flow

    def look(self, request: SortRequest) -> None:
        """Count what is in the folder; `found` answers."""
        self.request, self.found_now = request, None
        home = self._home

        def work(report: Report) -> Found:
            from flowersorter.jobs import sort

            return sort.look_into(home, request, report)

        self._start(Busy.LOOKING, work, self._looked)

    def classify(self, request: SortRequest) -> None:
        """Name the flowers of the folder that was looked into; the review fills."""
        self.request = request
        request, found = self._chosen()
        home, settings = self._home, self._store.values
        self.review = Review()
        self.undo_stack.clear()
        self.started_with = self.threshold = self._wished = None
        self.review_began.emit(self.review)
        aside = [photo for photo in found.scan.photos if not request.wants(photo)]
        self._take([Classified(photo, decision=self._said.get(photo)) for photo in aside])
        self._take([Classified(stay.photo, problem=stay.reason) for stay in found.scan.skipped])

        def work(report: Report) -> object:
            from flowersorter.jobs import sort

            return sort.classify(home, settings, request, found, report)

        self._start(
            Busy.CLASSIFYING,
            work,
            lambda _sorting: self.classified.emit(),
            partial=self._take_partial,
            cancelled=self.stopped.emit,
        )

    def promise(self, max_wrong: float) -> None:
        """Ask for at most `max_wrong` percent wrong of what is filed; `promised` and `decided` answer."""
        if self.started_with is not None:
            self._wished = (self.started_with.model, max_wrong)
            self._thresholds.ask(self._wished)

    def make_plan(self, transfer: Transfer | None = None) -> None:
        """Work out what filing will do, once it is known which guesses are sure; `planned` answers."""
        self.plan = None  # the one before is not what is asked for any more
        request, found = self._chosen()
        if transfer is not None:
            request = replace(request, transfer=transfer)
            self.request = request
        if self.promising:
            self._plan_waits = True
            return
        home, photos, decisions = self._home, list(self.review.photos), dict(self.review.decisions)
        species = () if self.started_with is None else self.started_with.model.species

        def work(_report: Report) -> Planned:
            from flowersorter.jobs import sort

            return sort.plan_moves(home, request, photos, decisions, found, species)

        self._start(Busy.PLANNING, work, self._planned)

    def carry_out(self) -> None:
        """Do what the plan that was shown says; `filed` answers with the receipt."""
        if self.plan is None:
            raise ValueError("there is no plan")
        home, plan = self._home, self.plan.plan

        def work(report: Report) -> object:
            from flowersorter.jobs import sort

            return sort.carry_out(home, plan, report)

        self.plan = None  # it is carried out once
        self._start(Busy.FILING, work, self.filed.emit, failed=self.not_filed.emit)

    def cancel(self) -> None:
        """Stop what is running; what it has done so far is kept."""
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        """Stop, and wait until everything has been kept."""
        self.cancel()
        end_tasks(self)
        if self._unsaved:
            try:
                self._save_now(self._unsaved)
            except Exception:  # nobody is there any more to be told
                logger.exception("decisions could not be kept")

    # decisions

    def decide(self, rows: Sequence[int], decision: Decision | None, words: str) -> None:
        """Say the same of several photos; None takes back what was said.

        A photo that cannot be read is left out: it is never moved.
        """
        photos = (self.review.photos[row] for row in rows)
        self._push(words, dict.fromkeys((one.photo.path for one in photos if one.problem is None), decision))

    def confirm(self, rows: Sequence[int], words: str) -> None:
        """Agree with what is shown: the species in force, or the best guess of an unsure photo."""
        self._push(
            words,
            {
                self.review.photos[row].photo.path: Decision(self.review.place(row).species)
                for row in rows
                if self.review.place(row).species and self.review.decision(row) is None
            },
        )

    def _push(self, words: str, new: dict[Any, Decision | None]) -> None:
        old = {path: self.review.decisions.get(path) for path in new}
        changed = {path: decision for path, decision in new.items() if decision != old[path]}
        if changed:
            self.undo_stack.push(Decide(words, {path: old[path] for path in changed}, changed, self._put))

    def _put(self, changes: Changes) -> None:
        rows = self.review.set_decisions(changes)
        for row in rows:
            one = self.review.photos[row]
            if one.digest is None:
                self._said[one.photo] = self.review.decision(row)
            else:
                self._unsaved[one.digest] = self.review.kept_decision(row)
        self._outdate_plan()
        self._save()
        self.decided.emit(rows)

    def _save(self) -> None:
        """Keep the decisions, one task at a time, however fast they are taken."""
        if self._saving or not self._unsaved:
            return
        decisions, self._unsaved = self._unsaved, {}
        self._saving = True

        def failed(error: Exception) -> None:
            self._saving = False
            self._unsaved = {**decisions, **self._unsaved}  # tried again with the next decision
            self.not_saved.emit(error)

        task = TaskRunner(lambda _report: self._save_now(decisions), self)
        task.succeeded.connect(self._saved)
        task.failed.connect(failed)
        task.start()

    def _save_now(self, decisions: dict[str, Decision | None]) -> None:
        from flowersorter.jobs.decide import remember

        remember(self._home, decisions)

    def _saved(self, _nothing: object) -> None:
        self._saving = False
        self._save()

    # what the tasks report

    def _chosen(self) -> tuple[SortRequest, Found]:
        if self.request is None or self.found_now is None:
            raise ValueError("no folder was looked into")
        return self.request, self.found_now

    def _looked(self, found: Found) -> None:
        self.found_now = found
        self.found.emit(found)

    def _take_partial(self, event: Started | tuple[Classified, ...]) -> None:
        if isinstance(event, tuple):
            self._take(event)
            return
        self.started_with, self.threshold = event, event.threshold
        self.review.know(event.model.species)
        self.started.emit(event)

    def _take(self, chunk: Sequence[Classified]) -> None:
        if chunk:
            rows = self.review.add(chunk)
            if self.threshold is not None:  # the worker goes on with the one it started with
                self.review.judge(self.threshold.value, rows)
            self.photos_added.emit(rows)

    def _keep_promise(self, wish: tuple[ModelInfo, float], threshold: Threshold) -> None:
        info, max_wrong = wish
        if self.started_with is None or info is not self.started_with.model or self.request is None:
            return  # of a folder that was closed
        if wish is self._wished:  # else a newer one is on its way
            self._wished = None
        self.request = replace(self.request, max_wrong=max_wrong)
        self.threshold = threshold
        rows = self.review.judge(threshold.value)
        self._outdate_plan()
        self.promised.emit(threshold)
        self.decided.emit(rows)
        self._plan_now()

    def _break_promise(self, wish: tuple[ModelInfo, float], error: Exception) -> None:
        if self.started_with is not None and wish[0] is self.started_with.model:
            if wish is self._wished:
                self._wished = None
            self.promise_failed.emit(error)
            self._plan_now()

    def _plan_now(self) -> None:
        """Make the plan that waited for the promise."""
        if self._plan_waits and not self.promising:
            self.make_plan()

    def _outdate_plan(self) -> None:
        """Something else was said: what was planned is not it any more."""
        self.plan = None
        if self._busy is Busy.PLANNING:
            self.make_plan()

    def _planned(self, planned: Planned) -> None:
        if self.promising:  # other guesses may be sure by now
            self._plan_waits = True
            return
        self.plan = planned
        self.planned.emit(planned)

    # running tasks

    def _start(
        self,
        busy: Busy,
        work: Callable[[Report], Any],
        done: Callable[[Any], object],
        *,
        partial: Callable[[Any], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
        cancelled: Callable[[], object] | None = None,
    ) -> None:
        if self._busy is Busy.FILING:
            raise ValueError("photos are being filed")
        if self._task is not None:
            self._task.cancel()  # a newer wish; the old task's answers are not listened to any more
        self._plan_waits = False
        task = TaskRunner(work, self)
        self._task = task

        def current(receiver: Callable[..., object]) -> Callable[..., None]:
            def receive(*arguments: object) -> None:
                if self._task is task:
                    receiver(*arguments)

            return receive

        def ended(receiver: Callable[..., object]) -> Callable[..., None]:
            def receive(*arguments: object) -> None:
                if self._task is task:
                    self._task = None
                    self._set_busy(Busy.NOTHING)
                    receiver(*arguments)

            return receive

        task.progressed.connect(current(self.progressed.emit))
        if partial is not None:
            task.partial.connect(current(partial))
        task.succeeded.connect(ended(done))
        task.failed.connect(ended(failed or self.failed.emit))
        task.cancelled.connect(ended(cancelled or (lambda: None)))
        self._set_busy(busy)
        task.start()

    def _set_busy(self, busy: Busy) -> None:
        if busy is not self._busy:
            self._busy = busy
            self.busy_changed.emit(busy)


def _threshold_of(wish: tuple[ModelInfo, float]) -> Threshold:
    from flowersorter.jobs import promise

    return promise.threshold_of(*wish)
