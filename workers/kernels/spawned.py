"""A kernel that is started as a process of its own, in a process group of its own.

It speaks over sockets in a private folder: no ports, so no race for them and no exposure. Nothing of the group outlives
``end``: children of a kernel that crashed die with it, unless they made a session of their own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

SHUTDOWN_SECONDS = 2.5  #: for a kernel that was asked to go: its atexit functions; Jupyter's own figure
TERMINATE_SECONDS = 1.0  #: between SIGTERM and SIGKILL
POLL_SECONDS = 0.02  #: where the system cannot tell about the end of a process

KERNEL_ID = "notebook"  #: any; a manager has one kernel
_LONGEST_SOCKET_PATH = 90  # bytes; systems take 104 to 108, with the port's number


class KernelProcess(LocalProvisioner):
    """The process, watched without reaping it: while it is a zombie its group id cannot be another's."""

    exit_status: int | None = None  #: as in ``subprocess``: negative is the signal that killed it; None while it runs

    @property
    def group(self) -> int:
        """Process id and process group id in one: the launcher makes a session for the process."""
        assert self.process is not None
        return self.process.pid

    async def poll(self) -> int | None:
        """Exit status, None while the process runs, 0 before it was started."""
        return self._status() if self.process else 0

    async def exited(self) -> int:
        """Wait for the process to end and give its exit status. Not reaped: ``wait`` does that."""
        assert self.process is not None
        loop = asyncio.get_running_loop()
        try:
            descriptor = os.pidfd_open(self.process.pid)
        except (AttributeError, OSError):  # not Linux, an old kernel, or reaped by somebody else
            descriptor = -1
        if descriptor >= 0:
            ended = asyncio.Event()
            loop.add_reader(descriptor, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(descriptor)
                os.close(descriptor)
        while (status := self._status()) is None:
            await asyncio.sleep(POLL_SECONDS)
        return status

    async def wait(self) -> int | None:
        """Wait for the end, kill what is left of the process group, reap."""
        if self.process is None:
            return self.exit_status
        status = await self.exited()
        self.kill_and_reap()
        return status

    def kill_and_reap(self) -> None:
        """Kill the process and what is left of its group. Reaped last: until then the group's id is taken."""
        if self.process is not None:
            self._signal_group(signal.SIGKILL)
            self.process.wait()
            self.process = None

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the whole process group; nothing happens if it is gone."""
        if self.process:
            self._signal_group(signum)

    def _signal_group(self, signum: int) -> None:
        try:
            os.killpg(self.group, signum)
        except (ProcessLookupError, PermissionError):
            pass  # gone; macOS says PermissionError for a group of zombies

    def _status(self) -> int | None:
        if self.exit_status is None:
            self.exit_status = self._reported_status()
        return self.exit_status

    def _reported_status(self) -> int | None:
        process = self.process
        assert process is not None
        if not hasattr(os, "waitid"):
            return process.poll()
        try:
            report = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return process.poll()  # the host ignores SIGCHLD: the status is lost, 0 stands for it
        if report is None:
            return None
        return report.si_status if report.si_code == os.CLD_EXITED else -report.si_status


class _OneKernelSpec(KernelSpecManager):
    """Knows the one specification that the notebook's reader has chosen."""

    chosen: KernelSpec

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return self.chosen


class SpawnedKernel(AsyncKernelManager):
    """Manager of one kernel process, used for one notebook."""

    folder: Path
    process: KernelProcess
    on_started: Callable[[int], None] | None = None

    @classmethod
    def of(cls, name: str, spec: KernelSpec, on_started: Callable[[int], None] | None) -> SpawnedKernel:
        """A kernel that is not started yet. ``on_started`` gets its process id, which is its process group id."""
        specs = _OneKernelSpec()
        specs.chosen = spec
        manager = cls(kernel_name=name, kernel_spec_manager=specs)
        manager.folder = _private_folder()
        manager.process = manager.provisioner = KernelProcess(kernel_id=KERNEL_ID, kernel_spec=spec, parent=manager)
        manager.on_started = on_started
        manager.connection_file = str(manager.folder / "k.json")
        if (spec.language or "").lower() == "python":  # other kernels may know nothing but TCP
            manager.transport = "ipc"
            manager.ip = str(manager.folder / "k")
        return manager

    async def launch(self, arguments: list[str], cwd: Path, environment: Mapping[str, str]) -> None:
        """Start the process; what it says before and beside Jupyter's channels goes to ``said``.

        Raises:
            OSError: the program of the kernel specification cannot be started.
        """
        self.kernel_id = KERNEL_ID
        with open(self._log, "ab") as log:
            command, options = await self._async_pre_start_kernel(
                extra_arguments=arguments, cwd=str(cwd), env=dict(environment), stdout=log, stderr=log
            )
            await self._async_launch_kernel(command, **options)
        self._attempted_start = True
        if self.on_started is not None:
            self.on_started(self.process.group)
        await self._async_post_start_kernel(**options)

    @property
    def said(self) -> str:
        """End of what the process wrote to its own standard output and error: why it did not start, or a crash."""
        try:
            return self._log.read_bytes()[-4_000:].decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return ""

    async def sockets_bound(self) -> None:
        """Wait until the kernel listens; connecting earlier costs a reconnect interval. Returns if it dies meanwhile."""
        if self.transport != "ipc":
            return
        sockets = [Path(f"{self.ip}-{port}") for port in (self.shell_port, self.control_port, self.iopub_port)]
        while await self.process.poll() is None and not all(path.exists() for path in sockets):
            await asyncio.sleep(0.003)

    async def end(self, *, politely: bool) -> None:
        """End the process and its group, whatever they do, and remove the private folder.

        ``politely`` asks an idle kernel to go, so that its atexit functions run; a busy one would not answer.
        """
        try:
            process = self.process
            if process.has_process:
                if politely and await process.poll() is None:
                    await self._async_request_shutdown()
                    await self._ended_within(SHUTDOWN_SECONDS, signal.SIGTERM)
                    await self._ended_within(TERMINATE_SECONDS, signal.SIGKILL)
                else:
                    await process.send_signal(signal.SIGKILL)
                await process.wait()
        finally:
            self.context.destroy(linger=0)  # nobody is left to read what is still unsent
            await self._async_cleanup_resources()
            shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """Last resort where no event loop runs: kill and reap what ``end`` was kept from ending."""
        self.process.kill_and_reap()

    async def _ended_within(self, seconds: float, otherwise: signal.Signals) -> None:
        try:
            await asyncio.wait_for(self.process.exited(), seconds)
        except TimeoutError:
            await self.process.send_signal(otherwise)

    @property
    def _log(self) -> Path:
        return self.folder / "said.txt"


def described_end(status: int | None) -> str:
    """How a kernel ended, in words that follow ``the kernel``."""
    if status is None:
        return "stopped answering"
    if status >= 0:
        return f"exited with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was killed by {name}" + (", perhaps because memory ran out" if name == "SIGKILL" else "")


def _private_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="sfnb-")  # mode 0700
    if len(os.fsencode(folder)) > _LONGEST_SOCKET_PATH:
        os.rmdir(folder)
        folder = tempfile.mkdtemp(prefix="sfnb-", dir="/tmp")
    return Path(folder)
