"""Texts with half a character in them, such as the name of a file that is no UTF-8, on their way over the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simpleflow_nb import Workflow, activity, payload
from simpleflow_nb.activity_context import context
from simpleflow_nb.exceptions import TaskFailed
from simpleflow_nb.local.http_service import HttpService
from simpleflow_nb.local.service import LocalService
from simpleflow_nb.swf.client import Boto3Service

from .moto_server import environment
from .test_swf_client import run_to_end

NAME = "caf\udce9.csv"


@activity.with_attributes(version="1", task_list="work", heartbeat_timeout=30)
def name_of_a_file() -> str:
    context().heartbeat(f"reading {NAME}")
    return NAME


@activity.with_attributes(version="1", task_list="work")
def failing_on_a_file() -> None:
    raise FileNotFoundError(f"there is no {NAME}")


class Files(Workflow):
    name, version, task_list = "files", "1", "decide"

    def run(self) -> list[str]:
        found = self.submit(name_of_a_file).result
        try:
            self.submit(failing_on_a_file).result
        except TaskFailed as error:
            return [found, error.reason or ""]
        raise AssertionError("it did not fail")


class Failing(Workflow):
    name, version, task_list = "failing", "1", "decide"

    def run(self) -> None:
        self.fail(f"there is no {NAME}")


@pytest.fixture
def swf() -> Iterator[Boto3Service]:
    http = HttpService(LocalService(poll_seconds=1, workers_inside=False, domain="tests"))
    http.start()
    with environment(AWS_ENDPOINT_URL=http.endpoint):
        service = Boto3Service()
        yield service
        service.close()
    http.close()


def test_a_name_with_half_a_character_comes_through_whole_and_a_failure_shows_it_escaped(swf: Boto3Service) -> None:
    last = run_to_end(swf, Files, "files")[-1]
    assert last["eventType"] == "WorkflowExecutionCompleted"
    found = payload.decode(last["workflowExecutionCompletedEventAttributes"]["result"])
    assert found == [NAME, r"FileNotFoundError: there is no caf\udce9.csv"]


def test_a_run_that_fails_with_half_a_character_says_so(swf: Boto3Service) -> None:
    last = run_to_end(swf, Failing, "failing")[-1]
    assert last["workflowExecutionFailedEventAttributes"]["reason"] == r"there is no caf\udce9.csv"


@pytest.mark.parametrize(
    ("text", "whole"),
    [("plain", "plain"), ("é\U0001f600", "é\U0001f600"), ("a\ud800", r"a\ud800"), ("é\udfff\n", "é\\udfff\n")],
)
def test_half_a_character_is_shown_as_its_escape(text: str, whole: str) -> None:
    assert payload.whole_characters(text) == whole
    assert payload.shortened(text) == whole
    assert payload.decode(payload.encode([text])) == [text]
    payload.encode([text]).encode()
