"""Durable workflows in plain Python: futures, a replaying decider, activity workers, on Amazon SWF or on this machine."""

from . import activity, futures
from .activity import Activity
from .queries import query
from .retry import RetryPolicy
from .updates import update
from .workflow import WaitForSignal, Workflow, logger

__version__ = "0.3.0"

__all__ = ["Activity", "RetryPolicy", "WaitForSignal", "Workflow", "activity", "futures", "logger", "query", "update"]
