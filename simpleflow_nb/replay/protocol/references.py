"""Types of what events and decisions refer to.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_Types.html
"""

from __future__ import annotations

from typing import TypedDict


class TypeName(TypedDict):
    """The name and version of a workflow or activity type."""

    name: str
    version: str


class TaskListName(TypedDict):
    name: str


class ExecutionIds(TypedDict):
    workflowId: str
    runId: str
