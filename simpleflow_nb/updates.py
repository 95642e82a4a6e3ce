"""Updates: methods of a workflow that change an open run on request, and answer.

::

    class Order(Workflow):
        @update
        def add(self, item: str) -> int:
            self.items.append(item)
            return len(self.items)
"""

from __future__ import annotations

import difflib
import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from types import CoroutineType
from typing import Any, TypeVar, overload

from . import payload
from .constants import MAX_ID_CHARACTERS
from .exceptions import DefinitionError, PayloadMissing, ReplayError, RunEnded
from .queries import Query, marked_methods
from .replay import Execution
from .replay.calls import commands
from .replay.calls.arguments import waited_for
from .replay.protocol.decisions import RecordMarker
from .replay.suspended_code.coroutines import driven
from .tracebacks import text_of

F = TypeVar("F", bound=Callable[..., Any])

_NAME, _VALIDATOR = "__update__", "__update_validator__"
_MOST_OF_AN_ID = 200  # leaves room in the name of a marker, which has at most 256 characters
_MOST_OF_A_NAME = MAX_ID_CHARACTERS - len(commands.UPDATE)  # of a signal
_UNFINISHED = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)  # calls do not run them
_ID = re.compile(rf"[\w.:-]{{1,{_MOST_OF_AN_ID}}}", re.ASCII)


@overload
def update(method: F, /) -> F: ...
@overload
def update(*, name: str | None = None, validator: Callable[..., Any] | None = None) -> Callable[[F], F]: ...
def update(method: Any = None, /, *, name: str | None = None, validator: Callable[..., Any] | None = None) -> Any:
    """Declare a method of a workflow, plain or ``async``, as an update, requested by its name or by ``name``.

    A request is a signal to the run. The method runs beside ``run()``, as a strand of its own: it may submit tasks and wait.
    Its answer, a JSON value, is kept as a marker in the history. A request that has no answer when the run ends gets none.
    An exception in it is its answer, and does not fail the run. A task that it leaves behind is one of ``run()``.

    Args:
        validator: a function of the same arguments that looks at the run, and refuses a request by raising an exception. It is
            called in the process that asks, before anything is sent, and again in the decider, right before the method.

    Raises:
        DefinitionError: it is not a method, the name is not a text or is too long, or the validator is not a plain function.
    """
    if name is not None and (not isinstance(name, str) or not name or name != name.strip()):
        raise DefinitionError(f"{name!r} cannot name an update; give a text without blanks around it")
    if name is not None and len(name) > _MOST_OF_A_NAME:
        raise DefinitionError(f"{name!r:.80} cannot name an update; it takes at most {_MOST_OF_A_NAME} characters")
    if validator is not None and (not callable(validator) or any(is_kind(validator) for is_kind in _UNFINISHED)):
        raise DefinitionError(
            f"{validator!r:.80} cannot be a validator; give a plain function that raises an exception, or returns"
        )
    if method is None:
        return lambda decorated: _declared(decorated, name, validator)
    return _declared(method, name, validator)


def _declared(method: Any, name: str | None, validator: Callable[..., Any] | None) -> Any:
    if not inspect.isfunction(method):
        raise DefinitionError(
            f"{method!r:.80} cannot be an update; write @update before a def of the workflow, or @update(name=...)"
        )
    setattr(method, _NAME, name or method.__name__)
    setattr(method, _VALIDATOR, validator)
    return method


def updates_of(cls: type) -> dict[str, Query]:
    """Return the updates of a workflow class by name, in the order of their names; an override of one is one, too.

    Raises:
        DefinitionError: two methods answer to one name.
    """
    return _updates_of(cls)


@functools.lru_cache(maxsize=128)
def _updates_of(cls: type) -> dict[str, Query]:
    return marked_methods(cls, _NAME, "updates")


def update_of(cls: type, name: str) -> Query:
    """Return the update of a workflow class with a name.

    Raises:
        DefinitionError: it has none of that name, or two methods answer to one name.
    """
    known = updates_of(cls)
    if name in known:
        return known[name]
    path = f"{cls.__module__}.{cls.__qualname__}"
    if not known:
        raise DefinitionError(f"{path} has no updates; write @update before a method of it")
    close = difflib.get_close_matches(name, known, n=1)
    guess = f" (did you mean {close[0]!r}?)" if close else ""
    raise DefinitionError(f"{path} has no update {name!r}{guess}; it has {', '.join(known)}")


def method_of(workflow: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the method that carries out a request.

    Raises:
        DefinitionError: there is no such update, or it does not take these arguments.
    """
    found = update_of(type(workflow), name)
    method: Callable[..., Any] = getattr(workflow, found.method)
    try:
        inspect.signature(method).bind(*args, **kwargs)
    except TypeError as error:
        raise DefinitionError(f"{found.name}{found.signature} does not take this input: {error}") from None
    return method


def objection(workflow: Any, execution: Execution, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Return the exception by which the validator of an update refuses a request now, None if it does not.

    Raises:
        DefinitionError: there is no such update, or it does not take these arguments.
        ReplayError: the validator has read something that cannot be read here.
    """
    validator = getattr(method_of(workflow, name, args, kwargs), _VALIDATOR, None)
    if validator is None:
        return None
    try:
        execution.ask(f"the validator of the update {name!r}", lambda: validator(workflow, *args, **kwargs))
    except (MemoryError, ReplayError):
        raise
    except BaseException as error:  # SystemExit too: it is the user's code
        if execution.may_interrupt(error):
            raise
        return error
    return None


def request_of(id: str, args: Sequence[Any], kwargs: Mapping[str, Any], keep: Callable[[str], str]) -> str:
    """Return the input of the signal that requests an update, of the name `signal_of`.

    ``keep`` returns what stands for the arguments in the history, a reference if they are too long for it: the id stays in
    the signal, so that a request whose arguments are missing can be answered.

    Raises:
        DefinitionError: the id is none.
        TypeError: an argument has no JSON form.
    """
    if not is_id(id):
        allowed = f"1 to {_MOST_OF_AN_ID} letters, digits or - _ . :"
        raise DefinitionError(f"{id!r:.80} cannot be the id of an update; give {allowed}")
    given = {"args": list(args), "kwargs": dict(kwargs)}
    text = payload.encode(given)
    kept = keep(text)
    return payload.encode({"id": id, **given} if kept == text else {"id": id, "arguments": kept})


def signal_of(name: str) -> str:
    """Return the name of the signal that requests the update ``name``."""
    return f"{commands.UPDATE}{name}"


def is_id(id: Any) -> bool:
    """Tell whether an id can name a request: a marker of the history is named after it."""
    return isinstance(id, str) and _ID.fullmatch(id) is not None


def marker_of(id: str) -> str:
    """Return the name of the marker that has the answer to a request.

    Its details are ``{"result": ...}``, or ``{"refused": ...}`` or ``{"failed": ...}`` with ``error_type`` and ``message``.
    """
    return f"{commands.ANSWER}{id}"


def mask_failure(marker: RecordMarker, hidden: Callable[[str], str]) -> None:
    """Mask the secrets in the text of a failure or a refusal, if the marker answers a request with one."""
    if marker["markerName"].startswith(commands.ANSWER):
        answer = payload.decode(marker["details"])
        for told in (answer.get("failed"), answer.get("refused")):
            if told is not None:
                told["message"] = hidden(told["message"])
                marker["details"] = payload.encode(answer)


class Updates:
    """Carries out the requests that a run gets, each id once."""

    def __init__(self, workflow: Any, execution: Execution) -> None:
        self.workflow, self.execution = workflow, execution
        self._ids: set[str] = set()
        execution.begin_update = self.begin

    def begin(self, name: str, text: str | None, order: int) -> None:
        """Carry out a request, beside the code of the run. ``order`` is the id of the event that has brought it.

        A request with an id that was there before is the same one, sent again because its sender has not heard of it.

        Raises:
            ReplayError: the store of payloads cannot be read; the execution is to be parked.
        """
        execution = self.execution
        body = self._read(text, order)
        if not isinstance(body, dict) or not is_id(body.get("id")):
            execution.log(f"the signal of event {order} is no request of an update, and is ignored")
            return
        id = body["id"]
        if id in self._ids:
            return
        self._ids.add(id)
        reference = body.pop("arguments", None)
        if reference is not None:
            digest = payload.referenced_digest(str(reference))
            if digest is None or payload.referenced_digest(text) is not None:
                self._answer(id, _failure(DefinitionError("'arguments' is no reference to a payload"), "refused"))
                return
            if execution.is_missing(digest, order):
                missing = PayloadMissing(f"payload {digest[:12]}, its arguments, is not where payloads are kept")
                self._answer(id, _failure(missing, "refused"))
                return
            body = payload.decode(reference, execution.load and execution.loaded)
        execution.spawn(lambda: self._carry_out(id, name, body), f"update-{name}", raises=False)

    def _read(self, text: str | None, order: int) -> Any:
        digest = payload.referenced_digest(text)
        if digest is not None and self.execution.is_missing(digest, order):
            return None
        return payload.decode(text, self.execution.load and self.execution.loaded)

    def _carry_out(self, id: str, name: str, given: Any) -> None:
        """Ask the validator and call the method, in a strand of its own: requests see what those before them have done."""
        kind = "refused"
        try:
            args, kwargs = _arguments(given)
            refused = objection(self.workflow, self.execution, name, args, kwargs)
            if refused is not None:
                self._answer(id, _failure(refused, kind))
                return
            method = method_of(self.workflow, name, args, kwargs)
            kind = "failed"
            value = method(*args, **kwargs)
            what = f"the answer of the update {name}"
            value = waited_for(driven(value) if type(value) is CoroutineType else value, what)
            self.execution.block(())  # raises the failure of a task that nobody has waited for
            answer = f'{{"result":{payload.encoded(value, what)}}}'
        except (MemoryError, ReplayError, RunEnded):
            raise
        except BaseException as error:  # SystemExit too: it is the user's code
            if self.execution.dead or self.execution.may_interrupt(error):
                raise
            answer = _failure(error, kind)
        self._answer(id, answer)

    def _answer(self, id: str, answer: str) -> None:
        self.execution.record_marker(marker_of(id), answer)


def _arguments(given: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a request.

    Raises:
        DefinitionError: they are none.
    """
    body = given if isinstance(given, dict) else {"args": given}
    args, kwargs = body.get("args", []), body.get("kwargs", {})
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise DefinitionError("'args' of a request must be a list and 'kwargs' a mapping")
    return args, kwargs


def _failure(error: BaseException, kind: str) -> str:
    return payload.encode({kind: {"error_type": type(error).__name__, "message": text_of(error)}})
