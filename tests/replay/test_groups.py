"""Groups: what is submitted when, in what order results come, and what their failures do."""

from __future__ import annotations

import pytest

from simpleflow_nb import futures
from simpleflow_nb.canvas import (
    ActivityTask,
    AggregateException,
    Chain,
    ChainFuture,
    Group,
    GroupFuture,
)
from simpleflow_nb.exceptions import DependencyFailed, TaskFailed

from .decision_checker import DecisionChecker, attributes
from .group_members import Child, scheduled
from .scenarios import clean, join, load, plot, strict, workflow
from .steps import completes, decided, fails, failure_of, fires, nothing, result_of, together

# ---- groups ----------------------------------------------------------------------------------------------------------------


def test_the_members_of_a_group_run_side_by_side_and_their_results_come_in_its_order():
    def run(w):
        return w.submit(Group((load, 1), clean, ActivityTask(plot, 3))).result

    assert decided(run)[0] == scheduled("load-1", "clean-1", "plot-1")
    assert result_of(run, completes("plot-1", 3), completes("load-1", 1), completes("clean-1", 2)) == [1, 2, 3]


@pytest.mark.parametrize("made", [Group, Chain])
def test_an_empty_group_has_ended_when_it_is_submitted(made):
    def run(w):
        future = w.submit(made())
        return [future.state, future.result, future.exception, future.count_finished_activities]

    assert result_of(run) == ["FINISHED", [], None, 0]


def test_members_are_added_one_by_one_several_at_once_or_with_plus():
    def run(w):
        group = Group(max_parallel=10)
        group.append(load, 1, k=2)
        group.extend([clean, (plot, 3)])
        group += [join]
        return [w.submit(group).result, group.activities[0].kwargs]

    steps = [completes(task, task) for task in ("load-1", "clean-1", "plot-1", "join-1")]
    assert result_of(run, *steps) == [["load-1", "clean-1", "plot-1", "join-1"], {"k": 2}]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Group(len), "len cannot be a member of a group; pass an activity, a workflow class, a task or a group"),
        (lambda: Group(7), "7 cannot be a member of a group; pass an activity, a workflow class, a task or a group"),
        (lambda: Group((ActivityTask(load), 1)), "ActivityTask has its arguments already; append it without any"),
        (lambda: Group(max_parallel=0), "max_parallel is 0; at least one member runs at a time"),
        (
            lambda: Group(parallel=1),
            "Group has no option 'parallel'; it has max_parallel, raises_on_failure, bubbles_exception_on_failure, "
            "future_class",
        ),
    ],
)
def test_a_group_that_makes_no_sense_is_refused(wrong, message):
    assert failure_of(lambda w: wrong()) == f"DefinitionError: {message}"


def test_no_more_than_max_parallel_members_run_at_any_time_and_every_end_lets_the_next_in():
    def run(w):
        return w.submit(Group(*((load, n) for n in range(7)), max_parallel=3)).result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        order = [2, 1, 4, 3, 7, 6, 5]
        most = 0
        for n in order:
            most = max(most, len(checker.run.activities))
            checker.complete(f"activity-load-{n}", n)
            checker.evict()
            checker.decide()
        open_now, known = 0, []
        for event in checker.run.events:
            open_now += event["eventType"] == "ActivityTaskScheduled"
            open_now -= event["eventType"] == "ActivityTaskCompleted"
            known.append(open_now)
        assert (most, max(known)) == (3, 3)
        assert attributes(checker.run.events[-1])["result"] == "[1,2,3,4,5,6,7]"


def test_map_with_max_parallel_is_such_a_group():
    def run(w):
        return w.map(load, ["a", "b", "c"], max_parallel=2).result

    assert decided(run, together(completes("load-1"), completes("load-2"))) == [
        scheduled("load-1", "load-2"),
        scheduled("load-3"),
    ]


def test_two_members_that_end_together_let_two_in():
    def run(w):
        w.submit(Group(*[load] * 5, max_parallel=2)).result

    assert decided(run, together(completes("load-2"), completes("load-1")))[1] == scheduled("load-3", "load-4")


def test_groups_within_groups_have_results_within_results():
    def run(w):
        inner = Group(clean, Chain(plot, join), max_parallel=1)
        return w.submit(Group(load, inner)).result

    assert decided(run, completes("clean-1"), completes("plot-1")) == [
        scheduled("load-1", "clean-1"),
        scheduled("plot-1"),
        scheduled("join-1"),
    ]
    steps = completes("clean-1", 1), completes("plot-1", 2), completes("load-1", 0), completes("join-1", 3)
    assert result_of(run, *steps) == [0, [1, [2, 3]]]


def test_a_group_may_hold_anything_that_can_be_submitted():
    def run(w):
        members = w.start_timer("tea", 5), w.record_marker("m", 1), w.wait_signal("go"), w.signal("s", workflow_id="other")
        return w.submit(Group(*members, Child)).result

    def others(checker):
        checker.deliver_all()
        (child,) = checker.children
        checker.complete_child(child, "of the child")

    steps = fires("tea"), lambda checker: checker.signal("go", "gone"), others
    assert result_of(run, *steps) == [None, "1", "gone", None, "of the child"]


@pytest.mark.parametrize("limit", [None, 1])
def test_a_member_that_cannot_be_submitted_fails_the_run_and_never_hangs_it(limit):
    def run(w):
        group = w.submit(Group(load, (load, object), max_parallel=limit))
        group.result

    steps = [completes("load-1")] if limit else []
    assert failure_of(run, *steps).startswith("TypeError: an argument of load: builtins.type is not a JSON value")


def test_a_coroutine_that_waits_for_such_a_group_goes_on():
    async def waits(group):
        return [group.result, type(group.exception).__name__]

    def run(w):
        group = w.submit(Group(load, (load, object), max_parallel=1))
        other = futures.gather(waits(group))
        try:
            w.timer(60).result
        except TypeError:
            return other.result

    assert result_of(run, completes("load-1")) == [[None, "TypeError"]]


# ---- failures --------------------------------------------------------------------------------------------------------------


def test_a_failed_member_that_does_not_raise_is_none_in_the_result_and_stands_in_the_exception():
    def run(w):
        group = w.submit(Group(load, clean, plot))
        return [group.result, [str(one) if one else None for one in group.exception.exceptions], str(group.exception)]

    assert result_of(run, completes("load-1", 1), fails("plot-1", "E: x"), fails("clean-1")) == [
        [1, None, None],
        [None, "activity-clean-1: ValueError: no", "activity-plot-1: E: x"],
        "TaskFailed: activity-clean-1: ValueError: no; TaskFailed: activity-plot-1: E: x",
    ]


@pytest.mark.parametrize(
    ("raises", "member", "is_raised"),
    [(None, strict, True), (None, load, False), (True, load, True), (True, strict, True), (False, strict, False)],
)
def test_the_failure_of_a_member_is_raised_as_the_group_says_else_as_it_says_itself(raises, member, is_raised):
    def run(w):
        group = w.submit(Group(member, clean, raises_on_failure=raises))
        try:
            return group.result
        except TaskFailed as error:
            return str(error)

    wanted = f"activity-{member.name}-1: ValueError: no" if is_raised else [None, 2]
    steps = [fails(f"{member.name}-1")] if is_raised else [fails(f"{member.name}-1"), completes("clean-1", 2)]
    assert result_of(run, *steps) == wanted


def test_a_group_says_it_for_groups_within_it_too_but_not_for_other_uses_of_the_activity():
    def run(w):
        group = w.submit(Group(Group(strict), Chain(strict, plot), raises_on_failure=False))
        found = group.result
        try:
            w.submit(strict).result
        except TaskFailed as error:
            return [found, str(error)]

    steps = fails("strict-1"), fails("strict-2"), fails("strict-3", "E: third")
    assert result_of(run, *steps) == [[[None], [None]], "activity-strict-3: E: third"]


@pytest.mark.parametrize("limit", [None, 1])
def test_a_failing_member_is_raised_where_run_waits_for_something_else_and_once(limit):
    def run(w):
        seen = []
        group = w.submit(Group(strict, clean, plot, max_parallel=limit))
        for wait in (lambda: w.timer(60).result, lambda: group.result):
            try:
                seen.append(wait())
            except TaskFailed as error:
                seen.append(str(error))
        return seen

    steps = fails("strict-1"), completes("clean-1", 2), completes("plot-1", 3)
    assert result_of(run, *steps) == ["activity-strict-1: ValueError: no", [None, 2, 3]]


def test_a_group_need_not_tell_of_failures():
    def run(w):
        group = w.submit(Group(load, bubbles_exception_on_failure=False))
        return [group.exception, group.result]

    assert result_of(run, fails("load-1")) == [None, [None]]


def test_failures_of_nested_groups_are_handled_one_by_one():
    def run(w):
        error = w.submit(Group(load, Group(clean, Group(plot)), raises_on_failure=False)).exception
        seen: list[str] = []

        def handles(one, *names):
            seen.append(one.name)
            return one.name in names

        error.handle(handles, "activity-load-1", "activity-clean-1", "activity-plot-1")
        try:
            error.handle(handles, "activity-load-1", "activity-plot-1")
        except AggregateException as left:
            rest = [one.name for one in left.exceptions]
        flat = [one and one.name for one in error.flatten().exceptions]
        return [seen[:3], rest, flat, [type(one).__name__ for one in error.exceptions]]

    names = ["activity-load-1", "activity-clean-1", "activity-plot-1"]
    assert result_of(run, fails("load-1"), fails("clean-1"), fails("plot-1")) == [
        names,
        ["activity-clean-1"],
        names,
        ["TaskFailed", "AggregateException"],
    ]


# ---- groups as arguments ---------------------------------------------------------------------------------------------------


def test_a_task_that_gets_a_group_is_scheduled_with_its_results():
    def run(w):
        return w.submit(join, w.submit(Group(load, clean)), [w.submit(Chain(plot))]).result

    def check(checker):
        checker.complete("activity-plot-1", 3)

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.complete("activity-load-1", 1)
        checker.fail("activity-clean-1")
        assert checker.decide() == []
        check(checker)
        (decision,) = checker.decide()
        assert decision["scheduleActivityTaskDecisionAttributes"]["input"] == '{"args":[[1,null],[[3]]],"kwargs":{}}'


def test_a_task_that_gets_a_cancelled_group_is_not_run():
    def run(w):
        group = w.submit(Group(load, clean))
        needing = w.submit(join, group)
        w.submit(plot).result
        group.cancel()
        return str(needing.exception)

    assert result_of(run, completes("plot-1"), nothing) == "activity-join-1: needs group-1, which was cancelled"


# ---- futures of one's own --------------------------------------------------------------------------------------------------


class Total(GroupFuture):
    """A sum instead of a list; ``told`` counts how often it is made."""

    told = 0

    def sync_result(self) -> None:
        super().sync_result()
        self.told += 1
        self._result = sum(one or 0 for one in self._result)


class Last(ChainFuture):
    def sync_result(self) -> None:
        super().sync_result()
        self._result = self._result[-1]


def test_a_group_may_have_a_future_of_another_class_which_makes_its_result_once():
    def run(w):
        total = w.submit(Group((load, 1), (load, 2), future_class=Total))
        last = w.submit(Chain(clean, plot, future_class=Last))
        needing = w.submit(join, total)
        return [total.result, total.result, last.result, total.told, needing.result]

    steps = completes("load-1", 20), completes("load-2", 22), completes("clean-1"), completes("plot-1", "p")
    assert result_of(run, *steps, completes("join-1", "j")) == [42, 42, "p", 1, "j"]


def test_a_group_counts_its_members_that_have_finished():
    def run(w):
        group = w.submit(Group(load, clean, plot))
        w.submit(join).result
        return [group.count_finished_activities, len(group.futures), group.done]

    assert result_of(run, completes("load-1"), fails("clean-1"), completes("join-1")) == [2, 3, False]


def test_a_group_within_a_coroutine_raises_there():
    async def step(w, member):
        try:
            return await w.submit(Group(member, plot, max_parallel=1))
        except TaskFailed as error:
            return str(error)

    async def run(w):
        return await futures.gather(step(w, strict), step(w, clean))

    steps = completes("clean-1", 1), fails("strict-1"), completes("plot-1", 2)
    assert result_of(run, *steps) == ["activity-strict-1: ValueError: no", [1, 2]]


def test_dependency_failures_of_members_are_told_like_others():
    def run(w):
        group = w.submit(Group((clean, w.submit(load)), plot))
        return [group.result, [type(one).__name__ for one in group.exception.exceptions if one]]

    assert result_of(run, fails("load-1"), completes("plot-1", 1)) == [[None, 1], [DependencyFailed.__name__]]
