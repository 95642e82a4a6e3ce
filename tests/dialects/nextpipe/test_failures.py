"""Failures of steps: which one is told, what still runs, and what is cancelled."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from simpleflow_nb.activity_context import context
from simpleflow_nb.dialects.nextpipe import Configuration, FlowSpec, foreach, join, needs, optional, repeat, step

from .ran import failed, statuses


class BadItem(FlowSpec):
    @foreach()
    @step
    def a():
        return [1, 2, 3]

    @needs(predecessors=[a])
    @step
    def b(x):
        if x == 2:
            raise ValueError("bad item")
        return x

    @join()
    @needs(predecessors=[b])
    @step
    def c(x):
        return x


def test_the_failure_of_a_flow_names_the_step_and_is_caused_by_its_exception() -> None:
    flow = BadItem("flow", None, Configuration(thread_count=1))
    error = failed(flow)
    assert str(error) == "Flow failed: Step b failed: bad item"
    assert repr(error.__cause__) == "ValueError('bad item')"
    assert error.__cause__.__traceback__.tb_next is not None


def test_after_a_failure_nothing_starts_that_waits_for_a_thread() -> None:
    flow = BadItem("flow", None, Configuration(thread_count=1))
    failed(flow)
    assert statuses(flow) == {"a": ["succeeded"], "b": ["succeeded", "failed", "cancelled"], "c": []}
    nodes = flow.graph.get_step(BadItem.b).nodes
    assert [node.error for node in nodes] == [None, "bad item", None]
    assert [node.cancel for node in nodes] == [False, False, True]
    assert [node.done for node in nodes] == [True, True, False]
    assert [node.result for node in nodes] == [1, None, None]
    assert flow.get_result(BadItem.a) == [1, 2, 3]
    assert flow.get_result(BadItem.b) is None
    assert flow.get_result(BadItem.c) is None


def test_of_several_failures_the_first_in_the_order_of_definition_is_told_after_what_runs_has_ended() -> None:
    is_first, is_second = threading.Event(), threading.Event()

    class Flow(FlowSpec):
        @step
        def a():
            is_first.wait(60)
            raise ValueError("a")

        @step
        def c():
            is_second.wait(60)
            is_first.set()

        @step
        def b():
            is_second.set()
            raise ValueError("b")

    flow = Flow("flow", None)
    assert str(failed(flow)) == "Flow failed: Step a failed: a"
    ended = statuses(flow)
    assert {name: ended[name] for name in ("a", "b", "c")} == {"a": ["failed"], "b": ["failed"], "c": ["succeeded"]}


@pytest.mark.parametrize("is_durable", [False, True])
@pytest.mark.parametrize(("error", "text"), [(ValueError("too late"), "too late"), (ValueError(), "")])
def test_what_fails_after_it_was_asked_to_end_has_failed(
    is_durable: bool, error: Exception, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether its worker had heard of that by then changes no failure that is told."""
    monkeypatch.setattr(AskedToEnd, "error", error)
    flow = AskedToEnd("flow", None)
    found = failed(flow, **({"local": tmp_path / "journal.sqlite3"} if is_durable else {}))
    assert str(found) == f"Flow failed: Step a failed: {text}"
    assert found.__cause__ is error
    assert statuses(flow) == {"a": ["failed"], "b": ["failed"], "c": ["succeeded"]}


class AskedToEnd(FlowSpec):
    error = Exception()

    @step
    def a(self):
        wait_for_cancellation()
        raise self.error

    @step
    def b():
        raise ValueError("first")

    @step
    def c():
        wait_for_cancellation()
        return 1


def wait_for_cancellation() -> None:
    is_cancelled = threading.Event()
    here = context()
    here.on_cancel.append(is_cancelled.set)
    assert here.cancel_requested() or is_cancelled.wait(60)


def test_of_several_items_the_lowest_index_is_told() -> None:
    others = threading.Barrier(3)

    class Flow(FlowSpec):
        @foreach()
        @step
        def a():
            return [0, 1, 2]

        @needs(predecessors=[a])
        @step
        def b(x):
            others.wait(60)
            raise ValueError(x)

    assert str(failed(Flow("flow", None))) == "Flow failed: Step b failed: 0"


def test_an_exception_in_a_condition_is_the_failure_of_its_step() -> None:
    class Flow(FlowSpec):
        @step
        def a():
            return 1

        @optional(condition=lambda step: 1 / 0)
        @needs(predecessors=[a])
        @step
        def b(x):
            return x

    flow = Flow("flow", None)
    error = failed(flow)
    assert str(error) == "Flow failed: Step b failed: division by zero"
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert statuses(flow) == {"a": ["succeeded"], "b": ["failed"]}
    assert flow.graph.get_step(Flow.b).nodes[0].error == "division by zero"


class TooMany(FlowSpec):
    @foreach()
    @step
    def a(input):
        return list(range(input))

    @needs(predecessors=[a])
    @step
    def b(x):
        return x


class TooManyPairs(FlowSpec):
    @foreach()
    @step
    def a(input):
        return list(range(input))

    @needs(predecessors=[a])
    @step
    def b(x):
        return x

    @repeat(3)
    @needs(predecessors=[b, a])
    @step
    def c(x, y):
        return x


class TooManyRepeats(FlowSpec):
    @step
    def a(input):
        return input

    @repeat(51)
    @needs(predecessors=[a])
    @step
    def b(x):
        return x


@pytest.mark.parametrize(
    ("cls", "count", "step_name", "sentence"),
    [
        (TooMany, 51, "b", "Step b has too many inputs (51). Maximum allowed is 50. They are 51 of a."),
        (
            TooManyPairs,
            5,
            "c",
            "Step c has too many inputs (75). Maximum allowed is 50. They are 5 of b x 5 of a x 3 repetitions.",
        ),
        (TooManyRepeats, 1, "b", "Step b has too many inputs (51). Maximum allowed is 50. They are 51 repetitions."),
    ],
)
def test_more_inputs_than_the_configuration_says_are_the_failure_of_their_step(
    cls: type[FlowSpec], count: int, step_name: str, sentence: str
) -> None:
    flow = cls("flow", count)
    assert str(failed(flow)) == f"Flow failed: Step {step_name} failed: {sentence}"
    assert statuses(flow)[step_name] == ["failed"]
    assert flow.graph.get_step(getattr(cls, step_name)).nodes[0].error == sentence
    assert cls("flow", count, Configuration(max_step_inputs=75)).run() is None


@pytest.mark.parametrize(
    ("value", "said"), [(5, "5"), ("text", "'text'"), ({"a": 1}, "{'a': 1}"), (None, "None"), (b"x", "b'x'")]
)
def test_a_producer_that_returns_no_list_fails(value: object, said: str) -> None:
    class Flow(FlowSpec):
        @foreach()
        @step
        def a(input):
            return input

    assert (
        str(failed(Flow("flow", value)))
        == f"Flow failed: Step a failed: step a is a foreach step and returns a list, not {said}"
    )


@pytest.mark.parametrize("error", [ValueError(), KeyError("k"), SystemExit(3)])
def test_the_text_of_a_failure_is_that_of_its_exception(error: BaseException) -> None:
    class Flow(FlowSpec):
        @step
        def a():
            raise error

    found = failed(Flow("flow", None))
    assert str(found) == f"Flow failed: Step a failed: {error}"
    assert found.__cause__ is error


def test_a_failed_flow_can_be_run_again() -> None:
    class Flow(FlowSpec):
        is_mended = False

        @step
        def a(self):
            if not self.is_mended:
                raise ValueError("not yet")
            return 1

    flow = Flow("flow", None)
    assert str(failed(flow)) == "Flow failed: Step a failed: not yet"
    flow.is_mended = True
    flow.run()
    assert flow.get_result(Flow.a) == 1
    assert flow.graph.get_step(Flow.a).nodes[0].error is None
