"""Updates: methods of a workflow that change an open run on request, and answer.

::

    class Order(Workflow):
        @update
        def add(self, item: str) -> int:
            self.items.append(item)
            return len(self.items)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, overload

from . import payload
from .exceptions import DefinitionError
from .queries import Query, marked_methods
from .replay import Execution, commands
from .replay.arguments import waited_for
from .tracebacks import text_of

F = TypeVar("F", bound=Callable[..., Any])

_NAME, _VALIDATOR = "__update__", "__update_validator__"


@overload
def update(method: F, /) -> F: ...
@overload
def update(*, name: str | None = None, validator: Callable[..., Any] | None = None) -> Callable[[F], F]: ...
def update(method: Any = None, /, *, name: str | None = None, validator: Callable[..., Any] | None = None) -> Any:
    """Declare a method of a workflow, plain or ``async``, as an update, requested by its name or by ``name``.

    A request is a signal to the run. The method runs beside ``run()``, as a strand of its own: it may submit tasks and wait.
    Its answer, a JSON value, is kept as a marker in the history. A request that has no answer when the run ends gets none.

    Args:
        validator: a function of the same arguments that looks at the run, and refuses a request by raising an exception. It is
            called in the process that asks, before anything is sent, and again in the decider.

    Raises:
        DefinitionError: it is not a method, or the name is not a text.
    """
    if name is not None and (not isinstance(name, str) or not name or name != name.strip()):
        raise DefinitionError(f"{name!r} cannot name an update; give a text without blanks around it")
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
    return marked_methods(cls, _NAME, "updates")


def refusal(workflow: Any, execution: Execution, name: str, args: list[Any], kwargs: dict[str, Any]) -> Exception | None:
    """Return why a run does not take a request now, None if it does.

    Raises:
        ReplayError: the validator has read something that cannot be read here.
    """
    known = updates_of(type(workflow))
    if name not in known:
        given = f"; it has {', '.join(known)}" if known else ""
        return DefinitionError(f"{type(workflow).class_path()} has no update named {name!r}{given}")
    method = getattr(workflow, known[name].method)
    try:
        inspect.signature(method).bind(*args, **kwargs)
    except TypeError as error:
        return DefinitionError(f"the update {name} does not take this input: {error}")
    validator = getattr(method, _VALIDATOR, None)
    if validator is None:
        return None
    try:
        execution.ask(f"the validator of the update {name}", lambda: validator(workflow, *args, **kwargs))
    except Exception as error:
        return error
    return None


class Updates:
    """Carries out the requests that a run gets."""

    def __init__(self, workflow: Any, execution: Execution) -> None:
        self.workflow, self.execution = workflow, execution
        execution.begin_update = self.begin

    def begin(self, name: str, text: str | None, order: int) -> None:
        """Carry out a request, beside the code of the run. ``order`` is the id of the event that has brought it."""
        execution = self.execution
        digest = payload.referenced_digest(text)
        if digest is not None and execution.is_missing(digest, order):
            execution.log(f"update {name}: its input is missing where payloads are kept")
            return
        body = payload.decode(text, execution.load and execution.loaded)
        if not isinstance(body, dict) or not isinstance(body.get("id"), str):
            execution.log(f"update {name}: the signal is no request of an update")
            return
        request, args, kwargs = body["id"], list(body.get("args", [])), dict(body.get("kwargs", {}))
        refused = refusal(self.workflow, execution, name, args, kwargs)
        if refused is not None:
            self._answer(request, _failure(refused, "refused"))
            return

        method = getattr(self.workflow, updates_of(type(self.workflow))[name].method)
        body_of = self._carried_out_later if inspect.iscoroutinefunction(method) else self._carried_out
        execution.spawn(lambda: body_of(request, name, method, args, kwargs), f"update-{name}", raises=False)

    def _carried_out(
        self, request: str, name: str, method: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> None:
        try:
            answer = _result(name, method(*args, **kwargs))
        except Exception as error:
            answer = _failure(error, "failed")
        self._answer(request, answer)

    async def _carried_out_later(
        self, request: str, name: str, method: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> None:
        try:
            answer = _result(name, await method(*args, **kwargs))
        except Exception as error:
            answer = _failure(error, "failed")
        self._answer(request, answer)

    def _answer(self, request: str, answer: dict[str, Any]) -> None:
        self.execution.record_marker(f"{commands.ANSWER}{request}", payload.encode(answer))


def _result(name: str, value: Any) -> dict[str, Any]:
    value = waited_for(value)
    payload.encoded(value, f"the answer of the update {name}")
    return {"result": value}


def _failure(error: BaseException, kind: str) -> dict[str, Any]:
    return {kind: {"error_type": type(error).__name__, "message": text_of(error)}}
