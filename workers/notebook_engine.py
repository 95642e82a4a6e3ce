"""The papermill engine that runs our notebooks: one fresh kernel each, no sleeps, atomic saves, nothing left behind.

Used as ``papermill.execute_notebook(notebook, None, engine_name=ENGINE_NAME, session=session)``, and by anybody who has
papermill as ``papermill --engine simpleflow-nb IN OUT``. Where the kernel comes from is the session's affair.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from workers.kernels.captured_output import code_that_takes_over_pipes
from workers.kernels.kernel import Kernel
from workers.kernels.lifeline import described_end
from workers.kernels.memory import SAMPLE_SECONDS, shown_bytes, used_bytes
from workers.kernels.supply import shared_supply
from workers.notebook_saves import PapermillSavedNotebook, SavedNotebook
from workers.notebook_session import NotebookLimits, NotebookSession, PassedOutput
from workers.notebook_source import NotebookSource, kernel_called
from workers.notebook_stops import (
    Cancelled,
    KernelDied,
    KernelNotStarted,
    NotebookStopped,
    TooMuchMemory,
    TooSlow,
    add_error,
    left_on_purpose,
)

ENGINE_NAME = "simpleflow-nb"

START_SECONDS = 180  #: for a kernel to answer; many that start at once on a busy machine are slow
INTERRUPT_SECONDS = 2.0  #: between the interruption of a cell and the end of its kernel
QUOTED_CHARACTERS = 200  #: of what a kernel that did not start has said last; the cause of a failure has room for them
IOPUB_SECONDS = 60  #: for output that is still under way when a cell has ended

# nbclient and papermill log as errors what we raise; without a handler Python would print them.
_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())


class NotebookClient(PapermillNotebookClient):  # type: ignore[misc, unused-ignore]
    """nbclient's client in one event loop of its own, with a kernel that is always ended."""

    session: NotebookSession

    def execute(self, **_: Any) -> None:
        """Start the kernel, run the cells, end the kernel. Callbacks are called in the caller's thread.

        A cell that fails stops the run without an exception: papermill finds its mark in the notebook.
        """
        self.reset_execution_trackers()
        self.messages_seen = 0
        try:
            _run_in_own_loop(self._run_notebook())
        finally:
            if self.session.kernel is not None:
                self.session.kernel.kill()

    async def _run_notebook(self) -> None:
        kernel = self.km = self.session.new_kernel()
        self.kernel_is_idle = False
        loop = asyncio.get_running_loop()
        # Why the notebook has to end before its time; an asyncio.Event could not say it.
        stopping: asyncio.Future[NotebookStopped] = loop.create_future()
        self._stopping = stopping
        cancelled = partial(_call_in, loop, partial(_settle, stopping, Cancelled("on request")))
        self.session.cancellation.listen(cancelled)
        watching = loop.create_task(self._watch_memory(kernel))
        try:
            await self._start(kernel)
            await self._run_cells()
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
        answering = asyncio.ensure_future(self._first_answer(kernel))
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
            raise KernelNotStarted(f"no answer within {seconds:g} s{_quoted(kernel.said)}")
        information = await answering
        self.nb.metadata["language_info"] = information["content"]["language_info"]
        if kernel.origin == "spawn" and self.session.source.language == "python":  # forked kernels see to it themselves
            assert self.kc is not None
            code = code_that_takes_over_pipes()
            # Nobody waits for it: it is through before the first cell begins.
            self.kc.execute(code, silent=True, store_history=False, allow_stdin=False, stop_on_error=False)
        self.kernel_is_idle = True

    async def _first_answer(self, kernel: Kernel) -> dict[str, Any]:
        try:
            await kernel.launch(self.session.folder, self.session.environment)
        except OSError as error:
            program = self.session.source.kernel_spec.argv[:1]
            raise KernelNotStarted(f"its program {' '.join(program)} cannot be started: {error.strerror}") from None
        await kernel.listening()
        # Without a limit the kernel would drop output while we are busy saving.
        kernel.context.setsockopt(zmq.RCVHWM, 0)
        client = self.kc = kernel.client(context=kernel.context)
        client.start_channels(stdin=False, hb=False)
        while True:
            client.kernel_info()
            try:
                answer: dict[str, Any] = await client.shell_channel.get_msg(timeout=1)
                if answer["msg_type"] == "kernel_info_reply":
                    # Any message proves that the subscription to the output is live; nbclient drops strangers.
                    await client.iopub_channel.get_msg(timeout=0.2)
                    return answer
            except Empty:
                pass
            status = await kernel.process.poll()
            if status is not None:
                raise KernelNotStarted(f"it {described_end(status)}{_quoted(kernel.said)}")

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
                if not left_on_purpose(error):
                    self.nb_man.cell_exception(cell, cell_index=index)
                asked_to_end = True
            except BaseException as error:
                add_error(cell, error)
                self.nb_man.cell_exception(cell, cell_index=index)
                if not isinstance(error, NotebookStopped):
                    raise
                asked_to_end = True
            finally:
                self.session.output.end_cell()
                self.nb_man.cell_complete(cell, cell_index=index)
            if asked_to_end:
                return

    async def _run_cell(self, cell: NotebookNode, index: int) -> bool:
        """Run a cell; whether it asked for the end of the notebook with ``exit()``."""
        self.kernel_is_idle = False
        self._exit_asked = False
        running = asyncio.ensure_future(self.async_execute_cell(cell, index))
        try:
            if cell.cell_type == "code":
                await self._wait_or_stop(running)
            await running
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
            await self._given_up(running)
        self.kernel_is_idle = True
        return self._exit_asked

    async def _given_up(self, running: asyncio.Future[Any]) -> None:
        """End what waits for a cell that is not waited for any more; nbclient says then that the kernel has died."""
        if not running.done():
            running.cancel()
            await asyncio.wait({running}, timeout=1)
        if running.done() and not running.cancelled():
            running.exception()  # looked at: it is no news

    async def _wait_or_stop(self, running: asyncio.Future[Any]) -> None:
        """Wait for a cell, as long as the notebook may go on.

        Raises:
            NotebookStopped: it may not; the cell has been interrupted.
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
            await self.km.process.send_signal(signal.SIGKILL)  # it would only take more
        else:
            await self._interrupt(running)
        raise stop

    async def _either(self, future: asyncio.Future[Any], seconds: float | None) -> None:
        """Wait until the future is done, the notebook has to stop, or the time is over."""
        both: set[asyncio.Future[Any]] = {future, self._stopping}
        await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

    async def _interrupt(self, running: asyncio.Future[Any]) -> None:
        """Interrupt a cell, so that its traceback gets into the notebook, and give it a moment."""
        assert self.km is not None
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
            seen = self.messages_seen
            await asyncio.sleep(0.05)
            if seen == self.messages_seen:
                break
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    def process_message(self, *arguments: Any, **options: Any) -> NotebookNode | None:
        self.messages_seen += 1
        output: NotebookNode | None = super().process_message(*arguments, **options)
        return output

    def note_payload(self, cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:
        """Hook of nbclient. ``exit()`` does not raise in IPython; it asks the front end to end the kernel."""
        payload = execute_reply["content"].get("payload") or []
        self._exit_asked = any(item.get("source") == "ask_exit" for item in payload)


class NotebookEngine(NBClientEngine):  # type: ignore[misc, unused-ignore]
    """The engine as papermill knows it."""

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,
        output_path: str | None = None,
        *,
        session: NotebookSession | None = None,
        **options: Any,
    ) -> NotebookNode:
        """Run ``nb`` and keep it, whatever happens: in ``session.path``, or without a session where papermill would.

        Without a session the options of papermill's own engine count, those that concern saving and the pace of it
        excepted.
        """
        if session is not None:
            # papermill was given the notebook itself, and would keep a copy of it in its own metadata.
            nb.metadata.papermill["input_path"] = str(session.source.path)
            nb.metadata.papermill["output_path"] = str(session.path)
            saved = SavedNotebook(nb, session)
        else:
            session = _session_of_papermill(nb, kernel_name, output_path, options)
            shown = {name: options[name] for name in ("progress_bar", "log_output") if name in options}
            saved = PapermillSavedNotebook(nb, session, output_path=output_path, **{"progress_bar": True, **shown})
        session.count_cells(nb.cells)
        session.saved = saved
        saved.notebook_start()
        try:
            client = NotebookClient(
                saved,
                log=_log,
                kernel_name=kernel_name,
                log_output=bool(options.get("log_output")),
                iopub_timeout=IOPUB_SECONDS,
                stdout_file=session.output.stdout,
                stderr_file=session.output.stderr,
            )
            client.session = session
            client.on_cell_executed = client.note_payload
            client.execute()
        except BaseException:
            session.failed = True
            raise
        finally:
            saved.notebook_complete()
            if session.kernels is not None:
                session.kernels.refill()
        return nb


def _session_of_papermill(
    nb: NotebookNode, kernel_name: str, output_path: str | None, options: dict[str, Any]
) -> NotebookSession:
    """A session with what papermill knows."""
    spec = kernel_called(kernel_name)
    path = Path(options.get("input_path") or "notebook.ipynb")
    source = NotebookSource(
        path=path,
        sha256="",
        notebook=nb,
        kernel_name=kernel_name,
        kernel_spec=spec,
        language=(spec.language or "python").lower(),
    )
    return NotebookSession(
        source=source,
        path=Path(output_path or path.name),
        folder=Path.cwd(),  # papermill has changed it for this run
        environment=os.environ.copy(),
        output=PassedOutput(options.get("stdout_file"), options.get("stderr_file")),
        limits=NotebookLimits(cell_timeout_seconds=options.get("execution_timeout")),
        kernels=shared_supply(),
    )


papermill_engines.register(ENGINE_NAME, NotebookEngine)


def _settle(stopping: asyncio.Future[NotebookStopped], reason: NotebookStopped) -> None:
    """Stop, unless there is a reason already."""
    if not stopping.done():
        stopping.set_result(reason)


def _call_in(loop: asyncio.AbstractEventLoop, action: Callable[[], object]) -> None:
    """Call something in the thread of a loop; nothing happens if the loop has ended."""
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


def _heading(cell: NotebookNode) -> str:
    """Text of the first Markdown heading in the cell, empty if it has none."""
    if cell.cell_type != "markdown":
        return ""
    lines = (line.strip() for line in cell.source.splitlines())
    return next((line.lstrip("#").strip() for line in lines if line.startswith("#") and line.strip("# ")), "")


def _quoted(said: str) -> str:
    text = " ".join(said.split())
    if len(text) > QUOTED_CHARACTERS:
        text = "..." + text[-QUOTED_CHARACTERS:]
    return f"; it said: {text}" if text else ""
