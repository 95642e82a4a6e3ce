"""The exit codes of commands; each exception has the one of a command that ends with it, see :mod:`.exceptions`."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of commands. There are no others, signals aside."""

    DONE = 0
    RUN_FAILED = 1  #: or was interrupted, or cannot continue
    WRONG = 2  #: the workflow file, the command line or the environment; nothing has run
    UNREACHABLE = 3  #: the service, its journal, the records or the source
    BUG = 4  #: of ours


#: A process that ended so as soon as it was started would do it again: nobody need start it anew.
LASTING = frozenset({ExitCode.WRONG, ExitCode.UNREACHABLE})
