"""The name under which users import `deciders.runs.due_runs`."""

from .runs.due_runs import DueRuns, NotDue, Run, due_runs, identity, identity_for, run_for

__all__ = ["DueRuns", "NotDue", "Run", "due_runs", "identity", "identity_for", "run_for"]
