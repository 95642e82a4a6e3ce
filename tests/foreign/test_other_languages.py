"""Programs written with AWS's own SDKs in other languages, against ``service.start``.

Each is a decider, a worker and an operator at once, knows SWF and nothing of this project, and reports what its SDK has made of
the answers. The reports are the same in every language.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.settings import FOREIGN, are_other_languages_tried

from .cache import NotFetched
from .languages import FLOW, GO, JAVA, JAVASCRIPT, Client, Language

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not are_other_languages_tried(), reason=f"in CI clients in other languages are tried with {FOREIGN}=1"),
]

ORDER: dict[str, Any] = {
    "result": {"charged": "charge(reserve(tea))", "attempts": 2, "approved by": "Ann"},
    "execution": {
        "status": "CLOSED",
        "closed": "COMPLETED",
        "tags": ["tea", "urgent"],
        "policy": "TERMINATE",
        "context": "decided",
        "open timers": 0,
    },
    "faults": {
        "DomainAlreadyExistsFault": "foreign",
        "TypeAlreadyExistsFault": "ActivityType=[name=reserve, version=1]",
        "UnknownResourceFault": "Unknown execution: workflowId=nobody",
        "WorkflowExecutionAlreadyStartedFault": "Already Started: order-1",
    },
    "marker": "é",
    "events": {
        "ActivityTaskCompleted": 2,
        "ActivityTaskFailed": 1,
        "ActivityTaskScheduled": 3,
        "ActivityTaskStarted": 3,
        "MarkerRecorded": 1,
        "TimerFired": 1,
        "TimerStarted": 1,
        "WorkflowExecutionCompleted": 1,
        "WorkflowExecutionSignaled": 1,
        "WorkflowExecutionStarted": 1,
    },
    "longest page": 4,
    "backwards": True,
    "in order": True,
    "unknown types": [],
    "open": [f"idle-{number}" for number in range(5)],
    "closed": ["order-1 COMPLETED", *(f"idle-{number} TERMINATED" for number in range(5))],
    "activities": ["charge", "reserve"],
    "terminated": 5,
}


SHIPMENT: dict[str, Any] = {
    "result": {
        "packed": "packed by shipment-1",
        "causes": ["WORKFLOW_TYPE_DOES_NOT_EXIST", "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"],
    },
    "events": {
        "ChildWorkflowExecutionCompleted": 1,
        "ChildWorkflowExecutionStarted": 1,
        "ExternalWorkflowExecutionCancelRequested": 1,
        "ExternalWorkflowExecutionSignaled": 1,
        "RequestCancelExternalWorkflowExecutionInitiated": 1,
        "SignalExternalWorkflowExecutionFailed": 1,
        "SignalExternalWorkflowExecutionInitiated": 2,
        "StartChildWorkflowExecutionFailed": 1,
        "StartChildWorkflowExecutionInitiated": 1,
        "WorkflowExecutionCompleted": 1,
        "WorkflowExecutionStarted": 1,
    },
    "unknown types": [],
    "open children": 1,
    "watch": {"closed": "CANCELED", "asked": True, "details": "shipment-1"},
    "parcel": {"closed": "COMPLETED", "parent": "shipment-1", "tags": ["parcel"]},
    "held": {"closed": "TERMINATED", "parent": "hold-1", "tags": ["parcel"]},
}

RETIRE: dict[str, Any] = {
    "faults": {
        "DomainDeprecatedFault": "retired",
        "TooManyTagsFault": "52 tags; a domain may have 50",
        "TypeDeprecatedFault": "WorkflowType=[name=order, version=1]",
        "TypeNotDeprecatedFault": "WorkflowType=[name=order, version=1]",
    },
    "tags": {"team": "thé", "stage": "test"},
    "tags left": {"team": "thé"},
    "throttled": "Rate exceeded",
    "retired": "retired",
}

FLOW_ORDER: dict[str, Any] = {
    "result": "charge(reserve(tea))",
    "state": "approved by Ann",
    "events": {
        **{name: count for name, count in ORDER["events"].items() if name != "MarkerRecorded"},
        "TimerStarted": 2,  # the framework waits before it tries an activity again
        "TimerFired": 2,
    },
}

FLOW_SHIPMENT: dict[str, Any] = {
    "result": "packed tea",
    "events": {
        "ChildWorkflowExecutionCanceled": 1,
        "ChildWorkflowExecutionCompleted": 1,
        "ChildWorkflowExecutionStarted": 2,
        "ExternalWorkflowExecutionCancelRequested": 1,
        "ExternalWorkflowExecutionSignaled": 1,
        "RequestCancelExternalWorkflowExecutionInitiated": 1,
        "SignalExternalWorkflowExecutionInitiated": 1,
        "StartChildWorkflowExecutionInitiated": 2,
        "WorkflowExecutionCompleted": 1,
        "WorkflowExecutionStarted": 1,
    },
}


@pytest.fixture(scope="module", params=[GO, JAVA, JAVASCRIPT], ids=lambda language: language.name)
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """The program in one language."""
    return built(request.param, tmp_path_factory)


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """The program that uses the AWS Flow Framework."""
    return built(FLOW, tmp_path_factory)


def built(language: Language, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Build a program; skip where its tools, or what it is built from, are not to be had."""
    missing = language.missing_command()
    if missing is not None:
        pytest.skip(f"a client in {language.name} needs {missing}, which is not installed")
    folder: Path = tmp_path_factory.mktemp(language.name) / "built"
    try:
        return language.build(folder)
    except NotFetched as error:
        pytest.skip(f"what a client in {language.name} is built from was not fetched: {error}")


def test_an_order_is_carried_out_and_looked_at_by_a_client_in_another_language(client: Client, endpoint: str) -> None:
    assert client.report("order", endpoint) == ORDER


def test_executions_that_have_to_do_with_each_other_are_carried_out_by_a_client_in_another_language(
    client: Client, endpoint: str
) -> None:
    assert client.report("shipment", endpoint) == SHIPMENT


def test_what_is_no_longer_wanted_is_tagged_deprecated_and_deleted_by_a_client_in_another_language_that_is_throttled(
    client: Client, throttling: str
) -> None:
    assert client.report("retire", throttling) == RETIRE


def test_the_flow_framework_carries_out_a_workflow_of_its_own(flow: Client, endpoint: str) -> None:
    assert flow.report("order", endpoint) == FLOW_ORDER


def test_the_flow_framework_carries_out_workflows_that_have_to_do_with_each_other(flow: Client, endpoint: str) -> None:
    assert flow.report("shipment", endpoint) == FLOW_SHIPMENT
