"""What is known of an outputs folder that was moved, and what is to be done of what was open then."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deciders.activities import DECISIONS
from deciders.backfill_workflow import BackfillWorkflow
from deciders.notebook_workflow import NotebookWorkflow
from deciders.runs.planned_run import run_for
from deciders.runs.run_requests import run_request
from deciders.runs.scenario_runs import ScenarioSet
from deciders.scenarios_workflow import ScenariosWorkflow
from deciders.sensor_workflow import SensorWorkflow
from deciders.specification import ConfiguredWorkflow, NotebookSpecification, Specification, WorkflowSpecification
from deciders.specification.scenarios.expansion import Scenario
from deciders.values.reason import Reason
from simpleflow_nb import payload
from simpleflow_nb.application.runners.local_sensors import started_sensors
from simpleflow_nb.application.states.sensors import sensor_id
from simpleflow_nb.cli.progress import say
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from simpleflow_nb.workflow import execution_input
from tests.unit.workflow_files import specification
from workers.runs import moved_runs
from workers.runs.kept_specification import by_reference, whole_specification
from workers.runs.moved_runs import MovedRuns, begin_moved_runs_anew, present_inputs, present_outputs
from workers.runs.outputs_location import former_places, note_place

ENTRY = ConfiguredWorkflow(workflow_name="days", parameters={"how": "fast"})
DAYS = WorkflowSpecification(name="days", notebooks=(NotebookSpecification(label="count", filename="count.ipynb"),))


def test_a_folder_knows_all_its_former_places(tmp_path: Path) -> None:
    place = tmp_path / "first"
    (place / ".simpleflow-nb").mkdir(parents=True)
    assert former_places(place) == []
    for name in ("second", "third", "first"):
        note_place(place)
        assert str(place) not in former_places(place)
        place = place.rename(tmp_path / name)
    note_place(place, "/told")
    assert former_places(place) == [str(tmp_path / "second"), str(tmp_path / "third"), "/told"]


@pytest.mark.parametrize("text", ["", "[]", '{"outputs": 5, "former": null}', '{"former": [1, null]}'])
def test_a_note_that_cannot_be_read_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / ".simpleflow-nb").mkdir()
    (tmp_path / ".simpleflow-nb/place.json").write_text(text)
    assert former_places(tmp_path) == []


@pytest.mark.parametrize(
    ("inputs", "then", "found"),
    [("/old", "/old/out", "new"), ("/old/in", "/old/out", "new/in"), ("/in", "/old/out", "/in"), ("/old", "/far/out", "/old")],
)
def test_the_inputs_are_where_they_would_be_had_they_been_moved_together(
    tmp_path: Path, inputs: str, then: str, found: str
) -> None:
    for folder in ("new", "new/in"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "count.ipynb").touch()
    assert present_inputs(inputs, then, tmp_path / "new" / "out", ["count.ipynb"]) == tmp_path / found


def test_the_outputs_of_a_run_are_those_of_its_journal_once_they_were_moved(tmp_path: Path) -> None:
    journal = tmp_path / "new" / ".simpleflow-nb" / "journal.sqlite3"
    journal.parent.mkdir(parents=True)
    old = tmp_path / "old"
    assert present_outputs({"outputs": str(old)}, journal) == tmp_path / "new"
    old.mkdir()
    assert present_outputs({"outputs": str(old)}, journal) == old
    note_place(tmp_path / "new", str(old))
    assert present_outputs({"outputs": str(old)}, journal) == tmp_path / "new"
    assert present_outputs({"outputs": str(old)}, None) == present_outputs({"outputs": str(old)}, tmp_path / "j.sqlite3") == old


class Folder:
    """An outputs folder whose journal has open executions that name a former place of it."""

    def __init__(self, outputs: Path) -> None:
        self.outputs, self.payloads = outputs, PayloadDirectory(outputs / "payloads")
        (outputs / ".simpleflow-nb").mkdir(parents=True)
        self.service = LocalService.open(outputs / ".simpleflow-nb" / "journal.sqlite3")
        Decider(
            self.service, DOMAIN, DECISIONS, [NotebookWorkflow, BackfillWorkflow, SensorWorkflow, ScenariosWorkflow]
        ).register_types()

    def start(self, kind: type, workflow_id: str, arguments: dict[str, Any], **more: Any) -> None:
        self.service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=workflow_id,
            workflowType={"name": kind.type_name(), "version": kind.version},  # type: ignore[attr-defined]
            taskList={"name": "deciders"},
            input=execution_input(kind, {"kwargs": arguments}),
            **more,
        )

    def open(self) -> dict[str, dict[str, Any]]:
        """What the open executions were started with, by workflow id."""
        with self.service.lock:
            runs = [run for number, run in self.service.executions.items() if number not in self.service.closed]
        return {run.workflow_id: payload.decode(run.started_attributes["input"])["kwargs"] for run in runs}


@pytest.fixture
def folder(tmp_path: Path):
    made = Folder(tmp_path / "project" / "out")
    yield made
    made.service.close()


def run_arguments(day: date, outputs: str, **more: Any) -> tuple[str, dict[str, Any]]:
    run = run_for(ENTRY, day)
    given = {"workflow": DAYS.model_dump(mode="json"), "instance": run.instance, "identity": run.identity}
    return run.workflow_id, given | {"parameters": run.parameters, "inputs_dir": "/old", "outputs": outputs} | more


def test_open_runs_of_a_former_place_begin_anew_and_others_are_left_alone(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "project" / "count.ipynb").touch()
    (tmp_path / "others").mkdir()
    moved, ours = run_arguments(date(2024, 1, 1), "/old/out", rerun=True, kept={"count": {"path": "/old/out/x"}})
    theirs, given = run_arguments(date(2024, 1, 2), str(tmp_path / "others"))
    folder.start(NotebookWorkflow, moved, ours, tagList=["days", "2024-01-01"], taskPriority="3")
    folder.start(NotebookWorkflow, theirs, given)
    found = begin_moved_runs_anew(folder.service, DOMAIN, folder.outputs, folder.payloads, is_own_journal=True)
    assert (found.begun_anew, found.former, found.elsewhere) == ([moved], {"/old/out"}, {str(tmp_path / "others"): 1})
    place = {"outputs": str(folder.outputs), "inputs_dir": str(tmp_path / "project"), "kept": {}, "kept_reports": {}}
    assert folder.open() == {theirs: given, moved: json.loads(json.dumps(ours | place))}
    run = folder.service.home.open_by_id[moved]
    assert (run.started_attributes["tagList"], run.started_attributes["taskPriority"]) == (["days", "2024-01-01"], "3")
    again = begin_moved_runs_anew(folder.service, DOMAIN, folder.outputs, folder.payloads, is_own_journal=True)
    assert (again.begun_anew, again.former) == ([], set())


def test_a_folder_that_a_link_gives_another_name_was_not_moved(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder.outputs.parent)
    note_place(folder.outputs, str(tmp_path / "link" / "out"))
    name, given = run_arguments(date(2024, 1, 1), str(tmp_path / "link" / "out"))
    folder.start(NotebookWorkflow, name, given)
    found = begin_moved_runs_anew(folder.service, DOMAIN, folder.outputs, folder.payloads, is_own_journal=True)
    assert (found.begun_anew, found.elsewhere, folder.open()) == ([], {}, {name: given})


def test_a_journal_elsewhere_says_nothing_of_where_the_outputs_were(folder: Folder) -> None:
    name, given = run_arguments(date(2024, 1, 1), "/old/out")
    folder.start(NotebookWorkflow, name, given)
    found = begin_moved_runs_anew(folder.service, DOMAIN, folder.outputs, folder.payloads, is_own_journal=False)
    assert (found.begun_anew, found.elsewhere, folder.open()) == ([], {"/old/out": 1}, {name: given})


def as_it_is(whole: Specification, folder: Folder) -> dict[str, Any]:
    return whole.model_dump(mode="json")


def referred_to(whole: Specification, folder: Folder) -> dict[str, Any]:
    return by_reference(whole, folder.payloads)


FORMS = pytest.mark.parametrize("form", [as_it_is, referred_to])
DATES = [date(2024, 1, day) for day in (1, 2, 3)]


def flows(path: Path) -> Specification:
    """A file with the one workflow of these tests."""
    whole = specification(path.parent).model_copy(update={"path": path, "inputs_dir": path.parent})
    return whole.model_copy(update={"workflows": (DAYS,)})


def begin(folder: Folder, *files: Path) -> MovedRuns:
    return begin_moved_runs_anew(
        folder.service,
        DOMAIN,
        folder.outputs,
        folder.payloads,
        is_own_journal=True,
        specifications=[flows(file) for file in files],
    )


@FORMS
def test_a_backfill_goes_on_with_the_dates_that_it_had_not_started(form: Any, folder: Folder, tmp_path: Path) -> None:
    file = tmp_path / "project" / "workflows.yml"
    file.touch()
    requests = [
        run_request(ENTRY, DATES[:2], Reason.parse("backfill: missing"), keeps_labels=True),
        run_request(ENTRY, DATES[2:], Reason.parse("backfill: failed"), keeps_labels=True),
    ]
    whole = flows(Path("/old/workflows.yml"))
    given = {"specification": form(whole, folder), "outputs": "/old/out", "requests": requests, "most_at_once": 1}
    folder.start(BackfillWorkflow, "backfill-days-1", given)
    folder.start(NotebookWorkflow, *run_arguments(DATES[0], "/old/out"))
    folder.start(NotebookWorkflow, *run_arguments(DATES[2], "/old/out"))
    found = begin(folder, file)
    assert (len(found.begun_anew), found.taken_over) == (3, {})
    left = folder.open()["backfill-days-1"]
    assert (left["outputs"], left["most_at_once"]) == (str(folder.outputs), 1)
    assert whole_specification(left["specification"], folder.payloads) == flows(file)
    assert left["requests"] == [{**requests[0], "dates": ["2024-01-02"]}]


def test_a_set_of_scenarios_goes_on_with_those_that_it_had_not_started(folder: Folder, tmp_path: Path) -> None:
    file = tmp_path / "project" / "workflows.yml"
    file.touch()
    wanted = ScenarioSet(name="sweep", workflow="days", scenarios=[Scenario("a", {"n": 1}), Scenario("b", {"n": 2})])
    runs = [wanted.run(one) for one in wanted.scenarios]
    requests = [
        run_request(run.entry, [None], Reason.parse("not run yet"), keeps_labels=False, own_instance=run.instance)
        for run in runs
    ]
    whole = flows(Path("/old/workflows.yml")).model_dump(mode="json")
    given = {"specification": whole, "outputs": "/old/out", "scenario_set": wanted.as_json(), "requests": requests}
    folder.start(ScenariosWorkflow, "scenarios-sweep-1", given)
    _, arguments = run_arguments(DATES[0], "/old/out")
    own = {"instance": runs[0].instance, "identity": runs[0].identity, "parameters": {"n": 1}}
    folder.start(NotebookWorkflow, runs[0].workflow_id, {**arguments, **own})
    assert len(begin(folder, file).begun_anew) == 2
    left = folder.open()["scenarios-sweep-1"]
    assert (left["outputs"], left["requests"], left["open_ids"]) == (str(folder.outputs), requests[1:], [runs[0].workflow_id])
    assert whole_specification(left["specification"], folder.payloads) == flows(file)
    assert folder.open()[runs[0].workflow_id]["outputs"] == str(folder.outputs)


@FORMS
@pytest.mark.parametrize("is_moved", [False, True])
def test_a_backfill_goes_on_with_the_file_that_has_taken_its_workflows_over(
    form: Any, is_moved: bool, folder: Folder, tmp_path: Path
) -> None:
    renamed = tmp_path / "project" / "renamed.yml"
    renamed.touch()
    former = Path("/old") if is_moved else tmp_path / "project"
    request = run_request(ENTRY, DATES[:2], Reason.parse("backfill: missing"), keeps_labels=True)
    given = {"specification": form(flows(former / "a.yml"), folder), "outputs": str(former / "out"), "requests": [request]}
    folder.start(BackfillWorkflow, "backfill-days-1", given)
    folder.start(NotebookWorkflow, *run_arguments(DATES[0], str(former / "out"), inputs_dir=str(tmp_path / "project")))
    found = begin(folder, renamed)
    assert found.taken_over == {str(former / "a.yml"): str(renamed)}
    left = folder.open()["backfill-days-1"]
    assert left["requests"] == [{**request, "dates": ["2024-01-02"]}]
    assert whole_specification(left["specification"], folder.payloads) == flows(renamed)
    assert begin(folder, renamed).begun_anew == []


def test_a_backfill_with_workflows_that_the_file_does_not_have_is_left_to_its_own(folder: Folder, tmp_path: Path) -> None:
    other = ConfiguredWorkflow(workflow_name="other")
    requests = [run_request(entry, DATES, Reason.parse("backfill: missing"), keeps_labels=True) for entry in (ENTRY, other)]
    whole = flows(tmp_path / "project" / "a.yml").model_dump(mode="json")
    given = {"specification": whole, "outputs": str(folder.outputs), "requests": requests}
    folder.start(BackfillWorkflow, "backfill-days-1", given)
    assert (begin(folder, tmp_path / "project" / "b.yml").begun_anew, len(folder.open())) == ([], 1)


@pytest.mark.parametrize("is_there", [False, True])
def test_a_run_whose_notebooks_are_with_the_file_that_has_its_workflow_now_goes_on_there(
    is_there: bool, folder: Folder, tmp_path: Path
) -> None:
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        if name == "new" or is_there:
            (tmp_path / name / "count.ipynb").touch()
    old, new = tmp_path / "old", tmp_path / "new" / "flows.yml"
    name, given = run_arguments(DATES[0], str(folder.outputs), inputs_dir=str(old))
    folder.start(NotebookWorkflow, name, given)
    found = begin(folder, new)
    assert found.taken_over == ({} if is_there else {str(old): str(new)})
    assert folder.open()[name]["inputs_dir"] == str(old if is_there else new.parent)
    assert begin(folder, new).begun_anew == []


def full_disk(*_: Any, **__: Any) -> Any:
    raise OSError(28, "No space left on device")


@FORMS
@pytest.mark.parametrize("where", ["kept", "start_workflow_execution"])
def test_what_cannot_be_begun_anew_is_not_lost(
    where: str, form: Any, folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk is full there is still an open one, and what was ended without a successor gets one the next time."""
    file = tmp_path / "project" / "workflows.yml"
    file.touch()
    request = run_request(ENTRY, DATES[:2], Reason.parse("backfill: missing"), keeps_labels=True)
    given = {"specification": form(flows(Path("/old/workflows.yml")), folder), "outputs": "/old/out", "requests": [request]}
    folder.start(BackfillWorkflow, "backfill-days-1", given)
    folder.start(NotebookWorkflow, *run_arguments(DATES[0], "/old/out"))
    expected = sorted(folder.open())
    with monkeypatch.context() as patched:
        patched.setattr(moved_runs if where == "kept" else folder.service, where, full_disk)
        with pytest.raises(OSError, match="No space left"):
            begin(folder, file)
    assert len(folder.open()) == (2 if where == "kept" else 1)
    begin(folder, file)
    assert sorted(folder.open()) == expected
    assert {given["outputs"] for given in folder.open().values()} == {str(folder.outputs)}
    assert folder.open()["backfill-days-1"]["requests"] == [{**request, "dates": ["2024-01-02"]}]
    assert begin(folder, file).begun_anew == []


def test_what_was_ended_by_somebody_else_is_not_begun_anew(folder: Folder) -> None:
    name, given = run_arguments(DATES[0], "/old/out")
    folder.start(NotebookWorkflow, name, given)
    folder.service.terminate_workflow_execution(domain=DOMAIN, workflowId=name, reason="enough")
    assert (begin(folder).begun_anew, folder.open()) == ([], {})


def test_a_moved_run_keeps_a_notebook_that_was_told_which_dates_lack(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project" / "count.ipynb").touch()
    asked: list[Any] = []
    monkeypatch.setattr(moved_runs, "kept_labels", lambda *given: asked.append(given[-1]) or {})
    folder.start(NotebookWorkflow, *run_arguments(DATES[0], "/old/out", missing_dates=["2023-12-31"]))
    begin(folder)
    assert asked == [["2023-12-31"]]


def test_a_backfill_that_had_started_everything_ends(folder: Folder) -> None:
    requests = [run_request(ENTRY, [date(2024, 1, 1)], Reason.parse("backfill: missing"), keeps_labels=True)]
    whole = specification(Path("/old")).model_dump(mode="json")
    folder.start(BackfillWorkflow, "backfill-days-1", {"specification": whole, "outputs": "/old/out", "requests": requests})
    folder.start(NotebookWorkflow, *run_arguments(date(2024, 1, 1), "/old/out"))
    begin_moved_runs_anew(folder.service, DOMAIN, folder.outputs, folder.payloads, is_own_journal=True)
    assert list(folder.open()) == [run_for(ENTRY, date(2024, 1, 1)).workflow_id]
    folder.service.terminate_workflow_execution(domain=DOMAIN, workflowId=next(iter(folder.open())), reason="enough")
    assert begin(folder).begun_anew == []  # it had an end, and needs no successor


@pytest.mark.parametrize(("then", "looked"), [("/old/out", True), ("/others/out", False)])
def test_the_sensor_of_a_moved_file_knows_when_it_looked_last(folder: Folder, then: str, looked: bool) -> None:
    note_place(folder.outputs, "/old/out")
    moment = "2024-01-01T06:00:00+00:00"
    whole = specification(Path("/old")).model_copy(update={"path": Path("/old/workflows.yml")}).model_dump(mode="json")
    given = {"specification": whole, "outputs": then, "last_look": moment}
    folder.start(SensorWorkflow, sensor_id(Path("/old/workflows.yml")), given)
    run: Any = SimpleNamespace(service=folder.service, payloads=folder.payloads)
    path = folder.outputs.parent / "workflows.yml"
    now = specification(path.parent, schedule="0 6 * * *").model_copy(update={"path": path})
    started_sensors(run, [now], str(folder.outputs), once=False, force=False, tell=say)
    [(workflow_id, started)] = folder.open().items()
    assert (workflow_id, started.get("last_look")) == (sensor_id(path), moment if looked else None)


@FORMS
@pytest.mark.parametrize(("is_there", "looked"), [(False, True), (True, False)])
def test_the_sensor_of_a_file_that_was_renamed_knows_when_it_looked_last(
    form: Any, is_there: bool, looked: bool, folder: Folder
) -> None:
    former, path = (folder.outputs.parent / name for name in ("workflows.yml", "flows.yml"))
    if is_there:  # then it is another file's, which may start it again
        former.touch()
    moment = "2024-01-01T06:00:00+00:00"
    given = {"specification": form(flows(former), folder), "outputs": str(folder.outputs), "last_look": moment}
    folder.start(SensorWorkflow, sensor_id(former), given)
    run: Any = SimpleNamespace(service=folder.service, payloads=folder.payloads)
    scheduled = specification(path.parent, schedule="0 6 * * *").sensor
    started_sensors(
        run, [flows(path).model_copy(update={"sensor": scheduled})], str(folder.outputs), once=False, force=False, tell=say
    )
    [(workflow_id, started)] = folder.open().items()
    assert (workflow_id, started.get("last_look")) == (sensor_id(path), moment if looked else None)
