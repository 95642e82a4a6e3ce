"""The rule for SWF's names: of domains, types and their versions, task lists, executions, tasks and timers.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_RegisterDomain.html
"""

from __future__ import annotations

import re

from .constants import MAX_ID_CHARACTERS

NO_NAME = "1 to 256 characters, no ':', '/', '|' or controls, no blanks at its ends, not 'arn'"  #: the rule, for messages

_FORBIDDEN = re.compile(r"[:/|\x00-\x1f\x7f-\x9f]|\A\s|\s\Z")


def is_name(text: object) -> bool:
    """Tell whether SWF takes something as a name; what is no text is none."""
    return isinstance(text, str) and 0 < len(text) <= MAX_ID_CHARACTERS and text != "arn" and not _FORBIDDEN.search(text)
