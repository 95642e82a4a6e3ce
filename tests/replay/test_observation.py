"""Replays that look: what a run's code knows and where it waits, at every point of its history; nothing is decided."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from simpleflow_nb import futures, query, update
from simpleflow_nb.canvas import Chain, Group
from simpleflow_nb.exceptions import DefinitionError, NonDeterminismError, PayloadMissing, StaleCache
from simpleflow_nb.program import program
from simpleflow_nb.replay.observation import Observation, ObservedExecution
from tests.settings import count

from .decision_checker import RUN_ID, DecisionChecker, execution_of, reloaded
from .programs import Interpreter, PlayedWorkflow, random_program
from .random_runs import _RunInProgress, random_limits
from .scenarios import clean, here, join, load, plot, strict, workflow

_ENGINE = "/simpleflow_nb/"


class Told(PlayedWorkflow):
    """A random workflow that tells what it knows."""

    interpreter = None

    def run(self, *args):
        self.interpreter = Interpreter(self, self.played)
        return self.interpreter.run()

    @query
    def told(self):
        """All that the code has noted, and the futures that it has seen ending; None before ``run``."""
        if self.interpreter is None:
            return None
        ended = [f.done and f.order <= self.executor.next_id for f in self.interpreter.futures]
        values = [
            repr(self.executor.decoded(f)) if done and f.error is None else str(f.error) if done else None
            for f, done in zip(self.interpreter.futures, ended, strict=True)
        ]
        return [self.interpreter.accumulator, [f.id for f in self.interpreter.futures], ended, values]


def told_class(program_dict):
    return type("Told", (Told,), {"played": program_dict, "interpreters": []})


def observed(cls, events, run_id=RUN_ID, **options):
    """An execution that has observed these events; the caller kills it."""
    execution = ObservedExecution(program(cls), run_id=run_id, workflow_id="played", **options)
    execution.observe(reloaded(events))
    return execution


class WatchedChecker(DecisionChecker):
    """Looks at the run after everything that happens to its decisions, and compares that with the live execution."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.said, self.places = None, []  # what the live execution said, and where it waited, after its last decision
        self.seen, self.is_parked, self.looks = 0, False, 0
        self.look()

    def deploy(self, workflow_class, limits=None):
        super().deploy(told_class(workflow_class.played), limits)

    def start_decision(self):
        super().start_decision()
        self.look()

    def decisions(self, **more):
        truth = super().decisions(**more)
        execution = self.cached
        waiting = [strand for strand in (execution.main, *execution.strands) if strand.greenlet.gr_frame is not None]
        where = [places(execution.where(strand)) for strand in waiting]
        self.live = execution.program.workflow.told(), where, execution.next_id - 1
        return truth

    def respond(self, decisions, **more):
        super().respond(decisions, **more)
        self.is_parked = more.get("context") == "parked"
        if not self.is_parked:
            self.said, self.places, self.seen = self.live
        self.look()

    def time_out_decision(self):
        super().time_out_decision()
        self.look()

    def look(self):
        before = reloaded(self.run.events)
        execution = observed(self.workflow_class, before, self.run.run_id)
        found = Observation.of(before)
        assert (found.seen, found.parked) == (self.seen, "boom" if self.is_parked else None)
        assert execution.ask("told", execution.program.workflow.told) == self.said
        assert [places(wait.frames) for wait in execution.waits()] == self.places
        assert len(execution.queue) == execution.split, "nothing is decided"
        assert execution.kill()
        self.looks += 1


def places(frames):
    return [(frame.filename, frame.lineno, frame.name) for frame in frames if _ENGINE not in frame.filename]


@pytest.mark.parametrize("first", range(0, count(200, 5_000), 50))
def test_a_look_at_a_random_run_sees_what_its_live_execution_knew_after_its_last_decision(first):
    for seed in range(first, first + 50):
        rng = random.Random(seed)
        cls, limits = told_class(random_program(rng)), random_limits(rng)
        with WatchedChecker(cls, limits=limits, run_id=f"run-{seed}") as checker:
            try:
                _RunInProgress(seed, rng, cls.played, checker).play()
                checker.look()
            except Exception as error:
                error.add_note(f"seed {seed}")
                raise
            assert checker.looks > 2


# ---- how far the code has come -----------------------------------------------------------------------------------------------


class Counting(workflow(lambda w: None)):
    def __init__(self, executor):
        super().__init__(executor)
        self.counted = []

    def run(self):
        self.loaded = self.submit(load)
        while True:
            self.counted.append(self.next_signal("a").result)

    def state(self):
        return list(self.counted)


def looked(checker, ask="state"):
    execution = observed(checker.workflow_class, checker.run.events)
    try:
        return execution.ask("query", getattr(execution.program.workflow, ask)), Observation.of(checker.run.events)
    finally:
        assert execution.kill()


def test_before_the_first_decision_the_state_is_that_after_init():
    with DecisionChecker(Counting) as checker:
        assert looked(checker) == ([], Observation(0, (), None))
        checker.signal("a", 1)
        assert looked(checker) == ([], Observation(0, ("WorkflowExecutionSignaled",), None))
        assert observed(Counting, checker.run.events).waits() == []


def test_what_has_arrived_since_the_last_decision_is_not_seen():
    with DecisionChecker(Counting) as checker:
        checker.decide()
        assert looked(checker) == ([], Observation(3, (), None))
        checker.signal("a", 1)
        checker.start_decision()
        assert looked(checker) == ([], Observation(3, ("WorkflowExecutionSignaled",), None))
        decisions = checker.decisions()
        checker.signal("a", 2)  # while the decision is under way
        checker.respond(decisions)
        assert looked(checker) == ([1], Observation(9, ("WorkflowExecutionSignaled",), None))
        checker.complete("activity-load-1")
        checker.run.terminate(checker.clock, "enough", None, "TERMINATE", "OPERATOR_INITIATED")
        kinds = ("WorkflowExecutionSignaled", "ActivityTaskCompleted", "WorkflowExecutionTerminated")
        assert looked(checker) == ([1], Observation(9, kinds, None))


def test_a_parked_run_answers_with_the_state_after_its_last_decision():
    with DecisionChecker(Counting) as checker:
        checker.start_decision()
        checker.park()
        assert looked(checker) == ([], Observation(0, (), "boom"))
        checker.fire("_park-1")
        checker.decide()
        checker.signal("a", 1)
        checker.start_decision()
        checker.park()
        assert looked(checker) == ([], Observation(9, ("WorkflowExecutionSignaled",), "boom"))
        checker.fire("_park-2")
        checker.decide()
        assert looked(checker)[0] == [1]
        assert looked(checker)[1].parked is None


def test_a_closed_run_answers_with_its_last_state():
    class Ends(Counting):
        def run(self):
            self.counted.append(self.next_signal("a").result)
            return "done"

    with DecisionChecker(Ends) as checker:
        checker.decide()
        checker.signal("a", 1)
        checker.decide()
        assert checker.run.close_status == "COMPLETED"
        assert looked(checker) == ([1], Observation(8, (), None))
        assert observed(Ends, checker.run.events).waits() == []


def test_a_cancelled_run_answers_with_the_state_that_its_hooks_and_finally_blocks_have_left():
    class Cleans(Counting):
        def run(self):
            try:
                self.next_signal("a").result
            finally:
                self.counted.append("finally")

        def on_canceled(self, history):
            self.counted.append(len(history.events))

    with DecisionChecker(Cleans) as checker:
        checker.executions.clear()
        checker.run.request_cancel(checker.clock)
        checker.start_decision()
        cold = checker.new()
        checker.respond(cold.advance(reloaded(checker.run.events)))
        assert checker.run.close_status == "CANCELED"
        assert looked(checker)[0] == [4]


def test_tasks_that_the_last_decision_has_scheduled_are_running_and_those_left_over_are_pending():
    def run(w):
        w.tasks = w.map(load, range(3))
        w.next_signal("a").result

    cls = workflow(run, states=lambda self: [task.state for task in self.tasks])
    with DecisionChecker(cls) as checker:
        checker.start_decision()
        decisions = checker.decisions()
        checker.respond([*decisions[:2], {**wake(2)}])
        assert looked(checker, "states")[0] == ["RUNNING", "PENDING", "PENDING"]


def wake(left):
    from simpleflow_nb.replay.calls import commands

    return commands.timer(f"{commands.WAKE}1", 0, str(left))


def test_code_that_now_decides_something_else_is_accused_also_in_its_last_decision():
    def before(w):
        w.submit(load)
        w.next_signal("a").result

    def other(w):
        w.submit(clean)
        w.next_signal("a").result

    def more(w):
        before(w)

    def two(w):
        w.submit(load)
        w.timer(5)
        w.next_signal("a").result

    with DecisionChecker(workflow(before)) as checker:
        checker.decide()
        observed(workflow(more), checker.run.events).kill()
        with pytest.raises(NonDeterminismError) as refused:
            observed(workflow(other), checker.run.events)
        assert str(refused.value).startswith(
            "event 6: history has ScheduleActivityTask(activity-load-1, type load); the code now has "
            "ScheduleActivityTask(activity-clean-1) at test_observation.py:"
        )
        with pytest.raises(NonDeterminismError, match=r"end of the decision: history has nothing more decided there"):
            observed(workflow(two), checker.run.events)


def test_a_look_takes_the_whole_history():
    with DecisionChecker(Counting) as checker:
        checker.decide()
        with pytest.raises(StaleCache, match="looking at an execution takes its whole history"):
            ObservedExecution(program(Counting)).observe(checker.run.events[2:])


def test_a_look_writes_no_log():
    def run(w):
        w.log("decided")
        w.next_signal("a").result

    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        heard = []
        execution = observed(checker.workflow_class, checker.run.events, on_log=heard.append)
        assert (heard, list(execution.log_lines)) == ([], ["decided"])
        execution.kill()


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


class ReadingChecker(DecisionChecker):
    """Its executions can read their histories."""

    def new(self):
        read = {"read_events": lambda until: reloaded(self.run.events[:until])}
        self.executions.append(execution_of(self.workflow_class, self.limits, self.run.run_id, **read))
        return self.executions[-1]


def test_the_history_that_code_and_queries_read_ends_with_what_the_code_has_seen():
    def run(w):
        w.seen = [len(w.executor.history.events)]
        w.next_signal("a").result
        w.seen.append(len(w.executor.history.events))
        w.next_signal("never").result

    with ReadingChecker(workflow(run)) as checker:
        checker.decide()
        checker.signal("a")
        checker.decide()
        checker.signal("b")
        execution = observed(checker.workflow_class, checker.run.events)
        played = execution.program.workflow
        assert execution.ask("query", lambda: [*played.seen, len(played.executor.history.events)]) == [3, 8, 8]
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


# ---- what a query may do -----------------------------------------------------------------------------------------------------

LOOKS_ONLY = "it only looks, and may not wait, submit, record or change the run"

REFUSED = [
    (lambda w: w.submit(load), "submit", LOOKS_ONLY),
    (lambda w: w.map(load, [1]), "map", LOOKS_ONLY),
    (lambda w: w.starmap(load, [[1]]), "starmap", LOOKS_ONLY),
    (lambda w: w.timer(1), "timer", LOOKS_ONLY),
    (lambda w: w.timer(timedelta(1)).result, "timer", LOOKS_ONLY),
    (lambda w: w.submit(w.start_timer("tea", 1)), "submit", LOOKS_ONLY),
    (lambda w: w.submit(w.cancel_timer("known")), "submit", LOOKS_ONLY),
    (lambda w: w.next_signal("a"), "next_signal", LOOKS_ONLY),
    (lambda w: w.submit(w.wait_signal("a")), "submit", LOOKS_ONLY),
    (lambda w: w.submit(w.record_marker("m")), "submit", LOOKS_ONLY),
    (lambda w: w.submit(w.record_marker("known")), "submit", LOOKS_ONLY),
    (lambda w: w.submit(w.continue_as_new()), "submit", LOOKS_ONLY),
    (lambda w: w.patched("p"), "patched", LOOKS_ONLY),
    (lambda w: w.deprecate_patch("p"), "deprecate_patch", LOOKS_ONLY),
    (lambda w: w.fail("no"), "fail", LOOKS_ONLY),
    (lambda w: w.log("heard"), "log", LOOKS_ONLY),
    (lambda w: w.random.random(), "random", LOOKS_ONLY),
    (lambda w: w.uuid(), "uuid", LOOKS_ONLY),
    (lambda w: w.open.cancel(), "cancel", LOOKS_ONLY),
    (lambda w: w.ended.cancel(), "cancel", LOOKS_ONLY),
    (lambda w: w.open.result, "result", "activity-load-2 has not ended (see future.done)"),
    (lambda w: w.open.exception, "exception", "activity-load-2 has not ended (see future.done)"),
    (lambda w: w.open.wait(), "wait", "activity-load-2 has not ended (see future.done)"),
    (lambda w: futures.wait(w.ended, w.open), "wait", "activity-load-2 has not ended (see future.done)"),
    (lambda w: futures.wait_any(w.open), "wait_any", "activity-load-2 has not ended (see future.done)"),
    (lambda w: list(futures.as_completed(w.open)), "as_completed", "none of them has ended (see future.done)"),
    (lambda w: futures.gather(w.open, w.ended), "gather", LOOKS_ONLY),
    (lambda w: w.submit(Group((load, 1))), "submit", LOOKS_ONLY),
    (lambda w: w.submit(Group()), "submit", LOOKS_ONLY),
    (lambda w: w.submit(Chain(load)), "submit", LOOKS_ONLY),
    (lambda w: w.submit(type(w)), "submit", LOOKS_ONLY),
    (lambda w: w.submit(w.signal("a")), "submit", LOOKS_ONLY),
    (lambda w: w.submit(w.cancel_workflow("x")), "submit", LOOKS_ONLY),
    (lambda w: w.timeout(3).__enter__(), "__enter__", LOOKS_ONLY),
    (lambda w: w.task_group().__enter__(), "__enter__", LOOKS_ONLY),
    (lambda w: w.cancellation, "cancellation", LOOKS_ONLY),
    (lambda w: w.cancel("no"), "cancel", LOOKS_ONLY),
]

ALLOWED = [
    (lambda w: w.ended.result, {"n": 1}),
    (lambda w: w.ended.exception, None),
    (lambda w: [w.ended.done, w.open.done, w.open.state, w.failed.finished], [True, False, "RUNNING", True]),
    (lambda w: futures.wait(w.ended, w.failed), [{"n": 1}, None]),
    (lambda w: futures.wait_any(w.open, w.ended).id, "activity-load-1"),
    (lambda w: futures.get_result_or_raise(w.ended), {"n": 1}),
    (lambda w: next(futures.as_completed(w.open, w.ended)).id, "activity-load-1"),
    (lambda w: str(w.failed.exception), "activity-strict-1: ValueError: no"),
    (lambda w: w.now().timestamp(), 1002.0),
    (lambda w: w.get_run_context()["run_id"], RUN_ID),
    (lambda w: [note.name for note in w.list_markers()], ["known"]),
]


def told(w):
    w.ended, w.open, w.failed = w.submit(load), w.submit(load), w.submit(strict)
    w.submit(w.start_timer("known", 100))
    w.submit(w.record_marker("known"))
    try:
        w.open.result
    except Exception:
        w.next_signal("never").result


@pytest.fixture(scope="module")
def told_history():
    with DecisionChecker(workflow(told)) as checker:
        checker.decide()
        checker.complete("activity-load-1", {"n": 1})
        checker.fail("activity-strict-1")
        checker.decide()
        return checker.run.events


@pytest.mark.parametrize(("look", "call", "because"), REFUSED)
def test_a_query_that_does_more_than_look_is_refused_even_if_it_catches_that(told_history, look, call, because):
    execution = observed(workflow(told), told_history)
    queued, lines = list(execution.queue), list(execution.log_lines)
    sentence = f"query 'q' cannot use {call} at test_observation.py:{look.__code__.co_firstlineno}: {because}"

    def catches():
        try:
            look(execution.program.workflow)
        except BaseException:
            return "all the same"

    for asked in (lambda: look(execution.program.workflow), catches):
        with pytest.raises(DefinitionError) as refused:
            execution.ask("query 'q'", asked)
        assert str(refused.value) == sentence
    assert (list(execution.queue), list(execution.log_lines)) == (queued, lines)
    assert execution.ask("query 'q'", lambda: "it can be asked again") == "it can be asked again"
    assert execution.kill()


@pytest.mark.parametrize(("look", "answer"), ALLOWED)
def test_a_query_may_read_futures_that_have_ended_and_whatever_changes_nothing(told_history, look, answer):
    execution = observed(workflow(told), told_history)
    assert execution.ask("query 'q'", lambda: look(execution.program.workflow)) == answer
    assert execution.kill()


def test_a_result_whose_payload_is_missing_is_no_answer_even_if_the_query_catches_that():
    from simpleflow_nb import payload

    def run(w):
        w.loaded = w.submit(load)
        w.next_signal("never").result

    def missing(digest):
        raise PayloadMissing(f"payload {digest[:4]} is gone")

    text = '"long"'
    with DecisionChecker(workflow(run)) as checker:
        checker.decide()
        checker.end("activity-load-1", "Completed", result=payload.reference(text))
        checker.decide()
        execution = observed(checker.workflow_class, checker.run.events, load=missing)

        def catches():
            try:
                return execution.program.workflow.loaded.result
            except Exception:
                return None

        with pytest.raises(PayloadMissing, match=rf"payload {payload.digest(text)[:4]} is gone"):
            execution.ask("query 'q'", catches)
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
