"""The name under which users import `deciders.runs.due_runs`; ``Run`` is the name that `PlannedRun` had there in 0.1."""

from .runs.due_runs import DueRuns, NotDue, due_runs
from .runs.identity import identity
from .runs.planned_run import PlannedRun, identity_for, run_for

Run = PlannedRun

__all__ = ["DueRuns", "NotDue", "PlannedRun", "Run", "due_runs", "identity", "identity_for", "run_for"]
