"""Middlewares and the module of settings, as they are given to commands."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from .process_fleet import PATIENCE_SECONDS, ProcessFleet
from .samples import typed

MINE = """\
from pathlib import Path

from simpleflow_nb import Workflow, activity


def before(context):
    with Path("notes").open("a") as notes:
        notes.write(f"before {context['activity_id']}\\n")


def after(context, result):
    with Path("notes").open("a") as notes:
        notes.write(f"after {context['activity_id']}: {result}\\n")


@activity.with_attributes()
def increment(x):
    return x + 1


class Sum(Workflow):
    name, version, task_list = "sum", "1", "sums"

    def run(self, x):
        return self.submit(increment, x).result
"""
NOTED = "before activity-mine.increment-1\nafter activity-mine.increment-1: 2\n"
OPTIONS = ("--middleware-pre-execution", "mine.before", "--middleware-post-execution", "mine.after")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


@pytest.fixture
def unsupervised(folder: Path) -> Iterator[ProcessFleet]:
    fleet = ProcessFleet(folder, supervised=False)
    yield fleet
    fleet.close()


def test_a_local_run_calls_the_middlewares(folder: Path) -> None:
    done = typed("workflow.start", "--local", "mine.Sum", "--input", "1", "--quiet", *OPTIONS, cwd=folder)
    assert (done.returncode, done.stdout, (folder / "notes").read_text()) == (0, "2\n", NOTED), done.stderr


def test_standalone_gives_the_middlewares_to_its_worker(unsupervised: ProcessFleet) -> None:
    process = unsupervised.standalone("mine.Sum", "--input", "1", *OPTIONS)
    said, logged = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, said) == (0, "2\n"), logged
    assert (unsupervised.folder / "notes").read_text() == NOTED


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("workflow.start", "mine.Sum", "--domain", "d", *OPTIONS[:2]),
            "--middleware-pre-execution does nothing with --domain; leave it out",
        ),
        (
            ("workflow.start", "--local", "mine.Sum", "--input", "1", "--middleware-pre-execution", "mine.nothing"),
            "middleware mine.nothing: there is no such function in mine",
        ),
        (
            ("worker.start", "--domain", "d", "--task-list", "sums", "--middleware-post-execution", "after"),
            "middleware after: write the module too, as in package.module.after",
        ),
        (
            ("standalone", "mine.Sum", "--domain", "d", "--middleware-post-execution", "mine.nothing"),
            "middleware mine.nothing: there is no such function in mine",
        ),
    ],
)
def test_middlewares_that_cannot_be_called_are_refused(words: tuple[str, ...], told: str, folder: Path) -> None:
    done = typed(*words, cwd=folder, AWS_DEFAULT_REGION="eu-west-1")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"simpleflow-nb: {told}\n")


LOGGING = """
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "root": {"level": "INFO", "handlers": ["file"]},
    "handlers": {"file": {"class": "logging.FileHandler", "filename": "shop.log", "formatter": "simpleflow"}},
    "formatters": {"simpleflow": {"()": "simpleflow_nb.log.SimpleflowFormatter"}},
}
"""


def test_logging_of_the_module_of_settings_replaces_that_of_the_command_and_has_no_secrets(folder: Path) -> None:
    (folder / "shop.py").write_text(LOGGING)
    (folder / "mine.py").write_text(MINE.replace("    return x + 1", "    logging.warning('with ZQZQZQZQ')\n    return x + 1"))
    (folder / "mine.py").write_text("import logging\n" + (folder / "mine.py").read_text())
    words = ("workflow.start", "--local", "mine.Sum", "--input", "1", "--workflow-id", "w", "--quiet")
    done = typed(*words, cwd=folder, SIMPLEFLOW_SETTINGS_MODULE="shop", FLOWAPI_TOKEN="ZQZQZQZQ")
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
    assert re.fullmatch(r"w completed in [\d.]+ s\n", done.stderr), "no log line goes there any more"
    lines = [line.partition("]: ")[2] for line in (folder / "shop.log").read_text().splitlines()]
    assert "with ***" in lines
    assert "started" in lines


def test_logging_that_is_no_configuration_is_refused(folder: Path) -> None:
    (folder / "shop.py").write_text('LOGGING = {"version": 2}\n')
    done = typed("workflow.list", "--local", cwd=folder, SIMPLEFLOW_SETTINGS_MODULE="shop")
    told = "simpleflow-nb: LOGGING in shop is no configuration of logging: Unsupported version: 2\n"
    assert (done.returncode, done.stderr) == (2, told)


def test_log_lines_go_to_a_syslog_too(folder: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as syslog:
        syslog.bind(("127.0.0.1", 0))
        syslog.settimeout(PATIENCE_SECONDS)
        target = f"127.0.0.1:{syslog.getsockname()[1]}"
        words = ("workflow.start", "--local", "mine.Sum", "--input", "1", "--workflow-id", "w", "--quiet")
        done = typed(*words, cwd=folder, SIMPLEFLOW_SYSLOG_TARGET=target, LOG_LEVEL="INFO")
        assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
        lines: list[str] = []
        while not any(line.endswith(" started\0") for line in lines):
            lines.append(syslog.recv(1 << 16).decode())
    assert re.fullmatch(r"<\d+>w: activity#activity-mine.increment-1 INFO pid=\d+ started\0", lines[-1])


def test_a_command_takes_the_defaults_of_activities_from_the_module_of_settings(folder: Path) -> None:
    (folder / "shop.py").write_text('ACTIVITY_DEFAULT_VERSION = "2026"\n')
    done = typed("workflow.start", "--local", "mine.Sum", "--input", "1", "--workflow-id", "w", "--quiet", cwd=folder,
                 SIMPLEFLOW_SETTINGS_MODULE="shop")  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
    history = typed("workflow.history", "w", "--local", cwd=folder)
    assert '"activityType":{"name":"mine.increment","version":"2026"}' in history.stdout
