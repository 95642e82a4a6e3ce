"""What programs look at: the graph, its steps and nodes, and the lines of ``log``."""

from __future__ import annotations

import re

import pytest

from simpleflow_nb.dialects.nextpipe import (
    Configuration,
    FlowGraph,
    FlowSpec,
    foreach,
    join,
    log,
    needs,
    optional,
    repeat,
    step,
)
from simpleflow_nb.dialects.nextpipe.plan import Plan
from simpleflow_nb.dialects.nextpipe.runs.flow_types import types_of
from simpleflow_nb.exceptions import DefinitionError

from .ran import ran


class Flow(FlowSpec):
    """docs"""

    @foreach()
    @step
    def split(input):
        """first"""
        log("splits")
        return input

    @needs(predecessors=[split])
    @step
    def work(x):
        log(x)
        return x

    @optional(condition=lambda step: log("asked") is not None)
    @needs(predecessors=[split])
    @step
    def never(x):
        return x

    @join()
    @needs(predecessors=[work, never])
    @step
    def merge(rows):
        log("merges", step_name="other")
        return rows

    @repeat(2)
    @step
    def draw():
        return 1


def test_a_flow_knows_its_settings_and_its_graph_before_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    flow = Flow("name", [1], Configuration(thread_count=3), client="client", uplink_config="unused")
    assert (flow.name, flow.input, flow.config.thread_count, flow.client, flow.uplink) == ("name", [1], 3, "client", None)
    graph = flow.graph
    assert isinstance(graph, FlowGraph)
    assert graph.flow_spec is flow
    assert [one.definition.get_id() for one in graph.steps] == ["split", "work", "never", "merge", "draw"]
    assert [one.definition.get_id() for one in graph.start_steps] == ["split", "draw"]
    assert [one.docstring for one in graph.steps] == ["first", None, None, None, None]
    work = graph.get_step(Flow.work)
    assert work is graph.get_step(Flow.work.step)
    assert work is graph.get_step(flow.work)
    assert work is graph.steps_by_definition[Flow.work.step]
    assert work.step_function is Flow.work
    assert [one.definition.get_id() for one in work.predecessors] == ["split"]
    assert [one.definition.get_id() for one in work.successors] == ["merge"]
    assert [(one.done, one.nodes) for one in graph.steps] == [(False, [])] * 5
    assert flow.get_result(Flow.work) is None
    assert capsys.readouterr() == ("", "")


def test_after_a_run_each_step_has_its_nodes() -> None:
    flow = ran(Flow, [7, 8])
    told = [
        (node.id, node.index, node.status, node.done, node.result, [one.id for one in node.predecessors])
        for one in flow.graph.steps
        for node in one.nodes
    ]
    assert told == [
        ("split_0", 0, "succeeded", True, [7, 8], []),
        ("work_0", 0, "succeeded", True, 7, ["split_0"]),
        ("work_1", 1, "succeeded", True, 8, ["split_0"]),
        ("never_0", 0, "skipped", True, None, []),
        ("merge_0", 0, "succeeded", True, [[7, None], [8, None]], ["work_0", "work_1"]),
        ("draw_0", 0, "succeeded", True, 1, []),
        ("draw_1", 1, "succeeded", True, 1, []),
    ]
    node = flow.graph.get_step(Flow.work).nodes[1]
    assert (node.parent, node.error, node.run_id, node.cancel) == (flow.graph.get_step(Flow.work), None, None, False)
    assert node.predecessors == flow.graph.get_step(Flow.split).nodes
    assert all(one.done for one in flow.graph.steps)


def test_the_definition_of_a_step_tells_what_its_decorators_say() -> None:
    merge, draw, split = Flow.merge.step, Flow.draw.step, Flow.split.step
    assert [merge.is_needs(), merge.is_join(), merge.is_foreach(), merge.is_repeat(), merge.is_app()] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert [draw.is_needs(), draw.is_repeat(), draw.get_repetitions(), merge.get_repetitions()] == [False, True, 2, 1]
    assert [split.is_foreach(), split.get_app_id(), split.get_run_ids()] == [True, None, []]
    assert repr(split) == "Step(split)"


def test_lines_of_steps_stand_behind_their_nodes(capsys: pytest.CaptureFixture[str]) -> None:
    log("outside")
    ran(Flow, [7, 8], Configuration(thread_count=1))
    log("outside again")
    out, err = capsys.readouterr()
    assert out == ""
    assert sorted(err.splitlines()) == [
        "[main] outside",
        "[main] outside again",
        "[never_0] asked",
        "[other] merges",
        "[split_0] splits",
        "[work_0] 7",
        "[work_1] 8",
    ]


def test_results_of_what_is_no_step_are_refused() -> None:
    flow = Flow("flow", [])

    def plain() -> None: ...

    class Other(FlowSpec):
        @step
        def alien():
            return 1

    with pytest.raises(DefinitionError) as raised:
        flow.get_result(plain)
    assert str(raised.value) == f"Step {plain} does not have a step decorator."
    with pytest.raises(DefinitionError) as raised:
        flow.graph.get_step(Other.alien)
    assert str(raised.value) == "'alien' is no step of Flow"


class Sources(FlowSpec):
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
    def pair(values, x):
        return x

    @join()
    @needs(predecessors=[pair, a])
    @step
    def all_of_it(rows):
        return rows


def test_nodes_know_whose_results_they_got_in_the_order_of_needs() -> None:
    """There the list is always empty."""
    flow = ran(Sources)
    told = {node.id: [one.id for one in node.predecessors] for one in flow.graph.steps[2:] for node in one.nodes}
    assert told == {
        "pair_0": ["a_0", "a_1", "z_0"],
        "pair_1": ["a_0", "a_1", "z_0"],
        "all_of_it_0": ["pair_0", "pair_1", "a_0", "a_1"],
    }


def test_each_step_is_a_type_of_activity_and_a_class_in_a_function_has_a_number() -> None:
    def make() -> type[FlowSpec]:
        class Inner(FlowSpec):
            @optional(condition=lambda step: True)
            @step
            def a():
                return 1

        return Inner

    assert [one.name for one in types_of(Sources).activities.values()] == [
        f"{__name__}.Sources.{name}" for name in ("a", "z", "pair", "all_of_it")
    ]
    numbered = [sorted(one.name for one in types_of(make()).activities.values()) for _ in range(2)]
    pattern = re.escape(f"{__name__}.test_each_step_is_a_type_of_activity_and_a_class_in_a_function_has_a_number")
    for step_name, condition in numbered:
        assert re.fullmatch(pattern + r"\.[0-9]+\.make\.in\.Inner\.a", step_name)
        assert condition == f"{step_name}.condition"
    assert numbered[0] != numbered[1]


class Wide(FlowSpec):
    @step
    def a():
        return 1

    @needs(predecessors=[a])
    @repeat(3)
    @step
    def b(x):
        return x

    @needs(predecessors=[a])
    @step
    def c(x):
        return x

    @needs(predecessors=[b, c])
    @step
    def d(x, y):
        return x

    @step
    def e():
        return 1


def test_a_run_in_memory_has_no_more_threads_than_nodes_that_can_run_at_once() -> None:
    assert Plan.of(Wide).most_at_once() == 3 + 1 + 1
    assert Plan.of(Flow).most_at_once() is None
    assert Plan.of(FlowSpec).most_at_once() == 0
