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

    @property
    def threads(self) -> int:
        """Number of nodes that run at once."""
        return self.thread_count if self.thread_count > 0 else DEFAULT_THREADS
