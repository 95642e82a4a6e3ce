"""The tags of a notebook run's execution, from which a listing describes a run without reading its history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Self

from .identity import identity_of_run, instance_name

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class RunTags(NamedTuple):
    """The name of the workflow, then the reference date of the run or, for a run without one, its instance."""

    workflow: str
    reference_date: str | None
    instance: str  #: the name of its folder

    @classmethod
    def of_execution(cls, tags: Sequence[str] | None, workflow_id: str) -> Self:
        """Read the tags of the execution with that id, even if another program started it without tags."""
        name, second = (*(tags or ()), "", "")[:2]
        if _DATE.fullmatch(second):
            return cls(name, second, instance_name(second, identity_of_run(workflow_id)))
        return cls(name, None, second or instance_name(None, identity_of_run(workflow_id)))

    def written(self) -> list[str]:
        """Return the tags in the form that `of_execution` reads."""
        return [self.workflow, self.reference_date or self.instance]

    @property
    def title(self) -> str:
        """NAME/INSTANCE, as commands take a RUN."""
        return f"{self.workflow}/{self.instance}"
