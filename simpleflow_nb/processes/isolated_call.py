"""An activity in a process of its own, which is killed when the task is cancelled or over."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import IO, Any

import psutil

from .. import payload
from ..activity import Activity
from ..activity_context import ActivityContext
from ..exceptions import TaskFailed
from . import guardian
from .middlewares import NONE, Middlewares
from .process_groups import ProcessGroups, kill_group

_LOOK_SECONDS = 0.1
_EXIT_SECONDS = 5.0  # for the child to exit, once its answer has come
_KILLED_SECONDS = guardian.END_SECONDS + 5.0  # for a guardian to end its child and itself


class IsolatedCall:
    """One call in a fresh interpreter with its own process group, under a guardian if the system has subreapers.

    When it ends, everything it has started ends. Its standard input closes when this process dies, and that ends it.
    """

    def __init__(
        self,
        body: Activity[Any, Any],
        task: Mapping[str, Any],
        args: list[Any],
        kwargs: dict[str, Any],
        context: ActivityContext,
        process_groups: ProcessGroups,
        middlewares: Middlewares = NONE,
    ) -> None:
        self.body, self.task, self.context, self.process_groups = body, task, context, process_groups
        self.call = payload.encode(
            {
                "name": body.name,
                "modules": [module for module in (body.declared_in, body.__module__) if module],
                "args": args,
                "kwargs": kwargs,
                "meta": context.input.get("meta"),
                "middlewares": middlewares.paths(),
                "sys_path": sys.path,
                "last_heartbeat_details": context.last_heartbeat_details,
                "context": {
                    "domain": context.domain,
                    "workflow_id": context.workflow_id,
                    "run_id": context.run_id,
                    "activity_id": context.activity_id,
                    "name": context.name,
                    "version": context.version,
                    "task_list": context.task_list,
                },
            }
        )

    def text(self) -> str:
        """Make the call; return the result as JSON text.

        Raises:
            TaskFailed: the body raised, or its process died.
            ActivityCanceled: the task was cancelled or is over; the process has ended.
        """
        reader, writer = os.pipe()
        command = [sys.executable, "-m", "simpleflow_nb.processes.isolated", str(writer)]
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(writer,), start_new_session=True)
        except OSError:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        self._leader = process.pid  # until it sends its own id
        try:
            answer = self._answer(reader, process)
            if "exit" in answer:
                raise TaskFailed(self.task["activityId"], f"process {self._leader} died: exit code {answer['exit']}")
            _await_end(reader, process)
            if "failed" in answer:
                raise TaskFailed(self.task["activityId"], answer["failed"], answer["details"])
            result: str = answer["result"]
            return result
        finally:
            os.close(reader)
            self._end(process)
            self.process_groups.forget(self._leader)

    def _begin(self, leader: int, process: subprocess.Popen[bytes]) -> None:
        """Send the call to the child, once its process group is recorded, in case this process dies."""
        self._leader = leader
        self.process_groups.record(leader)
        assert process.stdin is not None
        try:
            process.stdin.write(self.call.encode("utf-8", "surrogatepass") + b"\n")
            process.stdin.flush()  # left open: its end tells the child that nobody waits
        except BrokenPipeError:
            pass  # it died at once; its answer says how

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """End the child with everything that it has started."""
        assert process.stdin is not None
        if guardian.adopts_orphans():
            _close(process.stdin)
            try:
                if process.wait(_KILLED_SECONDS) == 0:
                    return
            except subprocess.TimeoutExpired:
                pass  # the guardian may have been stopped with a signal
        if process.poll() is None:
            _kill_tree(process.pid)
            process.wait()
        kill_group(self._leader)  # children left in its group
        _close(process.stdin)

    def _answer(self, reader: int, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        """Return the child's result or failure, or ``exit`` if it ended without one. Heartbeats are passed on."""
        buffer = b""
        while True:
            self.context.check()
            is_dead = process.poll() is not None  # checked first: then all that it wrote can be read now
            ready, _, _ = select.select([reader], [], [], 0 if is_dead else _LOOK_SECONDS)
            if not ready:
                if is_dead:  # a process that it has forked holds the other end open
                    return {"exit": process.returncode}
                continue
            chunk = os.read(reader, 1 << 16)
            if not chunk:
                return {"exit": process.wait()}
            buffer += chunk
            while b"\n" in buffer:
                line, _, buffer = buffer.partition(b"\n")
                message: dict[str, Any] = json.loads(line.decode("utf-8", "surrogatepass"))
                if "pid" in message:
                    self._begin(message["pid"], process)
                elif "beat" not in message:
                    return message
                elif self.context.beat is not None:
                    self.context.beat(message["beat"])


def _await_end(reader: int, process: subprocess.Popen[bytes]) -> None:
    """Wait for the child to flush its output and exit; threads left by the body may delay it, within a limit."""
    until = time.monotonic() + _EXIT_SECONDS
    # ``process.wait`` with a timeout polls with sleeps.
    while process.poll() is None and (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([reader], [], [], min(left, _LOOK_SECONDS))
        if ready and not os.read(reader, 1 << 16):
            return


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        pass  # the child has ended, and with it the reader of what was still buffered


def _kill_tree(pid: int) -> None:
    """Kill a process with all that it started, also outside its group."""
    try:
        family = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        family = []
    kill_group(pid)
    for member in family:
        try:
            member.kill()
        except psutil.Error:
            continue  # ended already
    psutil.wait_procs(family, timeout=5)
