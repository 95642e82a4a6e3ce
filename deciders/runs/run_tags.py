"""The tags of a notebook run's execution: what a listing knows of a run without reading its history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Self

from .identity import identity_of_run, instance_name

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class RunTags(NamedTuple):
    """The name of the workflow, then the reference date of the run or, without one, its instance."""

    workflow: str
    reference_date: str | None
    instance: str  #: the name of its folder

    @classmethod
    def of_execution(cls, tags: Sequence[str] | None, workflow_id: str) -> Self:
        """Read the tags of an execution of that id, also where other programs have started it without any."""
        name, second = (*(tags or ()), "", "")[:2]
        if _DATE.fullmatch(second):
            return cls(name, second, instance_name(second, identity_of_run(workflow_id)))
        return cls(name, None, second or instance_name(None, identity_of_run(workflow_id)))

    def written(self) -> list[str]:
        """As `of_execution` takes them."""
        return [self.workflow, self.reference_date or self.instance]

    @property
    def title(self) -> str:
        """NAME/INSTANCE, as commands take a RUN."""
        return f"{self.workflow}/{self.instance}"
