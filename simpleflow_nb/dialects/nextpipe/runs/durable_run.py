"""Runs of flows that survive their process, in a journal."""

from __future__ import annotations

import logging
from os import PathLike
from pathlib import Path
from typing import Any

from ....application.events import Note
from ....application.executions.class_runs import ClassRun, start_class_here
from ....application.executions.run_queries import query_run
from ....application.services import Local
from ....exceptions import DefinitionError, TaskFailed
from .durable_bodies import VALUES, own_run
from .flow_types import workflow_of
from .values import ChangedValue, made_of

logger = logging.getLogger("simpleflow_nb")


def run_durably(flow: Any, journal: str | PathLike[str]) -> None:
    """Run a flow in a journal, or go on with its interrupted run, and give its graph the nodes.

    Raises:
        RuntimeError: a step has failed, or the run cannot go on.
        DefinitionError: no other process could import the flow, or its input is no JSON value.
    """
    cls = type(flow)
    workflow = workflow_of(cls)
    if "<locals>" in cls.__qualname__:
        raise DefinitionError(
            f"{cls.__qualname__} is defined in a function, so no other process could go on with a run of it; "
            "define it in a module, or run it without 'local'"
        )
    try:
        value = VALUES.put(flow.input, f"the input of flow {flow.name!r} is")
    except ChangedValue as error:
        raise DefinitionError(str(error)) from None
    given: dict[str, Any] = {"name": flow.name, "input": value}
    settings = {"thread_count": flow.config.thread_count, "max_step_inputs": flow.config.max_step_inputs}
    defaults = {"thread_count": 0, "max_step_inputs": 50}
    told = given | {name: setting for name, setting in settings.items() if setting != defaults[name]}
    path = Path(journal)
    with own_run(flow, given | settings) as own:
        call = start_class_here(ClassRun(workflow.class_path(), {"kwargs": told}), path, workers=flow.config.threads)
        while True:
            try:
                event = next(call)
            except StopIteration as stopped:
                end = stopped.value
                break
            if isinstance(event, Note):
                logger.log(logging.WARNING if event.is_warning else logging.INFO, "%s", event.text)
        if end.status == "open":
            raise RuntimeError(f"Flow {flow.name} has not ended: {'; '.join(end.notes)}")
        report = query_run(Local(path), end.workflow_id, "nodes", run_id=end.run_id, workflow=workflow.class_path()).answer
        flow.graph.take(report["steps"], lambda kept: made_of(kept, VALUES))
        if (failure := report["failure"]) is not None:
            task = TaskFailed(failure["node"], failure["text"], failure["details"])
            cause = own.errors.get((end.run_id, failure["node"])) or task
            raise RuntimeError(f"Flow failed: Step {failure['step']} failed: {failure['text']}") from cause
    if not end.is_completed:
        raise RuntimeError(f"Flow failed: {end.sentence}{f': {end.reason}' if end.reason else ''}")
