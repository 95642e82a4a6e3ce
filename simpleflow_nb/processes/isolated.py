"""The other side of :mod:`.isolated_call`: ``python -m simpleflow_nb.processes.isolated FD``, for the worker only.

The process that the worker starts forks at once where the system hands orphans to a guardian: it becomes the guardian of
its child, which carries the body out. Elsewhere it carries the body out itself. To the descriptor FD is written, one JSON
object a line::

    {"pid": 123}                            the process that carries the body out, and leads its group; it awaits its request
    {"beat": "cell 1 of 8"}                 a heartbeat
    {"result": "..."}                       as JSON text
    {"failed": "...", "details": "..."}     reason and details of RespondActivityTaskFailed
    {"exit": -9}                            by the guardian: how the process has ended; nothing of it is left

Standard input has the request, one line of JSON; its end says that nobody waits any more.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import Any

from .. import payload
from ..activity_context import ActivityContext, set_context
from . import guardian
from .standard_streams import outlive_readers, write_by_lines


def main() -> None:
    write_by_lines()
    outlive_readers()
    answers = _Answers(int(sys.argv[1]))
    if not guardian.adopts_orphans():
        _carry_out(answers)
        return
    guardian.expect_child()
    child = guardian.fork()
    if child:
        status = guardian.watch(child, sys.stdin.fileno(), 0)
        if status is not None:
            answers.send({"exit": status})
        os._exit(0)  # what is to be done at the exit is the child's to do
    guardian.lead_session()
    guardian.handle_signals_as_python()
    _carry_out(answers)


class _Answers:
    """Where the worker reads."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._file = os.fdopen(descriptor, "wb", buffering=0)

    def send(self, message: dict[str, Any]) -> None:
        try:
            self._file.write(payload.encode(message).encode("utf-8", "surrogatepass") + b"\n")
        except BrokenPipeError:
            pass  # the worker is gone: there is nobody to tell, and whoever watches over us is about to end us


def _carry_out(answers: _Answers) -> None:
    answers.send({"pid": os.getpid()})
    line = sys.stdin.buffer.readline()
    if not line:
        return
    request = json.loads(line.decode("utf-8", "surrogatepass"))
    if not guardian.adopts_orphans():
        threading.Thread(target=_end_with_parent, args=(os.dup(0),), daemon=True).start()
    # What the body starts must neither read from the worker nor hold its pipe open.
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    sys.path[:] = request["sys_path"]

    from .activity_bodies import failure_of, find_activity, result_text

    try:
        last_details = request["last_heartbeat_details"]
        context = ActivityContext(
            **request["context"],
            input={"args": request["args"], "kwargs": request["kwargs"]},
            beat=lambda details: answers.send({"beat": details}),
            find_last_details=lambda: last_details,
        )
        set_context(context)
        body = find_activity(request["name"], request["modules"], are_ours=True)
        answer = {"result": result_text(body, context, request["args"], request["kwargs"])}
    except (Exception, SystemExit) as error:
        reason, details = failure_of(error)
        answer = {"failed": reason, "details": details}
    answers.send(answer)


def _end_with_parent(parent: int) -> None:
    import contextlib

    import psutil

    os.read(parent, 1)  # nothing ever comes: this returns when the worker is gone
    for member in psutil.Process().children(recursive=True):  # also what has left the group
        with contextlib.suppress(psutil.Error):
            member.kill()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
