"""Replays that look: what a run's code knows at every point of its history; nothing is decided."""

from __future__ import annotations

import random

import pytest

from simpleflow_nb import query
from simpleflow_nb.exceptions import NonDeterminismError, StaleCache
from simpleflow_nb.program import program
from simpleflow_nb.replay.observation import Observation, ObservedExecution
from tests.settings import count

from .decision_checker import DecisionChecker, execution_of, reloaded
from .observed_runs import observed
from .programs import Interpreter, PlayedWorkflow, random_program
from .random_runs import _RunInProgress, random_limits
from .scenarios import clean, load, workflow

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


@pytest.mark.parametrize("first", range(0, count(100, 5_000), 50))
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
