"""The activities of steps: one reads which steps are done, one marks a step as done.

They run in workers, so what a decider decides depends on their results alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..activity import Activity
from .constants import STEP_ACTIVITY_PARAMS_DEFAULT, UNKNOWN_CONTEXT
from .marks import marks_at

__all__ = ["UNKNOWN_CONTEXT", "GetStepsDoneTask", "MarkStepDoneTask", "get_steps_done", "mark_step_done"]


class GetStepsDoneTask:
    """Reads the names of the steps that are marked as done.

    Args:
        bucket: as :func:`.marks_at` takes it.
        path: the beginning of the keys of the marks.
    """

    def __init__(self, bucket: str, path: str) -> None:
        self.bucket, self.path = bucket, path

    def execute(self) -> list[str]:
        """Return the names, sorted.

        Raises:
            DefinitionError, OSError, botocore.exceptions.ClientError: they cannot be read.
        """
        return marks_at(self.bucket).names(self.path)


class MarkStepDoneTask:
    """Marks a step as done, with the ids of the execution that has carried it out.

    Args:
        bucket: as :func:`.marks_at` takes it.
        path: the beginning of the key of the mark.
    """

    context: Mapping[str, Any]  #: set by the worker

    def __init__(self, bucket: str, path: str, step_name: str) -> None:
        self.bucket, self.path, self.step_name = bucket, path, step_name

    def execute(self) -> None:
        """Make the mark, or replace the former one.

        Raises:
            DefinitionError, OSError, botocore.exceptions.ClientError: it cannot be made.
        """
        context = getattr(self, "context", UNKNOWN_CONTEXT)
        content = json.dumps({key: context[key] for key in UNKNOWN_CONTEXT})
        marks_at(self.bucket).mark(self.path, self.step_name, content)


def get_steps_done(**params: Any) -> Activity[..., list[str]]:
    """Return the activity that reads which steps are done; ``params`` are those of :class:`.Activity`."""
    return _activity(GetStepsDoneTask, params)


def mark_step_done(**params: Any) -> Activity[..., None]:
    """Return the activity that marks a step as done; ``params`` are those of :class:`.Activity`."""
    return _activity(MarkStepDoneTask, params)


def _activity(task: type, params: dict[str, Any]) -> Activity[..., Any]:
    made: Activity[..., Any] = Activity(task, **params)
    made.declared_in = None  # whoever calls: a worker finds both in this module, by their names
    return made


# Made once at import, so that deciders register the types and workers find the bodies.
get_steps_done(**STEP_ACTIVITY_PARAMS_DEFAULT)
mark_step_done(**STEP_ACTIVITY_PARAMS_DEFAULT)
