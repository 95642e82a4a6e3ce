"""One kernel for one notebook, whatever the origin of its process.

Its sockets are in a private folder: no ports, so no race for them and no exposure.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from simpleflow_nb.variables import SIMPLEFLOW_NB_SKIP

from .fork_server import ForkServer
from .inside import Settings
from .lifeline import Lifeline, spawn

SHUTDOWN_SECONDS = 2.5  #: for the atexit functions of a kernel that was asked to end; Jupyter's own figure
TERMINATE_SECONDS = 1.0  #: between SIGTERM and SIGKILL

Origin = Literal["pool", "fork", "spawn"]

OWN_KERNEL = "python3"  #: name of the kernel that is this interpreter

_MOST_REASON_CHARACTERS = 10_000  # of a file that may have any size

_KERNEL_ID = "notebook"  # any; a manager has one kernel
_LONGEST_SOCKET_PATH = 90  # bytes; systems take 104 to 108, with the port's number
_HISTORY_IN_MEMORY = "--HistoryManager.hist_file=:memory:"  # a file would be shared by all kernels of the machine


class KernelProcess(LocalProvisioner):
    """The process of a kernel, as reported by its lifeline."""

    lifeline: Lifeline | None = None  #: from the beginning if the process was forked, else from its launch
    first_words: dict[str, Any] | None = None  #: instructions not yet sent to a forked process
    settings: Settings  #: set before the launch
    said_in: Path

    @property
    def has_process(self) -> bool:
        return self.lifeline is not None

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Start the process.

        Raises:
            OSError: the program cannot be executed.
        """
        if self.lifeline is None:
            self.lifeline = spawn(cmd, options["cwd"], options["env"], self.said_in)
        else:
            if self.first_words is not None:
                self.lifeline.tell(self.first_words)
            self.lifeline.tell({"environment": options["env"], "folder": options["cwd"], "settings": self.settings})
        lifeline = self.lifeline
        await lifeline.until(lambda: lifeline.pid is not None or lifeline.error is not None)
        if lifeline.error is not None:
            raise lifeline.error
        self.pid = self.pgid = lifeline.pid
        return self.connection_info

    async def poll(self) -> int | None:
        """Return the exit status, None while the process runs, 0 before it was started."""
        if self.lifeline is None:
            return 0
        self.lifeline.hear()
        return self._status()

    async def exited(self) -> None:
        """Wait until the process and all that it has started are gone."""
        assert self.lifeline is not None
        lifeline = self.lifeline
        await lifeline.until(lambda: lifeline.exit_status is not None)

    async def wait(self) -> int | None:
        """Wait for the end; return the exit status."""
        if self.lifeline is None:
            return 0
        await self.exited()
        return self._status()

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the whole process group; nothing is done if it is gone."""
        if self.lifeline is not None:
            self.lifeline.signal(signum)

    def hang_up(self) -> None:
        """Kill everything that is left, including all descendants."""
        if self.lifeline is not None:
            self.lifeline.hang_up()

    def _status(self) -> int | None:
        assert self.lifeline is not None
        if self.lifeline.exit_status is None and self.lifeline.is_over:
            return -signal.SIGKILL  # this is how a kernel ends whose guardian was killed
        return self.lifeline.exit_status


class _OneKernelSpec(KernelSpecManager):
    """Finds only the one specification chosen by the reader of the notebook."""

    chosen: KernelSpec

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return self.chosen


class Kernel(AsyncKernelManager):
    """Manager of one kernel process, used for one notebook."""

    folder: Path
    process: KernelProcess
    origin: Origin = "spawn"
    reason: str = ""  #: why it was not forked; empty if it was
    on_started: Callable[[int], None] | None = None

    @classmethod
    def of(cls, name: str, spec: KernelSpec) -> Kernel:
        """Make a kernel that is not started yet, and will be a program of its own."""
        specs = _OneKernelSpec()
        specs.chosen = spec
        manager = cls(kernel_name=name, kernel_spec_manager=specs)
        manager.folder = _private_folder()
        process = KernelProcess(kernel_id=_KERNEL_ID, kernel_spec=spec, parent=manager)
        process.said_in = manager.folder / "said.txt"
        manager.process = manager.provisioner = process
        manager.connection_file = str(manager.folder / "k.json")
        if (spec.language or "").lower() == "python":  # other kernels may support only TCP
            manager.transport = "ipc"
            manager.ip = str(manager.folder / "k")
        return manager

    def is_running(self) -> bool:
        """Return True if the process has been started and has not ended."""
        lifeline = self.process.lifeline
        if lifeline is None:
            return False
        lifeline.hear()
        return lifeline.exit_status is None and not lifeline.is_over

    def wait_held(self) -> None:
        """Wait until a held kernel is prepared, or has ended."""
        lifeline = self.process.lifeline
        assert lifeline is not None
        while self.is_running() and not lifeline.is_held:
            lifeline.wait()

    async def launch(self, cwd: Path, environment: Mapping[str, str], settings: Settings) -> None:
        """Start the process. ``on_started`` gets its process id, which is also its process group id.

        A forked kernel is prepared with the ``settings`` (:mod:`workers.kernels.inside`) before it listens.

        Raises:
            OSError: the program of the kernel specification cannot be started.
        """
        self.kernel_id = _KERNEL_ID
        self.process.settings = settings
        variables = {**environment, SIMPLEFLOW_NB_SKIP.name: str(self._skip_file)}
        command, options = await self._async_pre_start_kernel(
            extra_arguments=[_HISTORY_IN_MEMORY] if self.transport == "ipc" else [], cwd=str(cwd), env=variables
        )
        await self._async_launch_kernel(command, **options)
        self._attempted_start = True
        if self.on_started is not None:
            self.on_started(self.group)
        # Jupyter would connect the control channel here, before the kernel listens, which costs a reconnect interval.

    def fork(self, server: ForkServer, *, held: bool) -> None:
        """Fork a process that becomes this kernel at its launch; with ``held`` it is prepared now.

        Raises:
            ForkServerError: the server is gone.
        """
        lifeline = server.fork(self.folder)
        self.origin = "pool" if held else "fork"
        self.process.lifeline = lifeline
        words = {"arguments": ["-f", self.connection_file, _HISTORY_IN_MEMORY], "log": str(self.process.said_in), "held": held}
        if held:
            self.write_connection_file()
            lifeline.tell(words)
        else:
            self.process.first_words = words

    @property
    def group(self) -> int:
        """The process id, which is also the process group id."""
        assert self.process.lifeline is not None
        assert self.process.lifeline.pid is not None
        return self.process.lifeline.pid

    @property
    def has_pid(self) -> bool:
        """True if the process has been started, so that ``group`` is known."""
        return self.process.lifeline is not None and self.process.lifeline.pid is not None

    @property
    def _skip_file(self) -> Path:
        return self.folder / "skip.txt"

    def skip_reason(self) -> str | None:
        """Return the present text of the file that ``SIMPLEFLOW_NB_SKIP`` names; None if there is no file.

        A long text is cut after 10,000 characters, more than are shown.
        """
        try:
            with open(self._skip_file, encoding="utf-8", errors="replace") as file:
                return file.read(_MOST_REASON_CHARACTERS)
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"its reason cannot be read: {error.strerror}"

    @property
    def said(self) -> str:
        """The end of the process's own standard output and error, which shows why it did not start, or crashed."""
        try:
            return self.process.said_in.read_bytes()[-4_000:].decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return ""

    async def listening(self) -> None:
        """Wait until the kernel listens, as connecting earlier costs a reconnect interval. Return if it dies meanwhile."""
        lifeline = self.process.lifeline
        assert lifeline is not None
        if self.origin != "spawn":
            await lifeline.until(lambda: lifeline.is_ready or lifeline.exit_status is not None)
            return
        if self.transport != "ipc":
            return
        sockets = [Path(f"{self.ip}-{port}") for port in (self.shell_port, self.control_port, self.iopub_port)]
        while await self.process.poll() is None and not all(path.exists() for path in sockets):
            await asyncio.sleep(0.003)

    async def end(self, *, politely: bool) -> None:
        """End the process and all its descendants, whatever they do, and remove the private folder.

        ``politely`` asks an idle kernel to go, so that its atexit functions run; a busy one would not answer.
        """
        try:
            if politely and self.process.has_process and await self.process.poll() is None:
                await self._async_request_shutdown()
                await self._ended_within(SHUTDOWN_SECONDS, signal.SIGTERM)
                await self._ended_within(TERMINATE_SECONDS, signal.SIGKILL)
        finally:
            self.process.hang_up()
            self.context.destroy(linger=0)  # unsent messages have no reader any more
            await self._async_cleanup_resources()
            shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """Last resort where no event loop runs: kill whatever ``end`` could not end, and remove the private folder."""
        self.process.hang_up()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def _ended_within(self, seconds: float, otherwise: signal.Signals) -> None:
        try:
            await asyncio.wait_for(self.process.exited(), seconds)
        except TimeoutError:
            await self.process.send_signal(otherwise)


def own_python_spec() -> KernelSpec:
    """Return IPython's kernel on this very interpreter, which has the packages that the project was installed with.

    A kernel installed as ``python3``, and PATH, may lead to another one.
    """
    return KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="Python 3 (ipykernel)",
        language="python",
    )


def _private_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="sfnb-")  # mode 0700
    if len(os.fsencode(folder)) > _LONGEST_SOCKET_PATH:
        os.rmdir(folder)
        folder = tempfile.mkdtemp(prefix="sfnb-", dir="/tmp")
    return Path(folder)
