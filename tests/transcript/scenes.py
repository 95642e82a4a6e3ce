"""The table of scenes. Steps that begin with ``@`` are told in :mod:`tests.transcript.play`.

One thing at a time (``--nb-workers 1``), no clock, no date but those written here; ``--quiet`` where several runs are under
way.
"""

from __future__ import annotations

from .help_scenes import BAD_FILES, COMMAND_LINE, HELP, UNREACHABLE
from .notebook_scenes import AGAIN, AMBIGUOUS, BEFORE, DAYS, FLIGHTS, NOTEBOOKS, NOTEBOOKS_ON_SERVICE, SCENARIOS, SENSOR
from .python_scenes import ASKING, ON_SERVICE, PYTHON, WAITING

SCENES = (
    HELP,
    COMMAND_LINE,
    UNREACHABLE,
    BAD_FILES,
    BEFORE,
    DAYS,
    AGAIN,
    AMBIGUOUS,
    NOTEBOOKS,
    FLIGHTS,
    SCENARIOS,
    PYTHON,
    WAITING,
    ASKING,
    SENSOR,
    ON_SERVICE,
    NOTEBOOKS_ON_SERVICE,
)
