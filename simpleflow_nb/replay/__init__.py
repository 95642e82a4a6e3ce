"""The replaying decider's core: history in, decisions out.

Pure: no clock, no network, no disk, no threads. The same code serves a cold replay, a cached execution and a check of a
closed history.
"""

from .execution import Execution

__all__ = ["Execution"]
