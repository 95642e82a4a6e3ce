"""Which reports of a former try stand, and which are made again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deciders.runs.planned_run import run_for
from deciders.specification import ConfiguredWorkflow, NotebookSpecification, OutputSpecification, WorkflowSpecification
from deciders.tasks.results import ReportResult
from workers.artefacts import Artefacts
from workers.runs import kept_reports as module
from workers.runs.kept_reports import kept_reports, record_report, report_origin

RUN = run_for(ConfiguredWorkflow(workflow_name="days", parameters={}), date(2016, 1, 1))
PDF = OutputSpecification(format="pdf", template="looks/own.typ")
HTML = OutputSpecification(format="html")
RESULT = {"light": "orange", "warnings": ["cell 1: odd"], "pages": 3}


def workflow(*outputs: OutputSpecification) -> WorkflowSpecification:
    return WorkflowSpecification(
        name="days", notebooks=(NotebookSpecification(label="count", filename="count.ipynb", output=outputs),)
    )


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The inputs folder of a notebook with a report of each format."""
    for name in ("looks/own.typ", "looks/logo.png", "looks/notes.txt", "fonts/one.ttf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("as it was")
    artefacts = Artefacts(tmp_path / "out")
    executed = artefacts.notebook("days", RUN.instance, "count")
    executed.parent.mkdir(parents=True)
    executed.with_name("run.json").write_text("{}")
    for output in (PDF, HTML):
        path = artefacts.report("days", RUN.instance, "count", output.format)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("report")
        origin = report_origin(output, "2016-01-01", tmp_path, executed)
        record_report(ReportResult.of_json({**RESULT, "path": str(path)}), origin, output.format, executed)
    return tmp_path


def kept(folder: Path, *outputs: OutputSpecification, labels: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    standing = {"count": {}} if labels is None else labels
    return kept_reports(workflow(*outputs or (PDF, HTML)), RUN, folder, Artefacts(folder / "out"), standing)


def written(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text("as it is now")


def own(folder: Path, name: str) -> Path:
    return Artefacts(folder / "out").notebook_folder("days", RUN.instance, "count") / name


def test_reports_of_a_kept_notebook_stand_with_what_came_of_them(made: Path) -> None:
    reports = Artefacts(made / "out").report("days", RUN.instance, "count").parent
    assert kept(made) == {
        "count.pdf": ReportResult.of_json({**RESULT, "path": str(reports / "count.pdf")}),
        "count.html": ReportResult.of_json({**RESULT, "path": str(reports / "count.html")}),
    }
    assert kept(made, labels={}) == {}


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        (written("looks/notes.txt"), ["count.pdf", "count.html"]),
        (written("count.ipynb"), ["count.pdf", "count.html"]),
        (written("looks/own.typ"), ["count.html"]),
        (written("looks/logo.png"), ["count.html"]),
        (written("looks/house.typ"), ["count.html"]),
        (lambda folder: (folder / "looks/own.typ").unlink(), ["count.html"]),
        (written("fonts/two.ttf"), []),
        (lambda folder: own(folder, "run.json").write_text('{"ended": "later"}'), []),
        (lambda folder: own(folder, "report-pdf.json").unlink(), ["count.html"]),
        (lambda folder: own(folder, "report-pdf.json").write_text("[]"), ["count.html"]),
        (lambda folder: own(folder, "report-html.json").write_text("{"), ["count.pdf"]),
        (
            lambda folder: Artefacts(folder / "out").report("days", RUN.instance, "count", "html").unlink(),
            ["count.pdf"],
        ),
    ],
)
def test_a_report_is_made_again_when_it_is_gone_or_something_that_it_is_made_from_has_changed(
    made: Path, change: Callable[[Path], object], standing: list[str]
) -> None:
    change(made)
    assert list(kept(made)) == standing


def test_other_options_or_another_version_make_it_again(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(kept(made, PDF.model_copy(update={"code": True}), HTML)) == ["count.html"]
    monkeypatch.setattr(module, "__version__", "99")
    assert kept(made) == {}
