"""Calls to SWF: which client sends which, and what is said of a service in trouble."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.exceptions import ConnectionClosedError as BotoConnectionClosedError

from simpleflow_nb.local.http_service import HttpService
from simpleflow_nb.local.service import LocalService
from simpleflow_nb.swf.client import Boto3Service
from simpleflow_nb.swf.explanations import explained

from .moto_server import environment


@pytest.fixture
def http() -> Iterator[HttpService]:
    served = HttpService(LocalService(poll_seconds=1, workers_inside=False))
    served.start()
    yield served
    served.close()


@pytest.fixture
def swf(http: HttpService) -> Iterator[Boto3Service]:
    with environment(AWS_ENDPOINT_URL=http.endpoint):
        service = Boto3Service()
    yield service
    service.close()


def test_heartbeats_are_sent_once_and_soon_given_up(swf: Boto3Service) -> None:
    config = swf._beating.meta.config
    assert (config.read_timeout, config.connect_timeout, config.retries["total_max_attempts"]) == (10, 5, 1)
    with pytest.raises(ClientError, match=r"UnknownResourceFault"):
        swf.record_activity_task_heartbeat(taskToken="a1.2.3")


def test_a_poll_is_sent_by_the_client_that_waits_and_its_further_pages_by_the_one_that_retries(swf: Boto3Service) -> None:
    sent: list[str] = []
    for name in ("_polling", "_other"):
        events = getattr(swf, name).meta.events
        events.register("before-send.swf", lambda _name=name, **_: sent.append(_name))
    poll: dict[str, Any] = {"domain": "local", "taskList": {"name": "d"}}
    swf.poll_for_decision_task(**poll)
    with pytest.raises(ClientError):
        swf.poll_for_decision_task(**poll, nextPageToken="1.2.3.0")
    assert sent == ["_polling", "_other"]


def client_error(code: str, message: str, **metadata: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}
    return ClientError(response, "Poll")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            client_error("ThrottlingException", "Rate exceeded"),
            "the service has too much to do and refuses calls (ThrottlingException); try again later",
        ),
        (
            ReadTimeoutError(endpoint_url="http://127.0.0.1:1/"),
            'the service does not answer: Read timeout on endpoint URL: "http://127.0.0.1:1/"',
        ),
        (
            BotoConnectionClosedError(endpoint_url="http://127.0.0.1:1/"),
            "the service cannot be reached: Connection was closed before we received a valid response from endpoint URL: "
            '"http://127.0.0.1:1/".',
        ),
        (
            client_error("X", "down", HTTPStatusCode=503),
            "the service fails: An error occurred (X) when calling the Poll operation: down",
        ),
    ],
)
def test_a_service_in_trouble_is_one_sentence(error: Exception, sentence: str) -> None:
    assert str(explained(error)) == sentence
