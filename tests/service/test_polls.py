"""Long polls, pages of histories, and listings."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from simpleflow_nb.local.clock import Clock
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.service import DOMAIN, LocalService

from .conformance import history_problems
from .manual_client import FLOW, ManualClient, StillClock, complete, continue_as_new, fail, marker, schedule


def _in_threads(count, call):
    """What the calls return, in the order in which they return."""
    found: list = []
    threads = [threading.Thread(target=lambda: found.append(call()), daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, found


def _joined(threads):
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def _wait_until(is_so):
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_a_waiting_poll_wakes_at_once_and_each_task_goes_to_one_of_them():
    client = ManualClient(poll_seconds=60)
    threads, found = _in_threads(4, client.decision_task)
    _wait_until(lambda: client.local.home.decision_lists["flows"].waiting == 4)
    for n in range(4):
        client.start(f"run-{n}")
    _joined(threads)
    assert sorted(task["workflowExecution"]["workflowId"] for task in found) == [f"run-{n}" for n in range(4)]
    threads, found = _in_threads(2, client.activity_task)
    _wait_until(lambda: client.local.home.activity_lists["work"].waiting == 2)
    client.start("more")
    client.decide(schedule("a-1"), schedule("a-2"))
    _joined(threads)
    assert sorted(task["activityId"] for task in found) == ["a-1", "a-2"]
    client.close()


def test_a_poll_answers_with_nothing_when_its_time_is_over():
    service = LocalService(poll_seconds=0.05)
    before = time.monotonic()
    assert service.poll_for_decision_task(domain=DOMAIN, taskList={"name": "x"})["taskToken"] == ""
    assert service.poll_for_activity_task(domain=DOMAIN, taskList={"name": "x"})["taskToken"] == ""
    assert time.monotonic() - before >= 0.1
    service.close()


def test_closing_the_service_answers_every_poll_with_nothing():
    client = ManualClient(poll_seconds=60)
    threads, found = _in_threads(2, client.decision_task)
    more, also_found = _in_threads(2, client.activity_task)
    _wait_until(
        lambda: client.local.home.decision_lists["flows"].waiting + client.local.home.activity_lists["work"].waiting == 4
    )
    client.close()
    _joined(threads + more)
    assert [task["taskToken"] for task in found + also_found] == [""] * 4


def test_a_poll_ends_by_its_time_also_when_the_tasks_it_finds_are_stale():
    """Tasks of executions that have closed meanwhile stay in their list until somebody comes by."""
    client = ManualClient(poll_seconds=0.5)
    client.start()
    client.decide(*[schedule(f"a-{n}") for n in range(100)])
    client.terminate()
    before = time.monotonic()
    assert not client.activity_task().get("taskToken")
    assert time.monotonic() - before < 25  # not half a second for each of them
    client.close()


# ---- pages -------------------------------------------------------------------------------------------------------------------


def _open_task(client, markers):
    """A decision task whose history has 3 + 3 + markers + 1 events, started as the last of them; signals come after it."""
    client.start()
    client.decide(*[marker(f"m{n}") for n in range(markers)])
    client.signal("wake")


def _pages(client, **options):
    task = client.decision_task(**options)
    pages = [task]
    while "nextPageToken" in pages[-1]:
        client.signal("later")  # what comes after the decision task was started is not for this decision
        pages.append(client.decision_task(nextPageToken=pages[-1]["nextPageToken"], **options))
        assert pages[-1]["taskToken"] == task["taskToken"]
    return [[event["eventId"] for event in page["events"]] for page in pages]


@pytest.mark.parametrize("markers", [0, 1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 100])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("only_new", [False, True])
def test_the_pages_of_a_poll_are_its_history_cut_up(client, markers, size, reverse, only_new):
    _open_task(client, markers)
    pages = _pages(client, maximumPageSize=size, reverseOrder=reverse, startAtPreviousStartedEvent=only_new)
    wanted = list(range(3 if only_new else 1, 4 + markers + 3 + 1))
    if reverse:
        wanted.reverse()
    assert [event_id for page in pages for event_id in page] == wanted
    assert {len(page) for page in pages[:-1]} <= {size}
    assert 0 < len(pages[-1]) <= size


def test_the_pages_of_a_poll_end_with_its_decision_task(client):
    _open_task(client, 3)
    task = client.decision_task(maximumPageSize=2)
    client.respond(task, complete())
    with pytest.raises(Fault, match=r"UnknownResourceFault: the decision task of this page is over"):
        client.decision_task(nextPageToken=task["nextPageToken"])


@pytest.mark.parametrize(
    "call",
    ["poll_for_decision_task", "get_workflow_execution_history", "list_open_workflow_executions", "list_activity_types"],
)
def test_a_page_token_that_was_never_given_out_is_refused(client, call):
    run_id = client.start()
    requests: dict[str, dict[str, Any]] = {
        "poll_for_decision_task": {"taskList": {"name": "flows"}},
        "get_workflow_execution_history": {"execution": {"workflowId": "run", "runId": run_id}},
        "list_open_workflow_executions": {"startTimeFilter": {"oldestDate": 0}},
        "list_activity_types": {"registrationStatus": "REGISTERED"},
    }
    with pytest.raises(Fault, match=r"^ValidationException: Invalid token: 'nonsense'$"):
        getattr(client.swf, call)(domain=DOMAIN, nextPageToken="nonsense", **requests[call])


@pytest.mark.parametrize("size", [1, 2, 3, 1_000])
@pytest.mark.parametrize("reverse", [False, True])
def test_the_pages_of_a_history_are_the_history_cut_up_also_while_it_grows(client, size, reverse):
    client.start()
    client.decide(marker("m"))
    execution, found = client.local.infos[1]["execution"], []
    request = {"domain": DOMAIN, "execution": execution, "maximumPageSize": size, "reverseOrder": reverse}
    length = 5
    while True:
        page = client.swf.get_workflow_execution_history(**request)
        found += [event["eventId"] for event in page["events"]]
        if "nextPageToken" not in page:
            break
        request["nextPageToken"] = page["nextPageToken"]
        if reverse:
            client.signal("meanwhile")
    assert found == (list(range(length, 0, -1)) if reverse else list(range(1, length + 1)))


@pytest.mark.parametrize("reverse", [False, True])
def test_a_listing_misses_nothing_while_what_it_has_shown_ends_and_shows_nothing_twice_while_more_starts(client, reverse):
    for number in range(7):
        client.start(f"run-{number}")
    request = {"domain": DOMAIN, "startTimeFilter": {"oldestDate": 0}, "maximumPageSize": 2, "reverseOrder": reverse}
    found = []
    while True:
        page = client.swf.list_open_workflow_executions(**request)
        shown = [info["execution"]["workflowId"] for info in page["executionInfos"]]
        found += shown
        if "nextPageToken" not in page:
            break
        request["nextPageToken"] = page["nextPageToken"]
        client.terminate(shown[-1])
        if not reverse:
            client.start(f"later than {shown[0]}")
            client.start(f"later than {shown[1]}")
    numbers = range(7) if reverse else range(6, -1, -1)
    assert found == [f"run-{number}" for number in numbers]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_listing_misses_no_type_while_those_that_it_has_shown_are_deprecated(client, reverse):
    for name, version in [("a", "1"), ("a", "2"), ("b", "1"), ("c", "1"), ("é", "1")]:
        client.swf.register_activity_type(domain=DOMAIN, name=name, version=version)
    request = {"domain": DOMAIN, "registrationStatus": "REGISTERED", "maximumPageSize": 2, "reverseOrder": reverse}
    found = []
    while True:
        page = client.swf.list_activity_types(**request)
        shown = [info["activityType"] for info in page["typeInfos"]]
        found += [f"{one['name']}.{one['version']}" for one in shown]
        if "nextPageToken" not in page:
            break
        request["nextPageToken"] = page["nextPageToken"]
        client.swf.deprecate_activity_type(domain=DOMAIN, activityType=shown[-1])
    expected = ["a.1", "a.2", "b.1", "c.1", "task.1", "é.1"]
    assert found == (expected[::-1] if reverse else expected)


def test_a_page_has_at_most_1000_events(client):
    client.start()
    client.decide(*[marker("m") for _ in range(1_500)])
    execution = client.local.infos[1]["execution"]
    page = client.swf.get_workflow_execution_history(domain=DOMAIN, execution=execution)
    assert len(page["events"]) == 1_000
    assert history_problems(client.events()) == []


# ---- listings ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def six_executions():
    """Six executions: two open, four closed in different ways, a minute apart."""
    start = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
    client = ManualClient(LocalService(clock=StillClock(start), poll_seconds=0))
    client.swf.register_workflow_type(domain=DOMAIN, name="flow", version="2")
    ends = {"b": complete(), "c": fail(reason="r"), "d": None, "e": continue_as_new(), "f": complete()}
    for minute, name in enumerate("abcdef"):
        version = "2" if name in "df" else "1"
        kind = {"name": "flow", "version": version}
        options = {"taskList": {"name": "flows"}, "taskStartToCloseTimeout": "60", "executionStartToCloseTimeout": "999999"}
        client.start(name, workflowType=kind, tagList=[name, "odd" if minute % 2 else "even"], childPolicy="ABANDON", **options)
        task = client.decision_task()
        end = ends.get(name)
        if end is not None:
            client.respond(task, end)
            if name == "e":
                client.decide(schedule("open"))  # of its next run
        elif name == "d":
            client.terminate("d")
        else:
            client.respond(task, schedule("open"))
        client.pass_time(60)
    yield client
    client.close()


MIDNIGHT = datetime(2024, 1, 1, tzinfo=UTC)
ALL = {"startTimeFilter": {"oldestDate": MIDNIGHT}}


@pytest.mark.parametrize(
    ("is_open", "filters", "ids"),
    [
        (True, ALL, "ea"),
        (True, {**ALL, "reverseOrder": True}, "ae"),
        (True, {**ALL, "executionFilter": {"workflowId": "a"}}, "a"),
        (True, {**ALL, "tagFilter": {"tag": "even"}}, "a"),
        (True, {**ALL, "typeFilter": {"name": "flow", "version": "2"}}, ""),
        (False, ALL, "fedcb"),
        (False, {**ALL, "reverseOrder": True}, "bcdef"),
        (False, {**ALL, "executionFilter": {"workflowId": "c"}}, "c"),
        (False, {**ALL, "tagFilter": {"tag": "odd"}}, "fdb"),
        (False, {**ALL, "typeFilter": {"name": "flow"}}, "fedcb"),
        (False, {**ALL, "typeFilter": {"name": "flow", "version": "2"}}, "fd"),
        (False, {**ALL, "typeFilter": {"name": "other"}}, ""),
        (False, {**ALL, "closeStatusFilter": {"status": "COMPLETED"}}, "fb"),
        (False, {**ALL, "closeStatusFilter": {"status": "CONTINUED_AS_NEW"}}, "e"),
        (False, {**ALL, "closeStatusFilter": {"status": "TERMINATED"}}, "d"),
        (False, {"startTimeFilter": {"oldestDate": MIDNIGHT.timestamp() + 150}}, "fed"),
        (False, {"startTimeFilter": {"oldestDate": MIDNIGHT.timestamp(), "latestDate": MIDNIGHT.timestamp() + 150}}, "cb"),
        (False, {"closeTimeFilter": {"oldestDate": MIDNIGHT.timestamp() + 150}}, "fed"),
    ],
)
def test_listings_select_by_one_filter_and_a_time(six_executions, is_open, filters, ids):
    what = "open" if is_open else "closed"
    answer = getattr(six_executions.swf, f"list_{what}_workflow_executions")(domain=DOMAIN, **filters)
    assert "".join(info["execution"]["workflowId"] for info in answer["executionInfos"]) == ids
    assert "nextPageToken" not in answer
    filters = {key: value for key, value in filters.items() if key != "reverseOrder"}
    assert getattr(six_executions.swf, f"count_{what}_workflow_executions")(domain=DOMAIN, **filters) == {
        "count": len(ids),
        "truncated": False,
    }


@pytest.mark.parametrize(
    ("is_open", "filters", "message"),
    [
        (True, {}, "a startTimeFilter is required"),
        (False, {}, "a startTimeFilter or a closeTimeFilter is required"),
        (
            False,
            {**ALL, "closeTimeFilter": {"oldestDate": 0}},
            "startTimeFilter and closeTimeFilter exclude each other; give one",
        ),
        (
            False,
            {**ALL, "tagFilter": {"tag": "x"}, "executionFilter": {"workflowId": "x"}},
            "executionFilter and tagFilter exclude each other; give one",
        ),
    ],
)
def test_listings_want_exactly_one_time_and_at_most_one_filter(client, is_open, filters, message):
    call = client.local.list_open_workflow_executions if is_open else client.local.list_closed_workflow_executions
    with pytest.raises(Fault) as refused:
        call(domain=DOMAIN, **filters)
    assert str(refused.value) == f"ValidationException: {message}"


@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_listings_come_in_pages(six_executions, size):
    found, request = [], {"domain": DOMAIN, **ALL, "maximumPageSize": size}
    while True:
        page = six_executions.swf.list_closed_workflow_executions(**request)
        found += [info["execution"]["workflowId"] for info in page["executionInfos"]]
        if "nextPageToken" not in page:
            break
        assert len(page["executionInfos"]) == size
        request["nextPageToken"] = page["nextPageToken"]
    assert "".join(found) == "fedcb"


def test_a_listing_shows_how_each_execution_ended(six_executions):
    infos = six_executions.swf.list_closed_workflow_executions(domain=DOMAIN, **ALL)["executionInfos"]
    assert {info["execution"]["workflowId"]: info["closeStatus"] for info in infos} == {
        "b": "COMPLETED",
        "c": "FAILED",
        "d": "TERMINATED",
        "e": "CONTINUED_AS_NEW",
        "f": "COMPLETED",
    }
    assert all(info["closeTimestamp"] >= info["startTimestamp"] for info in infos)
    six_executions.swf.request_cancel_workflow_execution(domain=DOMAIN, workflowId="a")
    infos = six_executions.swf.list_open_workflow_executions(domain=DOMAIN, **ALL)["executionInfos"]
    assert {info["execution"]["workflowId"]: info["cancelRequested"] for info in infos} == {"e": False, "a": True}


def test_more_than_a_page_of_executions_is_counted_whole():
    client = ManualClient()
    for n in range(1_003):
        client.local.start_workflow_execution(domain=DOMAIN, workflowId=f"run-{n}", workflowType=FLOW)
    assert client.swf.count_open_workflow_executions(domain=DOMAIN, **ALL) == {"count": 1_003, "truncated": False}
    client.close()


# ---- types and domains -------------------------------------------------------------------------------------------------------


def test_types_are_registered_described_listed_and_deprecated(client):
    kind = {"name": "task", "version": "2"}
    client.swf.register_activity_type(domain=DOMAIN, **kind, description="a task", defaultTaskHeartbeatTimeout="9")
    described = client.swf.describe_activity_type(domain=DOMAIN, activityType=kind)
    assert described["configuration"] == {"defaultTaskHeartbeatTimeout": "9"}
    assert (described["typeInfo"]["activityType"], described["typeInfo"]["description"]) == (kind, "a task")
    with pytest.raises(Fault, match=r"^TypeAlreadyExistsFault: ActivityType=\[name=task, version=2\]$"):
        client.swf.register_activity_type(domain=DOMAIN, **kind)
    client.swf.deprecate_activity_type(domain=DOMAIN, activityType=kind)
    with pytest.raises(Fault, match=r"^TypeDeprecatedFault"):
        client.swf.deprecate_activity_type(domain=DOMAIN, activityType=kind)
    for status, versions in (("REGISTERED", ["1"]), ("DEPRECATED", ["2"])):
        infos = client.swf.list_activity_types(domain=DOMAIN, registrationStatus=status)["typeInfos"]
        assert [info["activityType"]["version"] for info in infos] == versions
    assert (
        client.swf.describe_workflow_type(domain=DOMAIN, workflowType=FLOW)["configuration"]["defaultChildPolicy"]
        == "TERMINATE"
    )
    assert len(client.swf.list_workflow_types(domain=DOMAIN, registrationStatus="REGISTERED")["typeInfos"]) == 1


def test_domains_are_registered_and_listed(client):
    client.swf.register_domain(name="second", workflowExecutionRetentionPeriodInDays="30")
    with pytest.raises(Fault, match=r"^DomainAlreadyExistsFault: second$"):
        client.swf.register_domain(name="second", workflowExecutionRetentionPeriodInDays="30")
    infos = client.swf.list_domains(registrationStatus="REGISTERED")["domainInfos"]
    assert [info["name"] for info in infos] == [DOMAIN, "second"]
    assert client.swf.describe_domain(name="second")["configuration"] == {"workflowExecutionRetentionPeriodInDays": "30"}


def test_the_clock_never_goes_back():
    clock = Clock()
    moments = [clock.now() for _ in range(1_000)]
    assert moments == sorted(moments)
    assert abs(moments[0] - time.time()) < 60
