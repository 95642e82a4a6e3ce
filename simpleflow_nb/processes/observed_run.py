"""A run whose code is replayed in this process, to look at it."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Sequence
from functools import cached_property
from types import TracebackType
from typing import Any

from .. import payload
from ..exceptions import DefinitionError, QueryFailed, UpdateRefused
from ..program import __file__ as program_file
from ..program import program
from ..queries import Query, queries_of
from ..replay.observation import Observation, ObservedExecution, Wait
from ..replay.protocol.events import HistoryEvent
from ..replay.suspended_code.looks import Looks
from ..tracebacks import text_of, traceback_lines
from ..updates import method_of, objection, update_of, updates_of
from ..workflow import Workflow
from .interrupts import may_be_interrupted
from .workflow_classes import WorkflowNotFound, named_class

_CARRIERS = frozenset({__file__, program_file, payload.__file__, inspect.getfile(Looks)})


class ObservedRun:
    """A run whose history is replayed in this process. Its service is told nothing, and what its code logs is not heard.

    Use it as a context manager, in one thread: suspended code must be unwound.

    Args:
        events: its whole history.
        load: reads the payloads kept outside of it.
        cls: its class; None is the one named in its input.
    """

    def __init__(
        self,
        workflow_id: str,
        run_id: str,
        events: Sequence[HistoryEvent],
        load: payload.Load,
        cls: type[Workflow] | None = None,
        domain: str | None = None,
    ) -> None:
        self.workflow_id, self.run_id, self.events, self.domain = workflow_id, run_id, list(events), domain
        self._load, self._class = load, cls
        self._execution: ObservedExecution | None = None

    def __enter__(self) -> ObservedRun:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._execution is not None and not self._execution.kill():
            _unkillable.append(self._execution)

    @cached_property
    def workflow_class(self) -> type[Workflow]:
        """The class of the run.

        Raises:
            WorkflowNotFound: it cannot be imported here, or is not of the type and version of the run.
            PayloadError: the input of the run, which names it, cannot be read.
        """
        started = self.events[0]["workflowExecutionStartedEventAttributes"]
        kind = started["workflowType"]
        is_given = self._class is not None
        cls = self._class or self._imported(started.get("input"))
        if cls.version != kind["version"] or (is_given and cls.type_name() != kind["name"]):
            run = f"{self.workflow_id} is a run of version {kind['version']!r} of workflow type {kind['name']!r}"
            is_class = f"{cls.class_path()} is version {cls.version!r} of workflow type {cls.type_name()!r}"
            raise WorkflowNotFound(f"{run}, and {is_class}; give the class that decides it with --class")
        return cls

    def _imported(self, text: str | None) -> type[Workflow]:
        body = payload.decode(text, self._load)
        path = body.get("__extra", {}).get("class") if isinstance(body, dict) else None
        if not path:
            raise WorkflowNotFound(f"the input of {self.workflow_id} does not name its class; give it with --class")
        try:
            return named_class(str(path))
        except WorkflowNotFound as error:
            raise WorkflowNotFound(
                f"the code of {self.workflow_id} cannot be imported in {os.getcwd()}: {error}; go to the folder that has it"
            ) from error

    @cached_property
    def queries(self) -> dict[str, Query]:
        """The queries of its class, by name.

        Raises:
            WorkflowNotFound: as for `workflow_class`.
            DefinitionError: two have one name.
        """
        return queries_of(self.workflow_class)

    @cached_property
    def updates(self) -> dict[str, Query]:
        """The updates of its class, by name; the errors are those of `queries`."""
        return updates_of(self.workflow_class)

    @cached_property
    def observation(self) -> Observation:
        """The progress of its code; nothing is replayed for that."""
        return Observation.of(self.events)

    @cached_property
    def waits(self) -> list[Wait]:
        """The places where its code is suspended.

        Raises:
            WorkflowNotFound: as for `workflow_class`.
            ReplayError: the code does not match the history, or the history or a payload cannot be read.
        """
        return self._replayed.waits()

    def replay(self) -> None:
        """Replay the history up to its last decision; the errors are those of `waits`."""
        self._replayed

    @cached_property
    def _replayed(self) -> ObservedExecution:
        cls = self.workflow_class
        self._program = program(cls)
        self._execution = ObservedExecution(
            self._program,
            run_id=self.run_id,
            workflow_id=self.workflow_id,
            domain=self.domain,
            open_activity_limit=cls.max_open_activity_count,
            load=self._load,
            is_interruptible=may_be_interrupted(),
        )
        self._execution.observe(self.events)
        return self._execution

    def ask(self, name: str, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None) -> Any:
        """Return the answer of a query, decoded from its JSON.

        Raises:
            DefinitionError: there is no such query, it does not take these arguments, or it does more than look.
            QueryFailed: it has raised an exception, or its answer has no JSON form.
            WorkflowNotFound, ReplayError: as for `waits`.
        """
        query = self.queries.get(name)
        if query is None:
            raise DefinitionError(self._unknown(name))
        execution = self._replayed
        who = f"query {name!r} of {self.workflow_id}"
        workflow = self._program.workflow
        if workflow is None:
            error = self._program.error
            assert error is not None
            raise QueryFailed(f"{who} has no answer: {_told(error)} in __init__", _traceback(error))
        method = getattr(workflow, query.method)
        body = payload.decode(payload.encoded({"args": list(args), "kwargs": kwargs or {}}, f"the input of {who}"))
        try:
            inspect.signature(method).bind(*body["args"], **body["kwargs"])
        except TypeError as error:
            raise DefinitionError(f"{query.name}{query.signature} does not take this input: {error}") from None

        def answer() -> Any:
            return payload.strict_json(payload.encoded(method(*body["args"], **body["kwargs"]), "the answer"))

        try:
            return execution.ask(who, answer)
        except BaseException as error:  # SystemExit too: it is the user's code
            if error is execution.refusal or error is execution.defect:
                raise
            if isinstance(error, KeyboardInterrupt) and may_be_interrupted():
                raise
            raise QueryFailed(f"{who} failed: {_told(error)}", _traceback(error)) from error

    def check_update(self, name: str, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None) -> None:
        """Check that the run would take a request of an update, as of its last decision.

        Before the first decision the validator is not asked: ``run()`` has not set yet what it looks at.

        Raises:
            DefinitionError: there is no such update, or it does not take these arguments.
            UpdateRefused: its validator refuses it.
            WorkflowNotFound, ReplayError: as for `waits`.
        """
        update_of(self.workflow_class, name)
        execution, workflow = self._replayed, self._program.workflow
        who = f"update {name!r} of {self.workflow_id}"
        if workflow is None:
            error = self._program.error
            assert error is not None
            raise UpdateRefused(f"{who} is not sent: {_told(error)} in __init__", None, type(error).__name__)
        body = payload.decode(payload.encoded({"args": list(args), "kwargs": kwargs or {}}, f"the input of {who}"))
        if not self.observation.seen:
            method_of(workflow, name, body["args"], body["kwargs"])
            return
        refused = objection(workflow, execution, name, body["args"], body["kwargs"])
        if refused is not None:
            raise UpdateRefused(f"{who} is refused, nothing was sent: {_told(refused)}", None, type(refused).__name__)

    def _unknown(self, name: str) -> str:
        path = self.workflow_class.class_path()
        if not self.queries:
            return f"{path} has no queries; write @query before a method of it"
        close = difflib.get_close_matches(name, self.queries, n=1)
        guess = f" (did you mean {close[0]!r}?)" if close else ""
        return f"{path} has no query {name!r}{guess}; it has {', '.join(self.queries)}"


_unkillable: list[ObservedExecution] = []  # code that swallows GreenletExit: dropping it would raise that again


def _told(error: BaseException) -> str:
    text = text_of(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _traceback(error: BaseException) -> str:
    lines = "".join(traceback_lines(error, _CARRIERS))
    return lines if lines.startswith("Traceback") else ""
