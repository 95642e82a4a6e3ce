"""Domains, types, executions and polled tasks of Amazon SWF."""

from ....history import History
from .activity import ActivityTask, ActivityType
from .base import BaseModel
from .domain import Domain
from .workflow import WorkflowExecution, WorkflowType

__all__ = ["ActivityTask", "ActivityType", "BaseModel", "Domain", "History", "WorkflowExecution", "WorkflowType"]
