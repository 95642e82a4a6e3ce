"""The launcher of the suite's commands."""

from __future__ import annotations

import os
import select
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.launcher import Launcher
from tests.settings import PATIENCE_SECONDS


def test_a_command_that_has_ended_before_its_caller_goes_on_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine the launcher has answered and hung up by then: there is nothing left to be sent."""
    send = socket.send_fds

    def late(call: socket.socket, *arguments: Any) -> int:
        sent = send(call, *arguments)
        ended = select.poll()
        ended.register(call, select.POLLRDHUP)
        assert ended.poll(PATIENCE_SECONDS * 1_000)
        return sent

    monkeypatch.setattr(socket, "send_fds", late)
    with Launcher(os.environ) as launcher:
        done = launcher.outcome(["--version"], tmp_path, os.environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("simpleflow-nb, version ")
