"""SWF as objects: domains, types, executions and queries, on moto and on the local service."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from simpleflow_nb import Workflow, activity
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.swf.mapper import exceptions as faults
from simpleflow_nb.swf.mapper.constants import DEPRECATED, REGISTERED
from simpleflow_nb.swf.mapper.models import ActivityTask, ActivityType, Domain, WorkflowExecution, WorkflowType
from simpleflow_nb.swf.mapper.models.activity import ActivityTypeDoesNotExist
from simpleflow_nb.swf.mapper.models.base import Difference, ModelDiff
from simpleflow_nb.swf.mapper.models.domain import DomainDoesNotExist
from simpleflow_nb.swf.mapper.models.workflow import WorkflowExecutionDoesNotExist, WorkflowTypeDoesNotExist
from simpleflow_nb.swf.mapper.querysets import (
    ActivityTypeQuerySet,
    DomainQuerySet,
    HistoryQuerySet,
    WorkflowExecutionQuerySet,
    WorkflowTypeQuerySet,
)
from simpleflow_nb.swf.utils import get_workflow_execution, get_workflow_history
from simpleflow_nb.testing import harness

from .moto_server import environment, moto_endpoint


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_endpoint() as address:
        yield address


@pytest.fixture(params=["moto", "local service"])
def domain(request: pytest.FixtureRequest, endpoint: str) -> Iterator[Domain]:
    """A registered domain: on moto, with the client that all objects share, or of a service of its own."""
    name = f"shop-{uuid.uuid4().hex[:8]}"
    if request.param == "moto":
        with environment(AWS_ENDPOINT_URL=endpoint):
            yield DomainQuerySet().create(name, description="a shop", retention_period=7)
        return
    service = LocalService()
    try:
        yield DomainQuerySet(service=service).create(name, description="a shop", retention_period=7)
    finally:
        service.close()


def domains_beside(domain: Domain) -> DomainQuerySet:
    return DomainQuerySet(service=domain.service)


@pytest.fixture
def sums(domain: Domain) -> WorkflowType:
    return WorkflowTypeQuerySet(domain).create("sum", "1", task_list="sums", execution_timeout="60")


# ---- domains ---------------------------------------------------------------------------------------------------------------


def test_a_domain_is_registered_found_and_deprecated(domain):
    found = domains_beside(domain).get(domain.name)
    assert (found.name, found.status, found.description, found.retention_period) == (domain.name, REGISTERED, "a shop", "7")
    assert domain.exists
    assert domain.is_synced
    assert domain.name in [one.name for one in domains_beside(domain).all()]
    with pytest.raises(faults.AlreadyExistsError):
        domain.save()
    assert domains_beside(domain).get_or_create(domain.name, description="another").description == "a shop"
    if domain.service is not None:
        return  # domains cannot be deprecated there
    domain.delete()
    assert domain.changes.as_list() == [Difference("status", "REGISTERED", "DEPRECATED")]
    assert not domain.is_synced
    assert domain.name in [one.name for one in domains_beside(domain).all(DEPRECATED)]


def test_a_domain_that_there_is_not_is_told_as_such(domain):
    other = Domain("nowhere", service=domain.service)
    assert not other.exists
    assert not other.is_synced
    deprecations = (other.delete,) if domain.service is None else ()  # there is none on the local service
    for call in (*deprecations, other.upstream, lambda: domains_beside(domain).get("nowhere"), lambda: other.changes):
        with pytest.raises(DomainDoesNotExist) as refused:
            call()
        assert isinstance(refused.value, faults.DoesNotExistError)
        assert (refused.value.message, refused.value.error_code) == ("Unknown domain: nowhere", "UnknownResourceFault")


def test_a_domain_is_registered_when_it_is_first_asked_for(domain):
    made = domains_beside(domain).get_or_create(f"{domain.name}-2", retention_period=3)
    assert domains_beside(domain).get(made.name).retention_period == "3"


def test_what_an_object_has_does_not_change(domain):
    with pytest.raises(dataclasses.FrozenInstanceError):
        domain.name = "other"  # type: ignore[misc]  # that is refused
    assert repr(domain) == f"<Domain name={domain.name} status=REGISTERED>"


# ---- types -----------------------------------------------------------------------------------------------------------------


def test_an_activity_type_is_registered_found_and_deprecated(domain):
    types = ActivityTypeQuerySet(domain)
    made = types.get_or_create("add", "1", task_list="sums", task_heartbeat_timeout=30, description="adds")
    found = types.get("add", "1")
    assert (found.task_list, found.task_heartbeat_timeout, found.task_start_to_close_timeout) == ("sums", "30", "NONE")
    assert (found.description, found.status) == ("adds", REGISTERED)
    assert 0 < found.creation_date <= time.time() + 600
    assert types.get("add", "1", task_list="others").task_list == "others"
    assert types.get_or_create("add", "1", description="another").description == "adds"
    assert made.exists
    assert made.changes.differing_fields() == ["creation_date", "deprecation_date"]
    assert [one.name for one in types.all()] == ["add"] == [one.name for one in domain.activities()]
    if domain.service is not None:  # moto does not filter by name
        assert types.filter(name="subtract") == []
    with pytest.raises(faults.AlreadyExistsError):
        types.create("add", "1")
    made.delete()
    assert [one.status for one in domain.activities(DEPRECATED)] == [DEPRECATED]
    assert repr(made) == f"<ActivityType domain={domain.name} name=add version=1 status=REGISTERED>"


def test_a_workflow_type_is_registered_found_and_deprecated(domain, sums):
    types = WorkflowTypeQuerySet(domain)
    found = types.get("sum", "1")
    assert (found.task_list, found.child_policy, found.execution_timeout, found.decision_tasks_timeout) == (
        "sums",
        "TERMINATE",
        "60",
        "300",
    )
    assert types.get("sum", "1", execution_timeout="5").execution_timeout == "5"
    assert types.get_or_create("sum", "1", task_list="others").task_list == "sums"
    assert sums.exists
    assert sums.changes.differing_fields() == ["creation_date", "deprecation_date"]
    assert [one.name for one in types.filter(name="sum")] == ["sum"] == [one.name for one in domain.workflows()]
    with pytest.raises(faults.AlreadyExistsError):
        sums.save()
    sums.delete()
    assert [one.status for one in types.all(DEPRECATED)] == [DEPRECATED]


def test_types_that_there_are_not_are_told_as_such(domain):
    add, total = ActivityType(domain, "add", "9"), WorkflowType(domain, "sum", "9")
    assert (add.exists, total.exists) == (False, False)
    for call, expected in [
        (add.upstream, ActivityTypeDoesNotExist),
        (add.delete, ActivityTypeDoesNotExist),
        (total.upstream, WorkflowTypeDoesNotExist),
        (total.delete, WorkflowTypeDoesNotExist),
        (lambda: total.start_execution("w"), WorkflowTypeDoesNotExist),
        (ActivityType(Domain("nowhere", service=domain.service), "add", "1").save, faults.DoesNotExistError),
    ]:
        with pytest.raises(expected):
            call()


@pytest.mark.parametrize("query", [ActivityTypeQuerySet, WorkflowTypeQuerySet, WorkflowExecutionQuerySet, HistoryQuerySet])
def test_a_query_is_for_a_domain(query):
    with pytest.raises(TypeError) as refused:
        query("shop")
    assert str(refused.value) == "'shop' is no Domain"
    made = query(Domain("shop"))
    made.domain = Domain("other")
    assert made.domain.name == "other"
    with pytest.raises(TypeError):
        made.domain = None


def test_a_child_policy_is_one_of_three(domain):
    with pytest.raises(ValueError, match="policy") as refused:
        WorkflowType(domain, "sum", "1", child_policy="ADOPT")
    assert str(refused.value) == "'ADOPT' is no child policy; it is one of TERMINATE, REQUEST_CANCEL, ABANDON"


# ---- executions --------------------------------------------------------------------------------------------------------------


def test_an_execution_is_started_found_signalled_and_terminated(domain, sums):
    started = sums.start_execution("w", input={"args": [1]}, tag_list="mine", decision_tasks_timeout="10")
    executions = WorkflowExecutionQuerySet(domain)
    found = executions.get("w", started.run_id)
    assert (found.status, found.task_list, found.execution_timeout, found.decision_tasks_timeout) == (
        "OPEN",
        "sums",
        "60",
        "10",
    )
    assert (found.tag_list, found.parent, found.close_status) == (["mine"], {}, None)
    assert found.open_counts["openDecisionTasks"] == 1
    assert (found.workflow_type.name, found.workflow_type.version) == ("sum", "1")
    assert found.exists
    with pytest.raises(faults.WorkflowExecutionAlreadyStartedError):
        sums.start_execution("w")
    started.signal("hurry", {"now": True})
    assert [event.id for event in started.history().events if event.type == "WorkflowExecution"] == [1, 3]
    assert started.history().signals["hurry"]["input"] == {"now": True}
    started.terminate(reason="enough", details="of it")
    closed = executions.get("w", started.run_id)
    assert (closed.status, closed.close_status) == ("CLOSED", WorkflowExecution.CLOSE_STATUS_TERMINATED)
    assert closed.changes.as_list() == []
    assert "status" in started.changes
    with pytest.raises(WorkflowExecutionDoesNotExist):
        started.signal("late")
    assert repr(closed).startswith(f"<WorkflowExecution domain={domain.name} workflow_id=w run_id=")


def test_executions_are_found_by_status_id_tag_type_and_time(domain, sums):
    others = WorkflowTypeQuerySet(domain).create("product", "1", task_list="sums")
    sums.start_execution("w1", tag_list=["mine", "red"])
    others.start_execution("w2")
    sums.start_execution("w3").terminate()
    executions = WorkflowExecutionQuerySet(domain)
    for found, ids in [
        (executions.all(), {"w1", "w2"}),
        (executions.all("CLOSED"), {"w3"}),
        (executions.filter(tag="red"), {"w1"}),
        (executions.filter(oldest_date=1), {"w1", "w2"}),
        (executions.filter("CLOSED", start_oldest_date=1), {"w3"}),
    ]:
        assert {one.workflow_id for one in found} == ids
    if domain.service is not None:  # moto does not filter by these
        assert [one.workflow_id for one in executions.filter(workflow_id="w2")] == ["w2"]
        assert [one.workflow_id for one in executions.filter(workflow_type_name="product")] == ["w2"]
        assert executions.filter(workflow_type_name="product", workflow_type_version="2") == []
        assert [one.workflow_id for one in executions.filter("CLOSED", close_oldest_date=1)] == ["w3"]
        assert [one.workflow_id for one in executions.filter("CLOSED", close_status="TERMINATED")] == ["w3"]
        assert executions.filter("CLOSED", close_status="FAILED") == []
    (first,) = executions.filter("CLOSED")
    assert executions.get_workflow_type({"workflowType": {"name": "sum", "version": "1"}}).task_list == "sums"
    assert first.start_timestamp <= (first.close_timestamp or time.time())  # moto's lists lack it


def test_a_callback_is_told_of_each_page(domain, sums):
    started, told = sums.start_execution("w"), []
    WorkflowExecutionQuerySet(domain).filter(callback=lambda **what: told.append(what))
    assert [what["loop_number"] for what in told] == [0, 1, 1]
    assert [what["response"] is None for what in told] == [False, False, True]
    told.clear()
    assert len(started.history_events(lambda **what: told.append(what["loop_number"]))) == 2
    assert told == [0, 1, 1]


@pytest.mark.parametrize(
    ("status", "filters", "told"),
    [
        ("OPEN", {"close_status": "FAILED"}, "close_status cannot filter OPEN executions; there are oldest_date, latest_date"),
        ("LOST", {"oldest_date": 1}, "oldest_date cannot filter LOST executions; there are no such executions"),
    ],
)
def test_a_filter_that_a_status_does_not_have_is_refused(domain, status, filters, told):
    with pytest.raises(faults.InvalidKeywordArgumentError) as refused:
        WorkflowExecutionQuerySet(domain).filter(status, **filters)
    assert str(refused.value) == told


def test_an_execution_has_five_tags_at_most_and_a_status_that_there_is(domain, sums):
    with pytest.raises(ValueError, match="an execution has at most 5 tags, and these are 6"):
        sums.start_execution("w", tag_list=list("abcdef"))
    with pytest.raises(ValueError, match="'LOST' is no status of executions; it is one of OPEN, CLOSED"):
        list(WorkflowExecutionQuerySet(domain).list_workflow_executions("LOST"))


# ---- on the local service ----------------------------------------------------------------------------------------------------


@activity.with_attributes(task_list="sums")
def add(x: int, y: int) -> int:
    return x + y


class Sum(Workflow):
    name, version = "object.sum", "1"

    def run(self, x: int) -> int:
        for y in range(x):
            x = self.submit(add, x, y).result
        return x


@activity.with_attributes(task_list="sums")
def hurry_up() -> list[str]:
    """Send the own run a signal, as an activity of simpleflow's would."""
    context = hurry_up.context
    assert context is not None
    execution = get_workflow_execution(context["domain_name"], context["workflow_id"], context["run_id"])
    execution.signal("hurry", {"from": context["activity_id"]})
    history = get_workflow_history(context["domain_name"], context["workflow_id"])
    return [execution.workflow_id, execution.domain.name, *history.signals]


class Hurried(Workflow):
    name, version, task_list = "object.hurried", "1", "sums"

    def run(self) -> list[object]:
        done = self.submit(hurry_up)
        return [self.submit(self.wait_signal("hurry")).result["from"], *done.result]


def test_an_activity_reaches_its_own_run_on_whatever_service_that_is():
    with harness(Hurried) as opened:
        workflow_id, run_id = opened.start(Hurried, workflow_id="w")
        assert opened.result(workflow_id, run_id) == [f"activity-{hurry_up.name}-1", "w", DOMAIN, "hurry"]


def test_an_execution_is_found_by_its_id_alone(domain, sums):
    started = sums.start_execution("w")
    other = get_workflow_execution(domain.name, "w", service=domain.service)
    assert (other.run_id, other.status) == (started.run_id, "OPEN")
    started.terminate()
    closed = get_workflow_execution(domain.name, "w", service=domain.service)
    assert (closed.run_id, closed.status) == (started.run_id, "CLOSED")
    if domain.service is not None:  # moto does not filter by id
        with pytest.raises(ValueError, match=f"^no execution in {domain.name} has the workflow id nowhere$"):
            get_workflow_execution(domain.name, "nowhere", service=domain.service)


def test_objects_may_be_of_any_service_and_histories_have_pages():
    with harness(Sum) as opened:
        workflow_id, run_id = opened.start(Sum, 3, workflow_id="w")
        assert opened.result(workflow_id, run_id) == 6
        local = Domain(DOMAIN, service=opened.service)
        execution = WorkflowExecution(local, workflow_id, run_id).upstream()
        assert execution.close_status == WorkflowExecution.CLOSE_STATUS_COMPLETED
        whole = execution.history()
        assert list(whole.activities) == [f"activity-{add.name}-{number}" for number in (1, 2, 3)]
        assert execution.history_events(maximumPageSize=5) == execution.history_events()
        histories = HistoryQuerySet(local)
        assert len(histories.get(run_id, workflow_id).events) == len(whole.events)
        assert [event.id for event in histories.get(run_id, workflow_id, max_results=3, page_size=2).events] == [1, 2, 3]
        newest = histories.get(run_id, workflow_id, max_results=1, reverse=True).events
        assert [event.name for event in newest] == ["WorkflowExecutionCompleted"]
        with pytest.raises(WorkflowExecutionDoesNotExist):
            histories.get("no-such-run", workflow_id)
        with pytest.raises(WorkflowExecutionDoesNotExist):
            execution.request_cancel()


def test_a_polled_task_is_an_object(domain, sums):
    task = ActivityTask.from_poll(
        domain,
        "sums",
        {
            "taskToken": "t",
            "activityId": "a",
            "startedEventId": 6,
            "activityType": {"name": "add", "version": "1"},
            "workflowExecution": {"workflowId": "w", "runId": "r"},
            "input": "{}",
        },
    )
    assert (task.task_token, task.activity_id, task.started_event_id, task.input) == ("t", "a", 6, "{}")
    assert (task.activity_type.name, task.workflow_execution.workflow_id) == ("add", "w")
    assert task.context["taskToken"] == "t"


# ---- differences and faults --------------------------------------------------------------------------------------------------


def test_differences_are_of_attributes_that_are_not_equal():
    found = ModelDiff(("a", 1, 1), ("b", 1, 2), ("c", None, 3), ignore_fields=["c"])
    assert (len(found), "b" in found, "a" in found, found[0]) == (1, True, False, Difference("b", 1, 2))
    found.add_input(("d", "x", "y"), ("c", 0, 1))
    found.merge(ModelDiff(("e", 0, 1)))
    assert found.differing_fields() == ["b", "d", "e"]
    assert list(found) == found.as_list()


@pytest.mark.parametrize(
    ("raw_error", "kind", "details", "type_", "text"),
    [
        ("", "", "", None, "message"),
        ("Some kind", "Some kind", "", "some_kind", "message"),
        ("kind:  details ", "kind", "details", "kind", "message\nReason: kind, details"),
    ],
)
def test_an_error_of_swf_says_its_kind(raw_error, kind, details, type_, text):
    error = faults.SWFError("message", raw_error, "Fault")
    assert (error.message, error.kind, error.details, error.type_, error.error_code) == (
        "message",
        kind,
        details,
        type_,
        "Fault",
    )
    assert str(error) == repr(error) == text


def unknown(message: str) -> Exception:
    client = boto3.client("swf", region_name="eu-west-1")
    return client.exceptions.UnknownResourceFault(
        {"Error": {"Code": "UnknownResourceFault", "Message": message}}, "DescribeDomain"
    )


@pytest.mark.parametrize(
    ("message", "resource", "is_unknown"),
    [
        ("Unknown domain: shop", "domain", True),
        ("Unknown domain: shop", ("execution", "domain"), True),
        ("Unknown domain: shop", "ActivityType", False),
        ("Unknown type: ActivityType=[name=a, version=1]", "ActivityType", True),
        ("Unknown execution: WorkflowExecution=[workflowId=w, runId=r]", ("WorkflowExecution", "workflowId"), True),
        ("something else", "domain", False),
    ],
)
def test_the_resource_that_is_unknown_is_in_the_message(message, resource, is_unknown):
    assert faults.is_unknown(resource)(unknown(message)) is is_unknown
    assert not faults.is_unknown(resource)(ValueError(message))


def test_exceptions_of_boto3_are_caught_translated_and_raised_as_others():
    error = unknown("Unknown domain: shop")

    def fail(*_: Any) -> str:
        raise error

    def nope() -> str:
        raise ValueError("nope")

    caught: Callable[..., Any] = faults.catch(Exception, handle_with=faults.ignore)(fail)
    assert caught() is None
    assert faults.is_not(ValueError)(nope)() is False
    with pytest.raises(faults.ResponseError) as translated:
        faults.translate(Exception, to=faults.ResponseError)(fail)()
    assert (translated.value.message, translated.value.error_code) == ("Unknown domain: shop", "UnknownResourceFault")
    handler = faults.raises(
        faults.DoesNotExistError, when=faults.is_unknown("domain"), extract=faults.generate_resource_not_found_message
    )
    with pytest.raises(faults.DoesNotExistError):
        faults.catch([Exception], handle_with=handler)(fail)()
    with pytest.raises(ValueError, match="nope"):
        faults.catch(ValueError, handle_with=handler, log=True)(nope)()
    with pytest.raises(ValueError, match="nope"):
        faults.catch(ValueError)(nope)()
    assert (faults.always(1)("any"), faults.always(lambda: 2)(), faults.always(int)()) == (1, 2, int)
    assert faults.generate_resource_not_found_message(error) == "Resource domain does not exist"
    assert (faults.extract_error_code(error), faults.extract_error_code(ValueError())) == ("UnknownResourceFault", None)
    assert (faults.extract_message(error), faults.extract_message(ValueError("x"))) == ("Unknown domain: shop", None)


def test_throttling_is_told_as_such():
    class Service:
        def describe_domain(self, **_: Any) -> None:
            raise boto3.client("swf", region_name="eu-west-1").exceptions.ClientError(
                {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "DescribeDomain"
            )

    with pytest.raises(faults.RateLimitExceededError, match="Rate exceeded"):
        Domain("shop", service=Service()).upstream()


def test_the_local_service_needs_no_client():
    service = LocalService()
    try:
        assert Domain(DOMAIN, service=service).exists
        assert not Domain("nowhere", service=service).exists
    finally:
        service.close()
