"""Invisible characters in names: they reverse the order of text on a screen, or make two names look the same."""

from __future__ import annotations

import re

#: For the brackets of a regular expression, also one of ECMAScript without flags: only the first plane, and without the
#: joiners U+200C and U+200D, which some names need. Marks that combine with the letter before them are visible.
INVISIBLE_CHARACTERS = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    r"\ufff9-\ufffb"
)

_INVISIBLE = re.compile(rf"[{INVISIBLE_CHARACTERS}\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]")
_JOINERS = "\u200c\u200d"


def invisible_in(text: str) -> str | None:
    """Find the first invisible character of a text, as ``U+202E``; None without one.

    A joiner counts unless it is between two visible characters beyond ASCII, where Persian and Indian words and composed
    emoji need it.
    """
    if text.isascii():
        return None
    for index, character in enumerate(text):
        if character in _JOINERS:
            around = text[index - 1 : index] + text[index + 1 : index + 2]
            if len(around) == 2 and not any(one.isascii() or one in _JOINERS or _INVISIBLE.match(one) for one in around):
                continue
        elif not _INVISIBLE.match(character):
            continue
        return f"U+{ord(character):04X}"
    return None
