"""The other side of :mod:`.isolated_call`: ``python -m simpleflow_nb.processes.isolated FD``, for the worker only.

If the system makes a guardian the parent of orphans, the process started by the worker forks at once, and becomes the guardian
of its child, which carries out the body. Elsewhere it carries out the body itself. It writes to the descriptor FD, one JSON
object a line::

    {"pid": 123}                            the process that carries out the body, and leads its group; it waits for its call
    {"beat": "cell 1 of 8"}                 a heartbeat
    {"result": "..."}                       as JSON text
    {"failed": "...", "details": "..."}     reason and details of RespondActivityTaskFailed
    {"exit": -9}                            by the guardian: how the process has ended, with all that it started

Standard input has the call, one line of JSON; its end means that the worker no longer waits.
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
        os._exit(0)  # exit handlers run in the child
    guardian.lead_session()
    guardian.handle_signals_as_python()
    _carry_out(answers)


class _Answers:
    """The descriptor that the worker reads."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._file = os.fdopen(descriptor, "wb", buffering=0)

    def send(self, message: dict[str, Any]) -> None:
        try:
            self._file.write(payload.encode(message).encode("utf-8", "surrogatepass") + b"\n")
        except BrokenPipeError:
            pass  # the worker is gone, and the guardian is about to end this process


def _carry_out(answers: _Answers) -> None:
    answers.send({"pid": os.getpid()})
    line = sys.stdin.buffer.readline()
    if not line:
        return
    call = json.loads(line.decode("utf-8", "surrogatepass"))
    if not guardian.adopts_orphans():
        threading.Thread(target=_end_with_parent, args=(os.dup(0),), daemon=True).start()
    # Processes that the body starts must neither read from the worker nor hold its pipe open.
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    sys.path[:] = call["sys_path"]

    from .activity_bodies import failure_of, find_activity, result_text
    from .middlewares import middlewares_of

    try:
        last_details = call["last_heartbeat_details"]
        context = ActivityContext(
            **call["context"],
            input={"args": call["args"], "kwargs": call["kwargs"], **({"meta": call["meta"]} if call["meta"] else {})},
            beat=lambda details: answers.send({"beat": details}),
            find_last_details=lambda: last_details,
        )
        set_context(context)
        body = find_activity(call["name"], call["modules"], are_ours=True)
        middlewares = middlewares_of(call["middlewares"])
        answer = {"result": result_text(body, context, call["args"], call["kwargs"], middlewares)}
    except BaseException as error:  # whatever the user's code raises: the worker tells it
        reason, details = failure_of(error)
        answer = {"failed": reason, "details": details}
    answers.send(answer)


def _end_with_parent(parent: int) -> None:
    import contextlib

    import psutil

    os.read(parent, 1)  # nothing is ever written: this returns when the worker is gone
    for member in psutil.Process().children(recursive=True):  # also processes outside the group
        with contextlib.suppress(psutil.Error):
            member.kill()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
