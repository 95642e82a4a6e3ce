"""Settings of a flow."""

from __future__ import annotations

from dataclasses import dataclass

#: Threads of a flow whose configuration says 0.
DEFAULT_THREADS = 24


@dataclass
class Configuration:
    """The settings of a flow: how many of its nodes run at once, and how many one step may have."""

    thread_count: int = 0  #: nodes that run at once; 0 means 24
    max_step_inputs: int = 50  #: nodes of one step at most; more are a failure of that step

    def fault(self) -> str | None:
        """Return a sentence that says what is wrong; None if nothing is."""
        if type(self.thread_count) is not int:
            return f"thread_count is {self.thread_count!r:.80}; it is a whole number, and 0 means {DEFAULT_THREADS}"
        if type(self.max_step_inputs) is not int or self.max_step_inputs < 1:
            return f"max_step_inputs is {self.max_step_inputs!r:.80}; it is a whole number from 1"
        return None

    @property
    def threads(self) -> int:
        """Number of nodes that run at once."""
        return self.thread_count if self.thread_count > 0 else DEFAULT_THREADS
