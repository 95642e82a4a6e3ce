"""What steps get and what ``get_result`` gives, for each shape that nextpipe documents, and for those at which it fails."""

from __future__ import annotations

from typing import Any

import pytest

from simpleflow_nb.dialects.nextpipe import Configuration, FlowSpec, foreach, join, needs, optional, repeat, step

from .ran import ran, results, statuses

no = optional(condition=lambda step: False)


class Chain(FlowSpec):
    @step
    def one(input):
        return input["n"] + 1

    @needs(predecessors=[one])
    @step
    def two(x):
        return {"doubled": 2 * x}


class TwoNeeds(FlowSpec):
    @step
    def a():
        return 1

    @step
    def b(input):
        return input

    @needs(predecessors=[b, a])
    @step
    def c(x, y):
        return [x, y]


class Fan(FlowSpec):
    @foreach()
    @step
    def split(input):
        return input

    @needs(predecessors=[split])
    @step
    def work(x):
        return 10 * x

    @needs(predecessors=[work])
    @step
    def more(x):
        return x + 1

    @join()
    @needs(predecessors=[more])
    @step
    def merge(data):
        return data


class TwoFans(FlowSpec):
    @foreach()
    @step
    def a():
        return [1, 2]

    @foreach()
    @step
    def b():
        return [-1, -2]

    @needs(predecessors=[a, b])
    @step
    def pair(x, y):
        return [x, y]

    @join()
    @needs(predecessors=[a, b])
    @step
    def direct(data):
        return data


class Diamond(FlowSpec):
    @foreach()
    @step
    def a():
        return [1, 2]

    @needs(predecessors=[a])
    @step
    def b(x):
        return x

    @needs(predecessors=[a])
    @step
    def c(x):
        return -x

    @needs(predecessors=[b, c])
    @step
    def d(x, y):
        return [x, y]


class PlainJoin(FlowSpec):
    @step
    def a():
        return 1

    @step
    def b():
        return 2

    @join()
    @needs(predecessors=[a, b])
    @step
    def c(data):
        return data

    @join()
    @step
    def first(data):
        return data


class FanOfFans(FlowSpec):
    @foreach()
    @step
    def a(x):
        return x

    @foreach()
    @needs(predecessors=[a])
    @step
    def b(x):
        return [x] * x

    @needs(predecessors=[b])
    @step
    def c(x):
        return x + 1

    @join()
    @needs(predecessors=[c])
    @step
    def d(rows):
        return rows


class Rounds(FlowSpec):
    @foreach()
    @step
    def a(x):
        return x

    @repeat(2)
    @needs(predecessors=[a])
    @step
    def b(x):
        return x

    @needs(predecessors=[b])
    @step
    def c(values):
        return values

    @join()
    @needs(predecessors=[b, a])
    @step
    def d(data):
        return data


class Repeated(FlowSpec):
    @repeat(repetitions=3)
    @step
    def draw(input):
        return input

    @needs(predecessors=[draw])
    @step
    def best(values):
        return ["best", values]


class NeverRepeated(FlowSpec):
    @repeat(0)
    @step
    def draw(input):
        return input

    @needs(predecessors=[draw])
    @step
    def best(values):
        return ["best", values]


class RepeatedJoin(FlowSpec):
    @foreach()
    @step
    def a():
        return [1, 2]

    @repeat(2)
    @join()
    @needs(predecessors=[a])
    @step
    def b(data):
        return data

    @needs(predecessors=[b])
    @step
    def c(values):
        return values


class RepeatBesideAFan(FlowSpec):
    @repeat(2)
    @step
    def a():
        return 1

    @foreach()
    @step
    def z():
        return [5, 6]

    @needs(predecessors=[a, z])
    @step
    def b(values, x):
        return [values, x]


class JoinThatFans(FlowSpec):
    @foreach()
    @step
    def a():
        return [1, 2]

    @foreach()
    @join()
    @needs(predecessors=[a])
    @step
    def b(data):
        return data

    @needs(predecessors=[b])
    @step
    def c(x):
        return x


class Skipped(FlowSpec):
    @step
    def a():
        return 1

    @no
    @needs(predecessors=[a])
    @step
    def b(x):
        return x

    @needs(predecessors=[b])
    @step
    def c(x):
        return ["c got", x]

    @join()
    @needs(predecessors=[a, b])
    @step
    def d(data):
        return data


class SkippedProducer(FlowSpec):
    @no
    @foreach()
    @step
    def a():
        return [1]

    @needs(predecessors=[a])
    @step
    def b(x):
        return x

    @join()
    @needs(predecessors=[b])
    @step
    def c(data):
        return data


class SkippedFan(FlowSpec):
    @foreach()
    @step
    def a():
        return [1, 2, 3]

    @no
    @needs(predecessors=[a])
    @step
    def b(x):
        return x

    @needs(predecessors=[b])
    @step
    def c(x):
        return ["c got", x]

    @join()
    @needs(predecessors=[b])
    @step
    def d(data):
        return data


class SkippedRepeat(FlowSpec):
    @no
    @repeat(2)
    @step
    def a():
        return 1

    @needs(predecessors=[a])
    @step
    def b(values):
        return ["b got", values]


class Tuples(FlowSpec):
    @foreach()
    @step
    def a():
        return (1, 2)

    @foreach()
    @step
    def b():
        return (number for number in range(2))

    @foreach()
    @step
    def c():
        return {3}

    @needs(predecessors=[a, b, c])
    @step
    def d(x, y, z):
        return (x, y, z)


class Parameters(FlowSpec):
    @step
    def a():
        return 1

    @needs(predecessors=[a])
    @step
    def star(*values):
        return values

    @needs(predecessors=[a])
    @step
    def with_default(x, y=3):
        return [x, y]

    @needs(predecessors=[a])
    @step
    def by_name(*, y=3):
        return y

    @needs(predecessors=[a, a])
    @step
    def once(x):
        return x

    @needs(predecessors=[a])
    @step
    @staticmethod
    def static(x):
        return x + 1

    @needs(predecessors=[static])
    @staticmethod
    @step
    def after_static(x):
        return x + 1


SHAPES: list[tuple[type[FlowSpec], Any, dict[str, Any]]] = [
    (Chain, {"n": 3}, {"one": 4, "two": {"doubled": 8}}),
    (TwoNeeds, {"k": "v"}, {"a": 1, "b": {"k": "v"}, "c": [{"k": "v"}, 1]}),
    (Fan, [1, 2, 3], {"split": [1, 2, 3], "work": [10, 20, 30], "more": [11, 21, 31], "merge": [[11], [21], [31]]}),
    (Fan, [5], {"split": [5], "work": [50], "more": [51], "merge": [[51]]}),
    (Fan, [], {"split": [], "work": [], "more": [], "merge": []}),
    (
        TwoFans,
        None,
        {
            "a": [1, 2],
            "b": [-1, -2],
            "pair": [[1, -1], [1, -2], [2, -1], [2, -2]],
            "direct": [[1, -1], [1, -2], [2, -1], [2, -2]],
        },
    ),
    (Diamond, None, {"a": [1, 2], "b": [1, 2], "c": [-1, -2], "d": [[1, -1], [1, -2], [2, -1], [2, -2]]}),
    (PlainJoin, 7, {"a": 1, "b": 2, "c": [[1, 2]], "first": 7}),
    (FanOfFans, [1, 2], {"a": [1, 2], "b": [[1], [2, 2]], "c": [2, 3, 3], "d": [[2], [3], [3]]}),
    (FanOfFans, [0], {"a": [0], "b": [[]], "c": [], "d": []}),
    (FanOfFans, [], {"a": [], "b": [], "c": [], "d": []}),
    (
        Rounds,
        [1, 2],
        {
            "a": [1, 2],
            "b": [1, 2, 1, 2],
            "c": [1, 2, 1, 2],
            "d": [[[1, 2, 1, 2], 1], [[1, 2, 1, 2], 2]],
        },
    ),
    (Rounds, [], {"a": [], "b": [], "c": [], "d": []}),
    (Repeated, 7, {"draw": [7, 7, 7], "best": ["best", [7, 7, 7]]}),
    (NeverRepeated, 7, {"draw": [], "best": ["best", []]}),
    (RepeatedJoin, None, {"a": [1, 2], "b": [[[1], [2]], [[1], [2]]], "c": [[[1], [2]], [[1], [2]]]}),
    (RepeatBesideAFan, None, {"a": [1, 1], "z": [5, 6], "b": [[[1, 1], 5], [[1, 1], 6]]}),
    (JoinThatFans, None, {"a": [1, 2], "b": [[1], [2]], "c": [[1], [2]]}),
    (Skipped, None, {"a": 1, "b": None, "c": ["c got", None], "d": [[1, None]]}),
    (SkippedProducer, None, {"a": None, "b": [], "c": []}),
    (SkippedFan, None, {"a": [1, 2, 3], "b": [], "c": [["c got", None]], "d": [[None]]}),
    (SkippedRepeat, None, {"a": [], "b": ["b got", None]}),
    (Tuples, None, {"a": [1, 2], "b": [0, 1], "c": [3], "d": [(1, 0, 3), (1, 1, 3), (2, 0, 3), (2, 1, 3)]}),
    (
        Parameters,
        None,
        {"a": 1, "star": (), "with_default": [1, 3], "by_name": 3, "once": 1, "static": 2, "after_static": 3},
    ),
]


@pytest.mark.parametrize(("cls", "input", "expected"), SHAPES, ids=lambda one: getattr(one, "__name__", ""))
def test_steps_get_and_give_what_is_documented(cls: type[FlowSpec], input: Any, expected: dict[str, Any]) -> None:
    assert results(ran(cls, input)) == expected


@pytest.mark.parametrize("threads", [1, 2, 0])
def test_the_number_of_threads_changes_no_result(threads: int) -> None:
    """With one thread nextpipe gave a join None for what was not there yet."""
    flow = ran(Fan, [1, 2, 3, 4], Configuration(thread_count=threads))
    assert flow.get_result(Fan.merge) == [[11], [21], [31], [41]]


def test_a_second_run_is_a_new_one() -> None:
    flow = ran(Fan, [1, 2])
    flow.run()
    assert statuses(flow) == {
        "split": ["succeeded"],
        "work": ["succeeded"] * 2,
        "more": ["succeeded"] * 2,
        "merge": ["succeeded"],
    }
    assert flow.get_result(flow.merge) == [[11], [21]]


def test_a_flow_without_steps_runs() -> None:
    class Empty(FlowSpec):
        pass

    assert results(ran(Empty)) == {}


def test_decorators_stand_in_any_order() -> None:
    class Flow(FlowSpec):
        @step
        @foreach()
        def a():
            return [1, 2]

        @step
        @needs(predecessors=[a])
        def b(x):
            return x

        @join
        @step
        @needs([b])
        def c(x):
            return x

    assert results(ran(Flow)) == {"a": [1, 2], "b": [1, 2], "c": [[1], [2]]}


def test_foreach_needs_no_parentheses() -> None:
    class Flow(FlowSpec):
        @foreach
        @step
        def a():
            return [1, 2]

    assert ran(Flow).get_result(Flow.a) == [1, 2]


class Base(FlowSpec):
    @step
    def a(x):
        return x

    @needs(predecessors=[a])
    @step
    def b(x):
        return x + 1


class Derived(Base):
    @step
    def a(x):
        return 10 * x

    @needs(predecessors=[Base.b])
    @step
    def c(x):
        return x + 1


def test_steps_are_inherited_and_an_override_takes_the_place_of_what_it_overrides() -> None:
    assert results(ran(Derived, 1)) == {"a": 10, "b": 11, "c": 12}
    assert results(ran(Base, 1)) == {"a": 1, "b": 2}


def test_another_name_for_a_step_is_no_second_step() -> None:
    class Flow(FlowSpec):
        @step
        def a():
            return 1

        again = a

    assert results(ran(Flow)) == {"a": 1}


def test_functions_made_elsewhere_are_steps_under_their_names_in_the_class() -> None:
    def times(factor):
        def multiplied(x):
            return factor * x

        return step(multiplied)

    class Flow(FlowSpec):
        doubled = times(2)
        tripled = needs([doubled])(times(3))

    assert results(ran(Flow, 5)) == {"doubled": 10, "tripled": 30}


def test_classes_in_a_function_are_each_their_own() -> None:
    def make(k):
        class Flow(FlowSpec):
            @step
            def a(x):
                return x + k

        return Flow

    flows = [make(k)("flow", 1) for k in (1, 2)]
    for flow in flows:
        flow.run()
    assert [flow.get_result(flow.a) for flow in flows] == [2, 3]


def test_methods_get_the_flow() -> None:
    class Flow(FlowSpec):
        @step
        def first(self, data):
            self.noted = data
            return {"processed": data}

        @needs(predecessors=[first])
        @step
        def second(self, data):
            return [data["processed"], self.noted, self.name]

        @step
        def nothing(self):
            return self.input

    assert results(ran(Flow, 5)) == {"first": {"processed": 5}, "second": [5, 5, "Flow"], "nothing": 5}


def test_a_step_goes_on_with_each_item_as_it_ends() -> None:
    """Without waiting for the others, of which the second here waits for the first to have gone through."""
    import threading

    through = threading.Event()

    class Flow(FlowSpec):
        @foreach()
        @step
        def a():
            return [0, 1]

        @needs(predecessors=[a])
        @step
        def b(x):
            return x if x == 0 else [x, through.wait(60)]

        @needs(predecessors=[b])
        @step
        def c(x):
            through.set()
            return x

    assert ran(Flow).get_result(Flow.c) == [0, [1, True]]


def test_a_condition_is_asked_once_when_its_predecessors_have_ended() -> None:
    asked = []

    def condition(definition):
        asked.append((definition.get_id(), definition.run_ids, definition.is_needs(), definition.is_foreach(), flow.ended))
        return 1

    class Flow(FlowSpec):
        ended = False

        @foreach()
        @step
        def a(self):
            self.ended = True
            return [1, 2, 3]

        @optional(condition=condition)
        @needs(predecessors=[a])
        @step
        def b(x):
            return x

    flow = Flow("flow", None)
    flow.run()
    assert flow.get_result(Flow.b) == [1, 2, 3]
    assert asked == [("b", [], True, False, True)]


@pytest.mark.parametrize(("count", "is_joined"), [(50, True), (0, False)])
def test_as_many_inputs_as_the_configuration_says_are_taken(count: int, is_joined: bool) -> None:
    flow = ran(Fan, list(range(count)))
    assert len(flow.get_result(Fan.work)) == count
    assert bool(flow.get_result(Fan.merge)) is is_joined


def test_combinations_of_a_join_and_repeats_of_a_start_are_not_counted_as_inputs() -> None:
    class Flow(FlowSpec):
        @foreach()
        @step
        def a():
            return list(range(60))

        @join()
        @needs(predecessors=[a])
        @step
        def b(rows):
            return len(rows)

        @repeat(60)
        @step
        def c():
            return 1

    assert results(ran(Flow)) == {"a": list(range(60)), "b": 60, "c": [1] * 60}
