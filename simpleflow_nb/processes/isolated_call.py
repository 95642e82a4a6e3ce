"""An activity in a process of its own, which is really ended when the task is cancelled or over."""

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
from .process_groups import ProcessGroups, kill_group

_LOOK_SECONDS = 0.1
_EXIT_SECONDS = 5.0  # for the child's own way out, once its answer is here
_KILLED_SECONDS = guardian.END_SECONDS + 5.0  # for a guardian to end what it watches over and itself


class IsolatedCall:
    """One call in a fresh interpreter that leads its own process group, under a guardian where the system allows for one.

    With its end everything ends that it has started. Its standard input closes when this process dies, and that ends it.
    """

    def __init__(
        self,
        body: Activity[Any, Any],
        task: Mapping[str, Any],
        args: list[Any],
        kwargs: dict[str, Any],
        context: ActivityContext,
        process_groups: ProcessGroups,
    ) -> None:
        self.body, self.task, self.context, self.process_groups = body, task, context, process_groups
        self.request = payload.encode(
            {
                "name": body.name,
                "modules": [module for module in (body.declared_in, body.__module__) if module],
                "args": args,
                "kwargs": kwargs,
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
        """The result as JSON text.

        Raises:
            TaskFailed: the body raised, or its process died.
            ActivityCanceled: the task was cancelled or is over; nothing of the process is left.
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
        self._leader = process.pid  # until it says better
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
        """Have the child carry the body out, once it is on record that it could be left over."""
        self._leader = leader
        self.process_groups.record(leader)
        assert process.stdin is not None
        try:
            process.stdin.write(self.request.encode("utf-8", "surrogatepass") + b"\n")
            process.stdin.flush()  # left open: its end is the sign that nobody waits any more
        except BrokenPipeError:
            pass  # it died at once; what it answers says how

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Leave nothing of the child."""
        assert process.stdin is not None
        if guardian.adopts_orphans():
            _close(process.stdin)
            try:
                if process.wait(_KILLED_SECONDS) == 0:
                    return
            except subprocess.TimeoutExpired:
                pass  # somebody has stopped the guardian, say
        if process.poll() is None:
            _kill_tree(process.pid)
            process.wait()
        kill_group(self._leader)  # children that it left in its group
        _close(process.stdin)

    def _answer(self, reader: int, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        """The child's result or failure, or ``exit`` when it ended without one. Its heartbeats are passed on."""
        buffer = b""
        while True:
            self.context.check()
            is_dead = process.poll() is not None  # asked first: what it wrote before is there now
            ready, _, _ = select.select([reader], [], [], 0 if is_dead else _LOOK_SECONDS)
            if not ready:
                if is_dead:  # something that it has forked holds the other end open
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
    """Let the child flush what it has printed. A thread that the body has left may hold it back, but not for ever."""
    until = time.monotonic() + _EXIT_SECONDS
    # ``process.wait`` with a limit sleeps between its looks.
    while process.poll() is None and (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([reader], [], [], min(left, _LOOK_SECONDS))
        if ready and not os.read(reader, 1 << 16):
            return


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        pass  # the child is gone, and with it the reader of what was still buffered


def _kill_tree(pid: int) -> None:
    """Kill a process with all that it started, also what has left its group."""
    try:
        family = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        family = []
    kill_group(pid)
    for member in family:
        try:
            member.kill()
        except psutil.Error:
            continue  # gone already
    psutil.wait_procs(family, timeout=5)
