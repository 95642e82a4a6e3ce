"""File names with ``*``, ``?`` and ``{date}``, matched without backtracking, in time linear in the length of the name."""

from __future__ import annotations

import re

DATE = "{date}"
_DATE_AT = re.compile(r"(?=(\d{4}-\d{2}-\d{2}))", re.ASCII)
_DATE_LENGTH = 10


class NamePattern:
    """A pattern for one name: ``*`` stands for any characters, ``?`` for one, ``{date}`` (once at most) for an ISO date.

    If several dates in a name match, the last one counts, as with regular expressions. The date is not checked against the
    calendar.
    """

    def __init__(self, text: str) -> None:
        before, self.has_date, after = text.partition(DATE)
        self._before, self._after = _Pieces(before), _Pieces(after)

    def fits(self, name: str) -> bool:
        return self.date_in(name) is not None if self.has_date else self._before.fit(name)

    def date_in(self, name: str) -> str | None:
        """Return the text of the date; None if the name does not match, or the pattern has no date."""
        if not self.has_date:
            return None
        first, last = self._before.earliest_end(name), self._after.latest_start(name)
        if first is None or last is None:
            return None
        for found in reversed(list(_DATE_AT.finditer(name, first, last))):
            start = found.start()
            if self._before.can_end(name, first, start) and self._after.can_start(name, start + _DATE_LENGTH, last):
                return found[1]
        return None


class _Pieces:
    """The pieces of fixed length between the stars of a pattern."""

    def __init__(self, text: str) -> None:
        self._texts = text.split("*")
        self._found = [
            re.compile("".join("." if letter == "?" else re.escape(letter) for letter in piece), re.DOTALL)
            for piece in self._texts
        ]
        self._has_star = len(self._texts) > 1

    def fit(self, name: str) -> bool:
        """Return True if the whole name matches."""
        end = self.earliest_end(name)
        return end is not None and self.can_end(name, end, len(name))

    def earliest_end(self, name: str) -> int | None:
        """Return the earliest end of all pieces but the last, from the beginning; None if they do not match."""
        if not self._has_star:
            return 0
        found = self._found[0].match(name)
        for piece in self._found[1:-1]:
            found = piece.search(name, found.end()) if found is not None else None
        return found.end() if found is not None else None

    def can_end(self, name: str, first: int, end: int) -> bool:
        """Return True if the last piece can end at ``end``, given that the others end at ``first`` at the earliest."""
        start = end - len(self._texts[-1])
        return (start >= first if self._has_star else start == 0) and self._found[-1].match(name, start) is not None

    def latest_start(self, name: str) -> int | None:
        """Return the latest start of all pieces but the first, up to the end; None if they do not match."""
        last = len(name)
        if not self._has_star:
            return last
        last -= len(self._texts[-1])
        if last < 0 or self._found[-1].match(name, last) is None:
            return None
        for text, piece in zip(self._texts[-2:0:-1], self._found[-2:0:-1], strict=True):
            start = last - len(text)
            while start >= 0 and piece.match(name, start) is None:
                start -= 1
            if start < 0:
                return None
            last = start
        return last

    def can_start(self, name: str, start: int, last: int) -> bool:
        """Return True if the first piece can begin at ``start``, given that the others begin at ``last`` at the latest."""
        end = start + len(self._texts[0])
        return (end <= last if self._has_star else end == last) and self._found[0].match(name, start) is not None
