"""The base of what a workflow can submit."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from .exceptions import DefinitionError

T_co = TypeVar("T_co", covariant=True)


class Submittable:
    """Something that :meth:`.Workflow.submit` takes: a task, a signal, a marker, a timer, a group of those."""

    instead_of_json: ClassVar[str] = "it is carried out by self.submit(...)"  #: for the message about such a value

    def propagate_attribute(self, attr: str, val: Any) -> None:
        """Set an attribute of this task alone, such as ``raises_on_failure``; its activity or class stays as it is."""

    def with_argument(self, value: Any) -> Submittable:
        """Return the same with another argument behind its own, for a chain that sends results on.

        Raises:
            DefinitionError: it takes none.
        """
        raise DefinitionError(
            f"{type(self).__name__} takes no arguments, so a chain cannot send it the result of the one before"
        )


class Giving(Submittable, Generic[T_co]):
    """Something whose future has a result of a type that is known to type checkers."""


class Parametric(Giving[T_co]):
    """Something that is submitted with arguments, as an activity is: ``self.submit(it, day="2013-02-22")``.

    Groups, chains, ``map``, ``for_each`` and ``repeat`` take it wherever they take an activity.
    """

    def given(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Submittable:
        """Return the task with these arguments, which may hold futures.

        Raises:
            DefinitionError: it does not take them.
        """
        raise NotImplementedError(f"{type(self).__name__}.given() makes the task; write it")

    def repeated(self, args: tuple[Any, ...], kwargs: dict[str, Any], index: int) -> Submittable:
        """Return the task of a repetition, counted from 0."""
        return self.given(args, {**kwargs, "repeat_index": index})


class SubmittableContainer(Submittable):
    """Several of those in one: a group or a chain."""

    def submit(self, executor: Any) -> Any:
        """Submit the parts; return the future of the whole."""
        return executor.submit(self)
