"""A way to take a rule of replay out of the engine, as replacements in its source, and the test that must notice.

``random`` says whether the random test must notice too: it compares decisions with each other, so it is blind to what is
wrong in the same way however a decision is come by.
"""

from __future__ import annotations

from dataclasses import dataclass

EXECUTION, STATE, HANDLERS = "replay/execution.py", "replay/state/execution_state.py", "replay/handlers.py"
TASKS, REQUESTS, MARKERS = "replay/state/tasks.py", "replay/state/requests.py", "replay/engine_markers.py"
ATTEMPTS, SUSPENSION = "replay/state/attempts.py", "replay/suspended_code/suspension.py"
ARGUMENTS, INPUTS, FUTURES = "replay/calls/arguments.py", "replay/calls/inputs.py", "futures.py"
EXTERNALS, CHILDREN, EXTERNAL_HANDLERS = "replay/state/externals.py", "replay/state/children.py", "replay/external_handlers.py"
SIGNALS, STRAND, STRANDS = "replay/state/signals.py", "replay/suspended_code/strand.py", "replay/state/strands.py"
GROUPS, SCOPES = "group_futures.py", "scopes.py"


@dataclass(frozen=True)
class Sabotage:
    rule: int
    what: str
    edits: tuple[tuple[str, str, str], ...]  #: file, text that stands there exactly once, what replaces it
    test: str  #: that must fail, in one of test_rules_*.py
    random: bool = False  #: whether the random test must fail too

    def __str__(self) -> str:
        return f"{self.rule} {self.what}"


def replacement(rule: int, what: str, file: str, old: str, new: str, test: str, random: bool = False) -> Sabotage:
    """Of one text in one file."""
    return Sabotage(rule, what, ((file, old, new),), test, random)
