"""What commands that look print with ``--json``: the document that the call of a project gives, with all its fields."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.notebooks import Local, Project
from tests.acceptance.samples import WORKFLOWS, inputs, typed

HTML = WORKFLOWS.replace("        output: {format: pdf}\n", "        output: {format: html}\n")
#: by date: succeeds, fails, warns, has nothing to do; there are no data for 2016-01-05
DATES = ("2016-01-01", "2016-01-02", "2016-01-03", "2016-01-04", "2016-01-06")
COUNT = """\
import warnings
from simpleflow_nb.notebooks import skip
print('rows of', day)
assert day != '2016-01-02', 'no rows'
if day == '2016-01-03':
    warnings.warn('few rows')
if day == '2016-01-04':
    skip('a holiday')"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of which four dates have run; the last one is due, as its data came later."""
    file = inputs(tmp_path_factory.mktemp("documents") / "in", workflows=HTML, dates=DATES[:4], count=COUNT)
    done = typed("sensor.start", "--local", "--once", "--quiet", file, cwd=file.parent)
    assert done.returncode == 1, done.stderr
    (file.parent / "data" / f"{DATES[4]}.csv").write_text("a,b\n1,2\n")
    return file


def document(file: Path, *words: object, code: int = 0) -> dict[str, Any]:
    done = typed(*words, "--json", cwd=file.parent)
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.stdout == json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    return found


CALLS: tuple[tuple[tuple[str, ...], Callable[[Project], Any]], ...] = (
    (("validate",), lambda project: project.validate()),
    (("plan",), lambda project: project.plan()),
    (("plan", "--why"), lambda project: project.plan(why=True)),
    (("status",), lambda project: project.status()),
    (("runs.list",), lambda project: project.runs()),
    (("runs.list", "days", "--state", "failed", "--all"), lambda p: p.runs("days", state="failed", every_run=True)),
    *(
        (("runs.show", f"days/{day}"), lambda project, day=day: project.run(f"days/{day}"))  # type: ignore[misc]
        for day in DATES[:4]
    ),
    (("runs.logs", "days/2016-01-01"), lambda project: project.logs("days/2016-01-01")),
    (("runs.logs", "days/2016-01-01", "count", "--grep", "rows"), lambda p: p.logs("days/2016-01-01", "count", pattern="rows")),
    (("runs.logs", "days/2016-01-01", "--attempt", "1"), lambda project: project.logs("days/2016-01-01", attempt=1)),
    (("sensor.list",), lambda project: project.sensors()),
)


@pytest.mark.parametrize(("words", "call"), CALLS, ids=[" ".join(words) for words, _ in CALLS])
def test_the_command_line_and_a_project_give_equal_json(
    ran: Path, words: tuple[str, ...], call: Callable[[Project], Any]
) -> None:
    printed = document(ran, *words)
    given = call(Project.open(ran, service=Local())).to_dict()
    if words == ("validate",):  # each names the file as it was given
        assert (printed.pop("file"), given.pop("file")) == ("workflows.yml", str(ran))
    assert printed == json.loads(json.dumps(given))
    assert printed["schema"] == 1


def test_doctor_and_a_project_give_equal_json(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In environments that differ, secrets and variables do."""
    printed = document(ran, "doctor")
    given = Project.open(ran, service=Local()).doctor().to_dict()
    assert (printed["schema"], printed["is_healthy"], sorted(printed)) == (1, True, sorted(given))
    told = [[(one["what"], one["state"]) for one in found["findings"]] for found in (printed, given)]
    first = [("outputs", "ok"), ("journal", "ok"), ("records", "ok"), ("source", "ok")]
    assert told[0][:4] == told[1][:4] == first


def test_status_has_runs_what_is_due_and_days_without_data(ran: Path) -> None:
    found = document(ran, "status")
    assert [(one["reference_date"], one["state"], one.get("light")) for one in found["dates"]] == [
        ("2016-01-01", "succeeded", "green"),
        ("2016-01-02", "failed", "red"),
        ("2016-01-03", "succeeded", "orange"),
        ("2016-01-04", "skipped", "green"),
        ("2016-01-06", "due", None),
        ("2016-01-05", "no data", None),
    ]
    assert found["dates"][1]["due"] == "failed before (attempt 2)"
    assert found["dates"][1]["started"].endswith("+00:00")
    assert (found["warnings"], found["trouble"], found["interrupted"]) == ([], None, None)


def test_status_says_why_it_has_no_plan(ran: Path) -> None:
    data = ran.parent / "data"
    data.rename(ran.parent / "away")
    try:
        found = document(ran, "status")
    finally:
        (ran.parent / "away").rename(data)
    assert found["trouble"] == f"there is no folder {data} to look for files in"
    assert [one["state"] for one in found["dates"]] == ["succeeded", "failed", "succeeded", "skipped"]


def test_a_plan_has_the_kind_of_each_reason(ran: Path) -> None:
    found = document(ran, "plan")
    assert [(one["reference_date"], one["reason_kind"]) for one in found["due"]] == [
        ("2016-01-02", "retry"),
        ("2016-01-06", "not_run_yet"),
    ]
    assert [(one["reference_date"], one["reason_kind"]) for one in found["not_due"]] == [
        ("2016-01-01", "already_succeeded"),
        ("2016-01-03", "already_succeeded"),
        ("2016-01-04", "waits_for_data"),
    ]


def test_runs_of_a_period_or_a_state_are_listed_alone(ran: Path) -> None:
    def days(*words: object) -> list[str]:
        return [run["reference_date"] for run in document(ran, "runs.list", *words)["runs"]]

    assert days() == list(DATES[:4])
    assert days("--from", "2016-01-02", "--to", "2016-01-03") == ["2016-01-02", "2016-01-03"]
    assert days("--state", "skipped") == ["2016-01-04"]
    assert days("--state", "running") == []


def test_the_log_of_a_run_has_the_lines_of_each_label(ran: Path) -> None:
    log = Project.open(ran, service=Local()).logs("days/2016-01-01")
    assert [(line.label, line.text) for line in log] == [
        ("count", "rows of 2016-01-01"),
        ("report", "made from count.ipynb"),
    ]
    assert not log.is_empty
    assert Project.open(ran, service=Local()).logs("days/2016-01-02", "report").is_empty
    with pytest.raises(DefinitionError, match=r"has no attempt 7 of count"):
        list(Project.open(ran, service=Local()).logs("days/2016-01-01", attempt=7))


def test_problems_of_a_file_are_a_document_too(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", workflows=HTML.replace("filename: count.ipynb", "filename: cuont.ipynb"))
    (file.parent / "report.ipynb").write_text("no notebook")
    found = document(file, "validate", file, code=2)
    assert (found["is_good"], found["workflows"], found["sensor_entries"]) == (False, [], None)
    assert [(one["file"], one["line"]) for one in found["problems"]] == [(str(file), 5), (str(file), 8)]
    assert typed("validate", file, "--json", cwd=tmp_path).stderr == typed("validate", file, cwd=tmp_path).stderr


def test_an_option_beside_json_that_does_nothing_is_refused(ran: Path) -> None:
    for words in (("runs.list",), ("status",), ("runs.show", "days/2016-01-01"), ("doctor",)):
        refused = typed("--format", "csv", *words, "--json", cwd=ran.parent)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr == "simpleflow-nb: --format does nothing with --json; leave it out\n"
    refused = typed("validate", "--schema", "--json", cwd=ran.parent)
    assert refused.stderr == "simpleflow-nb: --json does nothing with --schema; the schema is JSON\n"
