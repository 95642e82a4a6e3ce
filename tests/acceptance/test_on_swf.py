"""The commands for SWF, typed as a user types them: on a moto server and on the local service over HTTP."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import DATES, inputs
from tests.launched import Launched
from tests.launcher import outcome
from tests.service.moto_server import CREDENTIALS, moto_endpoint
from tests.settings import count, is_soak

ROOT = Path(__file__).parents[2]


def environment(endpoint: str, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoint,
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "SIMPLEFLOW_NB_PAYLOADS": str(folder / "payloads"),
    }


def typed(endpoint: str, folder: Path, *words: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
    return outcome(words, folder, environment(endpoint, folder), timeout)


@contextmanager
def local_service(folder: Path, *words: str) -> Iterator[str]:
    """``service.start`` in a process of its own; gives its endpoint."""
    process = Launched(
        [sys.executable, "-m", "simpleflow_nb", "service.start", "--port", "0", "--domain", "TestDomain", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            found = re.match(r"AWS_ENDPOINT_URL=(\S+)", process.stdout.readline())
            assert found
            yield found[1]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(180) == 0


def ended(process: Launched, seconds: float = 120) -> int:
    """The exit code of a process that was told to end; -9 when it did not."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


@pytest.fixture(params=["moto", "service.start"])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "moto":
        with moto_endpoint() as address:
            yield address
    else:
        with local_service(tmp_path) as address:
            yield address


def test_standalone_runs_a_workflow_and_prints_its_result(endpoint: str, tmp_path: Path) -> None:
    words = ("standalone", "examples.basic.BasicWorkflow", "--domain", "TestDomain", "--create-domain", "--input", "[1, 0]")
    done = typed(endpoint, tmp_path, *words)
    assert (done.returncode, done.stdout) == (0, "(1 + 1) * 2 = 4\n4\n"), done.stderr
    assert re.fullmatch(r"BasicWorkflow \S+\n", done.stderr)


FAILING = """
from simpleflow_nb import Workflow, activity

@activity.with_attributes(task_list="x", version="1")
def explode():
    raise ValueError("nope")

class Failing(Workflow):
    name, version, task_list = "failing", "1", "x"

    def run(self):
        return self.submit(explode).result
"""


def test_standalone_says_why_a_run_failed_and_exits_with_1(endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FAILING)
    done = typed(endpoint, tmp_path, "standalone", "mine.Failing", "--domain", "TestDomain", "--create-domain")
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        'simpleflow-nb: Failing failed: Workflow execution error in activity-mine.explode-1: "ValueError: nope"' in done.stderr
    )
    assert 'raise ValueError("nope")' in done.stderr
    assert "simpleflow_nb/cli" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (
            ("standalone", "examples.basic.BasicWorkflow", "--domain", "Nowhere"),
            2,
            "simpleflow-nb: there is no domain 'Nowhere' (there are TestDomain); --create-domain makes it\n",
        ),
        (
            ("standalone", "examples.basic.BasicWorkflow"),
            2,
            "simpleflow-nb: name the domain with --domain (or SWF_DOMAIN); workflow.start --local works without AWS\n",
        ),
        (
            ("standalone", "examples.basic.Missing", "--domain", "TestDomain"),
            2,
            "simpleflow-nb: examples.basic.Missing: there is no such class in examples.basic\n",
        ),
        (
            ("standalone", "examples.basic.BasicWorkflow", "--domain", "TestDomain", "--input", "[1,"),
            2,
            "simpleflow-nb: --input: input is not JSON: Expecting value: line 1 column 4 (char 3)\n",
        ),
        (
            ("decider.start", "--domain", "TestDomain"),
            2,
            "simpleflow-nb: name the task list with --task-list: no workflow says one\n",
        ),
        (
            ("worker.start", "--domain", "TestDomain"),
            2,
            "simpleflow-nb: name the list to work on with --task-list, or give the FILE.yml of notebook workflows\n",
        ),
    ],
)
def test_a_mistake_gets_one_sentence(words: tuple[str, ...], code: int, sentence: str, tmp_path: Path) -> None:
    with local_service(tmp_path) as endpoint:
        done = typed(endpoint, tmp_path, *words)
    assert (done.returncode, done.stderr) == (code, sentence)


@pytest.mark.parametrize(
    ("words", "code", "stderr"),
    [
        (("workflow.list",), 0, "no open executions; --status closed lists those that have ended\n"),
        (("workflow.info", "mine"), 2, "simpleflow-nb: workflow 'mine' is not known here; workflow.list shows which are\n"),
        (
            ("workflow.info", "Nowhere", "mine"),
            2,
            "simpleflow-nb: there is no domain 'Nowhere' (there are TestDomain); is it the right --region and endpoint?\n",
        ),
    ],
)
def test_the_domain_of_the_environment_is_taken_where_no_word_is_left_for_it(
    words: tuple[str, ...], code: int, stderr: str, tmp_path: Path
) -> None:
    with local_service(tmp_path) as endpoint:
        done = outcome(words, tmp_path, environment(endpoint, tmp_path) | {"SWF_DOMAIN": "TestDomain"})
    assert (done.returncode, done.stderr) == (code, stderr)


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (("decider.start", "examples.basic.BasicWorkflow", "--task-list", "x"), "decider(x)"),
        (("worker.start", "--task-list", "x", "--task-list", "y"), "worker(x, y)"),
        (("worker.start", "--task-list", "x", "--nb-processes", "2"), "2 workers(x)"),
    ],
)
def test_at_a_terminal_a_process_says_that_it_works_and_what_it_waits_for_when_it_stops(
    words: tuple[str, ...], title: str, tmp_path: Path
) -> None:
    with local_service(tmp_path) as endpoint:
        screen, terminal = os.openpty()
        process = Launched(
            [sys.executable, "-m", "simpleflow_nb", *words, "--domain", "TestDomain"],
            env=environment(endpoint, tmp_path),
            cwd=tmp_path,
            stderr=terminal,
        )
        try:
            os.close(terminal)  # else the end of a process that has died would be waited for
            with open(screen, "rb", buffering=0) as lines:
                assert lines.readline().strip().decode() == f"simpleflow-nb: {title} at work in domain TestDomain"
                process.send_signal(signal.SIGINT)
                assert lines.readline().strip().decode() == (
                    "simpleflow-nb: stopping: polls under way are waited for, up to a minute, and what they bring is finished; "
                    "Ctrl-C again ends at once"
                )
                process.send_signal(signal.SIGINT)
                assert process.wait(180) == 0
        finally:
            process.kill()
            process.wait()


def test_an_endpoint_that_nobody_answers_is_one_sentence_and_exit_3(tmp_path: Path) -> None:
    words = ("standalone", "examples.basic.BasicWorkflow", "--domain", "D")
    environ = environment("http://127.0.0.1:9", tmp_path) | {"SWF_CONNECTION_RETRIES": "0"}
    done = outcome(words, tmp_path, environ)
    assert done.returncode == 3
    assert done.stderr == (
        'simpleflow-nb: the service cannot be reached: Could not connect to the endpoint URL: "http://127.0.0.1:9/"\n'
    )


def test_missing_credentials_are_one_sentence_and_exit_3(tmp_path: Path) -> None:
    environ = {key: value for key, value in environment("http://127.0.0.1:9", tmp_path).items() if "ACCESS_KEY" not in key}
    environ |= {"AWS_EC2_METADATA_DISABLED": "true"}
    words = ("worker.start", "--task-list", "x", "--domain", "D")
    done = outcome(words, tmp_path, environ)
    assert (done.returncode, done.stderr) == (
        3,
        "simpleflow-nb: no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile\n",
    )


def test_the_journal_of_a_service_is_looked_at_without_it(tmp_path: Path) -> None:
    with local_service(tmp_path) as endpoint:
        start = ("workflow.start", "examples.basic.BasicWorkflow", "--domain", "TestDomain", "--workflow-id", "one")
        assert typed(endpoint, tmp_path, *start, "--input", "[1, 0]").returncode == 0
    listed = typed("", tmp_path, "workflow.list", "--local")
    assert (listed.returncode, listed.stdout.split(), listed.stderr) == (0, ["one", "basic", "OPEN"], "")
    wrong = typed("", tmp_path, "workflow.list", "--local", "--domain", "Other")
    journal = tmp_path / ".simpleflow-nb" / "journal.sqlite3"
    assert (wrong.returncode, wrong.stderr) == (
        2,
        f"simpleflow-nb: {journal} has the domains TestDomain; choose one with --domain\n",
    )


def test_an_open_bind_needs_a_token(tmp_path: Path) -> None:
    done = typed("", tmp_path, "service.start", "--bind", "0.0.0.0", "--port", "0")
    assert (done.returncode, done.stderr) == (
        2,
        "simpleflow-nb: --bind 0.0.0.0 is open to other machines: give a token of 16 characters or more "
        "with --token-file or SIMPLEFLOW_NB_TOKEN\n",
    )


def test_an_address_that_is_not_free_or_has_a_port_in_it_gets_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = typed("", tmp_path, "service.start", "--port", str(port))
    assert (done.returncode, done.stderr) == (
        3,
        f"simpleflow-nb: 127.0.0.1:{port} cannot be bound: address already in use; choose another --port\n",
    )
    done = typed("", tmp_path, "service.start", "--bind", "127.0.0.1:80")
    assert (done.returncode, done.stderr) == (
        2,
        "simpleflow-nb: --bind 127.0.0.1:80 has a port in it; give --bind 127.0.0.1 --port 80\n",
    )


def test_supervised_deciders_and_workers_end_with_their_supervisor(tmp_path: Path) -> None:
    with local_service(tmp_path) as endpoint:
        commands = [
            ("decider.start", "examples.basic.BasicWorkflow", "--domain", "TestDomain", "--nb-processes", "2"),
            ("worker.start", "--task-list", "quickstart", "--domain", "TestDomain", "--nb-processes", "2"),
        ]
        environ = environment(endpoint, tmp_path)
        processes = [Launched([sys.executable, "-m", "simpleflow_nb", *words], env=environ, cwd=tmp_path) for words in commands]
        try:
            done = typed(
                endpoint, tmp_path, "standalone", "examples.basic.BasicWorkflow", "--domain", "TestDomain", "--input", "[2, 0]"
            )
            assert done.returncode == 0, done.stderr
            wait_until(lambda: all(len(psutil.Process(process.pid).children()) == 2 for process in processes))
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            for process in processes:
                process.send_signal(signal.SIGTERM)
        assert [process.wait(180) for process in processes] == [0, 0]


def test_notebook_workflows_run_on_a_fleet(tmp_path: Path) -> None:
    """One decider and two worker processes on the local service; the sensor looks once and everything is inspected."""
    file = inputs(tmp_path / "inputs", dates=DATES[:2])
    outputs = str(tmp_path / "outputs")
    with local_service(tmp_path) as endpoint:
        environ = environment(endpoint, tmp_path) | {"SWF_DOMAIN": "TestDomain", "AUTOFLOW_OUTPUTS_DIR": outputs}
        commands = [("decider.start", str(file)), ("worker.start", str(file), "--nb-processes", "2", "--nb-slots", "1")]
        processes = [Launched([sys.executable, "-m", "simpleflow_nb", *words], env=environ, cwd=tmp_path) for words in commands]

        def asked(*words: str) -> subprocess.CompletedProcess[str]:
            return outcome(words, tmp_path, environ)

        try:
            once = asked("sensor.start", str(file), "--once")
            assert once.returncode == 0, once.stderr
            assert once.stdout.endswith("2 of 2 runs succeeded\n")
            again = asked("sensor.start", str(file), "--once")
            assert again.stdout.endswith("nothing is due (2 dates are not; plan --why says why)\n")
            started = asked("workflow.start", f"{file}:days", "--set", "reference_date=2016-01-01")
            assert started.returncode == 0, started.stderr
            assert len(started.stdout.split()) == 2
            refused = asked("workflow.signal", "TestDomain", "nobody", "--name", "x")
            assert refused.stderr == "simpleflow-nb: workflow 'nobody' is not known here; workflow.list shows which are\n"
            listed = asked("workflow.list", "TestDomain", "--status", "closed").stdout
            assert [line.split()[-1] for line in listed.splitlines() if "notebook_workflow" in line].count("COMPLETED") >= 2
            tasks = asked("workflow.tasks", "--domain", "TestDomain", "days/2016-01-02").stdout
            assert [line.split()[0].rpartition(".")[2] for line in tasks.splitlines()] == [
                "record_run",
                "convert_report",
                "execute_notebook",
                "execute_notebook",
                "already_succeeded",
            ]
        finally:
            for _ in range(2):
                for process in processes:
                    if process.poll() is None:
                        process.send_signal(signal.SIGTERM)
                time.sleep(0.5)
            ends = [ended(process) for process in processes]
        assert ends == [0, 0]


def readme_commands() -> str:
    """The commands of README's section on SWF, as they stand there."""
    section = (ROOT / "README.rst").read_text().partition("On Amazon SWF\n---")[2]
    return textwrap.dedent(section.partition("::\n")[2].partition("\n\n``standalone``")[0])


def test_the_commands_of_the_readme_do_what_it_says(endpoint: str, tmp_path: Path) -> None:
    """All of them under --soak; else those up to the notebooks."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    commands = readme_commands()
    alone, notebooks = commands.split("\n\n")
    assert [line.split()[1] for line in notebooks.splitlines()] == ["decider.start", "worker.start", "sensor.start"]
    script = (
        commands if is_soak() else alone
    ) + "\ncode=$?\nfor i in 1 2; do kill $(jobs -p); sleep 1; done\nwait\nexit $code\n"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        env=environment(endpoint, tmp_path) | {"PATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=count(180, 900),
    )
    assert done.returncode == 0, done.stderr
    assert "4" in done.stdout.splitlines()
    if is_soak():
        assert done.stdout.endswith("14 of 14 runs succeeded\n"), done.stdout
        assert len(list((tmp_path / "outputs" / "flights-swf" / "reports").rglob("*.pdf"))) == 14


def test_runs_that_were_terminated_are_listed_wherever_they_ran(endpoint: str, tmp_path: Path) -> None:
    file = inputs(tmp_path / "in", dates=DATES[:2])
    place = ("--domain", "TestDomain")
    for date in DATES[:2]:
        words = ("workflow.start", f"{file}:days", *place, "--create-domain", "--set", f"reference_date={date}")
        started = typed(endpoint, tmp_path, *words)
        assert started.returncode == 0, started.stderr
        ended = typed(endpoint, tmp_path, "workflow.terminate", *place, started.stdout.split()[0])
        assert ended.returncode == 0, ended.stderr
    listed = typed(endpoint, tmp_path, "runs.list", str(file), *place)
    # moto loses every second one where closed executions are asked for by their status
    assert (listed.returncode, "terminated" in listed.stdout, listed.stderr) == (0, True, "")
