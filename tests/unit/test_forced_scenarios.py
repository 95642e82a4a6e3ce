"""Scenarios that run from scratch: nothing is kept of their former runs, or taken over from others."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deciders.runs.run_requests import requested_runs
from deciders.specification import Specification, load_specification
from simpleflow_nb.application.asking.retries import planned_retry
from simpleflow_nb.application.asking.scenarios import ScenarioChoice, carry_out, planned_set, set_of_file
from simpleflow_nb.application.conditions import Conditions
from simpleflow_nb.application.outcomes import Outcome
from simpleflow_nb.application.places import Place
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from tests.acceptance.test_scenarios import project
from tests.unit.recorded_runs import success_of
from workers.records.run_records import RunRecords
from workers.runs import scenario_sets


class NotedService:
    """A service that notes what it is asked for, and on which nothing has run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[dict[str, Any]] = []

    def carry_out_set(
        self, specification: Specification, outputs: Path, wanted: Any, requests: list[dict[str, Any]], **how: Any
    ) -> Generator[Any, None, Outcome]:
        self.requests = requests
        yield from ()
        return Outcome(file=specification.path)

    @contextmanager
    def opened(self, outputs: Path) -> Iterator[Place]:
        yield Place(None, DOMAIN, PayloadDirectory(self.folder / "payloads"))


@pytest.fixture
def specification(tmp_path: Path) -> Specification:
    return load_specification(project(tmp_path / "in"))


def asked_for(specification: Specification, folder: Path, *, force: bool) -> list[dict[str, Any]]:
    """The requests for one scenario."""
    service: Any = NotedService(folder)
    wanted, choice = set_of_file(specification, "sweep"), ScenarioChoice({"instance": ["a_1"]}, force)
    plan = planned_set(specification, folder / "out", service, wanted, choice)
    for _ in carry_out(specification, folder / "out", service, plan, conditions=Conditions()):
        pass
    return list(service.requests)


@pytest.mark.parametrize("force", [True, False])
def test_a_start_with_force_asks_for_runs_that_take_over_nothing(
    specification: Specification, tmp_path: Path, force: bool
) -> None:
    [one] = requested_runs(asked_for(specification, tmp_path, force=force))
    assert one.forced is force


@pytest.mark.parametrize("force", [True, False])
def test_a_retry_with_force_keeps_nothing(specification: Specification, tmp_path: Path, force: bool) -> None:
    wanted, outputs, service = set_of_file(specification, "sweep"), tmp_path / "out", NotedService(tmp_path)
    run = wanted.run(wanted.scenarios[0])
    with RunRecords.open(outputs) as records:
        records.record(success_of(run, state="failed", light="red", parameters=run.parameters))
    planned = planned_retry(specification, outputs, service, run.title, force=force)  # type: ignore[arg-type]
    assert planned.request is not None
    [one] = requested_runs([planned.request])
    assert (one.forced, one.run.keeps_labels) == (force, not force)


@pytest.mark.parametrize("force", [True, False])
def test_the_run_that_is_prepared_is_told(
    specification: Specification, tmp_path: Path, force: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Task:
        def heartbeat(self) -> None: ...

    monkeypatch.setattr(scenario_sets, "_claim", lambda *given: None)
    requests = asked_for(specification, tmp_path, force=force)
    task: Any = Task()
    [made] = scenario_sets.prepared_scenarios(task, specification, str(tmp_path / "out"), requests)
    assert made["arguments"].get("forced", False) is force
