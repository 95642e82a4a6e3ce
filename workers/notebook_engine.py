"""The papermill engine that runs our notebooks: one kernel process each, no sleeps, atomic saves, nothing left behind.

Used as ``papermill.execute_notebook(notebook, None, engine_name=ENGINE_NAME, session=session)``. Where the kernel comes
from is ``NotebookSession.new_kernel``; the rest of this module does not care.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import zmq
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

from workers.artefacts import write_atomically
from workers.kernels.spawned import SpawnedKernel, described_end
from workers.notebook_output import OutputText
from workers.notebook_source import NotebookSource
from workers.secrets import masked

ENGINE_NAME = "simpleflow-nb"

START_SECONDS = 180  #: for a kernel to answer; many that start at once on a busy machine are slow
INTERRUPT_SECONDS = 2.0  #: between the interruption of a notebook that is too slow and the end of its kernel
LEAST_SAVE_SECONDS = 1.0  #: between two saves while cells run
SAVE_SHARE = 20  #: and at least this many times what the last save took
IOPUB_SECONDS = 60  #: for output that is still under way when a cell has ended

# nbclient and papermill log as errors what we raise; without a handler Python would print them.
_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())


class KernelNotStarted(Exception):
    """The kernel ended, or did not answer, before the first cell. The text says why, ``name`` what kind of end it is."""

    def __init__(self, reason: str, name: str = "KernelNotStarted") -> None:
        super().__init__(reason)
        self.name = name


@dataclass
class NotebookSession:
    """One run of one notebook: what the engine needs to know, and what it finds out."""

    source: NotebookSource
    path: Path  #: of the executed notebook
    folder: Path  #: working directory of the kernel
    environment: Mapping[str, str]
    output: OutputText
    timeout_seconds: float | None = None  #: for all of it, the start of the kernel included
    on_kernel_started: Callable[[int], None] | None = None
    on_progress: Callable[[int, int, str], None] | None = None
    failed: bool = False  #: set by the first cell that fails
    saved: SavedNotebook | None = None  #: set when the engine begins
    kernel: SpawnedKernel | None = None
    added_cell: int = -1  #: index of the cell that papermill has added for the parameters
    _numbers: list[int] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    def new_kernel(self) -> SpawnedKernel:
        """The kernel for this run, not started yet."""
        self.kernel = SpawnedKernel.of(self.source.kernel_name, self.source.kernel_spec, self.on_kernel_started)
        return self.kernel

    def seconds_left(self) -> float | None:
        """Until the notebook's time is over, at least 0; None if it has all the time."""
        if self.timeout_seconds is None:
            return None
        return max(0.0, self._started + self.timeout_seconds - time.monotonic())

    def count_cells(self, cells: list[NotebookNode]) -> None:
        """Note which cell of the source each cell of the executed notebook is, before papermill marks a failure."""
        added = len(cells) > len(self.source.notebook.cells)  # else the source had a cell with injected parameters
        injected = next((index for index, cell in enumerate(cells) if added and _is_injected(cell)), len(cells))
        self.added_cell = injected
        self._numbers = [index + 1 if index < injected else index for index in range(len(cells))]

    def cell_number(self, index: int) -> int:
        """The number, from 1, that a cell of the executed notebook has in the source notebook.

        The cell that papermill adds for the parameters counts as the one before it.
        """
        return self._numbers[index]


class SavedNotebook(NotebookExecutionManager):  # type: ignore[misc, unused-ignore]
    """The executed notebook on the disk: replaced whole, with secrets masked, and not more often than is cheap."""

    def __init__(self, nb: NotebookNode, session: NotebookSession) -> None:
        super().__init__(nb, output_path=str(session.path), progress_bar=False)
        self.session = session
        self._next_save = 0.0

    def save(self, *, force: bool = False, **options: Any) -> None:
        """Save, unless the last save was a moment ago. papermill saves twice for each cell, which is quadratic."""
        if "nb" in options:
            self.nb = options["nb"]
        begun = time.monotonic()
        if not force and begun < self._next_save:
            return
        text: str = nbformat.writes(self.nb)  # type: ignore[no-untyped-call, unused-ignore]
        write_atomically(self.session.path, masked(text))
        ended = time.monotonic()
        self._next_save = ended + max(LEAST_SAVE_SECONDS, SAVE_SHARE * (ended - begun))

    def autosave_cell(self) -> None:
        """Called for each message of the kernel."""
        self.save()

    def cell_exception(self, cell: NotebookNode, cell_index: int | None = None, **options: Any) -> None:
        """Mark the cell failed and save: the kernel's end may take a while."""
        super().cell_exception(cell, cell_index=cell_index, **options)
        self.session.failed = True
        self.save(force=True)

    def notebook_complete(self, **options: Any) -> None:
        """Close the notebook's record. Cells that were not reached stay pending."""
        self.end_time = self.now()
        record = self.nb.metadata.papermill
        record["end_time"] = self.end_time.isoformat()
        record["duration"] = (self.end_time - self.start_time).total_seconds()
        self.save(force=True)


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
        try:
            await self._start(kernel)
            await self._run_cells()
            self.set_widgets_metadata()
        finally:
            await kernel.end(politely=self.kernel_is_idle)

    async def _start(self, kernel: SpawnedKernel) -> None:
        # A history file would be shared by all kernels of the machine.
        arguments = ["--HistoryManager.hist_file=:memory:"] if self.session.source.language == "python" else []
        try:
            await kernel.launch(arguments, self.session.folder, self.session.environment)
        except OSError as error:
            program = self.session.source.kernel_spec.argv[:1]
            raise KernelNotStarted(f"its program {' '.join(program)} cannot be started: {error.strerror}") from None
        left = self.session.seconds_left()
        seconds = START_SECONDS if left is None else min(START_SECONDS, left)
        try:
            information = await asyncio.wait_for(self._first_answer(kernel), seconds)
        except TimeoutError:
            if left is not None and seconds == left:
                raise KernelNotStarted(self._too_slow(), "TimeoutError") from None
            raise KernelNotStarted(f"no answer within {seconds:g} s{_quoted(kernel.said)}") from None
        self.nb.metadata["language_info"] = information["content"]["language_info"]
        self.kernel_is_idle = True

    async def _first_answer(self, kernel: SpawnedKernel) -> dict[str, Any]:
        await kernel.sockets_bound()
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
                if not _left_on_purpose(error):
                    self.nb_man.cell_exception(cell, cell_index=index)
                asked_to_end = True
            except BaseException as error:
                _add_error(cell, error)
                self.nb_man.cell_exception(cell, cell_index=index)
                if not isinstance(error, _NotebookStopped):
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
        running.add_done_callback(lambda done: done.cancelled() or done.exception())  # looked at, whoever waits
        try:
            await asyncio.wait({running}, timeout=self.session.seconds_left() if cell.cell_type == "code" else None)
            if not running.done():
                await self._interrupt(running)
                raise _TooSlow(self._too_slow())
            await running
        except CellExecutionError:
            self.kernel_is_idle = True
            raise
        except DeadKernelError:
            kernel = self.session.kernel
            assert kernel is not None
            raise _KernelDied(f"the kernel {described_end(await kernel.process.poll())}", kernel.said) from None
        except CellTimeoutError:
            raise _KernelDied(f"the kernel's output did not arrive within {IOPUB_SECONDS} s", "") from None
        finally:
            running.cancel()
        self.kernel_is_idle = True
        return self._exit_asked

    async def _interrupt(self, running: asyncio.Future[Any]) -> None:
        """Interrupt a cell, so that its traceback gets into the notebook, and give it a moment."""
        assert self.km is not None
        await self.km.interrupt_kernel()
        await asyncio.wait({running}, timeout=INTERRUPT_SECONDS)
        self.kernel_is_idle = running.done()

    def _too_slow(self) -> str:
        return f"stopped after {self.session.timeout_seconds:g} s"

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
    def execute_notebook(cls, nb: NotebookNode, kernel_name: str, *, session: NotebookSession, **options: Any) -> NotebookNode:
        """Run ``nb`` and keep it in ``session.path``, whatever happens."""
        # papermill was given the notebook itself, and would keep a copy of it in its own metadata.
        nb.metadata.papermill["input_path"] = str(session.source.path)
        nb.metadata.papermill["output_path"] = str(session.path)
        session.count_cells(nb.cells)
        saved = session.saved = SavedNotebook(nb, session)
        saved.notebook_start()
        try:
            client = NotebookClient(
                saved,
                log=_log,
                kernel_name=kernel_name,
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
        return nb


papermill_engines.register(ENGINE_NAME, NotebookEngine)


class _NotebookStopped(Exception):
    """Ends the notebook; the engine puts it into the cell and papermill finds it there."""

    name = ""


class _KernelDied(_NotebookStopped):
    name = "DeadKernelError"

    def __init__(self, reason: str, said: str) -> None:
        super().__init__(reason)
        self.said = said


class _TooSlow(_NotebookStopped):
    name = "TimeoutError"


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


def _add_error(cell: NotebookNode, error: BaseException) -> None:
    """Say in the cell why it ended when the kernel no longer could."""
    if cell.cell_type != "code":
        return
    if isinstance(error, _TooSlow):
        # The interrupted cell's own traceback says where it was; the reason is ours.
        trace = [line for output in cell.outputs if output.output_type == "error" for line in output.traceback]
        cell.outputs = [output for output in cell.outputs if output.output_type != "error"]
    else:
        trace = getattr(error, "said", "").splitlines()
    name = error.name if isinstance(error, _NotebookStopped) else type(error).__name__
    text = str(error)
    trace.append(f"{name}: {text}" if text else name)
    output = nbformat.v4.new_output("error", ename=name, evalue=text, traceback=trace)  # type: ignore[no-untyped-call, unused-ignore]
    cell.outputs.append(output)


def _left_on_purpose(error: CellExecutionError) -> bool:
    """``sys.exit()`` or ``sys.exit(0)``: the end of the notebook, as papermill has it."""
    return error.ename == "SystemExit" and error.evalue in ("", "0")


def _is_injected(cell: NotebookNode) -> bool:
    return "injected-parameters" in cell.metadata.get("tags", ())


def _heading(cell: NotebookNode) -> str:
    """Text of the first Markdown heading in the cell, empty if it has none."""
    if cell.cell_type != "markdown":
        return ""
    lines = (line.strip() for line in cell.source.splitlines())
    return next((line.lstrip("#").strip() for line in lines if line.startswith("#") and line.strip("# ")), "")


def _quoted(said: str) -> str:
    return f"; it said: {' '.join(said.split())[-500:]}" if said else ""
