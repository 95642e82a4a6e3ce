"""Large fans, spread over child executions; and long results that several tasks get."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from simpleflow_nb import Activity, Workflow, activity
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.testing import RunFailed, harness
from tests.settings import PATIENCE_SECONDS, count

from .manual_client import attributes

MOST_EVENTS = 10_000  #: of a history, as SWF's guide asks


@activity.with_attributes()
def doubled(x):
    return 2 * x


@activity.with_attributes(raises_on_failure=False)
def odd(x):
    if x % 2 == 0:
        raise ValueError(f"{x} is even")
    return x


@activity.with_attributes()
def strictly_odd(x):
    return odd(x)


class Fan(Workflow):
    """Runs an activity for each of some numbers."""

    name = "slices.fan"

    def run(self, kind, count, **options):
        future = self.for_each({"doubled": doubled, "odd": odd, "strict": strictly_odd}[kind], range(count), **options)
        result, error = future.result, future.exception
        return [result, [str(one) if one else None for one in error.exceptions] if error is not None else None]


def kinds(service, ids):
    return [event["eventType"] for event in service.history(*ids)]


@pytest.mark.parametrize(("count", "children"), [(0, 0), (3, 0), (4, 2), (10, 4)])
def test_results_stand_in_the_order_of_the_items_however_many_slices_there_are(count, children):
    with harness(Fan) as service:
        ids = service.start(Fan, "doubled", count, slice_size=3)
        assert service.result(*ids) == [[2 * n for n in range(count)], None]
        assert kinds(service, ids).count("ChildWorkflowExecutionCompleted") == children


def test_failures_of_items_that_do_not_raise_are_told_at_the_places_of_the_items():
    with harness(Fan) as service:
        result, errors = service.result(*service.start(Fan, "odd", 7, slice_size=3))
    assert result == [None, 1, None, 3, None, 5, None]
    assert [error and error.partition(": ")[2] for error in errors] == [
        "ValueError: 0 is even",
        None,
        "ValueError: 2 is even",
        None,
        "ValueError: 4 is even",
        None,
        "ValueError: 6 is even",
    ]


def test_the_first_failure_of_an_item_that_raises_is_raised_once_all_slices_have_ended():
    with harness(Fan) as service, pytest.raises(RunFailed) as failed:
        service.result(*service.start(Fan, "strict", 7, slice_size=3))
    assert failed.value.reason == f'Workflow execution error in activity-{strictly_odd.name}-1: "ValueError: 0 is even"'


@pytest.mark.parametrize("options", [{"slice_size": 0}, {"max_parallel": 0}])
def test_a_fan_without_room_is_refused(options):
    with harness(Fan) as service, pytest.raises(RunFailed) as failed:
        service.result(*service.start(Fan, "doubled", 3, **options))
    assert failed.value.reason == f"{DefinitionError.__name__}: slice_size and max_parallel of for_each() are at least 1"


@activity.with_attributes(raises_on_failure=False)
def told(word, mark="", *, repeat_index):
    if repeat_index == 501:
        raise ValueError(f"{repeat_index} is too many")
    return f"{word}{repeat_index}{mark}"


class Repeating(Workflow):
    """Repeats an activity with positional and named arguments."""

    name = "slices.repeating"

    def run(self, times):
        return self.repeat(told, times, "n", mark="!", max_parallel=400).result


def test_more_than_500_repetitions_are_spread_over_slices_with_their_arguments():
    with harness(Repeating, workers=4) as service:
        ids = service.start(Repeating, 502)
        assert service.result(*ids) == [f"n{n}!" for n in range(501)] + [None]
        assert kinds(service, ids).count("ChildWorkflowExecutionCompleted") == 2


class Summed(Workflow):
    """Runs an activity for each of many numbers; what it returns stays short."""

    name = "slices.summed"

    def run(self, count):
        return sum(self.for_each(doubled, range(count)).result)


def test_no_history_of_a_large_fan_is_long_neither_its_own_nor_that_of_a_slice():
    items = count(small=2_000, soak=20_000)
    with harness(Summed, workers=4) as place:
        assert place.result(*place.start(Summed, items), real_seconds=PATIENCE_SECONDS) == items * (items - 1)
        closed = place.service.list_closed_workflow_executions(domain=DOMAIN, startTimeFilter={"oldestDate": 0})
        executions = [tuple(info["execution"].values()) for info in closed["executionInfos"]]
        lengths = [len(place.history(*ids)) for ids in executions]
    assert len(lengths) == 1 + items // 500
    assert max(lengths) <= MOST_EVENTS


@dataclass(frozen=True)
class Size:
    """A result as the workflow has it; the history has the number."""

    number: int


def size_of(values):
    return len(values)


sized = Activity(size_of, result_as=Size)


class Measured(Workflow):
    """Has results that are made of what an activity returns."""

    name = "slices.measured"

    def run(self, slice_size):
        sizes = self.for_each(sized, [["x"], ["x", "y"]], slice_size=slice_size).result
        assert sizes == [Size(1), Size(2)]
        return [size.number for size in sizes] + [self.submit(sized, "xyz").result.number]


@pytest.mark.parametrize("slice_size", [1, 2])
def test_results_are_made_of_what_the_history_holds_also_in_slices(slice_size):
    with harness(Measured) as service:
        ids = service.start(Measured, slice_size)
        assert service.result(*ids) == [1, 2, 3]


# ---- long results ------------------------------------------------------------------------------------------------------------


@activity.with_attributes()
def listed(count):
    return ["x" * 9] * count


@activity.with_attributes()
def counted(values, more):
    return len(values) + more


class Counted(Workflow):
    name = "slices.counted"

    def run(self, values):
        return len(values)


class Sharing(Workflow):
    """Gives one result to several activities and a child."""

    name = "slices.sharing"

    def run(self, count):
        values = self.submit(listed, count)
        tasks = [self.submit(counted, values, more) for more in range(3)]
        child = self.submit(Counted, values)
        return [*(task.result for task in tasks), child.result]


@pytest.mark.parametrize(("count", "is_shared"), [(100, False), (1_000, True), (5_000, True)])
def test_a_long_result_is_kept_once_and_each_input_refers_to_it(count, is_shared):
    with harness(Sharing) as service:
        ids = service.start(Sharing, count)
        assert service.result(*ids) == [count, count + 1, count + 2, count]
        wanted = ("ActivityTaskScheduled", "StartChildWorkflowExecutionInitiated")
        inputs = [attributes(event)["input"] for event in service.history(*ids) if event["eventType"] in wanted]
    values = [json.loads(text)["args"][0] for text in inputs[1:]]
    if is_shared:
        assert len({json.dumps(value) for value in values}) == 1
        assert list(values[0]) == ["__payload__"]
        assert max(map(len, inputs)) < 300
    else:
        assert values == [["x" * 9] * count] * 4
