"""The future that tells of a request to cancel the run."""

from __future__ import annotations

import pytest

from simpleflow_nb import Workflow, futures
from simpleflow_nb.exceptions import TaskCanceled

from .children import ONE, Child
from .decision_checker import DecisionChecker
from .scenarios import clean, load, shorts, strict, workflow
from .steps import asked_to_cancel, completes, decided, end_of, fails, fires, nothing, result_of, together


def test_a_run_that_has_asked_for_it_is_told_of_the_request_and_ends_itself():
    def run(w):
        done = futures.wait_any(w.cancellation, w.submit(load))
        if done is w.cancellation:
            w.submit(clean).result
            w.cancel("cleaned up")

    assert decided(run, asked_to_cancel)[1] == ["ScheduleActivityTask clean-1"]
    assert end_of(run, asked_to_cancel, completes("clean-1")) == ("CancelWorkflowExecution", {"details": "cleaned up"})


def test_a_run_that_has_asked_for_it_may_finish_its_work():
    def run(w):
        asked = w.cancellation
        found = [w.submit(load).result, asked.done]
        return [*found, asked.result, w.cancellation is asked]

    assert result_of(run, asked_to_cancel, completes("load-1", 1)) == [1, True, None, True]


def test_a_run_that_has_not_asked_ends_and_its_code_is_unwound():
    unwound = []

    def run(w):
        try:
            w.submit(load).result
        finally:
            unwound.append(1)

    assert end_of(run, asked_to_cancel) == ("CancelWorkflowExecution", {})
    assert unwound


def test_a_request_before_the_first_decision_ends_the_run_before_it_can_ask():
    def run(w):
        w.cancellation.result

    with DecisionChecker(workflow(run)) as checker:
        checker.request_cancel()
        assert shorts(checker.decide()) == ["CancelWorkflowExecution"]


def test_the_future_is_asked_for_after_a_request_that_was_refused():
    class Stubborn(Workflow):
        name, task_list = "played", "decisions"

        def run(self):
            self.submit(load).result
            return [self.cancellation.done, self.cancellation.result, self.submit(clean).result]

        def should_cancel(self):
            return False

    assert result_of(Stubborn, asked_to_cancel, completes("load-1"), completes("clean-1", 2)) == [True, None, 2]


def test_the_hooks_are_not_asked_by_a_run_that_has_the_future():
    class Hooked(Workflow):
        name, task_list = "played", "decisions"

        def run(self):
            self.cancellation.result
            return "told"

        def should_cancel(self):
            raise AssertionError("the run decides it")

    assert result_of(Hooked, asked_to_cancel) == "told"


def test_a_second_request_changes_nothing():
    def run(w):
        w.cancellation.result
        return w.submit(load).result

    steps = together(asked_to_cancel, asked_to_cancel), asked_to_cancel, completes("load-1", 1)
    assert decided(run, *steps)[1:3] == [["ScheduleActivityTask load-1"], []]
    assert result_of(run, *steps) == 1


def test_the_future_cannot_be_cancelled():
    def run(w):
        w.cancellation.cancel()
        return [w.cancellation.state, w.cancellation.result]

    assert result_of(run, asked_to_cancel) == ["RUNNING", None]


def test_a_request_comes_before_what_else_has_happened_in_the_same_batch_if_it_was_first():
    def run(w):
        return futures.wait_any(w.submit(load), w.cancellation).id

    assert result_of(run, together(asked_to_cancel, completes("load-1"))) == "cancellation"
    assert result_of(run, together(completes("load-1"), asked_to_cancel)) == "activity-load-1"


def test_a_failure_is_raised_though_the_run_waits_for_the_request():
    def run(w):
        w.submit(strict)
        w.cancellation.result

    assert end_of(run, fails("strict-1"))[0] == "FailWorkflowExecution"


@pytest.mark.parametrize("is_started", [True, False])
def test_a_cancelled_run_may_cancel_its_children_and_wait_for_them(is_started):
    def run(w):
        child = w.submit(Child)
        w.cancellation.result
        child.cancel()
        try:
            child.result
        except TaskCanceled:
            w.cancel()

    start = lambda checker: checker.start_child(ONE)  # noqa: E731
    request = f"RequestCancelExternalWorkflowExecution {ONE}"
    steps = [start, asked_to_cancel] if is_started else [asked_to_cancel, start]
    steps += [lambda checker: checker.deliver_all(), lambda checker: checker.end_child(ONE, "Canceled")]
    assert decided(run, *steps)[2:] == [[request], [], ["CancelWorkflowExecution"]]


def test_a_coroutine_may_wait_for_the_request_and_cancel_the_others():
    async def work(w, task):
        try:
            return await w.submit(task)
        finally:
            await w.timer(5)

    async def run(w):
        async def watch(others):
            await w.cancellation
            others.cancel()

        work_of_two = futures.gather(work(w, load), work(w, clean))
        watcher = futures.gather(watch(work_of_two))
        error = work_of_two.exception
        watcher.cancel()
        if error is not None:
            w.cancel(type(error).__name__)

    steps = asked_to_cancel, together(fires("timer-1"), fires("timer-2"))
    assert decided(run, *steps)[1] == ["StartTimer timer-1", "StartTimer timer-2"]
    assert end_of(run, *steps) == ("CancelWorkflowExecution", {"details": "TaskCanceled"})


def test_cancel_within_a_try_ends_the_run_all_the_same():
    def run(w):
        try:
            w.cancel()
        except Exception:
            w.submit(load).result

    assert end_of(run) == ("CancelWorkflowExecution", {})


def test_cancel_from_a_coroutine_ends_the_whole_run():
    async def run(w):
        async def ends():
            await w.submit(load)
            w.cancel("from within")

        await futures.gather(ends(), w.submit(clean))

    assert end_of(run, completes("load-1")) == ("CancelWorkflowExecution", {"details": "from within"})


def test_a_run_that_waits_for_the_request_can_be_replayed_after_it():
    def run(w):
        w.cancellation.result
        w.submit(load).result
        return w.now().timestamp()

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.request_cancel()
        for step in (nothing, nothing, completes("load-1")):
            checker.evict()
            step(checker)
            decisions = checker.decide()
        assert shorts(decisions) == ["CompleteWorkflowExecution"]
