"""A way to take a rule out of the machine that unfolds steps, and the test that must notice.

``random`` says whether the random graphs must notice too. They are blind to what they have no invariant for, and to what only
one order of calls brings about.
"""

from __future__ import annotations

from dataclasses import dataclass

AGENDA, PROGRESS, STANDINGS = "labels/agenda.py", "labels/progress.py", "labels/standings.py"
LOOKUPS, ITEM_ROWS, SLICES = "labels/lookups.py", "labels/item_rows.py", "labels/slices.py"
AXIS_VALUES, CONDITIONS, GRAPH = "axis_values.py", "conditions.py", "graph.py"
UNFOLDING, RUN_OUTCOME = "unfolding.py", "run_outcome.py"


@dataclass(frozen=True)
class Sabotage:
    what: str  #: what the machine does then
    file: str  #: in deciders/steps
    text: str  #: stands there exactly once
    replacement: str
    test: str  #: the name of the test that must fail
    random: bool = False  #: the random graphs must fail too

    def __str__(self) -> str:
        return self.what
