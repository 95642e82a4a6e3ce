"""The exception of dispatchers."""

from __future__ import annotations

from ..exceptions import SimpleflowError


class DispatchError(SimpleflowError):
    """There is no activity or function of a name."""
