"""Reports that are missing or out of date, made anew without running a notebook."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.samples import DATES, WORKFLOWS, command, environment, inputs, run_jsons, typed
from tests.launched import Launched

ONCE = ("--local", "--once", "--quiet")
TITLED = "from IPython.display import Markdown, display\ndisplay(Markdown('# of ' + counted.split('/')[-3][:10]))"
BOTH = WORKFLOWS.replace("output: {format: pdf}", "output: [{format: pdf}, {format: html}]")
IDS = {day: f"days/{day}_{identity}" for day, identity in zip(DATES, ("1e6bbce8", "77c101f8", "a29507e4"), strict=False)}


def said(file: Path, *words: object, code: int = 0) -> tuple[str, str]:
    """What a command about the file prints, and what it says beside that; times and places do not matter."""
    done = typed(words[0], file, *words[1:], cwd=file.parent)
    assert done.returncode == code, done.stderr
    lines = [line.split(" made in ")[0] for line in done.stdout.replace(f"{file.parent}/outputs/", "").splitlines()]
    return "\n".join(lines), done.stderr


def shown(file: Path, run: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(said(file, "runs.show", run, "--json")[0])["run"]
    return whole


def report(file: Path, day: str, format: str = "pdf") -> Path:
    return file.parent / "outputs/reports" / IDS[day] / f"report.{format}"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three dates have run, the third has failed in its first notebook."""
    count = "assert day != '2016-01-03', 'bad day'\nprint('rows of', day)"
    made = inputs(tmp_path_factory.mktemp("anew") / "in", dates=DATES[:3], workflows=BOTH, count=count, report=TITLED)
    assert typed("sensor.start", made, *ONCE, cwd=made.parent).returncode == 1
    return made


@pytest.fixture
def file(ran: Path, tmp_path: Path) -> Iterator[Path]:
    """The same for each test, in its place: the records name absolute paths."""
    kept = tmp_path / "kept"
    shutil.copytree(ran.parent, kept, symlinks=True)
    yield ran
    shutil.rmtree(ran.parent)
    shutil.copytree(kept, ran.parent, symlinks=True)


def test_a_report_that_is_gone_is_told_and_made_without_running_a_notebook(file: Path) -> None:
    executed = run_jsons(file.parent / "outputs")
    former = report(file, DATES[1], "html").read_bytes()
    report(file, DATES[0]).unlink()
    report(file, DATES[1], "html").unlink()
    command = f"simpleflow-nb reports.make {file} --from 2016-01-01 --to 2016-01-02 --remake missing"
    assert said(file, "status")[0].splitlines()[1:6] == [
        "2016-01-01  green (without report.pdf)",
        "2016-01-02  green (without report.html)",
        "2016-01-03  red: count failed in cell 2: AssertionError: bad day",
        "2 of 3 runs succeeded",
        f"2 reports are missing of 2 runs that succeeded (`{command}` makes them)",
    ]
    dates = json.loads(said(file, "status", "--json")[0])["dates"]
    assert [row["missing_reports"] for row in dates] == [
        ["report.pdf"],
        ["report.html"],
        [],
    ]
    one = command.replace("2016-01-02", "2016-01-01")
    assert said(file, "runs.retry", IDS[DATES[0]])[0].splitlines() == [
        f"nothing to retry: {IDS[DATES[0]]} succeeded, with 2 notebooks",
        f"1 report is missing of 1 run that succeeded (`{one}` makes it)",
    ]
    assert said(file, "reports.make", "--from", "2016-01-01", "--to", "2016-01-02", "--remake", "missing") == (
        f"reports/{IDS[DATES[0]]}/report.pdf\nreports/{IDS[DATES[1]]}/report.html\n2 reports",
        "",
    )
    assert said(file, "reports.make", "--remake", "missing")[0] == "no report is missing (4 checked)"
    assert report(file, DATES[1], "html").read_bytes() == former
    assert run_jsons(file.parent / "outputs") == executed
    assert said(file, "status")[0].splitlines()[4:] == ["2 of 3 runs succeeded", "1 run due (plan --why says why)"]


def test_an_output_that_was_added_later_and_a_template_that_changed(file: Path) -> None:
    text = file.read_text()
    file.write_text(
        text.replace("parameters: {day: reference_date}", "parameters: {day: reference_date}\n        output: {format: html}")
    )
    assert "2016-01-01  green (without count.html)" in said(file, "status")[0]
    assert said(file, "reports.make", IDS[DATES[0]], "--label", "count")[0] == f"reports/{IDS[DATES[0]]}/count.html\n1 report"
    assert shown(file, IDS[DATES[0]])["artefacts"].keys() >= {"report:count.html"}

    (file.parent / "house.typ").write_text('#import "/report.typ"\n#let style(about, body) = report.document(..about, body)')
    file.write_text(text.replace("[{format: pdf}, {format: html}]", "{format: pdf, template: house.typ}"))
    changed = ("reports.make", "--remake", "changed")
    assert said(file, *changed)[0].splitlines()[-1] == "2 reports"
    nothing = "no report would come out differently; use --remake all to make them anyway (2 checked)"
    assert said(file, *changed)[0] == nothing
    (file.parent / "house.typ").write_text("#let style(about, body) = nonsense(body)")
    former = report(file, DATES[0]).read_bytes()
    printed, told = said(file, *changed, code=1)
    assert printed == "0 reports"
    assert told.splitlines()[0] == "simpleflow-nb: 2 reports could not be made:"
    assert [line.partition(": ")[0] for line in told.splitlines()[1:3]] == [f"  {IDS[day]}  report.pdf" for day in DATES[:2]]
    assert report(file, DATES[0]).read_bytes() == former
    assert shown(file, IDS[DATES[0]])["light"] == "green"

    report(file, DATES[0]).unlink()
    said(file, "reports.make", "--remake", "missing", code=1)
    run = shown(file, IDS[DATES[0]])
    assert (run["state"], run["light"], run["labels"]["report:report"]) == ("succeeded", "orange", "failed")
    assert run["error"].startswith("report.pdf failed: template ")
    told = "2016-01-01  orange: report: template house.typ:1: unknown variable: nonsense (without report.pdf)"
    assert told in said(file, "status")[0]
    file.write_text(text)
    assert said(file, "reports.make", IDS[DATES[0]])[0].splitlines()[-1] == "2 reports"
    run = shown(file, IDS[DATES[0]])
    assert (run["light"], run["error"], run["labels"]) == ("green", None, {"count": "done", "report": "done"})


def test_what_cannot_be_made_is_named(file: Path) -> None:
    outputs = file.parent / "outputs"
    shutil.rmtree(outputs / "notebooks" / IDS[DATES[0]])
    shutil.rmtree(outputs / "reports" / IDS[DATES[0]])
    gone = (
        f"simpleflow-nb: {IDS[DATES[0]]}: its executed notebooks are gone, so that no report can be made; "
        "backfill --rerun all or workflow.start runs them again\n"
    )
    assert "without" not in said(file, "status")[0]  # it was cleaned
    assert said(file, "reports.make", IDS[DATES[0]], code=2)[1] == gone
    assert said(file, "reports.make", "--label", "report") == (
        f"reports/{IDS[DATES[1]]}/report.pdf\nreports/{IDS[DATES[1]]}/report.html\n2 reports",
        gone,
    )
    (outputs / "notebooks" / IDS[DATES[1]] / "report/report.ipynb").unlink()
    printed, told = said(file, "reports.make", IDS[DATES[1]], code=1)
    assert (printed, told.count(f"  report.pdf: the executed notebook {outputs}")) == ("0 reports", 1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((IDS[DATES[0]], "--from", "2016-01-01"), "RUN and --from or --to exclude each other; give one"),
        (("--from", "2016-01-03", "--to", "2016-01-02"), "--from 2016-01-03 is after --to 2016-01-02"),
        (
            ("--from", "2017-01-01", "--to", "2017-02-01"),
            "there is no run of workflows.yml from 2017-01-01 to 2017-02-01; runs.list shows which there are",
        ),
        (("--label", "reprot"), "workflows.yml has no notebook 'reprot' (did you mean 'report'?)"),
        (("--label", "count"), "notebook 'count' of workflows.yml has no 'output', so there is no report of it"),
        (
            (IDS[DATES[2]],),
            f"there is no report to make: no notebook of {IDS[DATES[2]]} has succeeded so far",
        ),
        (
            ("days/2020-01-01",),
            "there is no run 'days/2020-01-01'; runs.list shows which there are, as NAME/DATE or with more of the id",
        ),
    ],
)
def test_where_nothing_fits_there_is_one_sentence(words: tuple[str, ...], sentence: str, ran: Path) -> None:
    assert said(ran, "reports.make", *words, code=2) == ("", f"simpleflow-nb: {sentence}\n")


def test_a_run_that_is_going_on_is_left_alone_and_good_labels_of_a_failed_one_are_not(tmp_path: Path) -> None:
    go = tmp_path / "go"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.1)\n"
    workflows = WORKFLOWS.replace("        output: {format: pdf}\n", "").replace(
        "parameters: {day: reference_date}", "parameters: {day: reference_date}\n        output: {format: html}"
    )
    fails = f"assert '2016-01-02' not in counted, 'bad day'\nif '2016-01-01' in counted: exec({wait!r})"
    file = inputs(tmp_path / "in", dates=DATES[:2], workflows=workflows, report=fails)
    words = command("sensor.start", file, "--local", "--once")
    with Launched(words, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        giving_up = threading.Timer(300, process.kill)
        giving_up.start()
        try:
            for line in process.stderr:
                if line.startswith("days/2016-01-02") and "failed" in line and "report" not in line.split()[1]:
                    break
            running = f"{IDS[DATES[0]]} is running; it makes its reports itself; they can be made anew once it has ended"
            assert said(file, "reports.make", IDS[DATES[0]], code=2)[1] == f"simpleflow-nb: {running}\n"
            assert said(file, "reports.make") == (
                f"reports/{IDS[DATES[1]]}/count.html\n1 report",
                f"simpleflow-nb: {IDS[DATES[0]]}: it is running, and left alone: a run makes its reports itself\n",
            )
            go.touch()
            process.stderr.read()
            assert process.wait(180) == 1
        finally:
            giving_up.cancel()
            go.touch()  # else its notebook waits for ever, and we for it
    assert shown(file, IDS[DATES[1]])["light"] == "red"


def test_a_report_with_warnings_turns_its_run_orange_and_says_why(tmp_path: Path) -> None:
    odd = "from IPython.display import Markdown, display\ndisplay(Markdown('a letter that no font has: \\U0001f9ff'))"
    workflows = WORKFLOWS.replace("        output: {format: pdf}\n", "")
    file = inputs(tmp_path / "in", dates=DATES[:1], workflows=workflows, report=odd)
    assert typed("sensor.start", file, *ONCE, cwd=tmp_path).returncode == 0
    file.write_text(WORKFLOWS)
    printed, told = said(file, "reports.make", IDS[DATES[0]])
    assert printed == f"reports/{IDS[DATES[0]]}/report.pdf\n1 report"
    assert told.startswith(f"warning: {IDS[DATES[0]]}  report.pdf: ")
    assert shown(file, IDS[DATES[0]])["light"] == "orange"
    assert (file.parent / "outputs/reports/days/latest/report.pdf").is_file()
