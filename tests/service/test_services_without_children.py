"""Runs know whether their service has child executions, without which each carries out itself what it shares with others."""

from __future__ import annotations

from pathlib import Path

import boto3

from simpleflow_nb.local.service import DOMAIN, LocalService
from workers.runs.service_children import has_children

from .moto_server import environment, moto_endpoint
from .served import Served


def test_moto_has_none() -> None:
    with moto_endpoint() as address, environment(AWS_ENDPOINT_URL=address):
        client = boto3.client("swf")
        client.register_domain(name="lab", workflowExecutionRetentionPeriodInDays="1")
        assert has_children(client, "lab") is False


def test_a_service_of_ours_has_them(tmp_path: Path) -> None:
    service = Served(tmp_path / "journal.sqlite3")
    try:
        with environment(AWS_ENDPOINT_URL=f"http://127.0.0.1:{service.port}"):
            assert has_children(boto3.client("swf"), "local") is True
    finally:
        service.process.terminate()
        service.process.communicate()
    opened = LocalService.open(tmp_path / "own.sqlite3")
    assert has_children(opened, DOMAIN) is True
    opened.close()
