"""The log of deciders and workers: what each line names, and its two formats."""

from __future__ import annotations

import io
import json
import logging
import os
import re
from typing import Any

import pytest

from simpleflow_nb import Workflow
from simpleflow_nb.processes.log_context import logged_as
from simpleflow_nb.processes.logs import JsonFormatter, TextFormatter
from simpleflow_nb.testing import harness

from . import bodies
from .process_threads import ProcessThreads, until


def logged(formatter: logging.Formatter, level: int, message: str, **options: Any) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.Logger("simpleflow_nb.processes.worker")
    logger.addHandler(handler)
    logger.log(level, message, **options)
    return stream.getvalue()


def test_lines_of_the_log_name_the_execution_and_the_task() -> None:
    with logged_as(workflow_id="daily", run_id="r", activity_id="activity-pkg.load-1"):
        line = logged(TextFormatter(), logging.INFO, "started")
        again = logged(TextFormatter(), logging.WARNING, "daily is parked")
    assert line[20:] == "INFO simpleflow_nb.processes.worker [daily activity-pkg.load-1]: started\n"
    assert again[20:] == "WARNING simpleflow_nb.processes.worker [activity-pkg.load-1]: daily is parked\n"
    assert logged(TextFormatter(), logging.INFO, "idle")[20:] == "INFO simpleflow_nb.processes.worker: idle\n"


def test_as_json_each_line_is_an_object() -> None:
    with logged_as(workflow_id="daily", run_id="r", activity_id="activity-pkg.load-1"):
        try:
            raise ValueError("nope")
        except ValueError:
            line = logged(JsonFormatter(), logging.ERROR, "two\nlines", exc_info=True)
    body = json.loads(line)
    assert line.count("\n") == 1
    assert body.pop("error").endswith("ValueError: nope")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body.pop("time"))
    assert body == {
        "level": "ERROR",
        "logger": "simpleflow_nb.processes.worker",
        "process": os.getpid(),
        "workflow_id": "daily",
        "run_id": "r",
        "activity_id": "activity-pkg.load-1",
        "message": "two\nlines",
    }


def test_worker_and_decider_log_what_they_do_with_ids(processes: ProcessThreads, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            body = json.loads(JsonFormatter().format(record))
            seen.append(f"{body.get('workflow_id')} {body.get('activity_id')} {body['message'].split(' after')[0]}")

    logger = logging.getLogger("simpleflow_nb")
    handler = Noting()
    logger.addHandler(handler)
    try:
        with caplog.at_level(logging.INFO, "simpleflow_nb"):
            processes.decider()
            processes.worker()
            processes.end_of(processes.start(bodies.Chain, 1, 1))
            until(lambda: len(seen) >= 4, "four lines")
    finally:
        logger.removeHandler(handler)
    task = "activity-tests.service.bodies.increment-1"
    assert seen == [
        "run None 2 decisions at event 3",
        f"run {task} started",
        f"run {task} completed",
        "run None 1 decisions at event 10",
    ]


def test_a_local_decider_says_in_each_line_of_the_log_which_run_it_is_about(caplog: pytest.LogCaptureFixture) -> None:
    class Short(Workflow):
        def run(self) -> int:
            return 1

    lines: list[dict[str, str]] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(JsonFormatter().format(record)))

    log, handler = logging.getLogger("simpleflow_nb.processes.decider"), Lines()
    caplog.set_level(logging.INFO, log.name)
    log.addHandler(handler)
    try:
        with harness(Short) as opened:
            workflow_id, run_id = opened.start(Short)
            opened.result(workflow_id, run_id)
    finally:
        log.removeHandler(handler)
    decided = [line for line in lines if "decisions at event" in line["message"]]
    assert [(line.get("workflow_id"), line.get("run_id")) for line in decided] == [(workflow_id, run_id)]
