"""The child's side of :mod:`.isolated_call`: ``python -m simpleflow_nb.processes.isolated FD``, for the worker only."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
from typing import Any

from .. import payload
from ..activity_context import ActivityContext, set_context


def main() -> None:
    answers = os.fdopen(int(sys.argv[1]), "wb", buffering=0)
    line = sys.stdin.buffer.readline()
    if not line:
        return
    request = json.loads(line.decode("utf-8", "surrogatepass"))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.path[:] = request["sys_path"]

    def send(message: dict[str, Any]) -> None:
        answers.write(payload.encode(message).encode("utf-8", "surrogatepass") + b"\n")

    from .worker import failure_of, find_activity

    try:
        set_context(ActivityContext(**request["context"], beat=lambda details: send({"beat": details})))
        importlib.import_module(request["module"])
        body = find_activity(request["name"])
        answer = {"result": payload.encode(body.execute(*request["args"], **request["kwargs"]))}
    except Exception as error:
        reason, details = failure_of(error)
        answer = {"failed": reason, "details": details}
    send(answer)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
