"""The sensor: when it looks, what it does about a check that fails, how its history stays short."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from deciders.sensor_workflow import SensorWorkflow
from deciders.specification import load_specification
from simpleflow_nb import Workflow, activity
from simpleflow_nb.activity import Activity
from simpleflow_nb.activity_context import context
from simpleflow_nb.local.clock import VirtualClock
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.payload import reference
from simpleflow_nb.processes.workflow_classes import WorkflowClasses
from simpleflow_nb.testing import Harness, RunFailed, harness
from tests.acceptance.samples import WORKFLOWS, inputs
from workers import activities as bodies

FOUND: dict[str, Any] = {"started": [], "not_due": 0, "held_back": 0, "warnings": [], "retry_seconds": None}


@pytest.fixture
def place() -> Iterator[Harness]:
    """Friday, 29 March 2024, at noon UTC; on the Sunday after clocks in Europe go forward."""
    with harness(SensorWorkflow, clock=VirtualClock(datetime(2024, 3, 29, 12, tzinfo=UTC).timestamp())) as opened:
        yield opened


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch, place: Harness) -> Callable[..., list[float]]:
    """Have a function called at each check instead of the real one; gives the moments of the checks.

    It is told how many checks there were before. The sensor is terminated at check number ``last``.
    """

    def replace(last: int, check: Callable[[int], Any] = lambda number: FOUND) -> list[float]:
        moments: list[float] = []

        def feed_new_dates(**given: Any) -> Any:
            moments.append(place.clock.now())
            if len(moments) == last:
                place.service.terminate_workflow_execution(domain=DOMAIN, workflowId=context().workflow_id)
            return check(len(moments))

        declared = bodies.feed_new_dates
        monkeypatch.setitem(activity._registry, declared.name, declared)  # put back at the end
        Activity(feed_new_dates, name=declared.name, version=declared.version, raises_on_failure=False)
        return moments

    return replace


def specification(schedule: str | None, timezone: str = "UTC") -> dict[str, Any]:
    return {"sensor": {"schedule": schedule, "timezone": timezone}}


def watched(place: Harness, schedule: str, timezone: str = "UTC") -> tuple[str, list[str]]:
    """Run the sensor until it is terminated: its workflow id, and how each of its runs ended."""
    workflow_id, run_id = place.start(SensorWorkflow, specification=specification(schedule, timezone), outputs="/out")
    with pytest.raises(RunFailed, match="TERMINATED"):
        place.result(workflow_id, run_id)
    closed = place.service.list_closed_workflow_executions(
        domain=DOMAIN, startTimeFilter={"oldestDate": 0}, executionFilter={"workflowId": workflow_id}
    )
    return workflow_id, [info["closeStatus"] for info in closed["executionInfos"]][::-1]


def shown(moments: list[float], zone: str) -> list[str]:
    return [datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%d %H:%M") for moment in moments]


@pytest.mark.parametrize(
    ("schedule", "zone", "times"),
    [
        ("0 6 * * *", "UTC", ["30 06:00", "31 06:00", "01 06:00"]),
        ("0 6 * * *", "Europe/Paris", ["30 06:00", "31 06:00", "01 06:00"]),  # one of them after only 23 hours
        ("30 */6 * * 1-5", "Asia/Kathmandu", ["29 18:30", "01 00:30", "01 06:30"]),  # 12:00 UTC is 17:45 there
    ],
)
def test_it_looks_at_the_times_of_its_schedule_in_its_timezone(
    schedule: str, zone: str, times: list[str], place: Harness, checks: Callable[..., list[float]]
) -> None:
    moments = checks(last=3)
    watched(place, schedule, zone)
    assert shown(moments, zone) == times


def test_a_check_that_fails_is_tried_again_with_longer_and_longer_waits(
    place: Harness, checks: Callable[..., list[float]]
) -> None:
    def check(number: int) -> dict[str, Any]:
        if number > 1:
            raise OSError("the data are away")
        return FOUND

    moments = checks(12, check)
    watched(place, "0 6 * * *")
    times = ["06:00", "06:01", "06:03", "06:07", "06:15", "06:31", "07:03", "08:03", "09:03", "10:03", "11:03"]
    assert shown(moments, "UTC") == ["30 06:00", *(f"31 {time}" for time in times)]


def test_times_that_passed_since_a_former_sensor_looked_come_to_one_check_at_once(
    place: Harness, checks: Callable[..., list[float]]
) -> None:
    moments = checks(last=3)
    former = datetime(2024, 3, 26, 6, tzinfo=UTC).isoformat()
    given = specification("0 6 * * *")
    ids = place.start(SensorWorkflow, specification=given, outputs="/out", last_look=former)
    with pytest.raises(RunFailed, match="TERMINATED"):
        place.result(*ids)
    assert shown(moments, "UTC") == ["29 12:00", "30 06:00", "31 06:00"]


def test_paused_it_does_not_look_and_what_passed_meanwhile_is_one_check(
    place: Harness, checks: Callable[..., list[float]]
) -> None:
    def check(number: int) -> dict[str, Any]:
        if number == 1:  # within the first check, so that no time can pass before
            place.signal("paused", "pause")
        return FOUND

    moments = checks(3, check)
    ids = place.start(SensorWorkflow, workflow_id="paused", specification=specification("0 6 * * *"), outputs="/out")
    place.start(Resumes, "paused", datetime(2024, 4, 2, 12, tzinfo=UTC).isoformat())
    with pytest.raises(RunFailed, match="TERMINATED"):
        place.result(*ids)
    assert shown(moments, "UTC") == ["30 06:00", "02 12:00", "03 06:00"]


def test_a_check_under_way_ends_when_it_is_paused(place: Harness, checks: Callable[..., list[float]]) -> None:
    def check(number: int) -> dict[str, Any]:
        if number == 1:
            place.signal("long", "pause")
            while True:  # until its end is asked for
                time.sleep(0.01)
                context().heartbeat()
        return FOUND

    moments = checks(2, check)
    ids = place.start(SensorWorkflow, workflow_id="long", specification=specification("0 6 * * *"), outputs="/out")
    place.start(Resumes, "long", datetime(2024, 4, 2, 12, tzinfo=UTC).isoformat())
    with pytest.raises(RunFailed, match="TERMINATED"):
        place.result(*ids)
    assert shown(moments, "UTC") == ["30 06:00", "02 12:00"]


@activity.with_attributes(task_list="testing", version="1")
def resume(workflow_id: str) -> None:
    context().service.signal_workflow_execution(domain=DOMAIN, workflowId=workflow_id, signalName="resume")


class Resumes(Workflow):
    """Keeps the virtual clock from jumping to the end of a paused sensor's year."""

    task_list = "testing"

    def run(self, workflow_id: str, moment: str) -> None:
        self.timer(datetime.fromisoformat(moment) - self.now()).result
        self.submit(resume, workflow_id).result


def test_a_specification_is_taken_over_while_it_waits(place: Harness, checks: Callable[..., list[float]]) -> None:
    def check(number: int) -> dict[str, Any]:
        if number == 1:
            place.signal("reloaded", "reload", specification("0 8 * * *"))
        return FOUND

    moments = checks(3, check)
    ids = place.start(SensorWorkflow, workflow_id="reloaded", specification=specification("0 6 * * *"), outputs="/out")
    with pytest.raises(RunFailed, match="TERMINATED"):
        place.result(*ids)
    assert shown(moments, "UTC") == ["30 06:00", "30 08:00", "31 08:00"]


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_check_that_is_asked_for_comes_at_once_or_when_it_is_resumed(
    is_paused: bool, place: Harness, checks: Callable[..., list[float]]
) -> None:
    def check(number: int) -> dict[str, Any]:
        if number == 1:  # within the first check, so that no time can pass before
            for signal in ["pause"] * is_paused + ["check"]:
                place.signal("asked", signal)
        return FOUND

    moments = checks(3, check)
    ids = place.start(SensorWorkflow, workflow_id="asked", specification=specification("0 6 * * *"), outputs="/out")
    if is_paused:
        place.start(Resumes, "asked", datetime(2024, 3, 30, 12, tzinfo=UTC).isoformat())
    with pytest.raises(RunFailed, match="TERMINATED"):
        place.result(*ids)
    assert shown(moments, "UTC") == ["30 06:00", "30 12:00" if is_paused else "30 06:00", "31 06:00"]


def test_a_failed_run_with_a_retry_wait_is_looked_at_in_between(place: Harness, checks: Callable[..., list[float]]) -> None:
    moments = checks(4, lambda number: {**FOUND, "retry_seconds": 600 if number < 3 else None})
    watched(place, "0 6 * * *")
    assert shown(moments, "UTC") == ["30 06:00", "30 06:10", "30 06:20", "31 06:00"]


def test_what_is_held_back_is_started_in_the_same_check(place: Harness, checks: Callable[..., list[float]]) -> None:
    checks(99, lambda number: {**FOUND, "started": [f"run-{number}"], "held_back": 3 - number, "not_due": number})
    ids = place.start(SensorWorkflow, specification=specification(None), outputs="/out")
    assert place.result(*ids) == {**FOUND, "started": ["run-1", "run-2", "run-3"], "not_due": 3}


def test_a_check_that_fails_is_logged_and_the_next_one_comes(place: Harness, checks: Callable[..., list[float]]) -> None:
    def check(number: int) -> dict[str, Any]:
        if number == 2:
            raise OSError("the data are away")
        return FOUND

    moments = checks(4, check)
    workflow_id, _ = watched(place, "0 6 * * *")
    assert shown(moments, "UTC") == ["30 06:00", "31 06:00", "31 06:01", "01 06:00"]
    described = place.service.describe_workflow_execution(
        domain=DOMAIN, execution={"workflowId": workflow_id, "runId": _last_run(place, workflow_id)}
    )
    [line] = json.loads(described["latestExecutionContext"])["log"]
    assert line.endswith("check failed: OSError: the data are away; tried again in 1 min")


def _last_run(place: Harness, workflow_id: str) -> str:
    run_id: str = place.service.infos[place.service.home.latest_by_id[workflow_id]]["execution"]["runId"]
    return run_id


@pytest.mark.parametrize(
    ("schedule", "checks_of_a_run"),
    [
        ("0 * * * *", 180),  # so many checks
        ("0 6 * * *", 31),  # or thirty days
    ],
)
def test_its_history_begins_anew_before_it_is_long(
    schedule: str, checks_of_a_run: int, place: Harness, checks: Callable[..., list[float]]
) -> None:
    moments = checks(last=2 * checks_of_a_run + 1)
    workflow_id, ends = watched(place, schedule)
    assert ends == ["CONTINUED_AS_NEW", "CONTINUED_AS_NEW", "TERMINATED"]
    first = place.service.infos[min(place.service.infos)]["execution"]["runId"]
    kinds = [event["eventType"] for event in place.history(workflow_id, first)]
    assert (kinds.count("ActivityTaskCompleted"), kinds.count("TimerFired")) == (checks_of_a_run, checks_of_a_run)
    assert len(kinds) < 2_500
    step = 3_600 if schedule.startswith("0 *") else 86_400
    assert {round((after - before) / step) for before, after in itertools.pairwise(moments)} == {1}


def test_a_check_that_failed_just_before_its_history_begins_anew_is_tried_again_all_the_same(
    place: Harness, checks: Callable[..., list[float]]
) -> None:
    def check(number: int) -> dict[str, Any]:
        if number in (180, 181):
            raise OSError("the data are away")
        return FOUND

    moments = checks(183, check)
    _, ends = watched(place, "0 * * * *")
    assert ends == ["CONTINUED_AS_NEW", "TERMINATED"]
    assert shown(moments[178:], "UTC") == ["05 23:00", "06 00:00", "06 00:01", "06 00:03", "06 01:00"]


def test_in_three_years_it_looks_every_day_once(place: Harness, checks: Callable[..., list[float]]) -> None:
    moments = checks(last=3 * 365)
    _, ends = watched(place, "0 6 * * *", "Europe/Paris")
    assert Counter(ends) == {"CONTINUED_AS_NEW": len(ends) - 1, "TERMINATED": 1}
    assert len(ends) in (36, 37)  # of 31 checks or, where clocks change, 30
    days = [datetime.fromtimestamp(moment, ZoneInfo("Europe/Paris")) for moment in moments]
    assert {day.strftime("%H:%M") for day in days} == {"06:00"}
    assert {(after.date() - before.date()).days for before, after in itertools.pairwise(days)} == {1}
    assert {round((after - before) / 3_600) for before, after in itertools.pairwise(moments)} == {23, 24, 25}


def test_once_is_one_check_now_whose_result_is_the_runs(place: Harness, checks: Callable[..., list[float]]) -> None:
    moments = checks(99, lambda number: {**FOUND, "not_due": 7})
    ids = place.start(SensorWorkflow, specification=specification("0 6 * * *"), outputs="/out", once=True)
    assert place.result(*ids) == {**FOUND, "not_due": 7}
    assert len(moments) == 1


def test_without_a_schedule_it_looks_once(place: Harness, checks: Callable[..., list[float]]) -> None:
    moments = checks(99)
    assert place.result(*place.start(SensorWorkflow, specification=specification(None), outputs="/out")) == FOUND
    assert len(moments) == 1


def test_once_fails_when_its_check_fails(place: Harness, checks: Callable[..., list[float]]) -> None:
    def check(number: int) -> Any:
        raise OSError("the data are away")

    checks(99, check)
    reason = r'Workflow execution error in activity-workers\.activities\.feed_new_dates-1: "OSError: the data are away"'
    with pytest.raises(RunFailed, match=reason):  # which sensor.start knows by its beginning
        place.result(*place.start(SensorWorkflow, specification=specification(None), outputs="/out", once=True))


def test_a_real_check_says_why_nothing_is_due(place: Harness, tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=(), workflows=WORKFLOWS)
    given = load_specification(file).model_dump(mode="json")
    ids = place.start(SensorWorkflow, specification=given, outputs=str(tmp_path / "out"), once=True)
    assert place.result(*ids) == {**FOUND, "warnings": ["no dates are available yet for 'calls'"]}


def test_a_real_check_starts_each_due_run_once(place: Harness, tmp_path: Path) -> None:
    given = load_specification(inputs(tmp_path / "in")).model_dump(mode="json")
    from deciders.notebook_workflow import NotebookWorkflow

    place.engine.decider.workflows = WorkflowClasses([SensorWorkflow, NotebookWorkflow])
    place.engine.decider.register_types()
    arguments = {"specification": given, "outputs": str(tmp_path / "out"), "once": True}
    first = place.result(*place.start(SensorWorkflow, workflow_id="first", **arguments))
    assert [name[:15] for name in first["started"]] == [f"days-2016-01-0{day}" for day in (1, 2, 3, 4)]
    again = place.result(*place.start(SensorWorkflow, workflow_id="again", **arguments))
    assert again == {**FOUND, "not_due": 4}  # they run: nobody decides for them here


def test_a_clock_that_was_set_back_makes_one_check_at_once_and_that_is_said(
    place: Harness, checks: Callable[..., list[float]]
) -> None:
    moments = checks(last=3)
    ahead = datetime(2025, 3, 29, 12, tzinfo=UTC).isoformat()
    ids = place.start(SensorWorkflow, specification=specification("0 6 * * *"), outputs="/out", last_look=ahead)
    with pytest.raises(RunFailed, match="TERMINATED"):
        place.result(*ids)
    assert shown(moments, "UTC") == ["29 12:00", "30 06:00", "31 06:00"]
    contexts = [
        event["decisionTaskCompletedEventAttributes"].get("executionContext", "")
        for event in place.history(*ids)
        if event["eventType"] == "DecisionTaskCompleted"
    ]
    assert f"the last look, at {ahead}, lies ahead: the clock was set back; looking now" in contexts[0]


def test_a_last_look_that_is_a_moment_ahead_is_another_machines_clock(
    place: Harness, checks: Callable[..., list[float]]
) -> None:
    moments = checks(last=1)
    ahead = datetime(2024, 3, 29, 12, 0, 30, tzinfo=UTC).isoformat()
    ids = place.start(SensorWorkflow, specification=specification("0 6 * * *"), outputs="/out", last_look=ahead)
    with pytest.raises(RunFailed, match="TERMINATED"):
        place.result(*ids)
    assert shown(moments, "UTC") == ["30 06:00"]


@pytest.mark.parametrize("name", ["start", "reload"])
@pytest.mark.parametrize(
    "given",
    [
        "null",
        "[]",
        '{"a":1}',
        "a reference to nothing",
        '{"requests":[5]}',
        '{"requests":[]}',
        '{"requests":{}}',
        '{"sensor":5}',
        '{"sensor":{"schedule":"0 8 * * *"}}',
        '{"sensor":{"schedule":"61 * * * *","timezone":"UTC"}}',
        '{"sensor":{"schedule":"0 8 * * *","timezone":"Mars/Olympus"}}',
    ],
)
def test_a_signal_with_anything_as_its_input_ends_no_sensor(
    name: str, given: str, place: Harness, checks: Callable[..., list[float]]
) -> None:
    def check(number: int) -> dict[str, Any]:
        text = reference("never stored") if given == "a reference to nothing" else given
        place.service.signal_workflow_execution(domain=DOMAIN, workflowId="asked", signalName=name, input=text)
        return FOUND

    moments = checks(2, check)
    ids = place.start(SensorWorkflow, workflow_id="asked", specification=specification("0 6 * * *"), outputs="/out")
    with pytest.raises(RunFailed, match="TERMINATED"):
        place.result(*ids)
    assert shown(moments, "UTC") == ["30 06:00", "31 06:00"]
