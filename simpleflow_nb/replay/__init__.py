"""The core of the decider: history in, decisions out.

Pure: no clock, network, disk or threads. The same code replays a whole history, continues a cached execution and checks a
closed history.
"""

from .execution import Execution

__all__ = ["Execution"]
