"""What is asked for while another process has the journal is left to that process, and waited for as if it ran here."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simpleflow_nb.local.ownership import owner_work
from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import WORKFLOWS, command, environment, inputs, typed
from tests.launched import Launched

DAY, NEXT = "2016-01-01", "2016-01-02"
JOURNAL = Path("outputs", ".simpleflow-nb", "journal.sqlite3")
ONE_NOTEBOOK = WORKFLOWS.partition("      report:")[0] + WORKFLOWS[WORKFLOWS.index("available_dates_sensor") :]

#: Says that it runs, and waits for a file of the name of its workflow and date; fails if that has something in it.
WAITS = """
import pathlib, time
run, project = pathlib.Path.cwd().parent, pathlib.Path.cwd().parents[4]
name = f"{run.parent.name}-{run.name[:10]}"
(project / f"{name}.runs").touch()
while not (project / f"{name}.open").exists():
    time.sleep(0.05)
if (project / f"{name}.open").read_text():
    raise RuntimeError("broken")
"""

CLASSES = """
import time
from pathlib import Path
from simpleflow_nb import Workflow, activity

@activity.with_attributes(task_list="flows", version="1")
def waits(name):
    Path(f"{name}.runs").touch()
    while not Path(f"{name}.open").exists():
        time.sleep(0.05)
    return name.upper()

class Waits(Workflow):
    name, version, task_list = "waits", "1", "flows"
    def run(self, name):
        return self.submit(waits, name).result

class Other(Waits):
    name = "other"
"""


class Project:
    """A folder with two workflow files, and the commands typed in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, list[Launched]()
        inputs(folder, dates=(DAY, NEXT), workflows=ONE_NOTEBOOK, count=WAITS).rename(folder / "a.yml")
        (folder / "c.yml").write_text(ONE_NOTEBOOK.replace("days", "weeks"))
        (folder / "flows.py").write_text(CLASSES)

    def begin(self, *words: str) -> Launched:
        with open(self.folder / f"said-{len(self.processes)}.txt", "w") as said:
            process = Launched(
                command(*words), cwd=self.folder, env=environment(), stdout=subprocess.PIPE, stderr=said, text=True
            )
        self.processes.append(process)
        return process

    def said(self, process: Launched) -> str:
        return (self.folder / f"said-{self.processes.index(process)}.txt").read_text()

    def wait_for(self, process: Launched, condition: Callable[[], object]) -> None:
        wait_until(lambda: condition() or process.poll() is not None)
        assert process.poll() is None, self.said(process)

    def runs(self, name: str) -> bool:
        return (self.folder / f"{name}.runs").exists()

    def let_go(self, *names: str, text: str = "") -> None:
        for name in names:
            (self.folder / f"{name}.open").write_text(text)

    def ended(self, process: Launched) -> tuple[int, str, str]:
        printed, _ = process.communicate(timeout=120)
        return process.returncode, re.sub(r"in \d+ s", "in N s", printed), self.said(process)

    def owner(self, *words: str, journal: Path = JOURNAL) -> Launched:
        """A process that has the journal, and has said what it carries out."""
        process = self.begin(*words)
        self.wait_for(process, lambda: owner_work(self.folder / journal) is not None)
        return process


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path / "project")
    yield made
    made.let_go("a", "b", *(f"{name}-{day}" for name in ("days", "weeks") for day in (DAY, NEXT)))
    for process in made.processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in made.processes:
        process.communicate(timeout=120)


def left(project: Project, owner: Launched, journal: Path = JOURNAL, *, already: bool = False) -> str:
    carries = f"carries it out{' already' if already else ''}; Ctrl-C ends the waiting here, not the run"
    return f"simpleflow-nb: process {owner.pid} has {project.folder / journal} and {carries}\n"


def start(file: str, name: str, day: str = DAY) -> list[str]:
    return ["workflow.start", f"{file}:{name}", "--set", f"reference_date={day}", "--local"]


def test_a_run_of_any_file_is_left_to_the_owner_and_waited_for(project: Project) -> None:
    sensor = project.owner("sensor.start", "a.yml", "--local")
    process = project.begin(*start("c.yml", "weeks"), "--nb-workers", "2")
    project.wait_for(process, lambda: project.runs(f"weeks-{DAY}"))
    project.let_go(f"weeks-{DAY}")
    code, printed, said = project.ended(process)
    assert (code, printed) == (0, "1 of 1 run succeeded in N s\n")
    first, second, *rest = said.splitlines(keepends=True)
    assert first == left(project, sensor)
    assert second == (
        f"simpleflow-nb: --nb-workers counts for runs of this process; those of process {sensor.pid} have its own\n"
    )
    assert re.fullmatch(r"weeks/\S+  count running\nweeks/\S+  count done in \S+ s\nweeks/\S+  completed\n", "".join(rest))


def test_a_run_that_fails_there_is_told_of_as_if_it_had_failed_here(project: Project) -> None:
    sensor = project.owner("sensor.start", "a.yml", "--local")
    project.let_go(f"days-{DAY}", f"weeks-{DAY}", text="fail")
    here = typed(*start("a.yml", "days"), "--quiet", "--outputs", "else", cwd=project.folder)
    there = typed(*start("c.yml", "weeks"), "--quiet", cwd=project.folder)
    assert (here.returncode, there.returncode) == (1, 1)
    assert there.stdout == "0 of 1 run succeeded\n" == here.stdout
    assert there.stderr.startswith(left(project, sensor))
    assert there.stderr.removeprefix(left(project, sensor)).replace("weeks", "days") == here.stderr.replace(
        "/else/", "/outputs/"
    )


def test_ctrl_c_ends_the_waiting_and_not_the_run(project: Project) -> None:
    sensor = project.owner("sensor.start", "a.yml", "--local")
    process = project.begin(*start("a.yml", "days"), "--quiet")
    project.wait_for(process, lambda: project.runs(f"days-{DAY}"))
    process.send_signal(signal.SIGINT)
    told = f"simpleflow-nb: no longer waiting; what was asked for goes on in process {sensor.pid}\n"
    assert project.ended(process) == (1, "0 of 1 run succeeded\n", left(project, sensor) + told)
    again = project.begin(*start("a.yml", "days"), "--quiet")
    project.wait_for(again, lambda: "already" in project.said(again))
    new = typed(*start("a.yml", "days"), "--new", cwd=project.folder)
    assert new.returncode == 2
    assert re.fullmatch(
        rf"simpleflow-nb: days-{DAY}-\w+ runs in process {sensor.pid}; --new starts another run once it has ended\n", new.stderr
    )
    project.let_go(f"days-{DAY}")
    assert project.ended(again) == (0, "1 of 1 run succeeded in N s\n", left(project, sensor, already=True))


def test_the_command_goes_on_with_the_run_if_the_owner_ends_before(project: Project) -> None:
    sensor = project.owner("sensor.start", "a.yml", "--local")
    process = project.begin(*start("c.yml", "weeks"), "--quiet")
    project.wait_for(process, lambda: project.runs(f"weeks-{DAY}"))
    sensor.kill()
    project.let_go(f"weeks-{DAY}")
    going_on = f"simpleflow-nb: process {sensor.pid} has ended before\nsimpleflow-nb: going on with 1 interrupted run\n"
    assert project.ended(process) == (0, "1 of 1 run succeeded in N s\n", left(project, sensor) + going_on)


def test_backfills_and_retries_are_left_to_the_owner_whatever_file_it_serves(project: Project) -> None:
    sensor = project.owner("sensor.start", "a.yml", "--local")
    project.let_go(f"weeks-{DAY}", f"weeks-{NEXT}", text="fail")
    backfill = ("backfill", "c.yml", "weeks", "--from", DAY, "--to", NEXT, "--local", "--quiet")
    done = typed(*backfill, cwd=project.folder)
    head = f"2 runs of weeks, 0 left out\n{left(project, sensor)}failed:\n"
    assert (done.returncode, done.stdout) == (1, "0 of 2 runs succeeded\n"), done.stderr
    assert done.stderr.startswith(head)
    project.let_go(f"weeks-{DAY}", f"weeks-{NEXT}")
    done = typed("runs.retry", "c.yml", f"weeks/{DAY}", "--local", "--quiet", cwd=project.folder)
    assert (done.returncode, done.stderr.endswith(left(project, sensor))) == (0, True), done.stderr
    assert re.sub(r"\d+ s", "N s", done.stdout).endswith("1 of 1 run succeeded in N s\n")
    done = typed(*backfill, "--rerun", "failed", cwd=project.folder)
    assert (done.returncode, done.stderr) == (0, f"1 run of weeks, 1 left out\n{left(project, sensor)}")
    assert project.folder.joinpath(f"weeks-{NEXT}.runs").exists()


def test_an_owner_that_carries_nothing_out_is_refused_at_once(project: Project) -> None:
    service = project.owner("service.start", "--db", str(JOURNAL), "--port", "0")
    in_use = f"is in use by process {service.pid}; wait for it, stop it, or name another file with --db\n"
    began = time.monotonic()
    done = typed(*start("a.yml", "days"), cwd=project.folder)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"simpleflow-nb: {project.folder / JOURNAL} {in_use}"
    assert time.monotonic() - began < 60
    done = typed("workflow.start", "flows.Waits", "--local", "--input", '["x"]', "--db", str(JOURNAL), cwd=project.folder)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", f"simpleflow-nb: {project.folder / JOURNAL} {in_use}")


CLASS_JOURNAL = Path(".simpleflow-nb", "journal.sqlite3")


def flow(name: str, value: str, *more: str) -> list[str]:
    return ["workflow.start", f"flows.{name}", "--local", "--input", f'["{value}"]', "--quiet", *more]


def test_a_class_is_left_to_a_process_that_decides_it_and_to_no_other(project: Project) -> None:
    first = project.owner(*flow("Waits", "a"), journal=CLASS_JOURNAL)
    project.wait_for(first, lambda: project.runs("a"))
    project.let_go("b")
    done = typed(*flow("Waits", "b", "--workflow-id", "second"), cwd=project.folder)
    assert (done.returncode, done.stdout) == (0, '"B"\n')
    assert re.fullmatch(re.escape(left(project, first, CLASS_JOURNAL)) + r"second completed in \S+ s\n", done.stderr)
    done = typed(*flow("Other", "b"), cwd=project.folder)
    in_use = f"is in use by process {first.pid}; wait for it, stop it, or name another file with --db"
    assert (done.returncode, done.stderr) == (3, f"simpleflow-nb: {project.folder / CLASS_JOURNAL} {in_use}\n")
    elsewhere = project.folder / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(project.folder / "flows.py", elsewhere)
    db = project.folder / CLASS_JOURNAL
    done = typed(*flow("Waits", "b", "--db", str(db)), cwd=elsewhere)
    assert (done.returncode, done.stderr) == (3, f"simpleflow-nb: {db} {in_use}\n")
    project.let_go("a")
    assert project.ended(first)[:2] == (0, '"A"\n')


def test_a_class_run_goes_on_here_when_the_process_that_had_it_has_ended(project: Project) -> None:
    first = project.owner(*flow("Waits", "a"), journal=CLASS_JOURNAL)
    second = project.begin(*flow("Waits", "b", "--workflow-id", "second", "--new"))
    project.wait_for(second, lambda: project.runs("b"))
    project.let_go("a")
    assert project.ended(first)[:2] == (0, '"A"\n')
    project.wait_for(second, lambda: "going on" in project.said(second))
    project.let_go("b")
    code, printed, said = project.ended(second)
    assert (code, printed) == (0, '"B"\n'), said
    assert re.fullmatch(
        re.escape(left(project, first, CLASS_JOURNAL))
        + rf"simpleflow-nb: process {first.pid} has ended before\n"
        + r"simpleflow-nb: going on with second \(--new starts another run\)\nsecond completed in \S+ s\n",
        said,
    )


def test_ctrl_c_leaves_a_class_run_to_the_process_that_has_it(project: Project) -> None:
    first = project.owner(*flow("Waits", "a"), journal=CLASS_JOURNAL)
    second = project.begin(*flow("Waits", "b", "--workflow-id", "second"))
    project.wait_for(second, lambda: project.runs("b"))
    second.send_signal(signal.SIGINT)
    told = f"simpleflow-nb: no longer waiting; second goes on in process {first.pid}\n"
    assert project.ended(second) == (1, "", left(project, first, CLASS_JOURNAL) + told)
    project.let_go("a", "b")
    assert project.ended(first)[:2] == (0, '"A"\n')
