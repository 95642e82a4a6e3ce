"""A project that was moved, or copied to another place: everything that has run is found there, and goes on there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import DATES, WORKFLOWS, command, environment, inputs, notebook, typed
from tests.launched import Launched

ONCE = ("--local", "--once", "--quiet")
LOOK = "look: {filename: look.ipynb, parameters: {at: inputs_dir}, output: {format: pdf}}"
FLOWS = WORKFLOWS.replace("      report:\n", f"      {LOOK}\n      report:\n")
FLOWS = FLOWS.replace("  output: {format: pdf}", "  output: [{format: pdf, name: 'days-{reference_date}'}, {format: html}]")
IDS = {day: f"days/{day}_{identity}" for day, identity in zip(DATES, ("1e6bbce8", "77c101f8", "a29507e4"), strict=False)}


def _made(folder: Path, **more: Any) -> Path:
    """Three dates have run; the third has failed in its last notebook."""
    report = "assert '/2016-01-03' not in counted, 'bad day'"
    file = inputs(folder, dates=DATES[:3], workflows=FLOWS, report=report)
    notebook(file.with_name("look.ipynb"), "at = ''", "import os\nprint(sorted(os.listdir(at))[0])")
    assert typed("sensor.start", file, *ONCE, cwd=folder, **more).returncode == 1
    return file


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _made(tmp_path_factory.mktemp("first") / "project")


def _as_now(outputs: Path) -> None:
    """As this version leaves it."""


def _as_version_0_1(outputs: Path) -> None:
    """With absolute paths everywhere, and without a note of where the folder is."""
    with closing(sqlite3.connect(outputs / ".simpleflow-nb" / "runs.sqlite3")) as records, records:
        for number, text in records.execute("SELECT id, artefacts FROM sfnb_runs").fetchall():
            paths = {name: str(outputs / path) for name, path in json.loads(text).items()}
            records.execute("UPDATE sfnb_runs SET artefacts = ? WHERE id = ?", (json.dumps(paths), number))
    for file in sorted(outputs.glob("notebooks/*/*/*/*.json"), key=lambda file: file.name.startswith("report-")):
        content = json.loads(file.read_text())
        del content["schema"]
        for name in content.pop("relative_to_outputs", ()):
            content["parameters"][name] = os.path.normpath(outputs / content["parameters"][name])
        if "source" in content:
            content["source"] = os.path.normpath(outputs / content["source"])
        if "result" in content:
            content["result"]["path"] = str(outputs / content["result"]["path"])
            content["origin"]["executed"] = hashlib.sha256(file.with_name("run.json").read_bytes()).hexdigest()
        moments = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
        file.write_text(json.dumps(content))
        os.utime(file, ns=moments)
    (outputs / ".simpleflow-nb" / "place.json").unlink()


@pytest.fixture(params=[_as_now, _as_version_0_1])
def moved(ran: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The workflow file in its new place; there is nothing in the former one."""
    kept = tmp_path / "kept"
    shutil.copytree(ran.parent, kept, symlinks=True)
    request.param(ran.parent / "outputs")
    new = tmp_path / "another place" / "renamed"
    new.parent.mkdir()
    os.rename(ran.parent, new)
    yield new / ran.name
    assert not ran.parent.exists()  # nothing has gone on in the former place
    shutil.copytree(kept, ran.parent, symlinks=True)


def said(file: Path, *words: object, code: int = 0) -> str:
    done = typed(words[0], file, *words[1:], cwd=file.parent)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout.replace(f"{file.parent}/", "") + done.stderr


def shown(file: Path, run: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(typed("runs.show", file, run, "--json", cwd=file.parent).stdout)["run"]
    return whole


def test_nothing_that_is_kept_names_the_place_of_the_folder(ran: Path) -> None:
    outputs = ran.parent / "outputs"
    files = [*outputs.glob("notebooks/**/*.json"), *outputs.glob("reports/**/*.json")]
    assert len(files) == 3 * 3 * 2 + 3 + 2 * 2  # run.json, config.json of 3 labels; report-pdf.json, report-html.json
    assert [file for file in files if str(ran.parent) in file.read_text()] == []
    with closing(sqlite3.connect(outputs / ".simpleflow-nb" / "runs.sqlite3")) as records:
        assert [row for row in records.execute("SELECT * FROM sfnb_runs") if str(ran.parent) in str(row)] == []


def test_every_json_file_of_ours_begins_with_its_schema(ran: Path) -> None:
    outputs = ran.parent / "outputs"
    files = [*outputs.glob("notebooks/**/*.json"), outputs / ".simpleflow-nb" / "place.json"]
    assert {file.name for file in files} == {"run.json", "config.json", "report-pdf.json", "report-html.json", "place.json"}
    assert [file for file in files if next(iter(json.loads(file.read_text()).items())) != ("schema", 1)] == []


def test_what_has_run_is_found_in_the_new_place(moved: Path) -> None:
    outputs = moved.parent / "outputs"
    artefacts = shown(moved, IDS[DATES[0]])["artefacts"]
    assert {name: str(Path(path).relative_to(outputs)) for name, path in artefacts.items()} == {
        "count": f"notebooks/{IDS[DATES[0]]}/count/count.ipynb",
        "look": f"notebooks/{IDS[DATES[0]]}/look/look.ipynb",
        "report": f"notebooks/{IDS[DATES[0]]}/report/report.ipynb",
        "report:look": f"reports/{IDS[DATES[0]]}/look.pdf",
        "report:report": f"reports/{IDS[DATES[0]]}/days-2016-01-01.pdf",
        "report:report.html": f"reports/{IDS[DATES[0]]}/report.html",
    }
    assert all(Path(path).is_file() for path in artefacts.values())
    assert "no longer there" not in said(moved, "runs.show", IDS[DATES[0]])
    assert said(moved, "runs.logs", IDS[DATES[1]], "count") == "rows of 2016-01-02\n"
    assert "missing" not in said(moved, "status")
    assert len(said(moved, "runs.list").splitlines()) == 1 + 3
    assert (outputs / "reports/days/latest").resolve() == outputs / "reports" / IDS[DATES[1]]


def test_nothing_is_due_for_the_move(moved: Path) -> None:
    assert "1 run due, 2 not due" in said(moved, "plan").splitlines()
    period = ("--from", DATES[0], "--to", DATES[2])
    lines = said(moved, "backfill", "days", *period, "--rerun", "changed", "--dry-run").splitlines()
    assert lines == ["0 runs to start, 3 left out", "  3 nothing has changed since"]


def test_a_run_that_is_tried_again_keeps_what_succeeded(moved: Path, request: pytest.FixtureRequest) -> None:
    notebook(moved.with_name("report.ipynb"), "counted = ''", "print('made from', counted)")
    said(moved, "runs.retry", IDS[DATES[2]], "--quiet")
    labels = shown(moved, IDS[DATES[2]])["labels"]
    if _as_version_0_1 in request.node.callspec.params.values():  # it is not known where the inputs were, seen from the outputs
        assert labels == {"count": "cached", "look": "done", "report": "done"}
    else:
        assert labels == {"count": "cached", "look": "cached", "report": "done", "report:look": "cached"}
    reports = moved.parent / "outputs/reports" / IDS[DATES[2]]
    assert sorted(file.name for file in reports.iterdir()) == ["days-2016-01-03.pdf", "look.pdf", "report.html"]
    assert (moved.parent / "outputs/reports/days/latest").resolve() == reports


def test_reports_are_made_anew_where_they_are_now(moved: Path) -> None:
    unchanged = "no report would come out differently; use --remake all to make them anyway (7 checked)\n"
    assert said(moved, "reports.make", "--remake", "changed") == unchanged
    (moved.parent / "outputs/reports" / IDS[DATES[0]] / "days-2016-01-01.pdf").unlink()
    lines = said(moved, "reports.make", "--remake", "missing").splitlines()
    assert lines[0] == f"outputs/reports/{IDS[DATES[0]]}/days-2016-01-01.pdf"


def test_old_runs_are_cleaned_away_in_the_new_place(moved: Path) -> None:
    assert said(moved, "outputs.clean", "--keep-days", "0").startswith("2 runs removed, ")
    assert sorted(path.name for path in (moved.parent / "outputs/notebooks/days").iterdir()) == [IDS[DATES[1]].split("/")[1]]


def test_a_notebook_of_a_run_is_prepared_with_its_paths_as_they_are_now(moved: Path) -> None:
    place = ("--db", moved.parent / "outputs/.simpleflow-nb/journal.sqlite3", "--into", moved.parent / "debug")
    done = typed("notebook.debug", IDS[DATES[2]], "report", *place, cwd=moved.parent)
    assert done.returncode == 0, done.stderr
    counted = moved.parent / "outputs/notebooks" / IDS[DATES[2]] / "count/count.ipynb"
    assert json.loads((moved.parent / "debug/parameters.json").read_text()) == {"counted": str(counted)}
    done = typed("notebook.debug", IDS[DATES[2]], "look", *place, cwd=moved.parent)
    assert json.loads((moved.parent / "debug/parameters.json").read_text()) == {"at": str(moved.parent)}


@pytest.mark.parametrize("what", ["outputs", "inputs"])
def test_where_one_of_the_two_folders_moves_what_took_the_inputs_is_done_again(tmp_path: Path, what: str) -> None:
    outputs = tmp_path / "results"
    file = _made(tmp_path / "project", AUTOFLOW_OUTPUTS_DIR=str(outputs))
    (tmp_path / "far").mkdir()
    if what == "outputs":
        outputs = outputs.rename(tmp_path / "far" / "results")
    else:
        file = file.parent.rename(tmp_path / "far" / "project") / file.name
    notebook(file.with_name("report.ipynb"), "counted = ''", "print('made from', counted)")
    refused = said(file, "runs.retry", IDS[DATES[2]], "--quiet", "--outputs", outputs, code=2)
    assert "--adopt (of sensor.start, workflow.start, backfill and runs.retry) takes its runs over" in refused
    said(file, "runs.retry", IDS[DATES[2]], "--quiet", "--outputs", outputs, "--adopt")
    row = json.loads(typed("runs.show", file, IDS[DATES[2]], "--json", "--outputs", outputs, cwd=tmp_path).stdout)["run"]
    assert row["labels"] == {"count": "cached", "look": "done", "report": "done"}
    assert [path for path in row["artefacts"].values() if not path.startswith(f"{outputs}/")] == []
    assert not (tmp_path / ("results" if what == "outputs" else "project")).exists()


WAITS = "import os, time\nwhile os.path.exists(counted.split('/outputs/')[0] + '/wait'):\n    time.sleep(0.05)"


@pytest.mark.parametrize("words", [("sensor.start", "FILE", *ONCE), ("backfill", "FILE", "days", "--from", DATES[0])])
@pytest.mark.parametrize("is_copied", [False, True])
def test_what_was_interrupted_begins_anew_in_the_new_place_with_what_it_had_done(
    tmp_path: Path, words: tuple[str, ...], is_copied: bool
) -> None:
    file = inputs(tmp_path / "project", dates=DATES[:1], workflows=FLOWS, report=WAITS)
    notebook(file.with_name("look.ipynb"), "at = ''", "import os\nprint(sorted(os.listdir(at))[0])")
    (file.parent / "wait").touch()
    more = ("--to", DATES[0], "--quiet") if words[0] == "backfill" else ()
    typing = [str(file) if word == "FILE" else word for word in (*words, *more)]
    with Launched(command(*typing), cwd=file.parent, env=environment(), stderr=subprocess.DEVNULL) as process:
        run = file.parent / "outputs/notebooks" / IDS[DATES[0]]
        wait_until(lambda: (run / "report/run.json").exists() and (run / "look/report-pdf.json").exists())
        # The file stands before the journal has the answer of the activity, and the attempt tells what the journal has.
        wait_until(lambda: "report:look" in shown(file, IDS[DATES[0]])["artefacts"])
        process.kill()
    former = (file.parent / "outputs/notebooks" / IDS[DATES[0]] / "count/run.json").read_bytes()
    new = tmp_path / "moved"
    shutil.copytree(file.parent, new, symlinks=True)
    (new / "wait").unlink()
    if not is_copied:
        shutil.rmtree(file.parent)
    there = sorted((path, path.stat().st_mtime_ns) for path in file.parent.glob("outputs/**/*"))
    told = said(new / file.name, "sensor.start", *ONCE)
    assert (
        f"simpleflow-nb: the outputs were moved here from {file.parent}/outputs; interrupted runs start again here, "
        "and keep what they had done\n"
    ) in told
    assert "1 of 1 run succeeded" in told
    row = shown(new / file.name, IDS[DATES[0]])
    assert row["labels"] == {"count": "cached", "look": "cached", "report": "done", "report:look": "cached"}
    attempts = json.loads(typed("runs.show", new / file.name, IDS[DATES[0]], "--json", cwd=new).stdout)["attempts"]
    assert [(one["state"], one["attempt"]) for one in attempts] == [("terminated", 1), ("succeeded", 2)]
    notebooks, report = new / "outputs/notebooks" / IDS[DATES[0]], new / "outputs/reports" / IDS[DATES[0]] / "look.pdf"
    assert attempts[0]["artefacts"] == {
        "count": str(notebooks / "count/count.ipynb"),
        "look": str(notebooks / "look/look.ipynb"),
        "report:look": str(report),
    }
    assert (notebooks / "count/run.json").read_bytes() == former
    assert sorted((path, path.stat().st_mtime_ns) for path in file.parent.glob("outputs/**/*")) == there
    assert "the outputs were moved" not in said(new / file.name, "sensor.start", *ONCE)


def _backfill_killed_at_its_first_run(file: Path) -> None:
    (file.parent / "wait").touch()
    words = ("--from", DATES[0], "--to", DATES[2], "--max-parallel", "1", "--quiet")
    with Launched(
        command("backfill", file, "days", *words), cwd=file.parent, env=environment(), stderr=subprocess.DEVNULL
    ) as process:
        wait_until(lambda: (file.parent / "outputs/notebooks" / IDS[DATES[0]] / "report").exists())
        process.kill()
    (file.parent / "wait").unlink()


@pytest.mark.parametrize(
    ("how", "goes_on"), [("moved", "sensor.start"), ("renamed", "sensor.start"), ("both", "sensor.start"), ("both", "backfill")]
)
def test_a_backfill_that_was_interrupted_runs_the_rest_of_its_dates_where_the_file_is_now(
    tmp_path: Path, how: str, goes_on: str
) -> None:
    entry = "    - workflow_name: days\n      earliest_date: 2016-02-01\n"  # a check starts none of them
    file = inputs(tmp_path / "project", workflows=WORKFLOWS.replace("    - workflow_name: days\n", entry), report=WAITS)
    _backfill_killed_at_its_first_run(file)
    if how != "renamed":
        file = file.parent.rename(tmp_path / "moved") / file.name
    more: tuple[str, ...] = ()
    if how != "moved":
        file, more = file.rename(file.with_name("flows.yml")), ("--adopt",)
    last = ("days", "--from", DATES[3], "--to", DATES[3], "--quiet")
    told = said(file, goes_on, *(ONCE if goes_on == "sensor.start" else last), *more)
    number = 3 if goes_on == "sensor.start" else 4
    assert f"{number} of {number} runs succeeded" in told
    for day in DATES[:number]:
        assert list((file.parent / "outputs/reports/days").glob(f"{day}_*/report.pdf")), day
    assert "nothing is due" in said(file, "sensor.start", *ONCE)


def test_a_backfill_that_fails_is_told(tmp_path: Path) -> None:
    """Its file has two workflows, and another file has taken the other one over meanwhile."""
    nights = WORKFLOWS.replace("days", "nights").replace("2016-01-01", "2016-02-01")
    two = WORKFLOWS.replace(
        "available_dates_sensor", nights[len("workflows:\n") : nights.index("available")] + "available_dates_sensor"
    )
    file = inputs(tmp_path / "project", workflows=two, report=WAITS)
    _backfill_killed_at_its_first_run(file)
    other = file.with_name("other.yml")
    other.write_text(nights.replace("data/{date}", "data/nights-{date}"))
    told = said(other, "sensor.start", *ONCE, "--adopt", code=1).replace(f"{file.parent}/", "")
    assert (
        "failed before every run was started: workflow 'nights' belongs to other.yml (outputs in outputs), and workflows.yml "
        "names it too; "
    ) in told


def test_a_report_keeps_its_place_until_it_is_made_under_its_new_name(ran: Path, tmp_path: Path) -> None:
    shutil.copytree(ran.parent, tmp_path / "copy", symlinks=True)
    file = tmp_path / "copy" / ran.name
    file.write_text(file.read_text().replace("'days-{reference_date}'", "'{label} of {reference_date}'"))
    reports = file.parent / "outputs/reports" / IDS[DATES[0]]
    assert "missing" not in said(file, "status")
    assert shown(file, IDS[DATES[0]])["artefacts"]["report:report"] == str(reports / "days-2016-01-01.pdf")
    lines = said(file, "reports.make", IDS[DATES[0]], "--label", "report").splitlines()
    assert lines[:2] == [
        f"outputs/reports/{IDS[DATES[0]]}/report of 2016-01-01.pdf",
        f"outputs/reports/{IDS[DATES[0]]}/report.html",
    ]
    assert sorted(path.name for path in reports.iterdir()) == ["look.pdf", "report of 2016-01-01.pdf", "report.html"]
    assert shown(file, IDS[DATES[0]])["artefacts"]["report:report"] == str(reports / "report of 2016-01-01.pdf")
    period = ("--from", DATES[1], "--to", DATES[1])
    said(file, "backfill", "days", *period, "--rerun", "all", "--quiet")
    reports = file.parent / "outputs/reports" / IDS[DATES[1]]
    assert sorted(path.name for path in reports.iterdir()) == ["look.pdf", "report of 2016-01-02.pdf", "report.html"]
