"""Starting one run on a service, for deciders and workers anywhere to carry out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ...application.workflow_files import has_ending
from ...exceptions import DefinitionError
from ...processes.connection import payload_directory
from ...processes.decider import Decider
from ...processes.payload_directory import kept
from ...processes.workflow_classes import workflow_class
from ...service_faults import ALREADY_STARTED, fault_code
from ...workflow import execution_input
from ..progress import say


def start_remotely(
    service: Any,
    domain: str,
    workflow: str,
    arguments: dict[str, Any],
    *,
    outputs: Path | None,
    payloads: Path | None,
    task_list: str | None,
    workflow_id: str | None,
    tags: list[str],
    execution_timeout: int | None,
    adopt: bool = False,
) -> tuple[str, str]:
    """Start a workflow class, or ``FILE.yml:NAME``; returns its workflow id and run id.

    Raises:
        WorkflowNotFound: there is no such class.
        DefinitionError: there is no workflow NAME, it names no task list, or a run of that id is open.
        SourceError: data that are to be remembered with the run cannot be read.
    """
    file, colon, name = workflow.rpartition(":")
    if colon and has_ending(file):
        return _start_notebooks(service, domain, Path(file), name, arguments, outputs, payloads, adopt=adopt)
    cls = workflow_class(workflow)
    task_list = task_list or cls.task_list
    if task_list is None:
        raise DefinitionError(f"{workflow} names no task list; give --task-list, the one its decider polls")
    tags = tags or cls.tags(arguments)
    Decider(service, domain, task_list, [cls]).register_types()
    workflow_id = workflow_id or f"{cls.type_name()}-{cls.version}-{int(time.time() * 1000)}"
    body: dict[str, Any] = {"executionStartToCloseTimeout": str(execution_timeout)} if execution_timeout else {}
    try:
        started = service.start_workflow_execution(
            domain=domain,
            workflowId=workflow_id,
            workflowType={"name": cls.type_name(), "version": cls.version},
            taskList={"name": task_list},
            tagList=tags,
            input=kept(execution_input(cls, arguments), payload_directory(payloads)) or "",
            **body,
        )
    except Exception as error:
        if fault_code(error) == ALREADY_STARTED:
            raise _open_already(workflow_id) from None
        raise
    return workflow_id, started["runId"]


def _start_notebooks(
    service: Any,
    domain: str,
    file: Path,
    name: str,
    arguments: dict[str, Any],
    outputs: Path | None,
    payloads: Path | None,
    *,
    adopt: bool,
) -> tuple[str, str]:
    from ...application.owners import claim
    from ..notebooks.notebook_run import requested

    specification, instance, folder = requested(file, name, arguments, outputs)
    from deciders.activities import DECISIONS
    from deciders.notebook_workflow import NotebookWorkflow
    from workers.runs.run_origin import present_user
    from workers.runs.run_starts import start_run

    for sentence in claim([specification], folder, domain=domain, adopt=adopt):
        say(sentence)
    Decider(service, domain, DECISIONS, [NotebookWorkflow]).register_types()
    store = payload_directory(payloads, folder)
    by = present_user()
    run_id = start_run(service, domain, specification, instance, str(folder), store, rerun=True, started_by=by)
    if run_id is None:
        raise _open_already(instance.workflow_id)
    return instance.workflow_id, run_id


def _open_already(workflow_id: str) -> DefinitionError:
    return DefinitionError(f"a run with the id {workflow_id!r} is open; choose another --workflow-id, or wait for it")
