"""The child's side of :mod:`.isolated_call`: ``python -m simpleflow_nb.processes.isolated FD``, for the worker only."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import threading
from typing import Any

import psutil

from .. import payload
from ..activity_context import ActivityContext, set_context


def main() -> None:
    answers = os.fdopen(int(sys.argv[1]), "wb", buffering=0)
    line = sys.stdin.buffer.readline()
    if not line:
        return
    request = json.loads(line.decode("utf-8", "surrogatepass"))
    parent = os.dup(0)  # not inherited: what the body starts must neither read from the worker nor hold its pipe open
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    sys.path[:] = request["sys_path"]

    def send(message: dict[str, Any]) -> None:
        try:
            answers.write(payload.encode(message).encode("utf-8", "surrogatepass") + b"\n")
        except BrokenPipeError:
            pass  # the worker is gone: there is nobody to tell, and `_end_with_parent` is about to end us

    from .activity_bodies import failure_of, find_activity, result_text

    try:
        last_details = request["last_heartbeat_details"]
        context = ActivityContext(
            **request["context"], beat=lambda details: send({"beat": details}), find_last_details=lambda: last_details
        )
        set_context(context)
        importlib.import_module(request["module"])
        body = find_activity(request["name"])
        answer = {"result": result_text(body, context, request["args"], request["kwargs"])}
    except (Exception, SystemExit) as error:
        reason, details = failure_of(error)
        answer = {"failed": reason, "details": details}
    send(answer)


def _end_with_parent(parent: int) -> None:
    os.read(parent, 1)  # nothing ever comes: this returns when the worker is gone
    for member in psutil.Process().children(recursive=True):  # also what has left the group
        with contextlib.suppress(psutil.Error):
            member.kill()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
