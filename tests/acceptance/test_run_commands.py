"""Looking at runs, trying them again, filling gaps, cleaning up; and telling a running sensor what to do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.samples import WORKFLOWS, command, environment, inputs, notebook, typed
from tests.acceptance.test_on_swf import local_service
from tests.launched import Launched
from tests.service.moto_server import CREDENTIALS

DAYS = ("2016-01-01", "2016-01-02", "2016-01-06")
GOOD, BAD = ("succeeded", "green"), ("failed", "red")
FAILS = "assert '2016-01-02' not in counted, 'bad day'"
IDS = {day: f"days/{day}_{identity}" for day, identity in zip(DAYS, ("1e6bbce8", "77c101f8", "0c14b8e2"), strict=True)}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three dates have run, the second has failed in its second notebook."""
    made = inputs(tmp_path_factory.mktemp("days") / "in", dates=DAYS, report=FAILS)
    assert typed("sensor.start", made, "--local", "--once", "--quiet", cwd=made.parent).returncode == 1
    return made


def said(file: Path, *words: object, code: int = 0) -> str:
    """What a command about the file prints."""
    done = typed(words[0], file, *words[1:], cwd=file.parent)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_status_shows_what_is_due_and_which_dates_lack(file: Path) -> None:
    assert said(file, "status") == (
        "date        days\n"
        "2016-01-01  green\n"
        "2016-01-02  red: report failed in cell 2: AssertionError: bad day\n"
        "2016-01-06  green\n"
        "2 of 3 runs succeeded\n"
        "1 run due (plan --why says why)\n"
        "no data between the first and the last date for 2016-01-03 to 2016-01-05\n"
    )
    rows = json.loads(said(file, "status", "--json"))["dates"]
    assert [(row["reference_date"], row["state"]) for row in rows] == [
        *zip(DAYS, ("succeeded", "failed", "succeeded"), strict=True),
        *((f"2016-01-0{day}", "no data") for day in (3, 4, 5)),
    ]
    assert [row["due"] for row in rows[:3]] == [None, "failed before (attempt 2)", None]


def test_the_link_latest_leads_to_the_reports_of_the_newest_date(file: Path) -> None:
    reports = file.parent / "outputs" / "reports" / "days"
    assert os.readlink(reports / "latest") == "2016-01-06_0c14b8e2"
    assert (reports / "latest" / "report.pdf").read_bytes()[:5] == b"%PDF-"


def test_runs_are_listed_and_one_is_shown_with_its_labels(file: Path) -> None:
    head, *lines = said(file, "runs.list").splitlines()
    assert head.split()[:4] == ["run", "state", "light", "attempt"]
    assert [line.split()[0] for line in lines] == list(IDS.values())
    assert [line.split()[1:4] for line in lines] == [
        ["succeeded", "green", "1"],
        ["failed", "red", "1"],
        ["succeeded", "green", "1"],
    ]
    assert said(file, "runs.list", "days", "--state", "failed", "--to", "2016-01-03").splitlines()[1].split()[0] == IDS[DAYS[1]]
    shown = said(file, "runs.show", "days/2016-01-02")
    assert re.search(r"^state +failed \(red\)$", shown, re.MULTILINE)
    folder = file.parent / "outputs/notebooks/days/2016-01-02_77c101f8"
    assert re.search(r"^error +report failed\n  notebook 'report' failed in cell 2: .* \(see .*\)\n\n", shown, re.MULTILINE)
    assert shown.endswith(
        "label   state   executed notebook or report\n"
        f"count   done    {folder}/count/count.ipynb\n"
        f"report  failed  {folder}/report/report.ipynb\n"
    )
    whole = json.loads(said(file, "runs.show", IDS[DAYS[1]], "--json"))
    assert (whole["run"]["labels"], len(whole["attempts"])) == ({"count": "done", "report": "failed"}, 1)


def test_what_notebooks_printed_is_shown_and_searched(file: Path) -> None:
    assert said(file, "runs.logs", "days/2016-01-06") == "count: rows of 2016-01-06\n"
    assert said(file, "runs.logs", "days/2016-01-06", "count", "--grep", "^rows of .*06$") == "rows of 2016-01-06\n"
    assert said(file, "runs.logs", "days/2016-01-06", "count", "--grep", "nothing such") == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("runs.show", "days/2020"),
            "there is no run 'days/2020'; runs.list shows which there are, as NAME/DATE or with more of the id",
        ),
        (("runs.show", "days/2016"), f"'days/2016' fits 3 runs: {', '.join(f'days/{day}' for day in DAYS)}; name one of them"),
        (("runs.logs", "days/2016-01-06", "cuont"), "days has no notebook 'cuont' (did you mean 'count'?)"),
        (
            ("runs.logs", "days/2016-01-06", "--grep", "("),
            "--grep '(' is not a regular expression: missing ), unterminated subpattern at position 0",
        ),
        (("runs.logs", "days/2016-01-06", "count", "--attempt", "3"), f"{IDS[DAYS[2]]} has no attempt 3 of count"),
        (("runs.list", "dais"), "workflows.yml has no workflow 'dais' (did you mean 'days'?)"),
        (
            ("backfill", "dais", "--from", "2016-01-01", "--to", "2016-01-02"),
            "workflows.yml has no workflow 'dais' (did you mean 'days'?)",
        ),
        (("backfill", "days", "--from", "2016-01-03", "--to", "2016-01-02"), "--from 2016-01-03 is after --to 2016-01-02"),
        (("backfill", "days", "--from", "2016-01-01", "--to", "2016-01-02", "--only", "x"), "days has no notebook 'x'"),
        (("sensor.pause",), "no sensor of {file} runs on {journal}; sensor.start starts one"),
        (("sensor.check",), "no sensor of {file} runs on {journal}; sensor.start starts one"),
    ],
)
def test_a_mistake_gets_one_sentence(words: tuple[str, ...], sentence: str, file: Path) -> None:
    journal = file.parent / "outputs" / ".simpleflow-nb" / "journal.sqlite3"
    text = sentence.replace("{file}", str(file)).replace("{journal}", str(journal))
    assert said(file, *words, code=2) == f"simpleflow-nb: {text}\n"


def test_a_backfill_says_what_it_would_start(file: Path) -> None:
    january = ("backfill", "days", "--from", "2016-01-01", "--to", "2016-01-31", "--dry-run")
    assert said(file, *january) == (
        "0 runs to start, 3 left out\n"
        "  2 already succeeded; --rerun all includes it\n"
        "  1 failed before; --rerun failed includes it\n"
    )
    every = said(file, *january, "--rerun", "all", "--latest-first").splitlines()
    assert [line.split() for line in every[1:]] == [
        ["2016-01-06", "days", "succeeded"],
        ["2016-01-02", "days", "failed"],
        ["2016-01-01", "days", "succeeded"],
        ["3", "runs", "to", "start,", "0", "left", "out"],
    ]


def test_dates_whose_stencil_lacks_data_are_counted_together(tmp_path: Path) -> None:
    stencil = WORKFLOWS.replace("- workflow_name: days", "- workflow_name: days\n      date_stencil: [[-7, 1]]")
    short = inputs(tmp_path / "in", workflows=stencil)
    assert said(short, "backfill", "days", "--from", "2016-01-01", "--to", "2016-01-31", "--dry-run") == (
        "0 runs to start, 4 left out\n  4 need dates that are not available\n"
    )


def test_retries_backfills_and_cleaning(file: Path) -> None:
    assert said(file, "runs.retry", "days/2016-01-01") == f"nothing to retry: {IDS[DAYS[0]]} succeeded, with 2 notebooks\n"
    notebook(file.parent / "report.ipynb", "counted = ''", "print('made from', counted.rpartition('/')[2])")
    assert re.fullmatch(
        r"1 report:\n  \S+\n1 of 1 run succeeded in \d+ s\n", said(file, "runs.retry", "days/2016-01-02", "--quiet")
    )
    assert json.loads(said(file, "runs.show", "days/2016-01-02", "--json"))["run"]["labels"] == {
        "count": "cached",
        "report": "done",
    }

    one = ("backfill", "days", "--from", "2016-01-01", "--to", "2016-01-01", "--rerun", "all", "--only", "count", "--quiet")
    assert re.fullmatch(r"1 of 1 run succeeded in \d+ s\n", said(file, *one))
    whole = json.loads(said(file, "runs.show", "days/2016-01-01", "--json"))
    assert [(one["state"], one["reason"], one["labels"]) for one in whole["attempts"]] == [
        ("succeeded", "first run", {"count": "done", "report": "done"}),
        ("partial", "backfill: succeeded", {"count": "done", "report": "not run"}),
    ]

    clean = ("outputs.clean", "--keep-days", "0")
    folders = said(file, *clean, "--dry-run").splitlines()
    assert re.fullmatch(r"2 runs would be removed, \d+\.\d MB; 3 runs looked at", folders.pop())
    assert len(folders) == 4
    assert all(Path(folder).is_dir() for folder in folders)
    said(file, *clean)
    assert not any(Path(folder).exists() for folder in folders)
    assert re.search(r"^count +done +/\S+/count.ipynb \(no longer there\)$", said(file, "runs.show", "days/2016-01-01"), re.M)
    assert (file.parent / "outputs/reports/days/latest/report.pdf").is_file()
    assert typed("plan", file, cwd=file.parent).stdout.startswith("0 runs due, 3 not due\n")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Path, Callable[..., str]]]:
    """A local sensor with a schedule; the function waits for a line of what it says."""
    made = inputs(tmp_path / "in", dates=(), workflows=WORKFLOWS.replace("0 6 * * *", "0 6 1 1 *"))
    log = tmp_path / "log.txt"
    with open(log, "w") as stream:
        words = command("sensor.start", made, "--local")
        with Launched(words, env=environment(), stdout=stream, stderr=stream, cwd=tmp_path) as process:

            def wait_for(line: str) -> str:
                until = time.monotonic() + 180
                while line not in (text := log.read_text()) and time.monotonic() < until and process.poll() is None:
                    time.sleep(0.05)
                assert line in text, text
                return text

            wait_for("looking for new dates")
            try:
                yield made, wait_for
            finally:
                process.kill()


def test_a_running_sensor_is_controlled_by_commands(running: tuple[Path, Callable[..., str]]) -> None:
    file, wait_for = running
    journal = file.parent / "outputs" / ".simpleflow-nb" / "journal.sqlite3"

    def state() -> str:
        table = typed("--format", "prettyjson", "sensor.list", "--local", "--db", journal, cwd=file.parent).stdout
        [row] = json.loads(table)
        return f"{row['State']} {row['Schedule']} {row['Next check (UTC)'] is not None}"

    assert state() == "waiting 0 6 1 1 * (UTC) True"
    here = said(file, "sensor.list")
    assert here.split()[1:3] == [str(file), "waiting"]
    assert typed("sensor.list", cwd=file.parent).stdout == here
    (file.parent / "data" / "2016-01-02.csv").write_text("a\n")
    assert said(file, "sensor.check").endswith(": looks for new dates now\n")
    wait_for("a check was asked for")
    wait_for("days/2016-01-02")
    assert said(file, "sensor.pause").endswith(": paused until sensor.resume; open runs go on\n")
    wait_for("the sensor is paused; sensor.resume lets it go on")
    assert state() == "paused 0 6 1 1 * (UTC) False"
    assert said(file, "sensor.check").endswith(": paused; sensor.resume lets it look\n")
    other = typed("sensor.start", file, "--local", "--db", file.parent / "other.sqlite3", cwd=file.parent)
    assert (other.returncode, other.stderr.partition(" with outputs")[0].split()[3:]) == (2, ["runs", "workflows"])

    (file.parent / "data" / "2016-01-03.csv").write_text("a\n")
    month = ("backfill", "days", "--from", "2016-01-01", "--to", "2016-01-31")
    assert re.fullmatch(r"1 report:\n  .*report\.pdf\n1 of 1 run succeeded in \d+ s\n", said(file, *month))
    wait_for("  completed")

    file.write_text(file.read_text().replace("0 6 1 1 *", "* * * * * *"))
    assert said(file, "sensor.reload").endswith(": reloaded; it looks at '* * * * * *' (UTC)\n")
    (file.parent / "data" / "2016-01-04.csv").write_text("a\n")
    said(file, "sensor.resume")
    wait_for("days/2016-01-04")
    assert said(file, "sensor.stop").endswith(": stops; open runs go on\n")
    text = wait_for("the sensor was stopped")
    assert re.search(r"^3 of 3 runs succeeded", text, re.MULTILINE)


def test_a_sensor_on_swf_is_unique_and_is_controlled_by_commands(tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=("2016-01-01",))
    with local_service(tmp_path) as endpoint:
        place = {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint, "SWF_DOMAIN": "TestDomain"}

        def asked(*words: object) -> subprocess.CompletedProcess[str]:
            return typed(*words, cwd=tmp_path, **place)

        none = asked("sensor.pause", file)
        assert none.stderr == f"simpleflow-nb: no sensor of {file} runs in domain TestDomain; sensor.start starts one\n"
        sensor_id = asked("sensor.start", file).stdout.split()[0]
        second = asked("sensor.start", file)
        assert (second.returncode, second.stderr) == (
            2,
            f"simpleflow-nb: a sensor of {file} is open as {sensor_id} in domain TestDomain; sensor.reload lets it go on with "
            "the file as it is now, sensor.stop ends it\n",
        )
        assert asked("sensor.pause", file).stdout == f"{sensor_id}: paused until sensor.resume; open runs go on\n"
        table = asked("--format", "prettyjson", "sensor.list", "TestDomain").stdout
        [row] = json.loads(table)
        assert (row["Sensor"], row["File"], row["State"]) == (sensor_id, str(file), "paused")
        month = ("backfill", file, "days", "--from", "2016-01-01", "--to", "2016-01-31")
        started = asked(*month).stdout.split()
        assert re.fullmatch(r"backfill-days-[0-9a-f]{12}", started[0])
        assert asked(*month).stderr.endswith(f"simpleflow-nb: the same request is already in progress as {started[0]}\n")
        assert asked("sensor.stop", file).stdout == f"{sensor_id}: stops; open runs go on\n"
