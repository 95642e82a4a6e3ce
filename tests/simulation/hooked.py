"""The hooks of simulated runs: they tell that they were called, and may raise, or try what hooks may not."""

from __future__ import annotations

from collections.abc import Callable

from simpleflow_nb.history import History
from simpleflow_nb.task import ActivityTask
from simpleflow_nb.task_failure import TaskFailureContext

from .answering import Answering, PlannedFailure
from .simulated_activities import forbidden

#: what a hook tells: workflow id, run id, its name, id of the DecisionTaskStarted, and the reason of a failure
Called = tuple[str, str, str, int, str | None]
BEFORE, AFTER = "before_replay", "after_replay"


class Listener:
    """The place where hooks leave what they tell; the fleet that is played listens."""

    tell: Callable[[Called], None] = staticmethod(lambda called: None)


class Looking(Answering):
    """Has every hook around decisions; each reads the history and tells of its call."""

    def before_replay(self, history: History) -> None:
        self._called(BEFORE, history)

    def after_replay(self, history: History) -> None:
        self._called(AFTER, history)

    def on_completed(self, history: History) -> None:
        self._called("on_completed", history)

    def on_failure(self, history: History, reason: str, details: str | None = None) -> None:
        self._called("on_failure", history, reason)

    def on_canceled(self, history: History) -> None:
        self._called("on_canceled", history)

    def after_closed(self, history: History) -> None:
        self._called("after_closed", history)

    def _called(self, name: str, history: History, reason: str | None = None) -> None:
        executor = self.executor
        assert len(history.events) == executor.next_id - 1
        Listener.tell((executor.workflow_id, executor.run_id, name, executor.next_id - 1, reason))


class Raising(Looking):
    """Its hooks raise, which changes nothing; but for ``on_canceled``, whose exception fails the run."""

    def _called(self, name: str, history: History, reason: str | None = None) -> None:
        super()._called(name, history, reason)
        raise PlannedFailure("as planned")


class Meddling(Looking):
    """Its hooks try to submit, to record and to wait, which is refused."""

    def on_canceled(self, history: History) -> None:
        super()._called("on_canceled", history)

    def _called(self, name: str, history: History, reason: str | None = None) -> None:
        super()._called(name, history, reason)
        number = history.events[-1].id % 3
        if number == 0:
            self.submit(forbidden)
        elif number == 1:
            self.submit(self.record_marker("forbidden"))
        else:
            self.timer(1).wait()


class Judging(Answering):
    """Decides itself what becomes of a failed attempt at an activity, as its plan says."""

    def on_task_failure(self, failure_context: TaskFailureContext) -> TaskFailureContext | None:
        verdict, task = self.plan["verdict"], failure_context.a_task
        if verdict is None or failure_context.retry_count >= RETRIES or not failure_context.task_name.startswith("simulated."):
            return None
        if not isinstance(task, ActivityTask):
            return None
        history = failure_context.history  # which may have to be read from the service
        assert history is not None
        assert history.activities[failure_context.id]["state"] == failure_context.event["state"]
        if verdict == "retry":
            return failure_context.decide_retry()
        if verdict == "retry later":
            return failure_context.decide_retry(7)
        if verdict == "handled":
            name, _, *more = (*task.args, 0)[: max(2, len(task.args))]
            return failure_context.decide_handled(ActivityTask(task.activity, name, 0, *more))
        decided: TaskFailureContext = getattr(failure_context, f"decide_{verdict}")()
        return decided


RETRIES = 2  #: that the hook asks for
