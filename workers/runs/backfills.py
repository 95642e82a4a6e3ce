"""Starting a backfill: an execution that starts the requested runs in order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from deciders import activities as declared
from deciders.backfill_workflow import BackfillWorkflow
from deciders.specification import Specification
from simpleflow_nb import payload
from simpleflow_nb.processes.payload_directory import Payloads, kept
from simpleflow_nb.service_faults import ALREADY_STARTED, fault_code
from simpleflow_nb.swf_service import SwfService
from simpleflow_nb.workflow import execution_input

from .kept_specification import by_reference as referring


def start_backfill(
    service: SwfService,
    domain: str,
    specification: Specification,
    outputs: str,
    payloads: Payloads,
    requests: Sequence[dict[str, Any]],
    *,
    by_reference: bool = False,
    most_at_once: int | None = None,
    starts_per_second: float | None = None,
) -> tuple[str, str | None]:
    """Start a backfill and return its workflow id and run id. The run id is None if the same backfill is open already.

    ``requests`` are those of `run_request`, at least one. ``by_reference`` keeps the specification out
    of the history, for a service whose workers all have the same ``payloads``.
    """
    workflow_id = backfill_id(requests, outputs)
    arguments = {
        "specification": referring(specification, payloads) if by_reference else specification.model_dump(mode="json"),
        "outputs": outputs,
        "requests": list(requests),
        "most_at_once": most_at_once,
        "starts_per_second": starts_per_second,
    }
    try:
        started = service.start_workflow_execution(
            domain=domain,
            workflowId=workflow_id,
            workflowType={"name": BackfillWorkflow.type_name(), "version": BackfillWorkflow.version},
            taskList={"name": declared.DECISIONS},
            input=kept(execution_input(BackfillWorkflow, {"kwargs": arguments}), payloads),
        )
    except Exception as error:
        if fault_code(error) == ALREADY_STARTED:
            return workflow_id, None
        raise
    return workflow_id, started["runId"]


def backfill_id(requests: Sequence[dict[str, Any]], outputs: str) -> str:
    """Return the workflow id of the backfill that starts these runs: the same one is never open twice."""
    names = dict.fromkeys(request["entry"]["workflow_name"] for request in requests)
    digest = hashlib.sha256(payload.encode([list(requests), outputs]).encode()).hexdigest()[:12]
    return f"backfill-{'-'.join(names)[:100]}-{digest}"
