"""Starting many runs in turn: in order, with room for so many, and when the service has had enough."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from deciders.backfill_workflow import BackfillWorkflow
from deciders.notebook_workflow import NotebookWorkflow
from deciders.runs.planned_run import PlannedRun, run_for
from deciders.runs.run_requests import WantedRun, run_request
from deciders.specification import (
    ConfiguredWorkflow,
    FilesSource,
    NotebookSpecification,
    SensorSpecification,
    Specification,
    WorkflowSpecification,
)
from deciders.values.reason import Reason
from simpleflow_nb.activity_context import ActivityContext
from simpleflow_nb.exceptions import ActivityCanceled
from simpleflow_nb.local.requests import OwnerByRequests
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.payload_directory import MemoryPayloads
from workers.runs import run_starts
from workers.runs.backfills import start_backfill
from workers.runs.run_starts import Starter, open_runs, run_arguments, start_run
from workers.sources import known_dates
from workers.sources.known_dates import KnownDates
from workers.sources.source_errors import SourceUnreachable

ENTRY = ConfiguredWorkflow(workflow_name="days")


@pytest.fixture
def service() -> Iterator[LocalService]:
    """Nobody decides here, so what is started stays open."""
    opened = LocalService()
    Decider(opened, DOMAIN, "deciders", [NotebookWorkflow]).register_types()
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_starts, "_REMOTE_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(run_starts, "_LOOK_SECONDS", 0.01)


def task(service: Any, **more: Any) -> ActivityContext:
    ids = {"domain": DOMAIN, "workflow_id": "sensor", "run_id": "1", "activity_id": "feed", "name": "feed", "version": "1"}
    return ActivityContext(**ids, task_list="sensor", service=service, payloads=MemoryPayloads(), **more)


def starter(where: ActivityContext, folder: Path, most_at_once: int | None = None, **days: Any) -> Starter:
    """For the workflows ``days``, with these settings, and ``weeks``."""
    (folder / "one.ipynb").write_text("{}")
    notebooks = (NotebookSpecification(label="one", filename="one.ipynb"),)
    specification = Specification(
        path=folder / "workflows.yml",
        inputs_dir=folder,
        workflows=(
            WorkflowSpecification(name="days", notebooks=notebooks, **days),
            WorkflowSpecification(name="weeks", notebooks=notebooks),
        ),
        sensor=SensorSpecification(schedule=None, source=FilesSource(files={"calls": "{date}.csv"}), workflows=(ENTRY,)),
    )
    names = {"days", "weeks"}
    return Starter(where, specification, str(folder / "out"), names=names, most_at_once=most_at_once, starts_per_second=None)


def runs(number: int, entry: ConfiguredWorkflow = ENTRY) -> list[PlannedRun]:
    return [run_for(entry, date(2016, 1, 1) + timedelta(day)) for day in range(number)]


def test_all_are_started_in_order_and_each_once(service: LocalService, tmp_path: Path) -> None:
    wanted = [WantedRun(run) for run in runs(5)]
    done = starter(task(service), tmp_path).start(wanted)
    assert done.workflow_ids == [one.run.workflow_id for one in wanted]
    assert len(open_runs(service, DOMAIN)) == 5
    again = starter(task(service), tmp_path).start(wanted)
    assert (again.workflow_ids, again.held_back) == ([], 0)


def test_those_without_room_are_held_back(service: LocalService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_starts, "LONGEST_WAIT_SECONDS", 0.0)
    wanted = [WantedRun(run) for run in runs(5)]
    done = starter(task(service), tmp_path, most_at_once=2).start(wanted)
    assert (done.workflow_ids, done.held_back) == ([one.run.workflow_id for one in wanted[:2]], 3)


def test_the_next_is_started_when_one_has_ended(service: LocalService, tmp_path: Path) -> None:
    most = 0

    def beat(details: str | None) -> None:
        """Called while it waits for room: then one run ends."""
        nonlocal most
        number = len(open_runs(service, DOMAIN))
        most = max(most, number)
        if number == 2:
            first = next(iter(service.home.open_by_id))
            service.terminate_workflow_execution(domain=DOMAIN, workflowId=first)

    wanted = [WantedRun(run) for run in runs(5)]
    done = starter(task(service, beat=beat), tmp_path, most_at_once=2).start(wanted)
    assert (len(done.workflow_ids), done.held_back, most) == (5, 0, 2)


@pytest.mark.parametrize(
    ("most_at_once", "most_days", "started", "held_back"),
    [
        (None, 1, ["days 1", "weeks 1", "weeks 2", "weeks 3"], 2),
        (None, 2, ["days 1", "days 2", "weeks 1", "weeks 2", "weeks 3"], 1),
        (3, 1, ["days 1", "weeks 1", "weeks 2"], 3),
        (3, 5, ["days 1", "days 2", "days 3"], 3),
    ],
)
def test_a_workflow_without_room_does_not_hold_back_another(
    most_at_once: int | None,
    most_days: int,
    started: list[str],
    held_back: int,
    service: LocalService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_starts, "LONGEST_WAIT_SECONDS", 0.0)
    wanted = [WantedRun(run) for run in [*runs(3), *runs(3, ConfiguredWorkflow(workflow_name="weeks"))]]
    done = starter(task(service), tmp_path, most_at_once, max_parallel_runs=most_days).start(wanted)
    shown = {one.run.workflow_id: f"{one.run.workflow_name} {one.run.reference_date.day}" for one in wanted}
    assert ([shown[workflow_id] for workflow_id in done.workflow_ids], done.held_back) == (started, held_back)


@pytest.mark.parametrize(
    ("priority", "gives_way", "expected"), [(0, False, None), (3, False, "3"), (3, True, "2"), (0, True, "-1"), (1, True, None)]
)
def test_a_run_has_the_priority_of_its_workflow_or_gives_way_to_those_that_have(
    priority: int, gives_way: bool, expected: str | None, service: LocalService, tmp_path: Path
) -> None:
    [run] = runs(1)
    starter(task(service), tmp_path, priority=priority).start([WantedRun(run, gives_way=gives_way)])
    given = service.home.open_by_id[run.workflow_id].started_attributes
    assert given.get("taskPriority") == expected
    assert json.loads(given["input"])["kwargs"]["workflow"]["priority"] == int(expected or 0)


class Throttling:
    """The service, which refuses every second start for having had too many."""

    def __init__(self, service: LocalService) -> None:
        self._service, self.refused = service, 0

    def start_workflow_execution(self, **request: Any) -> Any:
        if self.refused % 2 == 0:
            self.refused += 1
            error = Exception("rate exceeded")
            error.response = {"Error": {"Code": "ThrottlingException"}}  # type: ignore[attr-defined]
            raise error
        self.refused += 1
        return self._service.start_workflow_execution(**request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)


def test_a_service_that_has_had_too_many_starts_is_asked_again(service: LocalService, tmp_path: Path) -> None:
    busy = Throttling(service)
    done = starter(task(busy), tmp_path).start([WantedRun(run) for run in runs(3)])
    assert (len(done.workflow_ids), busy.refused) == (3, 6)


def test_it_ends_when_its_end_is_asked_for(service: LocalService, tmp_path: Path) -> None:
    asked = iter([False, False, True])
    where = task(service, cancel_requested=lambda: next(asked))
    with pytest.raises(ActivityCanceled):
        starter(where, tmp_path).start([WantedRun(run) for run in runs(5)])
    assert len(open_runs(service, DOMAIN)) == 2


def test_those_left_are_held_back_once_the_worker_stops(service: LocalService, tmp_path: Path) -> None:
    without_room = task(service, stop_requested=lambda: len(open_runs(service, DOMAIN)) == 2)
    done = starter(without_room, tmp_path, most_at_once=2).start([WantedRun(run) for run in runs(5)])
    assert (len(done.workflow_ids), done.held_back) == (2, 3)
    with_room = task(service, stop_requested=lambda: len(open_runs(service, DOMAIN)) == 4)
    done = starter(with_room, tmp_path).start([WantedRun(run) for run in runs(9)[4:]])
    assert (len(done.workflow_ids), done.held_back) == (2, 3)


TOLERANT = ConfiguredWorkflow(workflow_name="days", date_stencil=[{"dates": [-2, 1], "at_least": 1}])


def _lacking(folder: Path, **notebook: Any) -> tuple[Specification, PlannedRun]:
    """A run whose notebook asks for the dates that lack; of its three there is one, and one more afterwards."""
    (folder / "one.ipynb").write_text("{}")
    (folder / "2016-01-03.csv").write_text("")
    notebooks = (NotebookSpecification(label="one", filename="one.ipynb", parameters={"lacks": "missing_dates"}, **notebook),)
    specification = Specification(
        path=folder / "workflows.yml",
        inputs_dir=folder,
        workflows=(WorkflowSpecification(name="days", notebooks=notebooks),),
        sensor=SensorSpecification(schedule=None, source=FilesSource(files={"calls": "{date}.csv"}), workflows=(TOLERANT,)),
    )
    return specification, run_for(TOLERANT, date(2016, 1, 3))


def test_a_run_gets_its_missing_dates_when_it_is_started(tmp_path: Path) -> None:
    specification, run = _lacking(tmp_path)
    before = run_arguments(specification, run, str(tmp_path / "out"))
    (tmp_path / "2016-01-01.csv").write_text("")
    after = run_arguments(specification, run, str(tmp_path / "out"))
    assert [one["missing_dates"] for one in (before, after)] == [["2016-01-01", "2016-01-02"], ["2016-01-02"]]
    # which they are makes no other instance of it
    assert (before["identity"], before["parameters"]) == (after["identity"], after["parameters"])
    assert before["parameters"] == {"reference_date": "2016-01-03", "date_ranges": [["2016-01-01", "2016-01-04"]]}
    assert (
        before["identity"]
        == run_for(ConfiguredWorkflow(workflow_name="days", date_stencil=[[-2, 1]]), date(2016, 1, 3)).identity
    )


def test_a_run_that_does_not_ask_for_missing_dates_has_the_arguments_that_it_always_had(tmp_path: Path) -> None:
    specification, run = _lacking(tmp_path)
    own = dataclasses.replace(run, entry=run.entry.model_copy(update={"parameters": {"missing_dates": 1}}))
    assert "missing_dates" not in run_arguments(specification, own, "o")
    plain = WorkflowSpecification(name="days", notebooks=(NotebookSpecification(label="one", filename="one.ipynb"),))
    assert "missing_dates" not in run_arguments(specification.model_copy(update={"workflows": (plain,)}), run, "o")


def test_which_dates_lack_goes_into_the_record_of_a_run_whose_stencil_lets_some_lack(tmp_path: Path) -> None:
    specification, run = _lacking(tmp_path)
    plain = WorkflowSpecification(name="days", notebooks=(NotebookSpecification(label="one", filename="one.ipynb"),))
    for given in (specification, specification.model_copy(update={"workflows": (plain,)})):
        assert run_arguments(given, run, "o")["origin"]["missing_dates"] == ["2016-01-01", "2016-01-02"]
    whole = run_for(ENTRY, date(2016, 1, 3))
    assert "missing_dates" not in run_arguments(specification.model_copy(update={"workflows": (plain,)}), whole, "o")["origin"]


def test_a_run_that_does_not_ask_for_missing_dates_starts_also_when_they_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(given: Specification) -> dict[str, list[date]]:
        raise SourceUnreachable("the source is out of reach")

    monkeypatch.setattr(known_dates, "read_available_dates", fail)
    specification, run = _lacking(tmp_path)
    with pytest.raises(SourceUnreachable):
        run_arguments(specification, run, "o")
    plain = WorkflowSpecification(name="days", notebooks=(NotebookSpecification(label="one", filename="one.ipynb"),))
    arguments = run_arguments(specification.model_copy(update={"workflows": (plain,)}), run, "o")
    assert arguments["origin"]["missing_dates"] is None


def test_dates_are_read_once_for_all_runs_of_a_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    specification, run = _lacking(tmp_path)
    looks: list[Specification] = []

    def look(given: Specification) -> dict[str, list[date]]:
        looks.append(given)
        return {"calls": [date(2016, 1, 2)]}

    monkeypatch.setattr(known_dates, "read_available_dates", look)
    known = KnownDates(specification)
    assert [known.missing(run), known.missing(run)] == [["2016-01-01", "2016-01-03"]] * 2
    assert len(looks) == 1
    assert KnownDates(specification, {"calls": []}).missing(run) == ["2016-01-01", "2016-01-02", "2016-01-03"]
    assert len(looks) == 1


def test_another_process_starts_runs_and_backfills_with_the_owner_of_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    opened = LocalService.open(path)
    Decider(opened, DOMAIN, "deciders", [NotebookWorkflow, BackfillWorkflow]).register_types()
    owner, specification = OwnerByRequests(path, answer_seconds=60), starter(task(opened), tmp_path).specification
    given = (owner, DOMAIN, specification)
    outputs, payloads = str(tmp_path / "out"), MemoryPayloads()
    run = runs(1)[0]
    run_id = start_run(*given, run, outputs, payloads)
    assert [(one.run_id, one.tags) for one in opened.open_executions(DOMAIN)] == [(run_id, ["days", "2016-01-01"])]
    assert start_run(*given, run, outputs, payloads) is None  # it is open already
    requests = [run_request(ENTRY, [date(2016, 1, 2)], Reason.parse("asked for"), keeps_labels=False)]
    workflow_id, backfill_id = start_backfill(*given, outputs, payloads, requests)
    found = opened.execution(DOMAIN, workflow_id)
    assert found is not None
    assert (found.run_id, found.type_name) == (backfill_id, "backfill_workflow")
    assert start_backfill(*given, outputs, payloads, requests) == (workflow_id, None)
    opened.close()
