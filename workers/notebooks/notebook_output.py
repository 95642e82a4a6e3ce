"""Printed output of a notebook, written to a file while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from ..secrets import known_secrets, masker
from .own_files import OwnFiles

_LONGEST_LINE = 64 * 1024  # characters held back while waiting for the end of a line
_LONGEST_SECOND_LOOK = 64 * 1024 * 1024  # bytes


class OutputText:
    """``output.txt``: standard output and error as printed, nothing put before the lines, known secrets as ``***``.

    Whole lines are written as they come (a carriage return ends one, so progress bars show), so that the two streams
    do not break each other's lines and no secret slips through in two halves. A line that a cell leaves open is ended.
    """

    def __init__(
        self,
        path: Path,
        environment: Mapping[str, str] | None = None,
        on_printed: Callable[[str], None] | None = None,
        own_files: OwnFiles | None = None,
    ) -> None:
        """``environment`` is that of the kernel, by default ours. ``on_printed`` is called with the same text as is written.
        ``own_files`` learns of others that write to the file.
        """
        self.path, self._environment, self._on_printed = path, environment, on_printed
        self._own_files = own_files or OwnFiles()
        path.write_bytes(b"")
        self._open()
        self._secrets = known_secrets(environment)
        self.masker = masker(self._secrets)  #: as of the notebook's start
        self.stdout = StreamText(self)
        self.stderr = StreamText(self)

    def end_cell(self) -> None:
        """Write a line that has no end yet, and end it."""
        for stream in (self.stdout, self.stderr):
            stream.end_line()

    def close(self) -> None:
        """Write the rest, and mask secrets in the whole text that span several lines or became known since."""
        if self._file.closed:
            return
        self.end_cell()
        self._keep_up()
        self._file.close()
        if self.path.stat().st_size <= _LONGEST_SECOND_LOOK:
            from ..artefacts import write_atomically

            with open(self.path, encoding="utf-8", newline="") as file:
                text = file.read()
            if (clean := masker(self._secrets, known_secrets(self._environment)).text(text)) != text:
                write_atomically(self.path, clean)
        self._own_files.are_left(self.path)

    def write(self, text: str) -> None:
        """Write whole lines."""
        text = self.masker.text(text)
        self._keep_up()
        self._file.write(text)
        self.flush()
        if self._on_printed is not None:
            self._on_printed(text)

    def flush(self) -> None:
        """Make written text visible to readers of the file."""
        self._file.flush()
        self._own_files.are_left(self.path)

    def _open(self) -> None:
        # Appending, so that what the notebook itself may write there stays.
        self._file = open(self.path, "a", encoding="utf-8", errors="replace", newline="")  # noqa: SIM115  closed by `close`
        self._own_files.are_left(self.path)

    def _keep_up(self) -> None:
        if self._own_files.notice_change(self.path):
            self._file.close()
            self._open()  # it may be another file now

    def __enter__(self) -> OutputText:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class StreamText:
    """One of the two streams, in the form of the text files that papermill writes to."""

    def __init__(self, output: OutputText) -> None:
        self._output = output
        self._open_line = ""

    def write(self, text: str) -> None:
        """Take printed text; pass on complete lines."""
        text = self._open_line + text
        end = max(text.rfind("\n"), text.rfind("\r")) + 1
        if len(text) - end > _LONGEST_LINE + self._output.masker.reach:
            # The beginning of a secret is held back until its end; a complete one is not split.
            text = text[:end] + self._output.masker.text(text[end:])
            end = max(end, len(text) - self._output.masker.reach)
        self._open_line = text[end:]
        if end:
            self._output.write(text[:end])

    def end_line(self) -> None:
        """Pass on the open line, ended."""
        if self._open_line:
            line, self._open_line = self._open_line, ""
            self._output.write(line + "\n")

    def flush(self) -> None:
        """Called by papermill after each message."""
        self._output.flush()
