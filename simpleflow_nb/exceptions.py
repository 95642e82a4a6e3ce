"""The engine's exceptions, and the base class of those of `deciders` and `workers`.

Each class has the exit code of a command that ends with it; docs/errors.rst lists them all.

SimpleflowError
├── DefinitionError            a workflow, an activity or their input is wrong; nothing has run
├── ServiceError               the service that keeps the histories cannot be used
│   ├── JournalError           the journal file cannot be opened, read or written
│   └── JournalInUse           another process owns the journal
├── ReplayError                history and code do not match; the execution is parked
│   ├── NonDeterminismError    the code's decisions differ from the history
│   ├── HistoryError           an event that this version cannot read
│   └── PayloadError           a payload kept outside the history cannot be read
│       └── PayloadMissing     there is none with that digest
├── QueryFailed                a query of a run has raised an exception; ``traceback``
├── UpdateError                an update of a run has no result; ``id`` of its request, ``error_type``
│   ├── UpdateRefused          its validator or the decider refuses it
│   ├── UpdateFailed           its method has raised an exception
│   └── UpdateUnanswered       the run has ended without an answer, or there is none yet
├── StaleCache                 internal: a cached execution is out of date
├── TaskException              something submitted by a workflow did not succeed
│   ├── TaskFailed             ``name``, ``reason``, ``details``
│   │   ├── DependencyFailed   never run: a task that it depends on failed
│   │   ├── TimeoutError       a timeout of the service; ``timeout_type``
│   │   │   └── TimeLimitExceeded  of a block with ``self.timeout(...)``; also Python's TimeoutError
│   │   ├── TaskCanceled       cancelled by the workflow or by its worker
│   │   ├── TaskTerminated     terminated from outside
│   │   └── WorkflowFailed     a child execution; also a WorkflowException, as are WorkflowTimeout, -Canceled, -Terminated
│   ├── AggregateException     failures of a group's members; ``exceptions``
│   └── WorkflowException      base of the failures of child executions
├── ExecutionError             a function of ``execute.python`` raised, or its process died
│   └── ExecutionTimeoutError  it took longer than its ``timeout``
├── CallGivenUp                a program gave a long call up before it had a result
├── ExecutionBlocked           kept for imports from simpleflow: waiting raises nothing here
└── ActivityCanceled           raised inside an activity whose cancellation was requested

RunEnded (BaseException)       internal: ``Workflow.fail`` and ``continue_as_new`` raise it to end ``run()``
"""

from __future__ import annotations

import builtins
import json
import shlex
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, ClassVar

from .exit_codes import ExitCode as ExitCode
from .tracebacks import split_reason


class SimpleflowError(Exception):
    """Base of all exceptions of simpleflow_nb, deciders and workers."""

    exit_code: ClassVar[ExitCode] = ExitCode.RUN_FAILED

    @property
    def located_lines(self) -> str:
        """Return a line for each fault in a file, beginning ``file:line:`` as compilers do; empty for other errors."""
        return ""


class DefinitionError(SimpleflowError):
    """A workflow, an activity or their input is wrong."""

    exit_code = ExitCode.WRONG


class ServiceError(SimpleflowError):
    """The service that keeps the histories cannot be used."""

    exit_code = ExitCode.UNREACHABLE


class JournalError(ServiceError):
    """The journal file cannot be opened, read or written."""


class JournalInUse(ServiceError):
    """Another process owns the journal; ``pid`` is its process id, 0 when it could not be read."""

    def __init__(self, path: str, pid: int) -> None:
        holder = f"process {pid}" if pid else "another process"
        super().__init__(f"{path} is in use by {holder}; wait for it, stop it, or name another file with --db")
        self.path, self.pid = path, pid


class ReplayError(SimpleflowError):
    """History and code do not match."""


class HistoryError(ReplayError):
    """An event that this version of the engine cannot read."""


class PayloadError(ReplayError):
    """A payload that is kept outside the history cannot be read."""


class PayloadMissing(PayloadError):
    """The store has no payload with a digest."""


class NonDeterminismError(ReplayError):
    """The decisions of the replayed code differ from the history.

    ``event_id`` is the first event that differs, None when the code decides more than a decision task recorded.
    """

    def __init__(self, event_id: int | None, recorded: str, now: str) -> None:
        where = f"event {event_id}" if event_id else "end of the decision"
        super().__init__(
            f"{where}: history has {recorded}; the code now has {now}. "
            "If the change is meant, guard it with self.patched('some-id')"
        )
        self.event_id, self.recorded, self.now = event_id, recorded, now

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.event_id, self.recorded, self.now)


class StaleCache(SimpleflowError):
    """The new events do not continue those of a cached execution."""

    exit_code = ExitCode.BUG


class QueryFailed(SimpleflowError):
    """A query of a run has raised an exception; ``traceback`` is that of the workflow's code, empty if it has none."""

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.traceback)


class UpdateError(SimpleflowError):
    """An update of a run has no result; ``id`` is that of its request, None if none was sent.

    ``error_type`` is the class name of the exception that says why, empty without one.
    """

    def __init__(self, message: str, id: str | None = None, error_type: str = "") -> None:
        super().__init__(message)
        self.id, self.error_type = id, error_type

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.id, self.error_type)


class UpdateRefused(UpdateError):
    """The validator of an update has refused a request, or the decider has; the run is unchanged."""


class UpdateFailed(UpdateError):
    """The method of an update has raised an exception; what it had done until then stays."""


class UpdateUnanswered(UpdateError):
    """A run has ended without an answer to a request, or there is none yet."""


class CallGivenUp(SimpleflowError, RuntimeError):
    """A program gave a long call up before it had a result."""


class ExecutionBlocked(SimpleflowError):
    """Never raised: a workflow that waits is suspended. Kept so that imports from simpleflow work.

    Raises:
        DefinitionError: when instantiated, which only workflows written for simpleflow do.
    """

    def __init__(self, *_: object) -> None:
        raise DefinitionError(
            "raise ExecutionBlocked() does not wait here: ask what is waited for, such as future.result, futures.wait(...), "
            "self.next_signal(name).result or self.timer(seconds).result; run() is suspended there and goes on from there"
        )


class TaskException(SimpleflowError):
    """Something that a workflow submitted did not succeed.

    ``task`` is the ``ActivityTask`` or ``WorkflowTask``, set by the engine; None of timers, signals and groups.
    """

    task: Any = None

    @property
    def payload(self) -> Any:
        """The task that has no result: simpleflow's name of ``task``."""
        return self.task

    @property
    def exception(self) -> TaskException:
        """The exception itself: simpleflow wraps failures, this package does not."""
        return self


class TaskFailed(TaskException):
    """A task ended without a result.

    ``name`` is the task's id, ``reason`` at most 256 characters such as ``ValueError: nope``, ``details`` a JSON text
    with ``error_type``, ``message`` and ``traceback`` when a Python activity raised, else None.
    """

    def __init__(self, name: str, reason: str | None = None, details: str | None = None) -> None:
        super().__init__(name, reason, details)
        self.name, self.reason, self.details = name, reason, details

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.reason, self.details)  # without the task, whose arguments may be futures

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}" if self.reason else self.name

    @property
    def error_type(self) -> str:
        """Class name of the Python exception behind the failure; empty without one."""
        return split_reason(self.reason)[0]


class DependencyFailed(TaskFailed):
    """The task was never run because a task that it depends on failed, or was cancelled.

    ``dependency`` is the id of that task, ``was_cancelled`` tells which of both it was.
    """

    def __init__(self, name: str, dependency: str, was_cancelled: bool = False) -> None:
        cancelled, failed = f"needs {dependency}, which was cancelled", f"needs {dependency}, which failed"
        super().__init__(name, cancelled if was_cancelled else failed)
        self.dependency, self.was_cancelled = dependency, was_cancelled

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.dependency, self.was_cancelled)


class TimeoutError(TaskFailed):
    """The service ended the task.

    ``timeout_type`` is one of SWF's ActivityTaskTimeoutType; ``timeout_value`` its seconds, as the code sets them now, or None.
    """

    def __init__(self, name: str, timeout_type: str, details: str | None = None, timeout_value: int | None = None) -> None:
        super().__init__(name, f"timeout {timeout_type}", details)
        self.timeout_type, self.timeout_value = timeout_type, timeout_value

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.timeout_type, self.details, self.timeout_value)


class TimeLimitExceeded(TimeoutError, builtins.TimeoutError):
    """A block of a workflow's code has not ended within ``self.timeout(...)``; also Python's own TimeoutError."""

    def __init__(self, name: str, seconds: int) -> None:
        super().__init__(name, f"after {seconds} s", timeout_value=seconds)
        self.seconds = seconds

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.seconds)

    def __str__(self) -> str:
        return f"{self.seconds} s have passed"


class TaskCanceled(TaskFailed):
    """The task was cancelled, by the workflow or by its worker."""

    def __init__(self, name: str, details: str | None = None) -> None:
        super().__init__(name, "cancelled", details)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.details)


class TaskTerminated(TaskFailed):
    """A child execution was terminated from outside."""

    def __init__(self, name: str, details: str | None = None) -> None:
        super().__init__(name, "terminated", details)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.details)


class WorkflowException(TaskException):
    """A child execution did not succeed; each of its failures is also the exception that a failed activity would have."""


class WorkflowFailed(TaskFailed, WorkflowException):
    """A child execution failed, or could not be started: ``reason`` is that of its failure, or SWF's cause."""


class WorkflowTimeout(TimeoutError, WorkflowException):
    """A child execution did not end in time."""


class WorkflowCanceled(TaskCanceled, WorkflowException):
    """A child execution was cancelled."""


class WorkflowTerminated(TaskTerminated, WorkflowException):
    """A child execution was terminated."""


class AggregateException(TaskException):
    """The failures of a group's members; ``exceptions`` has one for each in order, None for one without."""

    def __init__(self, exceptions: Iterable[BaseException | None]) -> None:
        self.exceptions = list(exceptions)
        super().__init__(self.exceptions)

    def append(self, ex: BaseException | None) -> None:
        self.exceptions.append(ex)

    def handle(self, handler: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call ``handler(exception, *args, **kwargs)`` for each failure; those for which it returns a false value stay.

        Raises:
            AggregateException: with those that stay, if there are any.
        """
        left = [one for one in self.flatten().exceptions if one is not None and not handler(one, *args, **kwargs)]
        if left:
            raise AggregateException(left)

    def flatten(self) -> AggregateException:
        """Return the failures of all levels of nested groups as one list."""
        flat: list[BaseException | None] = []
        for one in self.exceptions:
            flat += one.flatten().exceptions if isinstance(one, AggregateException) else [one]
        return AggregateException(flat)

    def __str__(self) -> str:
        return "; ".join(f"{type(one).__name__}: {one}" for one in self.exceptions if one is not None)


class ExecutionError(SimpleflowError):
    """A function that ran in a process of its own raised, or its process died: see :mod:`simpleflow_nb.execute`.

    The text is a JSON object with ``error``, ``message`` and ``traceback`` if the function raised, as in simpleflow, and a
    sentence otherwise.
    """

    @cached_property
    def _told(self) -> dict[str, Any]:
        try:
            told = json.loads(str(self))
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}

    @property
    def error_type(self) -> str:
        """Class name of the function's exception; empty if its process died."""
        return str(self._told.get("error", ""))

    @property
    def message(self) -> str:
        """Text of the function's exception, or a sentence on the end of its process."""
        return str(self._told.get("message", self))

    @property
    def traceback(self) -> list[str]:
        """Lines of the traceback in the other process; empty if that died."""
        return [str(line) for line in self._told.get("traceback", ())]

    @property
    def sentence(self) -> str:
        """Return class name and text of the function's exception, ``ValueError: nope``."""
        return f"{self.error_type}: {self.message}" if self.error_type else self.message


class ExecutionTimeoutError(ExecutionError):
    """A process took longer than its ``timeout``, in seconds, and was ended."""

    def __init__(self, command: str | list[str], timeout_value: float | None) -> None:
        super().__init__(command, timeout_value)
        self.command, self.timeout_value = command, timeout_value

    def __str__(self) -> str:
        words = [self.command] if isinstance(self.command, str) else self.command
        return f"ended after its timeout of {self.timeout_value:g} s: {shlex.join(words)}"


class ActivityCanceled(SimpleflowError):
    """Raised inside an activity, at a heartbeat, when the workflow has requested its cancellation."""


class RunEnded(BaseException):
    """Ends ``Workflow.run`` with a decision; not an Exception, so that ``except Exception`` lets it pass.

    The texts of a failure are not cut yet: that is done when the decision is sent, after secrets are masked.
    """

    def __init__(self, decision_type: str, attributes: dict[str, Any]) -> None:
        super().__init__(decision_type)
        self.decision_type, self.attributes = decision_type, attributes
