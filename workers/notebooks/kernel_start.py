"""Start of a kernel, up to the moment at which the first cell can be sent."""

from __future__ import annotations

from queue import Empty
from typing import Any

import zmq
from jupyter_client.session import json_unpacker

from ..kernels.inside import Settings, code_that_prepares
from ..kernels.kernel import Kernel
from ..kernels.lifeline import described_end
from .notebook_session import NotebookSession
from .notebook_stops import KernelNotStarted

QUOTED_CHARACTERS = 200  #: of the last output of a kernel that did not start; they fit into the cause of a failure

# More than the limit, so that our count of bytes notices that it was exceeded.
_SPARE_CHARACTERS = 1_000_000
_ENDLESS_CHARACTERS = 1 << 50


async def started_client(kernel: Kernel, session: NotebookSession) -> tuple[Any, dict[str, Any]]:
    """Launch a kernel and wait until it listens and, if it is a Python, is prepared.

    Returns its client, and what it says of its language.

    Raises:
        KernelNotStarted: its program cannot be started, or has ended.
    """
    settings = _settings(session)
    try:
        await kernel.launch(session.folder, session.environment, settings)
    except OSError as error:
        program = session.source.kernel_spec.argv[:1]
        raise KernelNotStarted(f"its program {' '.join(program)} cannot be started: {error.strerror}") from None
    await kernel.listening()
    # Without a limit the kernel would drop output while we are busy saving.
    kernel.context.setsockopt(zmq.RCVHWM, 0)
    client = kernel.client(context=kernel.context)
    client.session.unpack = json_unpacker  # orjson makes fractions of whole numbers of more than 64 bits
    client.start_channels(stdin=False, hb=False)
    information = await _first_answer(kernel, client)
    if kernel.origin == "spawn" and session.source.language == "python":  # forked kernels see to it themselves
        await _prepare(kernel, client, session, settings)
    return client, information["content"]["language_info"]


def quoted(said: str) -> str:
    """Quote the end of a kernel's output, as the end of a sentence; empty if there is none."""
    text = " ".join(said.split())
    if len(text) > QUOTED_CHARACTERS:
        text = "..." + text[-QUOTED_CHARACTERS:]
    return f"; it said: {text}" if text else ""


def _settings(session: NotebookSession) -> Settings:
    limit = session.limits.output.printed_bytes
    return {
        "own_folders": [str(folder) for folder in session.own_folders],
        "printed_characters": _ENDLESS_CHARACTERS if limit is None else limit + _SPARE_CHARACTERS,
    }


async def _first_answer(kernel: Kernel, client: Any) -> dict[str, Any]:
    while True:
        client.kernel_info()
        answer = await _answer(kernel, client)
        if answer is not None and answer["msg_type"] == "kernel_info_reply":
            try:
                # Any message proves that the subscription to the output is live; messages that answer nothing of ours are
                # dropped.
                await client.iopub_channel.get_msg(timeout=0.2)
            except Empty:
                continue
            return answer


async def _prepare(kernel: Kernel, client: Any, session: NotebookSession, settings: Settings) -> None:
    code = code_that_prepares(settings)
    request = client.execute(code, silent=True, store_history=False, allow_stdin=False, stop_on_error=False)
    answer = None
    while answer is None or answer["parent_header"].get("msg_id") != request:
        answer = await _answer(kernel, client)
    if answer["content"]["status"] == "error":
        reason = answer["content"].get("evalue", "")
        session.notes.append(f"kernel {kernel.kernel_name!r} could not be prepared, so warnings may be missed: {reason}")


async def _answer(kernel: Kernel, client: Any) -> dict[str, Any] | None:
    """Return the next answer of the kernel, None if there was none within a second.

    Raises:
        KernelNotStarted: its process has ended.
    """
    try:
        answer: dict[str, Any] = await client.shell_channel.get_msg(timeout=1)
        return answer
    except Empty:
        status = await kernel.process.poll()
        if status is not None:
            raise KernelNotStarted(f"it {described_end(status)}{quoted(kernel.said)}") from None
        return None
