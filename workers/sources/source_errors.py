"""What goes wrong with a source of dates."""

from __future__ import annotations

from simpleflow_nb.exceptions import ExitCode, SimpleflowError


class SourceError(SimpleflowError):
    """The available dates could not be read. The text is one sentence and never holds a token or a password."""

    exit_code = ExitCode.WRONG


class SourceUnreachable(SourceError):
    """What gives the dates does not answer, or cannot do so now; the settings may well be right."""

    exit_code = ExitCode.UNREACHABLE
