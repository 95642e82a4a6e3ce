"""An activity in a process of its own, which is really ended when the task is cancelled or over."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from typing import Any

import psutil

from .. import payload
from ..activity import Activity
from ..activity_context import ActivityContext
from ..exceptions import TaskFailed
from .process_groups import ProcessGroups, kill_group

_LOOK_SECONDS = 0.1
_EXIT_SECONDS = 5.0  # for the child's own way out, once its answer is here


class IsolatedCall:
    """One call in a fresh interpreter that leads its own process group.

    The child ends by itself when its standard input closes, which is what happens when this process dies.
    """

    def __init__(
        self,
        body: Activity[Any, Any],
        task: dict[str, Any],
        args: list[Any],
        kwargs: dict[str, Any],
        context: ActivityContext,
        process_groups: ProcessGroups,
    ) -> None:
        self.body, self.task, self.context, self.process_groups = body, task, context, process_groups
        self.request = payload.encode(
            {
                "name": body.name,
                "module": body.__module__,
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
        try:
            self.process_groups.record(process.pid)
            assert process.stdin is not None
            try:
                process.stdin.write(self.request.encode("utf-8", "surrogatepass") + b"\n")
                process.stdin.flush()  # left open: its end is the child's sign that nobody waits any more
            except BrokenPipeError:
                pass  # it died at once; the exit code below says how
            answer = self._answer(reader, process)
            if answer is None:
                raise TaskFailed(self.task["activityId"], f"process {process.pid} died: exit code {process.wait()}")
            try:
                process.wait(_EXIT_SECONDS)  # it still has to flush what it has printed
            except subprocess.TimeoutExpired:
                pass  # a thread that the body has left holds it back; it is killed below
            if "failed" in answer:
                raise TaskFailed(self.task["activityId"], answer["failed"], answer["details"])
            result: str = answer["result"]
            return result
        finally:
            os.close(reader)
            if process.poll() is None:
                _kill_tree(process.pid)
                process.wait()
            kill_group(process.pid)  # children that it left in its group
            if process.stdin is not None and not process.stdin.closed:
                try:
                    process.stdin.close()
                except BrokenPipeError:
                    pass  # the child is gone, and with it the reader of what was still buffered
            self.process_groups.forget(process.pid)

    def _answer(self, reader: int, process: subprocess.Popen[bytes]) -> dict[str, Any] | None:
        """The child's last line; None when it ended without one. Its heartbeats are passed on."""
        buffer = b""
        while True:
            self.context.check()
            is_dead = process.poll() is not None  # asked first: what it wrote before is there now
            ready, _, _ = select.select([reader], [], [], 0 if is_dead else _LOOK_SECONDS)
            if not ready:
                if is_dead:  # something that it has forked holds the other end open
                    return None
                continue
            chunk = os.read(reader, 1 << 16)
            if not chunk:
                return None
            buffer += chunk
            while b"\n" in buffer:
                line, _, buffer = buffer.partition(b"\n")
                message: dict[str, Any] = json.loads(line.decode("utf-8", "surrogatepass"))
                if "beat" not in message:
                    return message
                if self.context.beat is not None:
                    self.context.beat(message["beat"])


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
