"""What the log says of polls that fail."""

from __future__ import annotations

import logging

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from simpleflow_nb.processes.poll_log import PollLog

AWAY = EndpointConnectionError(endpoint_url="http://x")
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PollForActivityTask")


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> PollLog:
    caplog.set_level(logging.INFO, "polls")
    return PollLog(logging.getLogger("polls"), "work")


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_a_service_that_is_away_is_told_of_ever_more_rarely_and_so_is_its_return(
    log: PollLog, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(9):
        log.failed(AWAY)
    log.succeeded()
    log.succeeded()
    away = "poll of 'work' failed: Could not connect to the endpoint URL: \"http://x\""
    assert said(caplog) == [
        ("WARNING", away),
        ("WARNING", f"{away} (2 times)"),
        ("WARNING", f"{away} (4 times)"),
        ("WARNING", f"{away} (8 times)"),
        ("WARNING", "poll of 'work': the service answers again, after 9 polls that failed"),
    ]


def test_another_kind_of_failure_is_reported_at_once(log: PollLog, caplog: pytest.LogCaptureFixture) -> None:
    for error in (AWAY, AWAY, AWAY, DENIED, AWAY):
        log.failed(error)
    levels = [level for level, _ in said(caplog)]
    assert levels == ["WARNING", "WARNING", "ERROR", "WARNING"]


def test_polls_that_succeed_are_not_worth_a_word(log: PollLog, caplog: pytest.LogCaptureFixture) -> None:
    log.succeeded()
    log.failed(AWAY)
    log.succeeded()
    assert [text.partition(": ")[2] for _, text in said(caplog)][1:] == ["the service answers again, after 1 poll that failed"]
