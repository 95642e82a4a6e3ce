"""Runs that are looked at: replayed up to their last decision, with nothing decided."""

from __future__ import annotations

from simpleflow_nb.program import program
from simpleflow_nb.replay.observation import ObservedExecution

from .decision_checker import RUN_ID, reloaded


def observed(cls, events, run_id=RUN_ID, **options):
    """An execution that has observed these events; the caller kills it."""
    execution = ObservedExecution(program(cls), run_id=run_id, workflow_id="played", **options)
    execution.observe(reloaded(events))
    return execution
