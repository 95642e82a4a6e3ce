"""Paths in records: relative to the outputs folder, and found again wherever that is now."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from deciders.specification import NotebookSpecification, OutputSpecification, WorkflowSpecification
from deciders.tasks.results import ReportResult
from deciders.values.artefact_key import ArtefactKey
from tests.unit.test_run_records import FIRST
from workers.activities import record_run
from workers.artefacts import Artefacts, path_in_run
from workers.kept_paths import (
    found_path,
    found_text,
    kept_path,
    kept_text,
    place_beside,
    portable_parameters,
    present_config,
)
from workers.records.run_records import RunRecord, RunRecords
from workers.runs.kept_reports import record_report
from workers.runs.report_paths import remove_renamed, report_place

OUT = Path("/new/out")
RUN = ("my flows", "2016-01-01_12345678")
NOTEBOOK = "notebooks/my flows/2016-01-01_12345678/count/count.ipynb"
REPORT = "reports/my flows/2016-01-01_12345678/count.pdf"


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        (f"/new/out/{NOTEBOOK}", NOTEBOOK),
        ("/new/out", "/new/out"),
        ("/new/output/x", "/new/output/x"),
        ("/elsewhere/x", "/elsewhere/x"),
        ("s3://bucket/x", "s3://bucket/x"),
    ],
)
def test_what_is_below_the_outputs_folder_is_kept_relative_to_it(path: str, kept: str) -> None:
    assert kept_path(path, OUT) == kept
    assert found_path(kept, OUT, *RUN) == path


@pytest.mark.parametrize(
    ("path", "end"),
    [
        (f"/old/{NOTEBOOK}", NOTEBOOK),
        (f"/old/reports/{REPORT}", REPORT),
        (f"/{REPORT}", REPORT),
        (f"/old/{NOTEBOOK}".replace("12345678", "87654321"), None),
        (f"/old/{NOTEBOOK}".replace("my flows", "flows"), None),
        ("/old/count.ipynb", None),
        ("", None),
    ],
)
def test_the_end_of_an_old_path_is_known_for_its_own_run_alone(path: str, end: str | None) -> None:
    assert path_in_run(path, *RUN) == end
    assert path_in_run(path, "my flows", "") is None


def test_an_old_path_is_found_again_where_its_file_is_now(tmp_path: Path) -> None:
    old = f"/old/{NOTEBOOK}"
    assert found_path(old, tmp_path, *RUN) == old
    (tmp_path / NOTEBOOK).parent.mkdir(parents=True)
    (tmp_path / NOTEBOOK).write_text("{}")
    assert found_path(old, tmp_path, *RUN) == str(tmp_path / NOTEBOOK)
    assert found_path(old, tmp_path, "other", RUN[1]) == old


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"cell 2 failed (see /new/out/{NOTEBOOK}); b", f"cell 2 failed (see {{outputs}}/{NOTEBOOK}); b"),
        ("no /new/outer/path", "no /new/outer/path"),
    ],
)
def test_paths_in_sentences_move_as_well(text: str, kept: str) -> None:
    assert kept_text(text, OUT) == kept
    assert found_text(kept, OUT, *RUN) == text
    assert found_text(kept, Path("/moved"), *RUN) == text.replace("/new/out/", "/moved/")


def test_an_old_path_in_a_sentence_is_found_again_where_its_file_is_now(tmp_path: Path) -> None:
    text = f"report failed: bad (see /old/{NOTEBOOK})"
    assert found_text(text, tmp_path, *RUN) == text
    (tmp_path / NOTEBOOK).parent.mkdir(parents=True)
    (tmp_path / NOTEBOOK).write_text("{}")
    assert found_text(text, tmp_path, *RUN) == text.replace("/old", str(tmp_path))


def test_parameters_say_which_of_them_are_relative() -> None:
    values = {"made": f"/new/out/{NOTEBOOK}", "at": "/new", "odd": "/new/other", "number": 3, "text": "/old/out/x"}
    kept, names = portable_parameters(values, OUT, "/new")
    assert (kept, names) == (values | {"made": NOTEBOOK, "at": ".."}, ["at", "made"])
    config = {"parameters": kept, "relative_to_outputs": names, "source": place_beside("/new/in/count.ipynb", OUT)}
    assert present_config(config, Path("/moved/here/out")) == {
        "parameters": values | {"made": f"/moved/here/out/{NOTEBOOK}", "at": "/moved/here"},
        "source": "/moved/here/in/count.ipynb",
    }


def test_what_an_early_version_kept_beside_a_notebook_is_left_alone() -> None:
    config = {"parameters": {"at": "/new"}, "source": "/new/count.ipynb", "kernel": None}
    assert present_config(config, Path("/moved/out")) == config


def recorded(outputs: Path) -> str:
    with RunRecords.open(outputs) as records, records.transaction() as connection:
        return str(connection.exec_driver_sql("SELECT artefacts FROM sfnb_runs").scalar())


def test_records_keep_relative_paths_and_give_absolute_ones(tmp_path: Path) -> None:
    paths = {"count": str(tmp_path / "out" / NOTEBOOK), "report:count": "/elsewhere/count.pdf"}
    record = dataclasses.replace(FIRST, workflow_name=RUN[0], instance=RUN[1], artefacts=paths)
    with RunRecords.open(tmp_path / "out") as records:
        records.record(record)
        assert records.runs() == records.latest() == [record]
    assert json.loads(recorded(tmp_path / "out")) == paths | {"count": NOTEBOOK}
    (tmp_path / "out").rename(tmp_path / "moved")
    moved = record.artefacts | {"count": str(tmp_path / "moved" / NOTEBOOK)}
    with RunRecords.open(tmp_path / "moved") as records:
        assert [one.artefacts for one in records.runs()] == [moved]
        assert (records.succeeded(RUN[0], record.identity) or record).artefacts == moved
        seen: list[RunRecord] = []
        records.amend(record.run_id, lambda one: seen.append(one) or one)
        assert [one.artefacts for one in seen] == [moved]
    assert json.loads(recorded(tmp_path / "moved")) == paths | {"count": NOTEBOOK}


def test_records_of_an_early_version_find_the_files_of_a_moved_folder(tmp_path: Path) -> None:
    old = {"count": f"/old/{NOTEBOOK}", "report:count": f"/old/{REPORT}"}
    record = dataclasses.replace(FIRST, workflow_name=RUN[0], instance=RUN[1], artefacts=old)
    with RunRecords.open(tmp_path) as records:
        records.record(record)
        assert records.runs()[0].artefacts == old
        (tmp_path / NOTEBOOK).parent.mkdir(parents=True)
        (tmp_path / NOTEBOOK).write_text("{}")
        assert records.runs()[0].artefacts == old | {"count": str(tmp_path / NOTEBOOK)}


class Reports:
    """The reports of one run."""

    def __init__(self, outputs: Path) -> None:
        self.artefacts = Artefacts(outputs)
        self.folder = self.artefacts.reports_folder(*RUN)
        self.folder.mkdir(parents=True)
        self.artefacts.notebook_folder(*RUN, "count").mkdir(parents=True)

    def made(self, name: str) -> str:
        (self.folder / name).write_text(name)
        return str(self.folder / name)

    def note(self, path: str) -> None:
        record_report(ReportResult(path=path), {}, "pdf", self.artefacts.notebook(*RUN, "count"))

    def place(self, **recorded: str) -> str:
        known = {name.replace("_", ":"): path for name, path in recorded.items()}
        return Path(report_place(self.artefacts, *RUN, ArtefactKey("count", "pdf"), known)).name


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    return Reports(tmp_path / "out")


def test_where_a_report_is_the_record_of_its_run_says_first(reports: Reports) -> None:
    named, other = reports.made("named.pdf"), reports.made("other.pdf")
    reports.made("count.pdf")
    reports.note(other)
    assert reports.place(report_count=named) == "named.pdf"
    assert reports.place() == "other.pdf"
    Path(named).unlink()
    assert reports.place(report_count=named) == "other.pdf"
    Path(other).unlink()
    assert reports.place(report_count=named) == "count.pdf"


def test_a_report_that_is_nowhere_is_where_it_was(reports: Reports) -> None:
    assert reports.place() == "count.pdf"
    assert reports.place(report_count=str(reports.folder / "named.pdf")) == "named.pdf"


def test_the_report_of_another_notebook_is_not_taken_for_it(reports: Reports) -> None:
    theirs = reports.made("count.pdf")
    named = str(reports.folder / "named.pdf")
    assert reports.place(report_count=named, report_other=theirs) == "named.pdf"


def test_a_report_that_was_made_anew_under_another_name_leaves_no_former_one(reports: Reports, tmp_path: Path) -> None:
    old, new, kept = reports.made("old.pdf"), reports.made("new.pdf"), reports.made("kept.pdf")
    (tmp_path / "far.pdf").write_text("not ours")
    former = {"report:a": old, "report:b": kept, "report:c": str(tmp_path / "far.pdf"), "report:d": kept, "a": kept}
    now = {"report:a": new, "report:b": str(reports.folder / "failed.pdf"), "report:c": new, "report:d": kept}
    remove_renamed([former], now, reports.folder)
    assert sorted(path.name for path in reports.folder.iterdir()) == ["kept.pdf", "new.pdf"]
    assert (tmp_path / "far.pdf").exists()


def record_end(outputs: Path, monkeypatch: pytest.MonkeyPatch, run_id: str, state: str, **artefacts: str) -> None:
    """Record the end of another run of the instance, with these reports."""
    monkeypatch.setattr("workers.activities.context", lambda: SimpleNamespace(workflow_id="id", run_id=run_id))
    record_run(
        workflow=RUN[0],
        instance=RUN[1],
        outputs=str(outputs),
        identity="1" * 32,
        parameters={"reference_date": "2016-01-01"},
        state=state,
        light="green",
        started="2024-01-01T00:00:00+00:00",
        ended="2024-01-01T00:00:01+00:00",
        error=None,
        artefacts={name.replace("_", ":"): path for name, path in artefacts.items()},
    )


@pytest.mark.parametrize("between", [[], ["failed"], ["failed", "skipped", "failed"], ["failed", "succeeded"]])
def test_a_former_name_goes_however_many_runs_without_a_report_lie_between(
    between: list[str], reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = reports.artefacts.outputs
    record_end(outputs, monkeypatch, "1", "succeeded", report_a=reports.made("sales.pdf"), report_b=reports.made("b.pdf"))
    for number, state in enumerate(between):
        record_end(outputs, monkeypatch, f"between-{number}", state)
    record_end(outputs, monkeypatch, "2", "succeeded", report_a=reports.made("income.pdf"), report_b=reports.made("b.pdf"))
    left = sorted(path.name for path in reports.folder.iterdir())
    assert left == ["b.pdf", "income.pdf"]


def test_a_former_name_that_has_become_another_reports_stays(reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = reports.artefacts.outputs
    first, second, third = (reports.made(f"{name}.pdf") for name in ("first", "second", "third"))
    record_end(outputs, monkeypatch, "1", "succeeded", report_a=first, report_b=second)
    record_end(outputs, monkeypatch, "2", "succeeded", report_a=second, report_b=first)
    record_end(outputs, monkeypatch, "3", "partial", report_a=third)
    assert sorted(path.name for path in reports.folder.iterdir()) == ["first.pdf", "third.pdf"]


@pytest.mark.parametrize(
    ("former", "now", "left"),
    [
        ([{"a": "old"}, {}], {"a": "new"}, ["b", "new", "older"]),  # a run that failed lies between
        ([{"a": "older"}, {"a": "old"}, {}], {"a": "new"}, ["b", "new"]),
        ([{"a": "old"}, {}], {}, ["b", "new", "old", "older"]),
        ([{"a": "b"}, {"a": "old", "b": "b"}, {}], {"a": "new"}, ["b", "new", "older"]),  # the name is another one's now
        ([{"a": "old"}, {"a": "new", "b": "old"}], {"a": "new", "b": "b"}, ["b", "new", "older"]),
    ],
)
def test_every_former_name_of_a_report_that_is_made_anew_goes_and_no_other_report(
    former: list[dict[str, str]], now: dict[str, str], left: list[str], reports: Reports
) -> None:
    for name in ("b", "new", "old", "older"):
        reports.made(f"{name}.pdf")
    paths = [{f"report:{key}": str(reports.folder / f"{name}.pdf") for key, name in one.items()} for one in (*former, now)]
    remove_renamed(paths[:-1], paths[-1], reports.folder)
    assert sorted(path.stem for path in reports.folder.iterdir()) == left


def test_a_name_is_not_among_the_inputs_of_a_report() -> None:
    from workers.runs.kept_reports import report_origin

    plain, named = OutputSpecification(format="pdf"), OutputSpecification(format="pdf", name="{instance}")
    origins = [report_origin(output, "2016-01-01", Path("/in"), Path("/x/count.ipynb")) for output in (plain, named)]
    assert origins[0] == origins[1]


def test_a_workflow_of_an_early_version_has_no_names() -> None:
    notebook = NotebookSpecification.model_validate({"label": "a", "filename": "a.ipynb", "output": {"format": "pdf"}})
    workflow = WorkflowSpecification(name="w", notebooks=(notebook,))
    assert WorkflowSpecification.model_validate(workflow.model_dump(mode="json")) == workflow
