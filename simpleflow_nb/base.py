"""The base of what a workflow can submit."""

from __future__ import annotations

from typing import Any


class Submittable:
    """Something that :meth:`.Workflow.submit` takes: a task, a signal, a marker, a timer, a group of those."""

    def propagate_attribute(self, attr: str, val: Any) -> None:
        """Set an attribute of this task alone, such as ``raises_on_failure``; its activity or class stays as it is."""


class SubmittableContainer(Submittable):
    """Several of those in one: a group or a chain."""

    def submit(self, executor: Any) -> Any:
        """Submit the parts; return the future of the whole."""
        return executor.submit(self)
