"""Values between steps: copies of objects in memory, JSON in durable runs."""

from __future__ import annotations

import datetime
import threading
from typing import Any

import pytest

from simpleflow_nb.dialects.nextpipe import AppOption, AppRunConfig, FlowSpec, foreach, join, needs, repeat, step
from simpleflow_nb.dialects.nextpipe.runs import memory_run
from simpleflow_nb.dialects.nextpipe.runs.values import ChangedValue, JsonValues, MemoryValues
from simpleflow_nb.processes.observed_run import ObservedRun

from .ran import ran


def test_values_of_a_run_in_memory_stay_python_objects() -> None:
    class Flow(FlowSpec):
        @step
        def a(input):
            return (1, {2: {"x"}}, AppRunConfig(input, [AppOption("param", 1)]))

        @needs(predecessors=[a])
        @step
        def b(x):
            return [type(x).__name__, x[1], x[2].get_options()]

    flow = ran(Flow, {"when": datetime.date(2024, 1, 1)})
    assert flow.get_result(Flow.a)[1:] == (
        {2: {"x"}},
        AppRunConfig({"when": datetime.date(2024, 1, 1)}, [AppOption("param", 1)]),
    )
    assert flow.get_result(Flow.b) == ["tuple", {2: {"x"}}, {"param": "1"}]


def test_nobody_sees_what_others_do_to_a_value() -> None:
    class Flow(FlowSpec):
        @step
        def a(input):
            input["seen"] = True
            return input

        @repeat(3)
        @needs(predecessors=[a])
        @step
        def b(x):
            x["b"] = x.get("b", 0) + 1
            return x["b"]

        @foreach()
        @step
        def c(input):
            return [input, input]

        @needs(predecessors=[c])
        @step
        def d(x):
            x["d"] = x.get("d", 0) + 1
            return x

        @join()
        @needs(predecessors=[c])
        @step
        def e(rows):
            return rows

    given = {"n": 1}
    flow = ran(Flow, given)
    assert given == {"n": 1}
    assert flow.get_result(Flow.a) == {"n": 1, "seen": True}
    assert flow.get_result(Flow.b) == [1, 1, 1]
    assert flow.get_result(Flow.c) == [{"n": 1}, {"n": 1}]
    assert flow.get_result(Flow.d) == [{"n": 1, "d": 1}] * 2
    assert flow.get_result(Flow.e) == [[{"n": 1}], [{"n": 1}]]


def test_what_cannot_be_copied_is_handed_on_as_it_is() -> None:
    lock = threading.Lock()

    class Flow(FlowSpec):
        @step
        def a():
            return lock

        @needs(predecessors=[a])
        @step
        def b(x):
            return x is lock

    assert ran(Flow).get_result(Flow.b) is True


class Unpicklable(Exception):
    """Can be pickled, and not unpickled."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a} and {b}")


def test_what_could_be_pickled_and_not_unpickled_is_handed_on_as_it_is() -> None:
    values = MemoryValues()
    error = Unpicklable(1, 2)
    assert values.get(values.put(error, "")) is error


def test_every_copy_is_a_new_object() -> None:
    values, given = MemoryValues(), [1]
    kept = values.put(given, "")
    copies = [values.get(kept) for _ in range(3)]
    assert copies == [[1]] * 3
    assert len({id(one) for one in [given, *copies]}) == 4


CHANGED: list[Any] = [
    ((1, 2), "a tuple"),
    ({"routes": [1, 2, 3, (4,)]}, "['routes'][3], which is a tuple"),
    ([{1: "a"}], "[0], which is a mapping with the key 1"),
    ({"__nextpipe__": 1}, "a mapping with the key '__nextpipe__'"),
    ({"a": {"s"}}, "['a'], which is a set"),
    ([datetime.date(2024, 1, 1)], "[0], which is a datetime.date"),
    (float("nan"), "nan"),
    ([float("inf")], "[0], which is inf"),
    (b"x", "a bytes"),
    ([AppRunConfig(input=(1,))], "[0].input, which is a tuple"),
    pytest.param(object(), "an object", id="an object"),
]


@pytest.mark.parametrize(("value", "said"), CHANGED, ids=lambda one: str(one)[:30])
def test_a_value_that_json_would_change_is_refused_with_its_place(value: Any, said: str) -> None:
    with pytest.raises(ChangedValue) as raised:
        JsonValues().put(value, "step a returned")
    assert (
        str(raised.value) == f"step a returned {said}; values of a durable run are JSON, which would not give it back as it is"
    )


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[Any] = [1]
    value.append(value)
    with pytest.raises(ChangedValue) as raised:
        JsonValues().put(value, "step a returned")
    assert str(raised.value).startswith("step a returned [1], which is a value that contains itself;")


@pytest.mark.parametrize(
    "value",
    [
        [1, 1.5, True, None, "text", {"a": [{}]}, []],
        AppRunConfig({"n": 1}, [AppOption("a", 1), AppOption("b", None)], "name", "text", None, "instance"),
        [AppRunConfig(None, {"a": 1}), {"one": AppOption("a", [1])}],
    ],
)
def test_json_values_and_options_of_apps_come_back_as_they_are(value: Any) -> None:
    values = JsonValues()
    assert values.get(values.put(value, "")) == value


def test_options_of_an_app_are_texts_without_those_that_are_none() -> None:
    assert AppRunConfig(None, [AppOption("a", 1), AppOption("b", None)]).get_options() == {"a": "1"}
    assert AppRunConfig(None, {"a": 1.5, "b": None}).get_options() == {"a": "1.5"}


def test_the_history_of_a_run_in_memory_holds_numbers_and_lengths_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    class Told(ObservedRun):
        def __init__(self, *arguments: Any) -> None:
            told.extend(arguments[2])
            super().__init__(*arguments)

    monkeypatch.setattr(memory_run, "ObservedRun", Told)

    class Flow(FlowSpec):
        @foreach()
        @step
        def a(input):
            return [f"{input} {number}" for number in range(2)]

        @needs(predecessors=[a])
        @step
        def b(x):
            return f"worked on {x}"

        @join()
        @needs(predecessors=[b])
        @step
        def c(rows):
            return rows

    assert ran(Flow, "treasure").get_result(Flow.c) == [["worked on treasure 0"], ["worked on treasure 1"]]
    assert len(told) > 20
    assert "treasure" not in repr(told)
