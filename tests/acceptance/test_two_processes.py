"""Two commands for one outputs folder at the same time: what is asked for is done once, or the second says why not.

The first command is held in the middle of its run, by a notebook that waits for a file. Every command that starts something is
then typed for the same file, for another one with the same workflow, and for another one with a workflow of its own, on this
machine, with the same journal and with another one, and in a domain.
"""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import WORKFLOWS, command, inputs
from tests.acceptance.test_on_swf import ended, environment, local_service
from tests.launched import Launched
from tests.launcher import outcome
from tests.service.moto_server import CREDENTIALS
from tests.settings import is_soak
from workers.records.run_records import RunRecords

DAY = "2016-01-01"
DOMAIN = "TestDomain"
ELSEWHERE = ("--db", "else/other.sqlite3")
KINDS = ("sensor", "once", "backfill", "start", "retry")
FILES = {"same file": ("a.yml", "days"), "same name": ("b.yml", "days"), "another name": ("c.yml", "weeks")}
ONE_NOTEBOOK = WORKFLOWS.partition("      report:")[0] + WORKFLOWS[WORKFLOWS.index("available_dates_sensor") :]

#: Says that it runs; fails while the project is broken; ends when its workflow is let go.
WAITS = """
import pathlib, time
*_, project, _, _, name, _, _ = [*reversed(pathlib.Path.cwd().parents), pathlib.Path.cwd()]
with open(project / "ran.txt", "a") as file:
    file.write(f"{name.name}\\n")
if (project / "broken").exists():
    raise RuntimeError("broken")
while not (project / f"{name.name}.open").exists():
    time.sleep(0.05)
"""


def words(kind: str, file: str, workflow: str, place: str) -> list[str]:
    where = ["--domain", DOMAIN] if place == "domain" else ["--local", *(ELSEWHERE if place == "other journal" else ())]
    return [
        *{
            "sensor": ["sensor.start", file],
            "once": ["sensor.start", file, "--once"],
            "backfill": ["backfill", file, workflow, "--from", DAY, "--to", DAY, "--rerun", "failed"],
            "start": ["workflow.start", f"{file}:{workflow}", "--set", f"reference_date={DAY}"],
            "retry": ["runs.retry", file, f"{workflow}/{DAY}"],
        }[kind],
        *where,
    ]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three files, in which the one run of either workflow has failed, and nobody knows yet whose they are."""
    project = tmp_path_factory.mktemp("broken") / "project"
    file = inputs(project, dates=(DAY,), workflows=ONE_NOTEBOOK, count=WAITS)
    file.rename(project / "a.yml")
    shutil.copy(project / "a.yml", project / "b.yml")
    (project / "c.yml").write_text(ONE_NOTEBOOK.replace("days", "weeks"))
    (project / "broken").touch()
    done = subprocess.run(command("sensor.start", "a.yml", "c.yml", "--local", "--once"), cwd=project, check=False)
    assert done.returncode == 1
    assert sorted((project / "ran.txt").read_text().split()) == ["days", "weeks"]
    (project / "broken").unlink()
    (project / "ran.txt").unlink()
    with closing(sqlite3.connect(project / "outputs" / ".simpleflow-nb" / "runs.sqlite3")) as db, db:
        db.execute("DELETE FROM sfnb_workflow_files")
    return project


class Project:
    """A copy of the broken project, and the commands typed in it."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        self.folder, self.environment = folder, environment(endpoint, folder)
        self.service: Any = boto3.client(
            "swf",
            endpoint_url=endpoint,
            region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def begin(self, *typed: str) -> Launched:
        with open(self.folder / "said.txt", "w") as said:
            return Launched(
                command(*typed), env=self.environment, cwd=self.folder, stdout=said, stderr=subprocess.STDOUT, text=True
            )

    def said(self) -> str:
        return (self.folder / "said.txt").read_text()

    def typed(self, *typed: str, until: str | None = None) -> subprocess.CompletedProcess[str]:
        """Type a command, and Ctrl-C once it has said ``until``."""
        if until is None:
            return outcome(typed, self.folder, self.environment)
        with open(self.folder / "second.txt", "w") as said:
            process = Launched(
                command(*typed), env=self.environment, cwd=self.folder, stdout=subprocess.PIPE, stderr=said, text=True
            )
        wait_until(lambda: until in (self.folder / "second.txt").read_text() or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=180)
        return subprocess.CompletedProcess(process.args, process.returncode, printed, (self.folder / "second.txt").read_text())

    def ran(self) -> Counter[str]:
        try:
            return Counter((self.folder / "ran.txt").read_text().split())
        except FileNotFoundError:
            return Counter()

    def let_go(self, workflow: str) -> None:
        (self.folder / f"{workflow}.open").touch()

    def has_succeeded(self, workflow: str) -> bool:
        with RunRecords.open(self.folder / "outputs", to_look=True) as records:
            return records.latest(workflow)[0].state == "succeeded"

    def open_types(self) -> list[str]:
        """The workflow types of what is open in the domain, without sensors that wait for their time."""
        infos = self._open()
        waiting = [one for one in infos if one["workflowType"]["name"] == "sensor_workflow" and not _is_once(one)]
        return [info["workflowType"]["name"] for info in infos if info not in waiting]

    def end_all(self) -> None:
        for info in self._open():
            self.service.terminate_workflow_execution(domain=DOMAIN, **info["execution"])

    def _open(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.service.list_open_workflow_executions(
            domain=DOMAIN, startTimeFilter={"oldestDate": 0}
        )["executionInfos"]
        return found


def _is_once(info: dict[str, Any]) -> bool:
    return bool(info["execution"]["workflowId"].endswith("-once"))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory, broken: Path) -> Iterator[str]:
    """A domain with a decider and a worker for whatever is started in it."""
    folder = tmp_path_factory.mktemp("fleet")
    with local_service(folder) as address:
        fleet = [
            Launched(
                command(kind, broken / "a.yml", "--domain", DOMAIN, *more),
                env=environment(address, folder),
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for kind, more in (("decider.start", ()), ("worker.start", ("--nb-slots", "2")))
        ]
        try:
            yield address
        finally:
            for process in fleet:  # asked to end, they would wait a minute for their polls
                process.kill()
            for process in fleet:
                process.wait(180)


def end(process: Launched) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    ended(process)


@pytest.fixture
def project(broken: Path, endpoint: str, tmp_path: Path) -> Project:
    return Project(Path(shutil.copytree(broken, tmp_path / "project")), endpoint)


def seconds(first: str, places: tuple[str, ...] = ("local", "domain")) -> Iterator[tuple[str, str, str]]:
    """(place, files, command) of the second commands: all in a soak, otherwise a quarter of them.

    Every command meets every other one, and every kind of file in either place.
    """
    for place in places:
        for number, files in enumerate(FILES):
            for kind in KINDS:
                if is_soak() or (KINDS.index(first) + KINDS.index(kind) + number + places.index(place)) % 4 == 0:
                    yield place, files, kind


IN_USE = r"\S+/journal\.sqlite3 is in use by process {pid}; .*"
LEFT = r"process {pid} has \S+/journal\.sqlite3 and carries it out; .*"
LEFT_ELSEWHERE = r"process {pid} has \S+/other\.sqlite3 and carries it out; .*"
LEFT_ALREADY = (
    r"process {pid} has \S+/journal\.sqlite3 and carries it out already; .*\n"
    r"simpleflow-nb: no longer waiting; what was asked for goes on in process {pid}"
)
SERVED = (
    r"process {pid} has these outputs, as the sensor of \S+/a\.yml; .* sensor\.start \S+/a\.yml \S+/c\.yml --local( --once)?"
)
RUNS_HERE = r"process {pid} runs workflows with outputs in \S+ on this machine, and domain TestDomain .*"
OTHER_JOURNAL = r"process {pid} runs workflows with outputs in \S+ and another journal; stop it first"
OURS_RUNS = r"a sensor of a\.yml runs here already, in process {pid}; .*"
BELONGS = r"workflow 'days' belongs to \S+/a\.yml \(outputs in \S+\), and \S+b\.yml names it too; .*"
USED = r"outputs in \S+ are used by domain TestDomain for workflow 'days', and local runs would know nothing .*"
RUNNING = r"days/\S+ is running; it can be tried again once it has ended"


def line(pattern: str) -> str:
    """What standard error is to be."""
    return rf"simpleflow-nb: ({pattern})\n" if pattern else ""


def without_progress(said: str) -> str:
    """Standard error without the lines about runs, notebooks and the size of a backfill."""
    return re.sub(r"^(\w+/\S+  .*|\d+ runs? of .*)\n", "", said, flags=re.MULTILINE)


#: The exit code and the line of a second command: beside a first one on this machine.
BESIDE_LOCAL = {
    ("local", "same file", "backfill"): (0, ""),  # 0 runs to start: the one runs already
    ("local", "same file", "retry"): (2, RUNNING),
    ("local", "same file", "start"): (1, LEFT_ALREADY),  # and nobody waits for it any more
    ("local", "same file", "sensor"): (3, f"{OURS_RUNS}|{IN_USE}"),  # the latter when the first is none, or has looked
    ("local", "same file", "once"): (3, f"{OURS_RUNS}|{IN_USE}"),
    **{("local", "same name", kind): (2, BELONGS) for kind in KINDS},
    **{("local", "another name", kind): (0, LEFT) for kind in ("backfill", "start", "retry")},
    **{("local", "another name", kind): (3, f"{SERVED}|{IN_USE}") for kind in ("sensor", "once")},
    **{("other journal", "same file", kind): (2, OTHER_JOURNAL) for kind in KINDS},
    **{("other journal", "same name", kind): (2, BELONGS) for kind in KINDS},
    **{("other journal", "another name", kind): (2, OTHER_JOURNAL) for kind in KINDS},
    **{("domain", "same file", kind): (2, RUNS_HERE) for kind in KINDS},
    **{("domain", "same name", kind): (2, f"{RUNS_HERE}|{BELONGS}") for kind in KINDS},
    **{("domain", "another name", kind): (2, RUNS_HERE) for kind in KINDS},
}


@pytest.mark.parametrize("first", KINDS)
def test_beside_a_command_on_this_machine_another_one_says_why_not(first: str, project: Project) -> None:
    process = project.begin(*words(first, "a.yml", "days", "local"))
    weeks, is_weeks_broken = 0, True
    project.let_go("weeks")
    try:
        if first == "sensor":
            wait_until(lambda: "looking for new dates" in project.said())
            assert project.typed("sensor.check", "a.yml", "--local").returncode == 0
        wait_until(lambda: project.ran()["days"] == 1 or process.poll() is not None)
        assert process.poll() is None, project.said()
        chosen = seconds(first, ("local", "domain", "other journal"))
        for place, files, kind in sorted(chosen, key=lambda one: one[0] == "local"):  # where the other workflow is mended, last
            code, pattern = BESIDE_LOCAL[place, files, kind]
            second = project.typed(*words(kind, *FILES[files], place), until="already" if pattern == LEFT_ALREADY else None)
            if pattern == LEFT:
                if kind != "start" and not is_weeks_broken:
                    pattern = ""  # nothing is left to be done
                weeks += bool(pattern)
                is_weeks_broken = False
            told = f"{first}, then {kind} of {files} ({place}): {second.returncode}\n{second.stdout}{second.stderr}"
            assert second.returncode == code, told
            assert re.fullmatch(line(pattern.format(pid=process.pid)), without_progress(second.stderr)), told
        project.let_go("days")
        wait_until(lambda: project.has_succeeded("days"))
        if first == "sensor":
            assert project.typed("sensor.stop", "a.yml", "--local").returncode == 0
        assert process.wait(120) == 0, project.said()
    finally:
        project.let_go("days")
        end(process)
    assert project.ran() == ({"days": 1, "weeks": weeks} if weeks else {"days": 1})


def beside_domain(first: str, place: str, files: str, kind: str) -> tuple[int, str]:
    """The exit code and the line of a second command, beside a first one in the domain."""
    if files == "same name":
        return 2, BELONGS
    if place == "local":
        return 2, USED
    if files == "another name":
        return 0, ""
    if kind == "sensor" and first == "sensor":
        return 2, r"a sensor of a\.yml is open as \S+ in domain TestDomain; .*"
    if kind == "retry":
        return 2, RUNNING
    return (2, r"a run with the id \S+ is open; .*") if kind == "start" else (0, "")


def test_outputs_are_held_whatever_the_journal_and_their_own_sensor_is_asked_there(project: Project) -> None:
    """The sensor has a journal elsewhere: with that one a backfill is left to it, without that nothing is touched."""
    process = project.begin(*words("sensor", "a.yml", "days", "other journal"))
    refused = re.compile(line(OTHER_JOURNAL.format(pid=process.pid)))
    try:
        wait_until(lambda: "looking for new dates" in project.said())
        for typed in (
            words("backfill", "a.yml", "days", "local"),
            words("retry", "a.yml", "days", "local"),
            ("outputs.clean", "a.yml", "--keep-days", "0", "--local"),
            ("sensor.start", "c.yml", "--local", "--once"),
        ):
            second = project.typed(*typed)
            assert (second.returncode, bool(refused.fullmatch(second.stderr))) == (2, True), f"{typed}: {second.stderr}"
        cleaned = project.typed("outputs.clean", "a.yml", "--keep-days", "1", "--local", *ELSEWHERE)
        assert (cleaned.returncode, cleaned.stderr) == (0, "")
        project.let_go("days")
        left = project.typed(*words("backfill", "a.yml", "days", "other journal"))
        assert left.returncode == 0, left.stderr
        assert re.fullmatch(line(LEFT_ELSEWHERE.format(pid=process.pid)), without_progress(left.stderr)), left.stderr
        assert re.fullmatch(r"1 of 1 run succeeded in \d+ s\n", left.stdout)
        assert project.has_succeeded("days")
        assert project.typed("sensor.stop", "a.yml", "--local", *ELSEWHERE).returncode == 0
        assert process.wait(120) == 0, project.said()
    finally:
        end(process)
    assert project.ran() == {"days": 1}


@pytest.mark.parametrize("first", KINDS)
def test_beside_a_command_in_a_domain_another_one_is_done_once_or_says_why_not(first: str, project: Project) -> None:
    process = project.begin(*words(first, "a.yml", "days", "domain"))
    weeks, is_weeks_broken = 0, True
    project.let_go("weeks")
    try:
        if first == "sensor":
            assert process.wait(120) == 0, project.said()
            assert project.typed("sensor.check", "a.yml", "--domain", DOMAIN).returncode == 0
        wait_until(lambda: project.ran()["days"] == 1 or process.poll() not in (None, 0), 180)
        assert process.poll() in (None, 0), project.said()
        for place, files, kind in seconds(first):
            file, workflow = FILES[files]
            second = project.typed(*words(kind, file, workflow, place))
            code, pattern = beside_domain(first, place, files, kind)
            told = f"{first}, then {kind} of {files} ({place}): {second.returncode}\n{second.stdout}{second.stderr}"
            assert second.returncode == code, told
            if code:
                assert re.fullmatch(line(pattern), second.stderr), told
            elif workflow == "weeks" and kind != "sensor":
                weeks += kind == "start" or is_weeks_broken
                is_weeks_broken = False
                # what has been started there may not have begun, and the sensor of the first command may have ended
                wait_until(lambda weeks=weeks: project.ran()["weeks"] >= weeks, 180)
                wait_until(lambda: len(project.open_types()) <= 1 + (process.poll() is None), 180)
                assert project.ran() == {"days": 1, "weeks": weeks}, told
        project.let_go("days")
        wait_until(lambda: not project.open_types(), 180)
        assert process.wait(120) == 0, project.said()
    finally:
        project.let_go("days")
        end(process)
        project.end_all()
    assert project.ran() == ({"days": 1, "weeks": weeks} if weeks else {"days": 1})
    assert project.has_succeeded("days")


def test_one_process_serves_several_files_and_one_of_them_can_be_stopped(project: Project) -> None:
    process = project.begin("sensor.start", "a.yml", "c.yml", "a.yml", "--local")
    for workflow in ("days", "weeks"):
        project.let_go(workflow)
    try:
        wait_until(lambda: project.said().count("looking for new dates") == 2 or process.poll() is not None)
        assert project.said().splitlines() == [
            f"looking for new dates of {name} at '0 6 * * *' (UTC); Ctrl-C stops" for name in ("a.yml", "c.yml")
        ]
        second = project.typed("sensor.start", "c.yml", "a.yml", "--local")
        assert (second.returncode, second.stderr) == (
            3,
            f"simpleflow-nb: a sensor of c.yml and of a.yml runs here already, in process {process.pid}; sensor.reload lets it "
            "go on with the file as it is now, sensor.stop ends it\n",
        )
        assert project.typed("sensor.stop", "a.yml", "--local").returncode == 0
        wait_until(lambda: "simpleflow-nb: a.yml: the sensor was stopped" in project.said())
        assert project.typed("sensor.check", "a.yml", "--local").returncode == 2
        assert project.typed("sensor.check", "c.yml", "--local").returncode == 0
        wait_until(lambda: project.has_succeeded("weeks"))
        assert project.typed("sensor.stop", "c.yml", "--local").returncode == 0
        assert process.wait(120) == 0, project.said()
    finally:
        end(process)
    assert project.ran() == {"weeks": 1}


def test_the_command_that_serves_files_together_can_be_typed(project: Project) -> None:
    here = project.folder
    shutil.copy(here / "a.yml", here / "d.yml")
    process = project.begin("sensor.start", "a.yml", "c.yml", "--local")
    try:
        wait_until(lambda: project.said().count("looking for new dates") == 2 or process.poll() is not None)
        second = project.typed("sensor.start", "d.yml", "--local", "--once", "--adopt", "--outputs", "outputs", "--quiet")
    finally:
        end(process)
    words = f"sensor.start {here}/c.yml {here}/d.yml --local --once --quiet --outputs outputs --adopt"
    assert (second.returncode, second.stderr) == (
        3,
        f"simpleflow-nb: process {process.pid} has these outputs, as the sensor of {here}/a.yml and {here}/c.yml; one "
        f"process serves all files of an outputs folder: stop it, then type simpleflow-nb {words}; without {here}/a.yml, whose "
        "workflow 'days' is another file's then\n",
    )
    project.let_go("days")
    project.let_go("weeks")
    done = project.typed(*words.split())
    assert done.returncode == 0, done.stderr
    assert project.ran() == {"days": 1, "weeks": 1}
    assert f"workflow 'days' is taken over from {here}/a.yml" in done.stderr


def test_files_that_cannot_be_served_together_are_one_sentence(project: Project) -> None:
    here = project.folder
    other = shutil.copytree(here, here.with_name("other"))
    for files, sentence in {
        ("a.yml", "b.yml"): f"{here}/a.yml and {here}/b.yml both name workflow 'days'; files that share an outputs folder need "
        "different names",
        ("a.yml", f"{other}/c.yml"): f"{here}/a.yml has its outputs in {here}/outputs, {other}/c.yml in {other}/outputs; one "
        "process serves one outputs folder: start a sensor for each, or give --outputs",
    }.items():
        done = project.typed("sensor.start", *files, "--local", "--once")
        assert (done.returncode, done.stderr) == (2, f"simpleflow-nb: {sentence}\n")


def test_what_looks_or_changes_refuses_the_runs_of_another_file_also_where_that_is_gone(project: Project) -> None:
    project.let_go("days")
    assert project.typed(*words("start", "a.yml", "days", "local")).returncode == 0
    head = f"workflow 'days' belongs to {project.folder}/a.yml (outputs in {project.folder}/outputs)"
    adopt = "--adopt (of sensor.start, workflow.start, backfill and runs.retry) takes its runs over"
    own = project.folder / "b.yml"
    is_there = f"{head}, and {own} names it too; give it another name there, or {adopt}"
    is_gone = f"{head}, which is not there any more; if {own} is that file, moved or renamed, {adopt}"
    period = ("--from", DAY, "--to", DAY)
    refused = [
        ("plan", "b.yml"),
        ("status", "b.yml"),
        ("runs.list", "b.yml"),
        ("runs.show", "b.yml", f"days/{DAY}"),
        ("runs.logs", "b.yml", f"days/{DAY}"),
        ("backfill", "b.yml", "days", *period, "--dry-run"),
        ("outputs.clean", "b.yml", "--keep-days", "0"),
        ("reports.make", "b.yml"),
    ]
    for sentence in (is_there, is_gone):
        for typed in refused if sentence == is_there else refused[::3]:
            done = project.typed(*typed)
            assert (done.returncode, done.stdout, done.stderr) == (2, "", f"simpleflow-nb: {sentence}\n"), typed
        done = project.typed("doctor", "b.yml")
        assert (done.returncode, done.stderr) == (1, "")
        assert f"FAILED   records  {sentence}\n" in done.stdout
        (project.folder / "a.yml").unlink(missing_ok=True)
    assert project.typed("sensor.start", "b.yml", "--local", "--once", "--adopt").returncode == 0
    for typed in refused[:3]:
        done = project.typed(*typed)
        assert done.returncode == 0, done.stderr
        assert "belongs to" not in done.stderr
