"""What goes wrong with a source of dates."""

from __future__ import annotations


class SourceError(Exception):
    """The available dates could not be read. The text is one sentence and never holds a token or a password."""


class SourceUnreachable(SourceError):
    """What gives the dates does not answer, or cannot do so now; the settings may well be right."""
