"""The supply of kernels of this process: held ready, forked, or started afresh, in this order of preference."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simpleflow_nb.environment import value_of
from simpleflow_nb.variables import SIMPLEFLOW_NB_KERNEL_POOL, SIMPLEFLOW_NB_KERNELS, SIMPLEFLOW_NB_PRELOAD

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpec

    from .fork_server import ForkServer
    from .kernel import Kernel

#: Reason of a kernel without a supply.
NO_FORK_SERVER = "no fork server was started, as workers and warm_kernels() do"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class KernelSettings:
    """Settings for making kernels."""

    forks: bool = SIMPLEFLOW_NB_KERNELS.default == "fork"  #: fork them where that is possible
    preload: tuple[str, ...] = SIMPLEFLOW_NB_PRELOAD.default  #: modules that the fork server imports, besides ipykernel's
    pool_size: int = SIMPLEFLOW_NB_KERNEL_POOL.default  #: kernels held ready; each costs about 30 MB

    @classmethod
    def from_environment(cls) -> KernelSettings:
        """Read ``SIMPLEFLOW_NB_KERNELS``, ``SIMPLEFLOW_NB_PRELOAD`` and ``SIMPLEFLOW_NB_KERNEL_POOL``.

        Raises:
            DefinitionError: one of them has an invalid value.
        """
        return cls(
            forks=value_of(SIMPLEFLOW_NB_KERNELS) == "fork",
            preload=value_of(SIMPLEFLOW_NB_PRELOAD),
            pool_size=value_of(SIMPLEFLOW_NB_KERNEL_POOL),
        )


class _NotForked(NamedTuple):
    """The reason for not forking a kernel, and its level: a warning if something is broken."""

    reason: str
    level: int = logging.INFO


class KernelSupply:
    """Makes kernels, each used once. Safe to use from several threads.

    The fork server is started by :meth:`start`, which does not wait for it, or when the first kernel is wanted.
    """

    def __init__(self, settings: KernelSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._server: ForkServer | None = None
        self._fault = ""
        self._held: list[Kernel] = []
        self._refilling: threading.Thread | None = None
        self._told: set[str] = set()
        self._is_closed = False

    def start(self) -> None:
        """Begin the preparations and return at once."""
        from .fork_server import ForkServerError
        from .spawn_reasons import spawn_reason

        if self.settings.forks and not spawn_reason(None):
            try:
                self._begun_server()
            except ForkServerError:
                return  # reported when a kernel is requested
            self.refill()

    def kernel(self, name: str, spec: KernelSpec, folder: Path, environment: Mapping[str, str]) -> Kernel:
        """Return a kernel for one notebook, not launched yet. ``origin`` says how it is made, ``reason`` why it is
        not forked.
        """
        from .kernel import Kernel
        from .spawn_reasons import spawn_reason

        reason = spawn_reason(spec)
        if not reason and not self.settings.forks:
            reason = "SIMPLEFLOW_NB_KERNELS asks for it"
        level = logging.INFO
        if not reason:
            forked = self._forked(name, spec, folder, environment)
            if not isinstance(forked, _NotForked):
                return forked
            reason, level = forked
        self._tell(reason, level)
        kernel = Kernel.of(name, spec)
        kernel.reason = reason
        return kernel

    def refill(self) -> None:
        """Prepare kernels in the background; called at the end of a run, when nobody waits."""
        if self.settings.forks and self.settings.pool_size and not self._is_closed:
            thread = self._refilling = threading.Thread(target=self._refill, name="kernel-pool", daemon=True)
            thread.start()

    def wait_ready(self) -> None:
        """Wait until the fork server and the held kernels are ready.

        Raises:
            ForkServerError: they will never be.
        """
        self._begun_server().wait_ready()
        self._refill()
        for kernel in list(self._held):
            kernel.wait_held()

    def drain(self) -> None:
        """End the held kernels; the next :meth:`refill` prepares others."""
        if self._refilling is not None:
            self._refilling.join()
        with self._lock:
            held, self._held = self._held, []
        for kernel in held:
            kernel.kill()

    @property
    def server(self) -> ForkServer | None:
        """The fork server, ready or not; None if there is none."""
        return self._server

    def close(self) -> None:
        """End the fork server and the held kernels. Kernels in use go on. May be called again."""
        with self._lock:
            self._is_closed = True
        self._drop(self._server)

    def _begun_server(self) -> ForkServer:
        from .fork_server import ForkServer, ForkServerError

        with self._lock:
            if self._is_closed:
                raise ForkServerError("was closed")
            if self._server is None:
                self._server = ForkServer(self.settings.preload)
            return self._server

    def _forked(self, name: str, spec: KernelSpec, folder: Path, environment: Mapping[str, str]) -> Kernel | _NotForked:
        """Fork a kernel, or return the reason for not doing so. A server that is no longer usable is dropped."""
        from .fork_server import ForkServerError
        from .kernel import Kernel
        from .spawn_reasons import fork_fault

        if self._fault:
            return _NotForked(self._fault, logging.WARNING)  # a retry would take as long for every notebook
        try:
            server = self._begun_server()
            server.wait_ready()
        except ForkServerError as error:
            self._fault = f"the fork server {error}"
            return _NotForked(self._fault, logging.WARNING)
        self._tell_start(server)
        if server.has_old_packages():
            self._drop(server)
            return _NotForked("packages have changed since the fork server was started")
        if reason := fork_fault(server, folder, environment):
            return _NotForked(reason)
        with self._lock:
            held = self._held.pop(0) if self._held else None
        if held is not None and held.is_running():
            return held
        kernel = Kernel.of(name, spec)
        try:
            kernel.fork(server, held=False)
        except ForkServerError as error:
            kernel.kill()
            self._drop(server)  # the next kernel has it started again
            return _NotForked(f"the fork server {error}", logging.WARNING)
        return kernel

    def _drop(self, server: ForkServer | None) -> None:
        with self._lock:
            held: list[Kernel] = []
            if server is self._server:
                self._server = None
                held, self._held = self._held, []
        for kernel in held:
            kernel.kill()
        if server is not None:
            server.close()

    def _refill(self) -> None:
        from .fork_server import ForkServerError
        from .kernel import OWN_KERNEL, Kernel, own_python_spec

        try:
            server = self._begun_server()
            server.wait_ready()
            while True:
                with self._lock:
                    if server is not self._server or len(self._held) >= self.settings.pool_size:
                        return
                    kernel = Kernel.of(OWN_KERNEL, own_python_spec())
                    try:
                        kernel.fork(server, held=True)
                    except ForkServerError:
                        kernel.kill()
                        return  # the next kernel that is wanted finds out, and says so
                    self._held.append(kernel)
        except ForkServerError:
            return  # the next kernel that is wanted finds out, and says so

    def _tell(self, reason: str, level: int) -> None:
        if reason not in self._told and self.settings.forks:
            self._told.add(reason)
            sentence = f"a kernel is started afresh, because {reason}"
            _log.log(level, "%s", sentence)

    def _tell_start(self, server: ForkServer) -> None:
        text = f"fork server {server.pid}"
        if text in self._told:
            return
        self._told.add(text)
        _log.info("the fork server (process %d) was ready after %.1f s", server.pid, server.start_seconds)
        for name, why in server.missing.items():
            level = logging.WARNING if name in self.settings.preload else logging.INFO
            _log.log(level, "%s is not imported ahead of notebooks: %s", name, why)


_shared: KernelSupply | None = None
_blocks = 0  # number of `warm_kernels` blocks in use
_is_kept = False  # opened for the lifetime of the process
_sharing = threading.Lock()


def shared_supply() -> KernelSupply | None:
    """Return the supply of this process, if it has one."""
    return _shared


def open_shared() -> KernelSupply:
    """Return the supply of this process, opened if necessary, for a process that runs notebooks one after another.

    It is closed when the process ends.

    Raises:
        DefinitionError: the settings in the environment are wrong.
    """
    global _is_kept
    with _sharing:
        supply = _opened()
        _is_kept = True
        return supply


def close_shared() -> None:
    """Close the supply of this process, even if it is in use; nothing is done if there is none."""
    global _shared, _is_kept
    with _sharing:
        supply, _shared, _is_kept = _shared, None, False
    atexit.unregister(close_shared)
    if supply is not None:
        supply.close()


def is_shared_kept() -> bool:
    """Tell whether the supply of this process stays open until its end, as `open_shared` has it."""
    return _is_kept


def release_shared() -> None:
    """Take `open_shared` back: the supply is closed now, or with the last `warm_kernels` block that uses it."""
    global _shared, _is_kept
    with _sharing:
        _is_kept = False
        supply = _shared if _blocks == 0 else None
        if supply is not None:
            _shared = None  # at once: whoever wants one now gets another
            atexit.unregister(close_shared)
    if supply is not None:
        supply.close()


@contextmanager
def warm_kernels() -> Iterator[KernelSupply]:
    """Fork the kernels of notebooks that this process runs within the ``with`` block from a fork server.

    The server starts in the background when the block begins, which takes a second or two; it pays from the second notebook on.
    Nested blocks and blocks in several threads share one server, which ends with the last of them.

    Raises:
        DefinitionError: the settings in the environment are wrong.
    """
    global _blocks, _shared
    with _sharing:
        supply = _opened()
        _blocks += 1
    try:
        supply.start()
        yield supply
    finally:
        with _sharing:
            _blocks -= 1
            is_last = _blocks == 0 and not _is_kept and _shared is supply
            if is_last:
                _shared = None  # at once: a block that begins now gets another one
                atexit.unregister(close_shared)
        if is_last:
            supply.close()


def _opened() -> KernelSupply:
    """Return the supply of this process, opened if necessary; the caller holds the lock."""
    global _shared
    if _shared is None:
        _shared = KernelSupply(KernelSettings.from_environment())
        atexit.register(close_shared)
    return _shared
