"""Queries for the objects of Amazon SWF."""

from .activity import ActivityTypeQuerySet
from .domain import DomainQuerySet
from .history import HistoryQuerySet
from .workflow import WorkflowExecutionQuerySet, WorkflowTypeQuerySet

__all__ = [
    "ActivityTypeQuerySet",
    "DomainQuerySet",
    "HistoryQuerySet",
    "WorkflowExecutionQuerySet",
    "WorkflowTypeQuerySet",
]
