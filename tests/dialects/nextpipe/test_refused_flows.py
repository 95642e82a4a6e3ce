"""Flows that are refused when they are made, with whole messages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from simpleflow_nb.dialects import nextpipe
from simpleflow_nb.dialects.nextpipe import Configuration, FlowSpec, app, foreach, needs, optional, repeat, step
from simpleflow_nb.exceptions import DefinitionError


def without_step() -> type[FlowSpec]:
    class Flow(FlowSpec):
        @foreach()
        def a():
            return []

    return Flow


def needs_a_plain_function() -> type[FlowSpec]:
    class Flow(FlowSpec):
        @step
        def load():
            return 1

        def laod():
            return 2

        @needs(predecessors=[laod])
        @step
        def b(x):
            return x

    return Flow


def needs_a_step_of_another_flow() -> type[FlowSpec]:
    class Other(FlowSpec):
        @step
        def a():
            return 1

    class Flow(FlowSpec):
        @step
        def a():
            return 2

        @needs(predecessors=[Other.a])
        @step
        def b(x):
            return x

    return Flow


def circle() -> type[FlowSpec]:
    class Base(FlowSpec):
        @step
        def a(x):
            return x

        @needs(predecessors=[a])
        @step
        def b(x):
            return x

    class Flow(Base):
        @needs(predecessors=[Base.b])
        @step
        def a(x):
            return x

    return Flow


def is_async() -> type[FlowSpec]:
    class Flow(FlowSpec):
        @step
        async def a():
            return 1

    return Flow


def below_zero() -> type[FlowSpec]:
    class Flow(FlowSpec):
        @repeat(-1)
        @step
        def a():
            return 1

    return Flow


def foreach_and_repeat() -> type[FlowSpec]:
    class Flow(FlowSpec):
        @foreach()
        @repeat(2)
        @step
        def a():
            return [1]

    return Flow


def hides_run() -> type[FlowSpec]:
    class Flow(FlowSpec):
        @step
        def run():
            return 1

    return Flow


def app_step() -> type[FlowSpec]:
    class Flow(FlowSpec):
        @app(app_id="echo", options={"seconds": 3, "none": None})
        @step
        def solve(): ...

    return Flow


def app_step_with_two_predecessors() -> type[FlowSpec]:
    class Flow(FlowSpec):
        @step
        def a():
            return 1

        @step
        def b():
            return 1

        @app(app_id="echo")
        @needs(predecessors=[a, b])
        @step
        def solve(): ...

    return Flow


REFUSED: list[tuple[Callable[[], type[FlowSpec]], str]] = [
    (without_step, "without_step.<locals>.Flow.a (FILE) has decorators of a step and is none; add @step to them"),
    (
        needs_a_plain_function,
        "needs_a_plain_function.<locals>.Flow.b (FILE) needs 'laod', which is no step of this flow (did you mean 'load'?); "
        "its steps are 'load' and 'b'",
    ),
    (
        needs_a_step_of_another_flow,
        "needs_a_step_of_another_flow.<locals>.Flow.b (FILE) needs 'needs_a_step_of_another_flow.<locals>.Other.a', "
        "which is no step of this flow; its steps are 'a' and 'b'",
    ),
    (circle, "the steps of circle.<locals>.Flow need each other in a circle: a -> b -> a"),
    (is_async, "is_async.<locals>.Flow.a (FILE) is async; a step is a plain function, which runs in a thread of its own"),
    (below_zero, "below_zero.<locals>.Flow.a (FILE) is repeated -1 times; repeat takes a whole number from 0"),
    (
        foreach_and_repeat,
        "foreach_and_repeat.<locals>.Flow.a (FILE) has foreach and repeat; give one, or repeat a step before it",
    ),
    (hides_run, "hides_run.<locals>.Flow.run (FILE) hides run() of the flow; give the step another name"),
    (app_step, "app_step.<locals>.Flow.solve (FILE) is an app step; these come with connectors, and no connector is here yet"),
    (
        app_step_with_two_predecessors,
        "app_step_with_two_predecessors.<locals>.Flow.solve (FILE) is an app step with 2 predecessors ('a' and 'b'); "
        "it takes one",
    ),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=lambda one: getattr(one, "__name__", ""))
def test_a_flow_that_cannot_run_is_refused_in_one_sentence_when_it_is_made(
    make: Callable[[], type[FlowSpec]], message: str
) -> None:
    cls = make()
    with pytest.raises(DefinitionError) as raised:
        cls("flow", None)
    assert re.sub(r"\(test_refused_flows\.py:[0-9]+\)", "(FILE)", str(raised.value)) == message


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        (Configuration(max_step_inputs=0), "flow 'flow': max_step_inputs is 0; it is a whole number from 1"),
        (Configuration(thread_count="2"), "flow 'flow': thread_count is '2'; it is a whole number, and 0 means 24"),
    ],
)
def test_a_wrong_setting_is_refused(conf: Configuration, message: str) -> None:
    class Flow(FlowSpec):
        pass

    with pytest.raises(DefinitionError) as raised:
        Flow("flow", None, conf)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("decorate", "message"),
    [
        (lambda: step(5), "5 is no function, so it cannot be a step; write the decorator above a def"),
        (lambda: needs(len), "needs takes a list of steps, not <built-in function len>; write needs(predecessors=[..])"),
        (lambda: optional(True), "optional takes a function that is asked with the step's definition, not True"),
        (
            lambda: app("echo", parameters={"a": 1}, options={"a": 1}),
            "app 'echo' has 'parameters' and 'options', which mean the same; give one",
        ),
    ],
)
def test_a_decorator_that_says_nothing_is_refused(decorate: Callable[[], object], message: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        decorate()
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Runner", "a flow runs itself: call flow.run(), and look at flow.graph afterwards"),
        ("StepVisitor", "the steps of a class are found without its source: look at flow.graph.steps"),
    ],
)
def test_what_is_not_here_says_what_to_use_instead(name: str, message: str) -> None:
    with pytest.raises(ImportError) as raised:
        exec(f"from {nextpipe.__name__} import {name}")
    assert str(raised.value) == f"{name} is not in {nextpipe.__name__}: {message}"
    with pytest.raises(AttributeError):
        _ = nextpipe.unheard


def test_every_name_of_the_contract_is_there() -> None:
    names = (
        "FlowSpec FlowGraph step needs foreach join repeat optional app AppOption AppRunConfig Configuration log FlowStep "
        "FlowNode Step STATUS_PENDING STATUS_RUNNING STATUS_SUCCEEDED STATUS_FAILED STATUS_SKIPPED STATUS_CANCELLED"
    )
    assert sorted(names.split()) == sorted(nextpipe.__all__)
