"""Execution of a notebook's cells: one fresh kernel, no sleeps, nothing left behind. The session provides the kernel, and the
engine keeps the notebook (:mod:`workers.notebooks.notebook_engine`).
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from nbclient.exceptions import CellExecutionComplete, CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient

from ..kernels.kernel import Kernel
from ..kernels.lifeline import described_end
from ..kernels.memory import SAMPLE_SECONDS, shown_bytes, used_bytes
from .kernel_output import KernelOutput
from .kernel_start import quoted, started_client
from .notebook_session import NotebookSession
from .notebook_stops import (
    Cancelled,
    CellFailure,
    Exited,
    KernelDied,
    KernelNotStarted,
    NoAnswer,
    NotebookStopped,
    TooMuchMemory,
    TooMuchOutput,
    TooSlow,
    add_error,
    failure_of,
    forget_exit,
    shorten_error,
)
from .stream_pieces import join_last_outputs

SKIPPED = "NotebookSkipped"  #: name of the exception of ``simpleflow_nb.notebooks.skip``

START_SECONDS = 180  #: for a kernel to answer; many that start at once on a busy machine are slow
INTERRUPT_SECONDS = 2.0  #: between the interruption of a cell and the end of its kernel
ANSWER_SECONDS = 30.0  #: for the kernel's answer, after its output has reported the end of the cell
IOPUB_SECONDS = 60  #: for output that is still under way when a cell has ended


class NotebookClient(PapermillNotebookClient):  # type: ignore[misc, unused-ignore]
    """nbclient's client in an event loop of its own, with a kernel that is always ended."""

    session: NotebookSession

    def execute(self, **_: Any) -> None:
        """Start the kernel, run the cells, end the kernel. Callbacks are called in the caller's thread.

        A cell that fails stops the run without an exception: the session has it, and the notebook its mark.
        """
        self.reset_execution_trackers()
        self._reply: dict[str, Any] = {}
        try:
            _run_in_own_loop(self._run_notebook())
        finally:
            if self.session.kernel is not None:
                self.session.kernel.kill()

    async def _run_notebook(self) -> None:
        kernel = self.km = self.session.new_kernel()
        self.kernel_is_idle = False
        loop = asyncio.get_running_loop()
        # Holds the reason for stopping early, which an asyncio.Event could not.
        stopping: asyncio.Future[NotebookStopped] = loop.create_future()
        self._stopping = stopping
        cancelled = partial(_call_in, loop, partial(_settle, stopping, Cancelled("on request")))
        self.session.cancellation.listen(cancelled)
        watching = loop.create_task(self._watch_memory(kernel))
        try:
            await self._start(kernel)
            await self._run_cells()
            self.session.skip_reason = kernel.skip_reason()
            self.set_widgets_metadata()
        finally:
            self.session.cancellation.forget(cancelled)
            watching.cancel()
            await kernel.end(politely=self.kernel_is_idle)

    async def _watch_memory(self, kernel: Kernel) -> None:
        limit = self.session.limits.memory_bytes
        while limit is not None and not self._stopping.done():
            if kernel.is_running() and kernel.has_pid:
                used = used_bytes(kernel.group, limit)
                self.session.peak_memory_bytes = max(self.session.peak_memory_bytes, used)
                if used > limit:
                    reason = f"used {shown_bytes(used)} of memory, more than its limit of {shown_bytes(limit)}"
                    _settle(self._stopping, TooMuchMemory(reason))
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _start(self, kernel: Kernel) -> None:
        left = self.session.seconds_left()
        seconds = START_SECONDS if left is None else min(START_SECONDS, left)
        answering = asyncio.ensure_future(started_client(kernel, self.session))
        try:
            await self._either(answering, seconds)
        finally:
            answering.cancel()
        if not answering.done():
            if self._stopping.done():
                stop = self._stopping.result()
                raise KernelNotStarted(str(stop), stop.name)
            if left is not None and seconds == left:
                raise KernelNotStarted(self._too_slow(), "TimeoutError")
            raise KernelNotStarted(f"no answer within {seconds:g} s{quoted(kernel.said)}")
        self.kc, self.nb.metadata["language_info"] = await answering

        self.kernel_output = KernelOutput(
            self.kc, self.session.limits.output, lambda reason: _settle(self._stopping, TooMuchOutput(reason))
        )
        self.kernel_is_idle = True

    async def _run_cells(self) -> None:
        heading, total = "", len(self.session.source.notebook.cells)
        for index, cell in enumerate(self.nb.cells):
            heading = _heading(cell) or heading
            try:
                self.nb_man.cell_start(cell, index)
                if self.session.on_progress is not None and index != self.session.added_cell:
                    self.session.on_progress(self.session.cell_number(index), total, heading)
                asked_to_end = await self._run_cell(cell, index)
            except CellExecutionError as error:
                asked_to_end = True
                if self._left_on_purpose(error):
                    forget_exit(cell)
                    self.session.end_early(index, skip=error.evalue if error.ename == SKIPPED else None)
                else:
                    self._fail(cell, index, failure_of(error, cell, self._reply))
            except BaseException as error:
                self._fail(cell, index, add_error(cell, error))
                if not isinstance(error, NotebookStopped):
                    raise
                asked_to_end = True
            finally:
                self.session.output.end_cell()
                self.nb_man.cell_complete(cell, cell_index=index)
            if asked_to_end:
                return

    def _raise_shown_error(self, cell: NotebookNode) -> None:
        """Raise an error for a cell that failed although its reply is good: below ``%%capture`` or ``%run``, or in its display.

        Raises:
            CellExecutionError: it shows an error, or was left with ``exit()``, and is not meant to.
        """
        if "raises-exception" in cell.metadata.get("tags", ()):
            return
        for output in reversed(cell.get("outputs", ())):
            if output.output_type == "error":
                raise CellExecutionError("", output.ename, output.evalue)
        for item in self._payload():
            if item.get("source") == "simpleflow_nb.exit":
                raise CellExecutionError("", "SystemExit", item["text"])

    def _left_on_purpose(self, error: CellExecutionError) -> bool:
        """Return True for ``exit()``, ``sys.exit()``, ``sys.exit(0)`` and ``skip()``, which end the notebook successfully."""
        if error.ename == SKIPPED:
            return True
        for item in self._payload():
            if item.get("source") == "simpleflow_nb.exit":
                return not item["is_failure"]
        return bool(error.ename == "SystemExit" and error.evalue in ("", "0"))  # a kernel that was not prepared

    def _fail(self, cell: NotebookNode, index: int, failure: CellFailure) -> None:
        self.session.failure = (index, failure)
        self.nb_man.cell_exception(cell, cell_index=index)

    def _payload(self) -> list[dict[str, Any]]:
        return self._reply.get("payload") or []

    async def _run_cell(self, cell: NotebookNode, index: int) -> bool:
        """Run a cell; return True if it ended the notebook with ``exit()``."""
        self.kernel_is_idle = False
        self._reply = {}
        self._patience: asyncio.TimerHandle | None = None
        running = asyncio.ensure_future(self.async_execute_cell(cell, index))
        try:
            if cell.cell_type == "code":
                await self._wait_or_stop(running)
            await running
            if self._stopping.done() and isinstance(stop := self._stopping.result(), TooMuchOutput):
                raise stop  # the cell was over first
        except CellExecutionError:
            self.kernel_is_idle = True
            raise
        except DeadKernelError:
            kernel = self.session.kernel
            assert kernel is not None
            if self._stopping.done():
                raise self._stopping.result() from None
            raise KernelDied(f"the kernel {described_end(await kernel.process.poll())}", kernel.said) from None
        except CellTimeoutError:
            raise KernelDied(f"the kernel's output did not arrive within {IOPUB_SECONDS} s", "") from None
        finally:
            if self._patience is not None:
                self._patience.cancel()
            await self._given_up(running)
        self.kernel_is_idle = True
        self._raise_shown_error(cell)
        if not any(item.get("source") == "ask_exit" for item in self._payload()):
            return False
        self.session.end_early(index)
        return True

    async def _given_up(self, running: asyncio.Future[Any]) -> None:
        """End the wait for a cell that was given up; nbclient then reports a dead kernel."""
        if not running.done():
            running.cancel()
            await asyncio.wait({running}, timeout=1)
        if running.done() and not running.cancelled():
            running.exception()  # retrieved, or asyncio would log it

    async def _wait_or_stop(self, running: asyncio.Future[Any]) -> None:
        """Wait for a cell as long as the notebook may go on.

        Raises:
            NotebookStopped: it must stop; the cell has been interrupted.
        """
        whole, each = self.session.seconds_left(), self.session.limits.cell_timeout_seconds
        seconds = min((limit for limit in (whole, each) if limit is not None), default=None)
        await self._either(running, seconds)
        if running.done():
            return
        if not self._stopping.done():
            await self._interrupt(running)
            raise TooSlow(self._too_slow() if seconds == whole else f"the cell was stopped after {each:g} s")
        stop: NotebookStopped = self._stopping.result()
        if isinstance(stop, TooMuchMemory):
            assert self.km is not None
            await self.km.process.send_signal(signal.SIGKILL)  # it would only use more
        else:
            await self._interrupt(running)
        raise stop

    async def _either(self, future: asyncio.Future[Any], seconds: float | None) -> None:
        """Wait until the future is done, the notebook has to stop, or the time is over."""
        both: set[asyncio.Future[Any]] = {future, self._stopping}
        await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

    async def _interrupt(self, running: asyncio.Future[Any]) -> None:
        """Interrupt a cell and wait a moment, so that its traceback gets into the notebook."""
        assert self.km is not None
        self.kernel_output.drop()
        await self.km.interrupt_kernel()
        await asyncio.wait({running}, timeout=INTERRUPT_SECONDS)
        self.kernel_is_idle = running.done()

    def _too_slow(self) -> str:
        return f"stopped after {self.session.limits.timeout_seconds:g} s"

    async def _async_poll_kernel_alive(self) -> None:
        assert self.session.kernel is not None
        await self.session.kernel.process.exited()
        # What the kernel printed last is still on its way.
        while True:
            seen = self.kernel_output.seen
            await asyncio.sleep(0.05)
            if seen == self.kernel_output.seen:
                break
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: NotebookNode, cell_index: int) -> None:
        """Take the output of the cell, and output of earlier ones that arrives meanwhile, until the cell is over."""
        self.kernel_output.expect(parent_msg_id)
        while True:
            message = await self.kernel_output.message(parent_msg_id)
            if message["parent_header"]["msg_id"] != parent_msg_id:
                number = cell.get("execution_count")
                self.process_message(message, cell, cell_index)
                cell["execution_count"] = number
                continue
            try:
                self.process_message(message, cell, cell_index)
            except CellExecutionComplete:
                self._expect_answer()
                return

    def _expect_answer(self) -> None:
        """Limit the wait for the answer to a cell that is over: a kernel that failed to make one never sends it."""

        def give_up() -> None:
            assert self.session.kernel is not None
            _settle(self._stopping, NoAnswer("the kernel gave no answer at the end of the cell", self.session.kernel.said))

        self._patience = asyncio.get_running_loop().call_later(ANSWER_SECONDS, give_up)

    def process_message(self, message: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """Hook of nbclient: put a message into the cell; return the output that it added, if any."""
        if message["msg_type"] == "error":
            shorten_error(message["content"])
        output: NotebookNode | None = super().process_message(message, cell, cell_index)
        join_last_outputs(cell)
        return output

    def note_reply(self, cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:
        """Hook of nbclient: keep the kernel's reply about a cell, apart from its output.

        Raises:
            Exited: IPython's own ``exit(1)`` in a kernel that was not prepared, where it does not raise.
        """
        self._reply = execute_reply["content"]
        shorten_error(self._reply)
        for item in self._payload():
            if item.get("source") == "simpleflow_nb.warning":
                self.session.note_warning(item["text"], is_own=item["is_own"])
            elif item.get("source") == "ask_exit" and not _is_success(item.get("keepkernel")):
                raise Exited(str(item["keepkernel"]))


def _settle(stopping: asyncio.Future[NotebookStopped], reason: NotebookStopped) -> None:
    """Stop for this reason, unless there is one already."""
    if not stopping.done():
        stopping.set_result(reason)


def _call_in(loop: asyncio.AbstractEventLoop, action: Callable[[], object]) -> None:
    """Call a function in the thread of a loop; nothing is done if the loop has ended."""
    try:
        loop.call_soon_threadsafe(action)
    except RuntimeError:
        pass


def _run_in_own_loop(notebook: Coroutine[Any, Any, None]) -> None:
    def run() -> None:
        # With a factory the runner leaves the thread's own event loop alone.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(notebook)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        run()
        return
    with ThreadPoolExecutor(1) as pool:  # called from inside an event loop: a thread cannot run two
        pool.submit(run).result()


def _is_success(code: Any) -> bool:
    """Return True if the argument of IPython's ``exit`` means success, as it would for ``sys.exit``."""
    return code is None or code is False or (isinstance(code, int) and code == 0)


def _heading(cell: NotebookNode) -> str:
    """Return the text of the first Markdown heading in the cell, empty if it has none."""
    if cell.cell_type != "markdown":
        return ""
    lines = (line.strip() for line in cell.source.splitlines())
    return next((line.lstrip("#").strip() for line in lines if line.startswith("#") and line.strip("# ")), "")
