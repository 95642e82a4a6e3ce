"""Chains: tasks that run one after the other, and what their failures do."""

from __future__ import annotations

from simpleflow_nb.canvas import (
    ActivityTask,
    Chain,
    FuncGroup,
    Group,
)
from simpleflow_nb.task import ChildWorkflowTask, NonPythonicActivityTask

from .decision_checker import DecisionChecker, attributes
from .group_members import Child, scheduled
from .scenarios import clean, join, load, plot, strict, workflow
from .steps import completes, decided, fails, failure_of, result_of


def test_the_members_of_a_chain_run_one_after_the_other():
    def run(w):
        return w.submit(Chain(load, (clean, 2), plot)).result

    assert decided(run, completes("load-1"), completes("clean-1")) == [
        scheduled("load-1"),
        scheduled("clean-1"),
        scheduled("plot-1"),
    ]
    assert result_of(run, completes("load-1", 1), completes("clean-1", 2), completes("plot-1", 3)) == [1, 2, 3]


def test_a_chain_stops_at_the_first_failure_or_not_as_it_is_told():
    def run(breaks):
        def of_a_chain(w):
            chain = w.submit(Chain(load, clean, plot, break_on_failure=breaks))
            return [chain.result, [one and one.name for one in chain.exception.exceptions], chain.state]

        return of_a_chain

    assert result_of(run(True), completes("load-1", 1), fails("clean-1")) == (
        [[1, None], [None, "activity-clean-1"], "FINISHED"]
    )
    assert result_of(run(False), completes("load-1", 1), fails("clean-1"), completes("plot-1", 3)) == (
        [[1, None, 3], [None, "activity-clean-1", None], "FINISHED"]
    )


def test_a_chain_that_raises_nothing_tells_nothing():
    def run(w):
        chain = w.submit(Chain(strict, clean, raises_on_failure=False))
        return [chain.result, chain.exception]

    assert result_of(run, fails("strict-1")) == [[None], None]


def test_a_chain_sends_each_result_to_the_next_member_as_its_last_argument():
    def run(w):
        chain = Chain(
            load,
            (clean, "own"),
            ActivityTask(plot, k=1),
            NonPythonicActivityTask(join, "plain"),
            FuncGroup(lambda *args: ActivityTask(load, list(args)), "func"),
            ChildWorkflowTask(Child, "child"),
            send_result=True,
        )
        return w.submit(chain).result

    with DecisionChecker(workflow(run)) as checker:
        inputs = []
        for n, task in enumerate(["load-1", "clean-1", "plot-1", "join-1", "load-2"]):
            (decision,) = checker.decide()[-1:]
            inputs.append(decision["scheduleActivityTaskDecisionAttributes"]["input"])
            checker.complete(f"activity-{task}", n)
        (decision,) = checker.decide()
        inputs.append(decision["startChildWorkflowExecutionDecisionAttributes"]["input"])
        (child,) = checker.children
        checker.complete_child(child, 5)
        checker.decide()
        assert attributes(checker.run.events[-1])["result"] == "[0,1,2,3,4,5]"
    assert inputs == [
        '{"args":[],"kwargs":{}}',
        '{"args":["own",0],"kwargs":{}}',
        '{"args":[1],"kwargs":{"k":1}}',
        '["plain",2]',
        '{"args":[["func",3]],"kwargs":{}}',
        '{"__extra":{"class":"tests.replay.group_members.Child"},"args":["child",4],"kwargs":{}}',
    ]


def test_a_member_that_takes_no_arguments_cannot_be_sent_a_result():
    def run(w):
        w.submit(Chain(load, Group(clean), send_result=True)).result

    assert failure_of(run, completes("load-1")) == (
        "DefinitionError: Group takes no arguments, so a chain cannot send it the result of the one before"
    )


def test_chains_beside_each_other_go_on_independently():
    def run(w):
        return w.submit(Group(Chain(load, plot), Chain(clean, join))).result

    steps = completes("clean-1", 1), completes("join-1", 2), completes("load-1", 3), completes("plot-1", 4)
    assert result_of(run, *steps) == [[3, 4], [1, 2]]
