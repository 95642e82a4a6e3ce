"""Which reports of a run are missing, and what its record says once they were made anew."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deciders.specification import NotebookSpecification, OutputSpecification, WorkflowSpecification
from deciders.tasks.results import ReportResult
from deciders.values.label_state import LabelState
from tests.unit.test_run_records import FIRST
from workers import activities
from workers.artefacts import Artefacts
from workers.records.run_records import RunRecord, RunRecords
from workers.reports import Report, ReportError
from workers.runs.kept_reports import record_report, report_origin
from workers.runs.reported_runs import ReportedRun, expected_reports
from workers.runs.reports_of_runs import Remade, file_name, is_cleaned, missing_reports, remake_reports, would_differ

PDF, HTML = OutputSpecification(format="pdf"), OutputSpecification(format="html")
DONE = {"count": "done", "report": "cached"}
FLOWS = WorkflowSpecification(
    name="flows",
    notebooks=(
        NotebookSpecification(label="count", filename="count.ipynb", output=(PDF, HTML)),
        NotebookSpecification(label="report", filename="report.ipynb", output=(PDF,)),
        NotebookSpecification(label="quiet", filename="quiet.ipynb"),
    ),
)
ALL = ["count.pdf", "count.html", "report.pdf"]


def states(words: dict[str, str]) -> dict[str, LabelState]:
    return {name: LabelState.read(word) for name, word in words.items()}


def ended(labels: dict[str, str]) -> ReportedRun:
    return ReportedRun(
        workflow=FLOWS, instance=FIRST.instance, run_id=FIRST.run_id, reference_date=FIRST.reference_date, labels=states(labels)
    )


class Folder:
    """The outputs of a run whose notebooks and reports are all there, and its record."""

    def __init__(self, outputs: Path) -> None:
        self.outputs, self.artefacts = outputs, Artefacts(outputs)
        self.records = RunRecords(f"sqlite:///{outputs}/runs.sqlite3")
        for label in ("count", "report", "quiet"):
            self.executed(label).parent.mkdir(parents=True)
            self.executed(label).write_text("{}")
            self.note(label, light="green")
        for report in expected_reports(ended(DONE)):
            path = self.report(file_name(report))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("as it was")
            executed = self.executed(report[0].label)
            origin = report_origin(report[1], FIRST.reference_date, outputs, executed)
            result = {"path": str(path), "light": "green", "warnings": [], "pages": 1}
            record_report(ReportResult.of_json(result), origin, report[1].format, executed)

    def executed(self, label: str) -> Path:
        return self.artefacts.notebook("flows", FIRST.instance, label)

    def note(self, label: str, *, status: str = "succeeded", **more: Any) -> None:
        self.executed(label).with_name("run.json").write_text(json.dumps({"status": status, **more}))

    def report(self, name: str) -> Path:
        label, _, format = name.partition(".")
        return self.artefacts.report("flows", FIRST.instance, label, format)

    def record(self, labels: dict[str, str], **more: Any) -> ReportedRun:
        paths = {f"report:{name.removesuffix('.pdf')}": str(self.report(name)) for name in ALL}
        paths = {name: path for name, path in paths.items() if labels.get(name) != "failed"}
        given = {"light": "green", "artefacts": paths, **more}
        self.records.record(dataclasses.replace(FIRST, labels=states(labels), **given))
        return ended(labels)

    def remake(self, run: ReportedRun, *names: str) -> Remade:
        reports = [report for report in expected_reports(run) if not names or file_name(report) in names]
        return remake_reports(run, reports, self.outputs, self.outputs, self.records)

    def recorded(self) -> RunRecord:
        [record] = self.records.runs()
        return record


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    made.records.close()


@pytest.fixture
def makes(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let reports come out so: with these warnings, or not at all, after something else has happened."""

    def instead(*warnings: str, error: str = "", after: Callable[[], object] = lambda: None) -> None:
        def make_report(executed: Path, target: Path, options: Any, on_wait: Any) -> Report:
            after()
            if error and executed.stem == "count":
                raise ReportError(error)
            target.write_text("anew")
            return Report(path=target, pages=2, warnings=warnings if executed.stem == "count" else ())

        monkeypatch.setattr("workers.reports.make_report", make_report)

    return instead


def gone(name: str) -> Callable[[Folder], object]:
    return lambda folder: folder.report(name).unlink()


@pytest.mark.parametrize(
    ("labels", "change", "missing"),
    [
        (DONE, lambda folder: None, []),
        (DONE, gone("count.html"), ["count.html"]),
        ({**DONE, "report:report": "failed"}, lambda folder: None, ["report.pdf"]),  # what is there is of an earlier run
        ({**DONE, "report:count.html": "cached"}, lambda folder: None, []),
        ({**DONE, "count": "failed"}, gone("count.html"), []),  # there cannot be one
        ({"report": "done"}, gone("count.html"), []),  # a label that the run did not have
        ({}, gone("count.html"), ["count.html"]),  # an early version recorded it
    ],
)
def test_a_report_is_missing_that_a_label_which_ended_well_should_have(
    labels: dict[str, str], change: Callable[[Folder], object], missing: list[str], folder: Folder
) -> None:
    change(folder)
    assert [file_name(report) for report in missing_reports(ended(labels), folder.artefacts)] == missing


def test_what_was_cleaned_away_with_its_notebooks_is_not_missed(folder: Folder) -> None:
    for name in ALL:
        folder.report(name).unlink()
    assert len(missing_reports(ended(DONE), folder.artefacts)) == 3
    folder.report(ALL[0]).parent.rmdir()
    assert len(missing_reports(ended(DONE), folder.artefacts)) == 3
    assert not is_cleaned(ended(DONE), folder.artefacts)
    instance = folder.executed("count").parents[1]
    instance.rename(instance.with_name(".cleaned"))
    assert missing_reports(ended(DONE), folder.artefacts) == []
    assert is_cleaned(ended(DONE), folder.artefacts)


def test_reports_would_differ_when_they_would_be_made_from_something_else(folder: Folder) -> None:
    reports = list(expected_reports(ended(DONE)))
    assert not any(would_differ(ended(DONE), report, folder.outputs, folder.artefacts) for report in reports)
    (folder.outputs / "fonts").mkdir()
    assert all(would_differ(ended(DONE), report, folder.outputs, folder.artefacts) for report in reports)


def test_a_remade_report_with_warnings_turns_its_run_orange_and_one_without_turns_it_back(
    folder: Folder, makes: Callable[..., None]
) -> None:
    run = folder.record(DONE)
    makes("cell 1: odd")
    done = folder.remake(run)
    assert (list(done.made), done.failed, done.was_started_again) == (ALL, {}, False)
    assert [folder.report(name).read_text() for name in ALL] == ["anew"] * 3
    assert folder.recorded().light == "orange"
    makes()
    folder.remake(run, "count.pdf")
    assert folder.recorded().light == "orange"  # its other report has them still
    folder.remake(run, "count.html")
    assert folder.recorded().light == "green"
    assert sorted(path.name for path in folder.report("count.pdf").parent.iterdir()) == sorted(ALL)


@pytest.mark.parametrize(
    ("light", "note", "becomes"),
    [
        ("orange", {"light": "green"}, "green"),
        ("green", {"light": "orange"}, "orange"),
        ("orange", {}, "orange"),  # nobody knows any more why it was
    ],
)
def test_the_lights_of_notebooks_count_beside_those_of_reports(
    light: str, note: dict[str, str], becomes: str, folder: Folder, makes: Callable[..., None]
) -> None:
    run = folder.record(DONE, light=light)
    folder.note("report", **note)
    makes()
    folder.remake(run, "count.pdf")
    assert folder.recorded().light == becomes


def test_a_report_that_had_failed_and_is_made_leaves_nothing_of_the_failure(folder: Folder, makes: Callable[..., None]) -> None:
    labels = {**DONE, "report:count": "failed", "report:report": "failed"}
    run = folder.record(labels, light="orange", error="count.pdf, report.pdf failed: too long; too long")
    makes()
    folder.remake(run, "count.pdf")
    record = folder.recorded()
    assert (record.light, record.labels) == ("orange", {**DONE, "report:report": "failed"})
    assert record.error == "report.pdf failed: report.pdf failed when the run ended"
    assert record.artefacts["report:count"] == str(folder.report("count.pdf"))
    folder.remake(ended(record.labels), "report.pdf")
    record = folder.recorded()
    assert (record.state, record.light, record.labels, record.error) == ("succeeded", "green", DONE, None)
    assert sorted(record.artefacts) == ["report:count", "report:count.html", "report:report"]


def test_a_report_that_fails_leaves_the_former_one_or_else_is_recorded_as_failed(
    folder: Folder, makes: Callable[..., None]
) -> None:
    run = folder.record(DONE)
    makes(error="too long")
    done = folder.remake(run, "count.pdf", "report.pdf")
    assert (list(done.made), done.failed) == (["report.pdf"], {"count.pdf": "too long"})
    assert folder.report("count.pdf").read_text() == "as it was"
    assert (folder.recorded().light, folder.recorded().error) == ("green", None)
    folder.report("count.pdf").unlink()
    folder.remake(run, "count.pdf")
    record = folder.recorded()
    assert (record.light, record.error) == ("orange", "count.pdf failed: too long")
    assert record.labels == {**DONE, "report:count": "failed"}
    assert "report:count" not in record.artefacts


def test_good_labels_of_a_run_that_failed_get_their_reports_and_it_stays_red(
    folder: Folder, makes: Callable[..., None]
) -> None:
    labels = {"count": "done", "report": "failed", "report:count": "failed"}
    run = folder.record(labels, state="failed", light="red", error="report failed: no")
    makes("cell 1: odd")
    done = folder.remake(run)
    assert list(done.made) == ["count.pdf", "count.html"]
    record = folder.recorded()
    assert (record.state, record.light, record.error) == ("failed", "red", "report failed: no")
    assert record.labels == {"count": "done", "report": "failed"}
    assert not (folder.report("count.pdf").parents[1] / "latest").exists()


def test_the_link_latest_leads_to_reports_that_were_made_late(folder: Folder, makes: Callable[..., None]) -> None:
    run = folder.record(DONE)
    makes()
    folder.remake(run)
    assert (folder.report("count.pdf").parents[1] / "latest").resolve() == folder.report("count.pdf").parent


def test_what_is_no_executed_notebook_of_a_success_is_named(folder: Folder, makes: Callable[..., None]) -> None:
    run = folder.record(DONE)
    makes()
    folder.executed("count").unlink()
    folder.note("report", status="failed")
    count, report = folder.executed("count"), folder.executed("report")
    assert folder.remake(run, "count.pdf", "report.pdf").failed == {
        "count.pdf": f"the executed notebook {count} is gone",
        "report.pdf": f"the executed notebook {report} is that of an attempt that has not succeeded (failed)",
    }


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[", "whether the executed notebook {executed} has succeeded is not known: {record} is not JSON"),
        ("[]", "whether the executed notebook {executed} has succeeded is not known: {record} is not a JSON object"),
        ("{}", "the executed notebook {executed} is that of an attempt that has not succeeded (there is no record of its end)"),
        (None, "the executed notebook {executed} is that of an attempt that has not succeeded (there is no record of its end)"),
    ],
)
def test_a_notebook_of_which_it_is_not_known_how_it_ended_is_named(
    content: str | None, sentence: str, folder: Folder, makes: Callable[..., None]
) -> None:
    run = folder.record(DONE)
    makes()
    executed = folder.executed("report")
    record = executed.with_name("run.json")
    record.unlink()
    if content is not None:
        record.write_text(content)
    assert folder.remake(run, "report.pdf").failed == {"report.pdf": sentence.format(executed=executed, record=record)}


@pytest.mark.parametrize("error", ["", "not a readable notebook"])
def test_a_run_that_is_started_anew_meanwhile_keeps_what_it_has(error: str, folder: Folder, makes: Callable[..., None]) -> None:
    run = folder.record(DONE)
    makes(error=error, after=lambda: folder.note("count", status="running"))
    done = folder.remake(run)
    assert (done.made, done.failed, done.was_started_again) == ({}, {}, True)
    assert [folder.report(name).read_text() for name in ALL] == ["as it was"] * 3
    assert sorted(path.name for path in folder.report("count.pdf").parent.iterdir()) == sorted(ALL)


def test_what_was_made_before_somebody_stopped_it_is_recorded(folder: Folder, makes: Callable[..., None]) -> None:
    run = folder.record({**DONE, "report:count": "failed"}, light="orange", error="count.pdf failed: too long")
    made: list[int] = []

    def stop_at_the_second() -> None:
        made.append(1)
        if len(made) > 1:
            raise KeyboardInterrupt

    makes(after=stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        folder.remake(run)
    assert (folder.recorded().labels, folder.recorded().error) == (DONE, None)


def test_an_early_versions_record_without_labels_gets_them(folder: Folder, makes: Callable[..., None]) -> None:
    paths = {label: str(folder.executed(label)) for label in ("count", "report", "quiet")}
    folder.records.record(dataclasses.replace(FIRST, labels={}, artefacts=paths, light="green"))
    makes(error="too long")
    for name in ALL:
        folder.report(name).unlink()
    folder.remake(ended({}))
    record = folder.recorded()
    assert record.labels == {**dict.fromkeys(paths, "done"), "report:count": "failed", "report:count.html": "failed"}
    assert (record.light, record.error) == ("orange", "count.pdf, count.html failed: too long; too long")


def renamed(run: ReportedRun, **names: str) -> ReportedRun:
    """The run with these names of the PDF reports of its labels in the workflow file now."""
    notebooks = [
        one.model_copy(update={"output": (OutputSpecification(format="pdf", name=names[one.label]), *one.output[1:])})
        if one.label in names
        else one
        for one in FLOWS.notebooks
    ]
    workflow = FLOWS.model_copy(update={"notebooks": tuple(notebooks)})
    return dataclasses.replace(run, workflow=workflow, parameters=FIRST.parameters)


def recorded_run(folder: Folder, run: ReportedRun) -> ReportedRun:
    return dataclasses.replace(run, artefacts=folder.recorded().artefacts)


def there(folder: Folder) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.report("count.pdf").parent.iterdir()}


def test_a_report_whose_name_has_changed_is_not_missing_and_would_come_out_otherwise(folder: Folder) -> None:
    run = recorded_run(folder, renamed(folder.record(DONE), count="all of {reference_date}"))
    assert missing_reports(run, folder.artefacts) == []
    different = [one for one in expected_reports(run) if would_differ(run, one, folder.outputs, folder.artefacts)]
    assert [file_name(report) for report in different] == ["count.pdf"]
    # nor is it without its record
    assert missing_reports(dataclasses.replace(run, artefacts={}), folder.artefacts) == []


def test_a_report_that_is_made_under_its_new_name_leaves_none_under_the_former(
    folder: Folder, makes: Callable[..., None]
) -> None:
    run = recorded_run(folder, renamed(folder.record(DONE), count="all of {reference_date}"))
    makes()
    folder.remake(run, "count.pdf")
    name = f"all of {FIRST.reference_date}.pdf"
    assert there(folder) == {name: "anew", "count.html": "as it was", "report.pdf": "as it was"}
    assert Path(folder.recorded().artefacts["report:count"]).name == name
    run = recorded_run(folder, run)
    assert missing_reports(run, folder.artefacts) == []
    assert not would_differ(run, next(expected_reports(run)), folder.outputs, folder.artefacts)


def test_a_report_that_is_made_late_leaves_none_of_the_names_that_earlier_runs_gave_it(
    folder: Folder, makes: Callable[..., None]
) -> None:
    for name in ("first", "second"):
        folder.report(f"{name}.pdf").write_text("as it was")
        paths = {"report:count": str(folder.report(f"{name}.pdf"))}
        folder.records.record(dataclasses.replace(FIRST, run_id=name, artefacts=paths))
    run = renamed(folder.record({**DONE, "report:count": "failed"}, artefacts={}), count="third")
    folder.report("later.pdf").write_text("as it was")
    later = {"report:count": str(folder.report("later.pdf"))}
    folder.records.record(dataclasses.replace(FIRST, run_id="later", artefacts=later))
    makes()
    folder.remake(run, "count.pdf")
    assert sorted(there(folder)) == ["count.html", "later.pdf", "report.pdf", "third.pdf"]


def test_its_former_name_is_that_of_an_earlier_run_where_the_last_one_could_not_make_it(
    folder: Folder, makes: Callable[..., None]
) -> None:
    old = folder.report("count.pdf").rename(folder.report("old.pdf"))
    folder.records.record(dataclasses.replace(FIRST, run_id="run-0", artefacts={"report:count": str(old)}))
    folder.note("count")  # and nothing of the report, which the run has begun anew
    folder.executed("count").with_name("report-pdf.json").unlink()
    run = renamed(folder.record({**DONE, "report:count": "failed"}), count="all of {reference_date}")
    makes()
    folder.remake(run, "count.pdf")
    assert sorted(there(folder)) == [f"all of {FIRST.reference_date}.pdf", "count.html", "report.pdf"]


def test_a_report_that_fails_under_its_new_name_stays_under_the_former(folder: Folder, makes: Callable[..., None]) -> None:
    run = recorded_run(folder, renamed(folder.record(DONE), count="all of {reference_date}"))
    makes(error="too long")
    assert folder.remake(run, "count.pdf").failed == {"count.pdf": "too long"}
    assert there(folder) == dict.fromkeys(ALL, "as it was")
    assert missing_reports(recorded_run(folder, run), folder.artefacts) == []


def test_reports_that_change_their_names_are_made_together_or_not_at_all(folder: Folder, makes: Callable[..., None]) -> None:
    run = recorded_run(folder, renamed(folder.record(DONE), count="report", report="count"))
    makes()
    assert folder.remake(run, "count.pdf").failed == {
        "count.pdf": "its name is report.pdf now, which report.pdf still has; make all reports of the run again"
    }
    assert there(folder) == dict.fromkeys(ALL, "as it was")
    assert folder.remake(run).failed == {}
    assert there(folder) == dict.fromkeys(ALL, "anew")
    paths = {name: Path(path).name for name, path in folder.recorded().artefacts.items()}
    assert paths == {"report:count": "report.pdf", "report:count.html": "count.html", "report:report": "count.pdf"}


def test_a_run_leaves_no_report_under_a_name_from_before_one_that_failed(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = folder.report("old.pdf"), folder.report("new.pdf")
    for number, (state, made) in enumerate([("succeeded", old), ("failed", None), ("succeeded", new)]):
        if made is not None:
            made.write_text("made")
        task = SimpleNamespace(workflow_id="flows", run_id=str(number))
        monkeypatch.setattr(activities, "context", lambda task=task: task)
        activities.record_run.execute(
            workflow="flows",
            instance=FIRST.instance,
            outputs=str(folder.outputs),
            identity=FIRST.identity,
            parameters={"reference_date": FIRST.reference_date},
            state=state,
            light="green",
            started=FIRST.started.isoformat(),
            ended=FIRST.ended.isoformat(),
            error=None,
            artefacts={"report:count": str(made)} if made is not None else {},
        )
        assert (old.exists(), new.exists()) == (number < 2, number == 2)
