"""A service in memory with a decider and workers; its clock skips the waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .. import payload
from ..activity import Activity, registered
from ..constants import MAX_RUN_SECONDS
from ..exceptions import DefinitionError, SimpleflowError, UpdateUnanswered
from ..local.clock import VirtualClock
from ..local.service import DOMAIN, LocalService
from ..local.watching import KnownExecution
from ..processes.decider import Parked
from ..processes.engine import Engine
from ..processes.followed_request import FollowedRequest
from ..processes.observed_run import ObservedRun
from ..processes.payload_directory import kept
from ..processes.running_task import RunningTask
from ..updates import request_of, signal_of
from ..workflow import Workflow, execution_input

Replaced = Mapping["Activity[Any, Any] | str", Callable[..., Any]]  #: by activity, or by the name of its type

_LIST = "testing"
_LOOK_SECONDS, _MOMENT_SECONDS = 0.05, 0.005
_DECIDED_SECONDS = 60


class RunFailed(SimpleflowError):
    """The run under test did not complete.

    ``status`` is its close status. It is None of a run that has not closed; then the text says why: ``PARKED`` begins it if
    the run could not be decided, ``OPEN`` if it had not ended in time, ``STOPPED`` if the decider or the worker has ended.
    A note of the exception shows the lines of code where the run or its activity failed.
    """

    def __init__(self, status: str | None, reason: str, history: Sequence[Mapping[str, Any]], *, left: str = "PARKED") -> None:
        super().__init__(f"{status or left}: {reason}")
        self.status, self.reason, self.history = status, reason, history


class Harness:
    """A service in memory with a decider and workers; time jumps whenever nothing can run.

    Args:
        workflows: workflow classes; those started later are added.
        workers: number of activities that run at once.
        clock: ``VirtualClock(epoch seconds)``, to start at another time than now.
        activities: functions called instead of the bodies of these activities (or of those with these names), with the same
            arguments; retries, timeouts and other settings stay. They run in threads of this process.
    """

    def __init__(
        self,
        *workflows: type[Workflow],
        workers: int = 2,
        clock: VirtualClock | None = None,
        activities: Replaced | None = None,
    ) -> None:
        for workflow in workflows:
            check_class(workflow)
        self.clock = clock or VirtualClock()
        self.service = LocalService(clock=self.clock)
        self.parked: list[Parked] = []
        try:
            self.engine = Engine(
                self.service,
                DOMAIN,
                decision_list=_LIST,
                task_lists={_LIST: workers},
                workflows=workflows,
                activity_task_list=_LIST,
                on_parked=self.parked.append,
                bodies=replaced_bodies(activities or {}),
            )
            self.engine.start()
        except BaseException:
            self.service.close()
            raise
        self._serial = self._updates = 0

    def start(self, workflow: type[Workflow], /, *args: Any, workflow_id: str | None = None, **kwargs: Any) -> tuple[str, str]:
        """Start a run; return its workflow id and run id.

        Raises:
            DefinitionError: ``workflow`` is not a Workflow class, or another with its type name and version was given before.
            TypeError: an argument is not a JSON value.
        """
        check_class(workflow)
        self._serial += 1
        workflow_id = workflow_id or f"{workflow.__name__}-{self._serial}"
        if self.engine.decider.workflows.add(workflow):
            self.engine.decider.register_types()
        started = self.service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=workflow_id,
            workflowType={"name": workflow.type_name(), "version": workflow.version},
            taskList={"name": _LIST},
            executionStartToCloseTimeout=str(workflow.execution_timeout or MAX_RUN_SECONDS),
            tagList=workflow.tags({"args": args, "kwargs": kwargs}),
            input=execution_input(workflow, {"args": args, "kwargs": kwargs}),
        )
        return workflow_id, started["runId"]

    def signal(self, workflow_id: str, name: str, value: Any = None) -> None:
        """Send a signal to the open run of a workflow id; ``value`` is the result of ``next_signal(name)``."""
        self.service.signal_workflow_execution(
            domain=DOMAIN, workflowId=workflow_id, signalName=name, input=payload.encode(value)
        )

    def query(self, run: str | tuple[str, str], name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Ask a run: return the answer of the query ``name`` of its class, decoded from its JSON.

        Waits until everything that the run has been told, such as signals, is decided. ``run`` is a workflow id, or what
        :meth:`start` has returned.

        Raises:
            DefinitionError: there is no such run or query, it does not take these arguments, or it does more than look.
            QueryFailed: it has raised an exception, or its answer has no JSON form.
            ReplayError: the code does not match the history.
            RunFailed: the run has not been decided in a minute, or the decider has ended.
        """
        known = self._known(run)
        self._wait_decided(known.ids)
        with self._observed(known) as observed:
            return observed.ask(name, args, kwargs)

    def update(self, run: str | tuple[str, str], name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Ask an open run for an update, and return its answer, decoded from its JSON.

        Everything that the run has been told before is decided first. ``run`` is as for :meth:`query`.

        Raises:
            DefinitionError: there is no such run or update, it does not take these arguments, or the run has ended.
            UpdateRefused: its validator refuses it.
            UpdateFailed: its method has raised an exception.
            UpdateUnanswered: the run has ended without an answer, or there is none after a minute.
            ReplayError: the code does not match the history.
            RunFailed: the run cannot be decided, or the decider or the worker has ended.
        """
        return self.update_answer(run, self.send_update(run, name, *args, **kwargs))

    def send_update(self, run: str | tuple[str, str], name: str, /, *args: Any, **kwargs: Any) -> str:
        """Ask an open run for an update, as :meth:`update` does, and return the id of the request at once."""
        self._wait_decided(self._known(run).ids)
        known = self._known(run)  # it may have ended by that
        if not known.is_open:
            raise DefinitionError(f"{known.workflow_id} has ended already ({known.close_status})")
        with self._observed(known) as observed:
            observed.check_update(name, args, kwargs)
        self._updates += 1
        id = f"update-{self._updates}"
        text = request_of(id, args, kwargs, lambda long: kept(long, self.engine.payloads))
        self.service.signal_workflow_execution(domain=DOMAIN, **known.ids, signalName=signal_of(name), input=text)
        return id

    def update_answer(self, run: str | tuple[str, str], id: str, *, real_seconds: float = _DECIDED_SECONDS) -> Any:
        """Return the answer to a request by its id; wait for it while the run is open. The errors are those of `update`."""
        known, until = self._known(run), time.monotonic() + real_seconds
        request = FollowedRequest(id)
        request.take(self.service.events(known.workflow_id, known.run_id))
        if not request.arrived:
            raise DefinitionError(f"no update with the id {id!r} has arrived at {known.workflow_id}")
        while not request.is_over and time.monotonic() < until:
            self._check_going_on(known)
            request = FollowedRequest(id)
            self.service.wait_events(known.workflow_id, known.run_id, request.take, _LOOK_SECONDS)
        if not request.is_over:
            text = f"{known.workflow_id} has not answered update {request.update!r} within {real_seconds:g} s"
            raise UpdateUnanswered(text, id)
        return request.result(known.workflow_id, self.engine.payloads.load)

    def _check_going_on(self, known: KnownExecution) -> None:
        """Check that a run can still be decided.

        Raises:
            RunFailed: it is parked, or the decider or the worker has ended.
        """
        reason = next((str(one.error) for one in self.parked if one.run_id == known.run_id), None)
        failure = self.engine.failure or self.engine.worker.failure
        if reason is not None:
            raise RunFailed(None, reason, self.history(known.workflow_id, known.run_id))
        if failure is not None:
            told = f"{type(failure).__name__}: {failure}"
            raise RunFailed(None, told, self.history(known.workflow_id, known.run_id), left="STOPPED")

    def _known(self, run: str | tuple[str, str]) -> KnownExecution:
        known = self.service.execution(DOMAIN, *([run] if isinstance(run, str) else run))
        if known is None:
            raise DefinitionError(f"no run {run!r} was started here")
        return known

    def _observed(self, known: KnownExecution) -> ObservedRun:
        kind: Any = known.info["workflowType"]
        cls = self.engine.decider.workflows.found(kind["name"], kind["version"], lambda: None)
        events: Any = self.history(known.workflow_id, known.run_id)
        return ObservedRun(known.workflow_id, known.run_id, events, self.engine.payloads.load, cls, DOMAIN)

    def _wait_decided(self, execution: dict[str, str]) -> None:
        until = time.monotonic() + _DECIDED_SECONDS
        while self.service.describe_workflow_execution(domain=DOMAIN, execution=execution)["openCounts"]["openDecisionTasks"]:
            failure = self.engine.failure
            if failure is not None:
                left, reason = "STOPPED", f"{type(failure).__name__}: {failure}"
            elif time.monotonic() > until:
                left, reason = "OPEN", f"not decided in {_DECIDED_SECONDS} s"
            else:
                time.sleep(_MOMENT_SECONDS)
                continue
            raise RunFailed(None, reason, self.history(execution["workflowId"], execution["runId"]), left=left)

    def history(self, workflow_id: str, run_id: str | None = None) -> list[dict[str, Any]]:
        """Return the events so far."""
        execution = {"workflowId": workflow_id} | ({"runId": run_id} if run_id else {})
        arguments: dict[str, Any] = {"domain": DOMAIN, "execution": execution}
        events: list[dict[str, Any]] = []
        while True:
            page: Any = self.service.get_workflow_execution_history(**arguments)
            events += page["events"]
            if "nextPageToken" not in page:
                return events
            arguments["nextPageToken"] = page["nextPageToken"]

    def result(self, workflow_id: str, run_id: str, *, real_seconds: float = 60) -> Any:
        """Wait for the result of ``run()`` and return it; a run continued as new is followed to its last one.

        Raises:
            RunFailed: it failed, was cancelled, terminated, timed out or parked; its ``history`` has the details.
        """
        until = time.monotonic() + real_seconds
        while True:
            status = self._close_status(workflow_id, run_id, until, real_seconds)
            events = self.history(workflow_id, run_id)
            last: Any = next(value for key, value in events[-1].items() if key.endswith("EventAttributes"))
            if status == "COMPLETED":
                return payload.decode(last.get("result"), self.engine.payloads.load)
            if status == "TIMED_OUT":
                raise RunFailed(status, self._why_open(workflow_id, run_id, events), events)
            if status != "CONTINUED_AS_NEW":
                from ..application.states.run_states import traceback_of  # only for runs that fail

                failed = RunFailed(status, last.get("reason", ""), events)
                if lines := traceback_of(last.get("details")):
                    failed.add_note(lines)
                raise failed
            run_id = last["newExecutionRunId"]

    def _why_open(self, workflow_id: str, run_id: str, events: list[dict[str, Any]]) -> str:
        """Return what an open run was waiting for, from its execution context."""
        seconds = events[0]["workflowExecutionStartedEventAttributes"]["executionStartToCloseTimeout"]
        execution = {"workflowId": workflow_id, "runId": run_id}
        described = self.service.describe_workflow_execution(domain=DOMAIN, execution=execution)
        notes = payload.decode(described.get("latestExecutionContext")) or {}
        signals = [repr(name) for name in notes.get("waiting_signals", [])]
        if more := notes.get("more_waiting_signals"):
            signals.append(f"{more} more")
        named = f", waiting for signal {', '.join(signals)}" if signals else ""
        return f"not ended within its execution timeout of {seconds} s{named}"

    def _close_status(self, workflow_id: str, run_id: str, until: float, real_seconds: float) -> str:
        try:
            return close_status(self.service, self.engine, self.parked, workflow_id, run_id, until, real_seconds)
        except StillOpen as error:
            raise RunFailed(None, str(error), self.history(workflow_id, run_id), left=error.left) from None

    def close(self) -> None:
        self.engine.stop(cancel=True)
        self.service.close()
        self.engine.join(10)


def check_class(workflow: Any) -> None:
    """Check that something is a workflow class; DefinitionError if it is not."""
    if not (isinstance(workflow, type) and issubclass(workflow, Workflow)):
        raise DefinitionError(f"{workflow!r:.80} is not a workflow; give a subclass of Workflow")


class StillOpen(SimpleflowError):
    """A run cannot continue, or has not closed in time. ``left``: the word for how it was left, see :class:`RunFailed`."""

    def __init__(self, left: str, reason: str) -> None:
        super().__init__(reason)
        self.left = left


def close_status(
    service: LocalService,
    engine: Engine,
    parked: list[Parked],
    workflow_id: str,
    run_id: str,
    until: float,
    real_seconds: float,
    name_of: Callable[[RunningTask], str] = lambda task: task.activity_id,
) -> str:
    """Wait until a run has closed; return SWF's close status.

    Raises:
        StillOpen: it is parked, the engine has failed, or it was open at ``until`` (of `time.monotonic`), ``real_seconds``
            after its start. It names the tasks under way.
    """
    while (status := service.wait_closed(workflow_id, run_id, _LOOK_SECONDS)) is None:
        reason = next((str(one.error) for one in parked if one.run_id == run_id), None)
        if reason is not None:
            raise StillOpen("PARKED", reason)
        failure = engine.failure or engine.worker.failure
        if failure is not None:
            raise StillOpen("STOPPED", f"{type(failure).__name__}: {failure}")
        if time.monotonic() > until:
            at_work = sorted(name_of(one) for one in engine.worker.running() if one.run_id == run_id)
            under_way = f", with {' and '.join(at_work)} under way" if at_work else ""
            raise StillOpen("OPEN", f"still open after {real_seconds} s{under_way}")
    return status


def replaced_bodies(activities: Replaced) -> dict[str, Activity[Any, Any]]:
    """Return the replaced bodies for a worker, by the type names of the activities."""
    found = {}
    for one, function in activities.items():
        if not callable(function):
            raise DefinitionError(f"{one} is replaced by {function!r:.80}, which cannot be called")
        known = one if isinstance(one, Activity) else registered(one) or Activity(None, name=one)
        found[known.name] = known.with_body(function)
    return found


@contextmanager
def harness(
    *workflows: type[Workflow], workers: int = 2, clock: VirtualClock | None = None, activities: Replaced | None = None
) -> Iterator[Harness]:
    """Open a :class:`Harness` for a ``with`` block."""
    opened = Harness(*workflows, workers=workers, clock=clock, activities=activities)
    try:
        yield opened
    finally:
        opened.close()


def run_workflow(workflow: type[Workflow], /, *args: Any, **kwargs: Any) -> Any:
    """Run a workflow with its activities, on a clock that skips the waiting; return the result of ``run()``.

    Raises:
        RunFailed: it did not complete.
    """
    with harness(workflow) as opened:
        return opened.result(*opened.start(workflow, *args, **kwargs))
