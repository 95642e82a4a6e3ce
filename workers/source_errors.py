"""What goes wrong with a source of dates."""

from __future__ import annotations


class SourceError(Exception):
    """The available dates could not be read. The text is one sentence and never holds a token or a password."""
