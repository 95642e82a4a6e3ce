"""The definition of a step: its function, with what its decorators say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ....exceptions import DefinitionError

#: The attribute of a function that holds its definition.
_ATTRIBUTE = "step"


class Step:
    """The definition of a step, which its decorators have written on its function as ``function.step``.

    Conditions of ``optional`` are asked with it, and ``graph.get_step`` takes it.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.run_ids: list[str] = []
        self.is_decorated = False  #: with ``@step``; else only with what goes with it
        self.predecessors: tuple[Any, ...] | None = None  #: as ``needs`` gives them; None without it
        self.has_foreach = self.has_join = False
        self.repetitions: Any = None  #: None without ``repeat``
        self.condition: Callable[[Step], Any] | None = None
        self.app: dict[str, Any] | None = None  #: the arguments of ``app``
        self.name: str = function.__name__  #: in its flow

    def get_id(self) -> str:
        """Return the name of the step."""
        return self.name

    def is_needs(self) -> bool:
        """Return whether it names predecessors."""
        return self.predecessors is not None

    def is_foreach(self) -> bool:
        """Return whether its successors run once for each item of its result."""
        return self.has_foreach

    def is_join(self) -> bool:
        """Return whether it takes all combinations of its predecessors' results as one list."""
        return self.has_join

    def is_repeat(self) -> bool:
        """Return whether it runs several times with the same input."""
        return self.repetitions is not None

    def get_repetitions(self) -> int:
        """Return how often it runs with the same input."""
        return 1 if self.repetitions is None else int(self.repetitions)

    def is_app(self) -> bool:
        """Return whether it runs an app."""
        return self.app is not None

    def get_app_id(self) -> str | None:
        """Return the id of the app that it runs; None if it runs none."""
        return None if self.app is None else str(self.app["app_id"])

    def get_run_ids(self) -> list[str]:
        """Return the ids of the runs of its app."""
        return self.run_ids

    def set_run_ids(self, run_ids: Sequence[str]) -> None:
        """Note the ids of the runs of its app."""
        self.run_ids = list(run_ids)

    @property
    def place(self) -> str:
        """The place of its function, ``flow.py:12``; its name if it is not written in Python."""
        code = getattr(self.function, "__code__", None)
        return self.name if code is None else f"{code.co_filename.rpartition('/')[2]}:{code.co_firstlineno}"

    def __repr__(self) -> str:
        return f"Step({self.name})"


def plain_function(given: Any) -> Any:
    """Return the function behind a static or bound method, else what was given."""
    return getattr(given, "__func__", given)


def known_definition(given: Any) -> Step | None:
    """Return the definition that decorators have written on a function; None if there is none."""
    found = getattr(plain_function(given), "__dict__", {}).get(_ATTRIBUTE)
    return found if isinstance(found, Step) else None


def definition_of(given: Any) -> Step:
    """Return the definition of a function, made now if there is none.

    Raises:
        DefinitionError: it is no function.
    """
    function = plain_function(given)
    if not hasattr(function, "__code__"):
        raise DefinitionError(f"{given!r:.80} is no function, so it cannot be a step; write the decorator above a def")
    known = known_definition(function)
    if known is None:
        known = Step(function)
        setattr(function, _ATTRIBUTE, known)
    return known
