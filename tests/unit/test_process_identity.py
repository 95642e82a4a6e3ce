"""The identity that deciders and workers give when they poll."""

from __future__ import annotations

import json
import os
import socket

import pytest

from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.process_title import process_identity
from simpleflow_nb.processes.worker import Worker


@pytest.mark.parametrize(
    ("text", "added", "removed"),
    [
        ("", {}, ""),
        ("{}", {}, ""),
        ('{"role": "nightly", "rack": {"row": 3}}', {"role": "nightly", "rack": {"row": 3}}, ""),
        ('{"hostname": "machine.example.net"}', {"hostname": "machine.example.net"}, ""),
        ('{"hostname": null, "zone": null}', {}, "hostname"),
    ],
)
def test_keys_are_added_and_replaced_and_null_removes_one(
    text: str, added: dict[str, object], removed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMPLEFLOW_IDENTITY", text)
    expected: dict[str, object] = {"hostname": socket.gethostname(), "pid": os.getpid(), **added}
    expected.pop(removed, None)
    assert json.loads(process_identity()) == expected


def test_deciders_and_workers_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMPLEFLOW_IDENTITY", '{"hostname": null, "pid": null, "role": "nightly"}')
    service = LocalService()
    assert Decider(service, DOMAIN, "list").identity == Worker(service, DOMAIN, {"list": 1}).identity == '{"role": "nightly"}'


def test_a_known_secret_in_it_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWAPI_TOKEN", "a-long-secret")
    monkeypatch.setenv("SIMPLEFLOW_IDENTITY", '{"hostname": null, "pid": null, "role": "a-long-secret"}')
    assert process_identity() == '{"role": "***"}'


def test_one_that_is_longer_than_the_service_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def identity_with(role: str) -> str:
        monkeypatch.setenv("SIMPLEFLOW_IDENTITY", json.dumps({"hostname": None, "pid": None, "role": role}))
        return process_identity()

    frame = len('{"role": ""}')
    assert len(identity_with("x" * (256 - frame))) == 256
    with pytest.raises(DefinitionError) as refused:
        identity_with("x" * (257 - frame))
    assert str(refused.value) == "SIMPLEFLOW_IDENTITY makes an identity of 257 characters, 1 more than the service takes"
