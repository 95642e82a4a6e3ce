"""Replays that look: where a run's code waits, and for what."""

from __future__ import annotations

from simpleflow_nb import futures, update
from simpleflow_nb.canvas import Chain, Group
from simpleflow_nb.replay.observation import Observation

from .decision_checker import DecisionChecker, reloaded
from .observed_runs import observed
from .scenarios import clean, here, join, load, plot, workflow

# ---- where it waits ----------------------------------------------------------------------------------------------------------


def test_code_that_waits_says_where_and_for_what():
    def helper(w):
        return here(), futures.wait_any(w.submit(load), w.timer(9))

    def run(w):
        helper(w)

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        execution = observed(checker.workflow_class, checker.run.events)
        [wait] = execution.waits()
        assert [(frame.name, frame.lineno, frame.line) for frame in wait.frames] == [
            ("run", run.__code__.co_firstlineno + 1, "helper(w)"),
            ("helper", helper.__code__.co_firstlineno + 1, "return here(), futures.wait_any(w.submit(load), w.timer(9))"),
        ]
        assert [(future.id, future.state) for future in wait.futures] == [
            ("activity-load-1", "RUNNING"),
            ("timer-1", "RUNNING"),
        ]
        assert wait.is_any
        assert execution.kill()
        assert execution.waits() == []


def test_code_that_has_returned_futures_waits_for_them_at_no_line():
    with DecisionChecker(workflow(lambda w: [w.submit(load)])) as checker:
        checker.decide()
        execution = observed(checker.workflow_class, checker.run.events)
        [wait] = execution.waits()
        assert (wait.frames, [future.id for future in wait.futures]) == ((), ["activity-load-1"])
        execution.kill()


def test_async_code_says_where_it_awaits():
    async def helper(w):
        return here(), await w.next_signal("a")

    async def run(w):
        await helper(w)

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        execution = observed(checker.workflow_class, checker.run.events)
        [wait] = execution.waits()
        assert [(frame.name, frame.line) for frame in wait.frames] == [
            ("run", "await helper(w)"),
            ("helper", 'return here(), await w.next_signal("a")'),
        ]
        execution.kill()


def test_strands_say_where_they_wait_one_by_one():
    async def both(w, name):
        await w.next_signal(name)
        return await w.timer(5)

    async def run(w):
        group = w.submit(Group(*(load for _ in range(3)), max_parallel=2))
        await futures.gather(both(w, "a"), both(w, "b"), group)

    def told(execution):
        return [
            (
                wait.strand,
                [frame.name for frame in wait.frames],
                [future.id for future in wait.futures if hasattr(future, "id")],
            )
            for wait in execution.waits()
        ]

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        execution = observed(checker.workflow_class, checker.run.events)
        assert told(execution) == [
            ("run", ["run"], ["gather-1"]),
            ("group-1", [], []),
            ("both-1", ["both"], ["a"]),
            ("both-2", ["both"], ["b"]),
        ]
        assert [wait.is_any for wait in execution.waits()] == [False, True, False, False]
        assert execution.kill()
        assert execution.waits() == []
        checker.signal("b")
        checker.complete("activity-load-1")
        checker.complete("activity-load-2")
        checker.decide()
        execution = observed(checker.workflow_class, checker.run.events)
        assert told(execution) == [
            ("run", ["run"], ["gather-1"]),
            ("both-1", ["both"], ["a"]),
            ("both-2", ["both"], ["timer-1"]),
        ]
        assert execution.kill()


def test_code_that_takes_futures_as_they_end_waits_for_the_next_of_them():
    def run(w):
        for _ in futures.as_completed(*w.map(load, range(3))):
            pass

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        execution = observed(checker.workflow_class, checker.run.events)
        [wait] = execution.waits()
        assert ([len(one) for one in wait.futures], wait.is_any) == ([3], True)
        assert execution.kill()


def test_a_child_that_could_not_start_after_all_is_not_seen_before_the_next_decision():
    """Its failure names the decision that has asked for it, and comes later."""

    def run(w):
        w.child = w.submit(cls)
        w.next_signal("a").result

    cls = workflow(run, raises_on_failure=False, state=lambda self: self.child.state)
    with DecisionChecker(cls) as checker:
        checker.decide()
        events = reloaded(checker.run.events)
        initiated = events[-1]
        assert initiated["eventType"] == "StartChildWorkflowExecutionInitiated"
        failure = {
            "workflowType": {"name": "played", "version": "1"},
            "cause": "WORKFLOW_TYPE_DOES_NOT_EXIST",
            "workflowId": initiated["startChildWorkflowExecutionInitiatedEventAttributes"]["workflowId"],
            "initiatedEventId": initiated["eventId"],
            "decisionTaskCompletedEventId": 4,
        }
        failed = {"eventId": len(events) + 1, "eventType": "StartChildWorkflowExecutionFailed", "eventTimestamp": 1001.0}
        events.append({**failed, "startChildWorkflowExecutionFailedEventAttributes": failure})
        execution = observed(cls, events)
        assert execution.ask("query", execution.program.workflow.state) == "RUNNING"
        assert Observation.of(events) == Observation(3, ("StartChildWorkflowExecutionFailed",), None)
        assert execution.kill()


def test_code_that_waits_for_a_condition_waits_for_no_future():
    def run(w):
        w.wait_until(lambda: False)

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        execution = observed(checker.workflow_class, checker.run.events)
        [wait] = execution.waits()
        assert ([frame.name for frame in wait.frames], len(wait.futures)) == (["run"], 1)
        assert execution.kill()


def test_code_that_has_gone_on_waits_at_its_last_place_alone():
    def run(w):
        w.next_signal("a").result
        w.next_signal("b").result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.signal("a")
        checker.decide()
        execution = observed(checker.workflow_class, checker.run.events)
        assert [[future.id for future in wait.futures] for wait in execution.waits()] == [["b"]]
        assert not execution.waits()[0].is_any
        execution.kill()


# ---- what is beside run() ----------------------------------------------------------------------------------------------------


class Beside(workflow(lambda w: None)):
    """Starts strands of every kind, and returns futures."""

    def run(self):
        ended = futures.Completions([self.submit(plot), self.submit(plot)])

        async def cleaned():
            await self.submit(clean)

        limited = self.submit(Group((load, 1), (load, 2), (load, 3), max_parallel=2))
        chain = self.submit(Chain((load, 4), (clean, 5)))
        futures.gather(cleaned(), ended.next, self.finally_sent)
        return [limited, chain, self.submit(Group(join, join))]

    def finally_sent(self):
        self.wait_until(lambda: False)

    @update
    def wait_for(self):
        return self.next_signal("go")


def test_each_strand_beside_run_has_a_name_and_says_what_it_waits_for():
    with DecisionChecker(Beside) as checker:
        checker.decide()
        checker.run.signal(checker.clock, "_update-wait_for", '{"id": "u1"}')
        checker.decide()
        execution = observed(Beside, checker.run.events)
        found = [
            (wait.strand, [frame.name for frame in wait.frames], [getattr(one, "id", None) for one in wait.futures])
            for wait in execution.waits()
        ]
        assert execution.kill()
    assert found == [
        ("run", [], ["group-1"]),
        ("group-1", [], [None]),
        ("chain-1", [], ["activity-load-3"]),
        ("cleaned-1", ["cleaned"], ["activity-clean-1"]),
        ("next-1", [], [None]),
        ("finally_sent-1", ["finally_sent"], [None]),
        ("update-wait_for-1", [], ["go"]),
    ]
