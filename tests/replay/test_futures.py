"""What workflow code can do with futures, and what becomes of code that is suspended."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import json
import weakref
from datetime import timedelta
from typing import Any

import pytest

from simpleflow_nb import Activity, Workflow, futures
from simpleflow_nb.exceptions import DependencyFailed, PayloadError, TaskFailed, TimeoutError
from simpleflow_nb.local.decisions import attributes_of
from simpleflow_nb.payload import reference

from .referee import Limits, Referee, execution_of, reloaded
from .scenarios import clean, declared, here, join, last_event, load, plot, replay_by, short, shorts, strict, workflow


def result_of(run, *steps):
    """What ``run`` returns after these things have happened, each followed by a decision."""
    with Referee(workflow(run)) as referee:
        decisions = referee.decide()
        for step in steps:
            step(referee)
            decisions = referee.decide()
        assert shorts(decisions)[-1] == "CompleteWorkflowExecution", decisions
        return json.loads(attributes_of(decisions[-1])["result"])


def ends(name, value=None):
    return lambda referee: referee.complete(f"activity-{name}", value)


def fails(name, reason="ValueError: no"):
    return lambda referee: referee.fail(f"activity-{name}", reason)


def test_the_states_of_a_future():
    def run(w):
        first = w.submit(load)
        held = w.submit(clean, first)
        dropped = w.submit(plot, first)
        dropped.cancel()
        states = [[f.state, f.pending, f.running, f.finished, f.cancelled, f.done] for f in (first, held, dropped)]
        first.result
        return [*states, [first.state, first.finished, first.done], held.state, repr(first)]

    assert result_of(run, ends("load-1")) == [
        ["PENDING", True, False, False, False, False],
        ["PENDING", True, False, False, False, False],
        ["CANCELLED", False, False, False, True, True],
        ["FINISHED", True, True],
        "PENDING",
        "<Future activity-load-1 FINISHED>",
    ]


def test_results_are_put_in_the_place_of_futures_anywhere_in_the_arguments():
    def run(w):
        first, second = w.submit(load), w.submit(clean)
        return w.submit(join, 0, [first, (second,)], by={"a": {"b": first}}).result

    with Referee(workflow(run)) as referee:
        referee.decide()
        referee.complete("activity-load-1", {"x": [1]})
        assert referee.decide() == []
        referee.complete("activity-clean-1", "two")
        (decision,) = referee.decide()
        assert json.loads(attributes_of(decision)["input"]) == {
            "args": [0, [{"x": [1]}, ["two"]]],
            "kwargs": {"by": {"a": {"b": {"x": [1]}}}},
        }


def test_a_task_whose_argument_failed_is_never_run():
    def run(w):
        dependent = w.submit(clean, [w.submit(load)])
        error = dependent.exception
        assert isinstance(error, DependencyFailed)
        return [str(error), error.dependency, dependent.state]

    assert result_of(run, fails("load-1")) == [
        "activity-clean-1: needs activity-load-1, which failed",
        "activity-load-1",
        "FINISHED",
    ]


def test_wait_gives_the_results_in_the_order_given_and_none_for_failures():
    def run(w):
        tasks = [w.submit(load), w.submit(clean), w.submit(plot)]
        return [futures.wait(*tasks), futures.wait(tasks), futures.wait(*reversed(tasks)), tasks[1].wait()]

    values = [1, None, 3]
    result = result_of(run, ends("plot-1", 3), fails("clean-1"), ends("load-1", 1))
    assert result == [values, values, values[::-1], None]


def test_waiting_for_nothing():
    def run(w):
        seen: list[Any] = [futures.wait(), list(futures.as_completed())]
        for wrong in ((), (1,)):
            try:
                futures.wait_any(*wrong)
            except (ValueError, TypeError) as error:
                seen.append(str(error))
        return seen

    assert result_of(run) == [
        [],
        [],
        "wait_any needs at least one future: none of nothing ever ends",
        "1 is not a future; pass what submit() returned",
    ]


def test_as_completed_goes_on_as_they_end():
    def run(w):
        tasks = w.map(load, range(3))
        order = []
        for future in futures.as_completed(tasks):
            order.append(future.id)
            w.submit(w.record_marker("seen", len(order)))
        return order

    with Referee(workflow(run)) as referee:
        referee.decide()
        seen = []
        for n in (2, 3, 1):
            referee.complete(f"activity-load-{n}")
            seen.append(shorts(referee.decide()))
        assert seen == [["RecordMarker seen"], ["RecordMarker seen"], ["RecordMarker seen", "CompleteWorkflowExecution"]]
        result = json.loads(last_event(referee, "WorkflowExecutionCompleted")["result"])
        assert result == ["activity-load-2", "activity-load-3", "activity-load-1"]


def test_a_timeout_says_which():
    def run(w):
        error = w.submit(load).exception
        assert isinstance(error, TimeoutError)
        return [str(error), error.timeout_type]

    def times_out(referee):
        referee.end("activity-load-1", "TimedOut", timeoutType="START_TO_CLOSE")

    assert result_of(run, times_out) == ["activity-load-1: timeout START_TO_CLOSE", "START_TO_CLOSE"]


def test_a_try_around_submit_alone_does_not_catch_the_failure():
    def run(w):
        try:
            task = w.submit(strict)
        except TaskFailed:
            return "caught at submit"
        try:
            return task.result
        except TaskFailed as error:
            return f"{type(error).__name__} {error.error_type}"

    assert result_of(run, fails("strict-1")) == "TaskFailed ValueError"


def test_code_may_wait_anywhere():
    """In a helper, a comprehension, a generator, a recursion and a ``with``."""

    class Scope:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    def run(w):
        def deep(n):
            return w.submit(load, n).result if n == 0 else deep(n - 1)

        def generator():
            for n in range(2):
                yield w.submit(clean, n).result

        with Scope():
            first = deep(30)
        return [first, *generator(), *[w.submit(plot, n).result for n in range(2)]]

    result = result_of(run, ends("load-1", 0), ends("clean-1", 1), ends("clean-2", 2), ends("plot-1", 3), ends("plot-2", 4))
    assert result == [0, 1, 2, 3, 4]


def test_run_may_be_a_coroutine():
    async def run(w):
        first = await w.submit(load)
        return [first, await w.submit(clean, first)]

    assert result_of(run, ends("load-1", 1), ends("clean-1", 2)) == [1, 2]


def test_a_coroutine_that_awaits_something_else_is_told_what_to_use():
    async def run(w):
        class Foreign:
            def __await__(self):
                yield

        await Foreign()

    async def lets_others_run(w):
        await asyncio.sleep(0)

    async def sleeps(w):
        await asyncio.sleep(1)

    for code in (run, lets_others_run, sleeps):
        with Referee(workflow(code)) as referee:
            assert attributes_of(referee.decide()[-1])["reason"] == (
                "DefinitionError: async run() may only await what submit() returned; use self.timer(seconds) for asyncio.sleep "
                "and futures.wait(...) for asyncio.gather"
            )


def test_what_run_returns_may_hold_futures():
    def run(w):
        return {"tasks": [w.submit(load), (w.submit(clean),)]}

    assert result_of(run, ends("clean-1", 2), ends("load-1", 1)) == {"tasks": [1, [2]]}


def test_the_same_marker_is_recorded_once():
    def run(w):
        for value in (1, 2, 1):
            w.submit(w.record_marker("m", value))
        w.submit(w.record_marker("n"))
        return [[m.name, m.details] for m in w.list_markers()] + [[m.name, m.details] for m in w.list_markers(all=True)]

    with Referee(workflow(run)) as referee:
        decisions = referee.decide()
        assert shorts(decisions)[:-1] == ["RecordMarker m", "RecordMarker m", "RecordMarker n"]
        last, every = [["m", 2], ["n", None]], [["m", 1], ["m", 2], ["n", None]]
        assert json.loads(attributes_of(decisions[-1])["result"]) == last + every


def test_a_named_timer_is_one_timer():
    def run(w):
        first, again = w.submit(w.start_timer("tea", 5)), w.submit(w.start_timer("tea", 7))
        w.submit(w.cancel_timer("tea"))
        return [first is again, first.state]

    with Referee(workflow(run)) as referee:
        assert shorts(referee.decide()) == ["StartTimer tea", "CancelTimer tea", "CompleteWorkflowExecution"]


def test_a_timer_is_rounded_up_to_whole_seconds():
    def run(w):
        futures.wait(w.timer(0), w.timer(0.1), w.timer(timedelta(minutes=1, milliseconds=1)))

    with Referee(workflow(run)) as referee:
        assert [attributes_of(one)["startToFireTimeout"] for one in referee.decide()[1:]] == ["0", "1", "61"]


def test_random_numbers_and_ids_are_those_of_the_run():
    def run(w):
        return [w.random.random(), w.random.random(), str(w.uuid()), str(w.uuid())]

    def drawn(run_id):
        with Referee(workflow(run), run_id=run_id) as referee:
            return json.loads(attributes_of(referee.decide()[-1])["result"])

    assert drawn("one") == drawn("one")
    assert len({*drawn("one"), *drawn("two")}) == 8


def test_a_run_that_continues_as_new_keeps_what_it_was_started_with():
    def run(w):
        w.submit(w.continue_as_new(1, by=2))

    cls = workflow(run)
    with Referee(cls) as referee:
        decisions = referee.decide()
        attributes = attributes_of(decisions[-1])
        assert short(decisions[-1]) == "ContinueAsNewWorkflowExecution"
        assert attributes["taskList"] == {"name": "decisions"}
        expected = {"args": [1], "kwargs": {"by": 2}, "__extra": {"class": cls.class_path()}}
        assert json.loads(attributes["input"]) == expected
        assert referee.run.close_status == "CONTINUED_AS_NEW"


def test_fail_cannot_be_caught_by_code_that_catches_exceptions():
    def run(w):
        try:
            w.fail("no more", "because")
        except Exception:
            return "caught"

    with Referee(workflow(run)) as referee:
        (_, decision) = referee.decide()
        assert (short(decision), attributes_of(decision)) == (
            "FailWorkflowExecution",
            {"reason": "no more", "details": "because"},
        )


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ValueError("bad"), "ValueError: bad"), (SystemExit(3), "SystemExit: 3"), (GeneratorExit(), "GeneratorExit: ")],
)
def test_an_exception_that_leaves_run_fails_the_run_and_not_the_decider(error, reason):
    def run(w):
        raise error

    with Referee(workflow(run)) as referee:
        decision = referee.decide()[-1]
        assert short(decision) == "FailWorkflowExecution"
        attributes = attributes_of(decision)
        assert attributes["reason"] == reason
        details = json.loads(attributes["details"])
        assert details["error_type"] == type(error).__name__
        assert "raise error" in details["traceback"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_what_is_meant_for_the_decider_goes_through_to_it(error):
    def run(w):
        w.submit(load)
        raise error

    execution = execution_of(workflow(run), Limits())
    with Referee(workflow(run)) as referee:
        referee.start_decision()
        with pytest.raises(error):
            execution.advance(reloaded(referee.run.events))
        assert execution.finished is None


def test_a_result_that_cannot_be_read_is_not_the_codes_failure():
    """It is kept outside the history, and the store does not have it: the run is parked, not failed."""

    def run(w):
        try:
            return w.submit(load).result
        except Exception:
            return "the code saw it"

    with Referee(workflow(run)) as referee:
        referee.decide()
        referee.end("activity-load-1", "Completed", result=reference("x" * 40_000))
        referee.start_decision()
        execution = referee.new()
        with pytest.raises(PayloadError):
            execution.advance(reloaded(referee.run.events))
        assert execution.finished is None


def test_a_result_kept_outside_the_history_is_read_when_it_is_asked_for():
    def run(w):
        first, second = w.submit(load), w.submit(clean)
        futures.wait_any(first, second)
        first.exception
        return first.result

    text = json.dumps("x" * 40_000)
    asked = []

    def read(digest):
        asked.append(digest)
        return text

    with Referee(workflow(run)) as referee:
        referee.decide()
        referee.end("activity-load-1", "Completed", result=reference(text))
        referee.end("activity-clean-1", "Completed", result=reference("never asked for"))
        referee.start_decision()
        execution = execution_of(referee.workflow_class, Limits(), load=read)
        decisions = execution.advance(reloaded(referee.run.events))
        assert attributes_of(decisions[-1])["result"] == text
        assert len(asked) == 1


# ---- suspended code ----------------------------------------------------------------------------------------------------


def suspended(run):
    """An execution that waits, at its first decision."""
    execution = execution_of(workflow(run), Limits())
    with Referee(workflow(run)) as referee:
        referee.start_decision()
        execution.advance(reloaded(referee.run.events))
    return execution


def test_suspended_code_says_where_it_waits():
    def helper(w):
        return here(), w.submit(load).result

    def run(w):
        helper(w)

    execution = suspended(run)
    place = execution.where()
    assert [frame.name for frame in place][-2:] == ["run", "helper"]
    assert place[-1].filename == __file__
    assert place[-1].lineno == helper.__code__.co_firstlineno + 1
    assert execution.kill()
    assert execution.where() == []


def test_code_that_is_unwound_runs_its_finally_and_decides_nothing():
    seen = []

    def run(w):
        try:
            w.submit(load).result
        finally:
            seen.append("finally")
            for attempt in (
                lambda: w.submit(clean),
                lambda: w.timer(1),
                lambda: w.submit(w.record_marker("m")),
                lambda: w.patched("p"),
                lambda: w.next_signal("a"),
                lambda: w.submit(w.wait_signal("a")),
            ):
                try:
                    attempt()
                    seen.append("it was possible")
                except BaseException as error:
                    seen.append(type(error).__name__)
            w.log("not heard")

    execution = suspended(run)
    queued = list(execution.queue)
    assert execution.kill()
    assert seen == ["finally", *["GreenletExit"] * 6]
    assert list(execution.queue) == queued
    assert not execution.log_lines
    assert not execution.finished


def test_code_that_swallows_its_end_is_left_behind():
    def run(w):
        while True:
            try:
                w.submit(load).result
            except BaseException:
                continue

    execution = suspended(run)
    assert not execution.kill(), "the caller must keep a reference"
    assert not execution.kill()


def test_an_execution_that_was_killed_is_freed():
    def run(w):
        w.submit(load).result

    class Held:
        pass

    held = Held()
    alive = weakref.ref(held)

    def holds(w, held=held):
        run(w)

    execution = suspended(holds)
    holds.__defaults__ = None
    del held
    assert alive() is not None
    execution.kill()
    del execution
    gc.collect()
    assert alive() is None


def test_context_variables_of_the_decider_are_seen_and_not_changed():
    variable = contextvars.ContextVar("variable", default="of nobody")
    seen = []

    def run(w):
        seen.append(variable.get())
        variable.set("of the code")
        w.next_signal("a").result
        seen.append(variable.get())

    variable.set("of the decider")
    with Referee(workflow(run)) as referee:
        referee.decide()
        referee.signal("a")
        referee.start_decision()
        referee.cached.advance(referee.run.events[3:])
        assert variable.get() == "of the decider"
        assert seen == ["of the decider", "of the code"]


def test_waiting_outside_of_run_is_refused():
    """For example in a thread that the code started, or in ``should_cancel``."""

    def run(w):
        w.next_signal("never").result

    cls = workflow(run, should_cancel=lambda self: self.next_signal("advice").result)
    with Referee(cls) as referee:
        referee.decide()
        referee.request_cancel()
        decisions = referee.decide()
        assert attributes_of(decisions[-1])["reason"] == (
            "DefinitionError: a workflow can only wait inside run(), in the thread that runs it"
        )


# ---- messages ------------------------------------------------------------------------------------------------------------


def test_a_difference_names_the_line_of_the_code_whichever_way_it_decided():
    lines = {}

    def before(w):
        w.submit(load).result

    def by_map(w):
        lines["by_map"] = here() + 1
        w.map(clean, [1])

    def by_starmap(w):
        lines["by_starmap"] = here() + 1
        w.starmap(clean, [(1,)])

    def by_timer(w):
        lines["by_timer"] = here() + 1
        w.timer(1)

    def by_marker(w):
        lines["by_marker"] = here() + 1
        w.submit(w.record_marker("m"))

    with Referee(workflow(before)) as referee:
        referee.decide()
        referee.signal("a")
        referee.start_decision()
        for code in (by_map, by_starmap, by_timer, by_marker):
            error = replay_by(code, referee.run.events)
            assert f" at test_futures.py:{lines[code.__name__]}." in str(error)

    def cancels(w):
        first, timer = w.submit(load), w.submit(w.start_timer("tea", 1))
        w.next_signal("a").result
        lines["cancels"] = here() + 1
        timer.cancel()
        first.result

    def cancels_the_task(w):
        first = w.submit(load)
        w.submit(w.start_timer("tea", 1))
        w.next_signal("a").result
        lines["cancels_the_task"] = here() + 1
        first.cancel()
        first.result

    def cancels_by_name(w):
        first = w.submit(load)
        w.submit(w.start_timer("tea", 1))
        w.next_signal("a").result
        lines["cancels_by_name"] = here() + 1
        w.submit(w.cancel_timer("tea"))
        first.result

    def waits(w):
        first = w.submit(load)
        w.submit(w.start_timer("tea", 1))
        w.next_signal("a").result
        w.submit(join)
        first.result

    with Referee(workflow(waits)) as referee:
        referee.decide()
        referee.signal("a")
        referee.decide()
        referee.signal("a")
        referee.start_decision()
        for code in (cancels, cancels_the_task, cancels_by_name):
            error = replay_by(code, referee.run.events)
            assert f" at test_futures.py:{lines[code.__name__]}." in str(error)


def test_a_submitted_thing_that_cannot_be_submitted_is_explained():
    def plain():
        pass

    def run(w):
        seen = []
        for wrong in (plain, 3, w.cancel_timer("never"), Workflow):
            try:
                w.submit(wrong)
            except Exception as error:
                seen.append(str(error))
        return seen

    messages = result_of(run)
    assert messages[0].endswith("plain is not an activity; decorate it with @activity.with_attributes(...)")
    assert messages[1:] == [
        "3 cannot be submitted; pass an activity",
        "timer 'never' was never started",
        "Workflow is a workflow, and a run can submit activities only",
    ]


def test_an_activity_may_be_given_a_priority_at_submit():
    urgent = declared("urgent", task_priority=1)

    class Derived(Activity):
        pass

    def run(w):
        w.submit(urgent)
        w.submit(urgent, __priority=9)
        w.submit(Derived(None, name="derived"), __priority=None)

    with Referee(workflow(run)) as referee:
        assert [attributes_of(one).get("taskPriority") for one in referee.decide()[1:4]] == ["1", "9", None]


def test_a_workflow_without_run_says_so():
    with Referee(type("Empty", (Workflow,), {"name": "empty"})) as referee:
        reason = attributes_of(referee.decide()[-1])["reason"]
        assert reason == "NotImplementedError: Empty.run() is what the workflow does; write it"
