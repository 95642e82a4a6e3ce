"""Which run is which: the identity of an instance, and the names made from it.

The identity is AutoFlow's, so that a database of runs made by AutoFlow still says which dates are done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from hashlib import md5
from typing import Any

_CHARACTERS = 32  #: of an identity
_SHORT_CHARACTERS = 8  #: of it, in the names that people read

#: SWF: a workflow id has at most 256 characters.
LONGEST_WORKFLOW_ID = 256


def identity(parameters: Mapping[str, Any]) -> str:
    """MD5 in hex of the parameters as JSON with sorted keys; ``reference_date`` and ``date_ranges`` are among those of a run
    that has a date.

    What JSON does not know is written with ``str``: a date and its ISO text are the same parameter, 1 and "1" are not.
    The order of keys does not matter.
    """
    return identity_of_text(json.dumps(dict(parameters), sort_keys=True, default=str))


def identity_of_text(text: str) -> str:
    """The identity, for callers that have the JSON text already."""
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def instance_name(reference_date: date | str | None, identity: str) -> str:
    """Name the folder of a run's files: ``2016-01-01_f9aae0a4``, without a date ``f9aae0a4``."""
    short = identity[:_SHORT_CHARACTERS]
    return short if reference_date is None else f"{reference_date}_{short}"


def workflow_id(workflow_name: str, day_or_instance: date | str, identity: str) -> str:
    """``<workflow>-<reference date>-<identity>``: under this id a service refuses a second open run of the instance.

    The instance stands in the place of the date where a run has none.

    Raises:
        ValueError: SWF would refuse the id: over 256 characters, or with a ``/``, ``:``, ``|`` or control character.
            A workflow name that the specification accepts never does that.
    """
    made = f"{workflow_name}-{day_or_instance}-{identity}"
    if len(made) > LONGEST_WORKFLOW_ID:
        raise ValueError(f"workflow id {made[:60]!r}... has {len(made)} characters, more than {LONGEST_WORKFLOW_ID}")
    if any(character in "/:|" or ord(character) < 32 or 127 <= ord(character) < 160 for character in made):
        raise ValueError(f"workflow id {made!r} holds one of / : | or a control character")
    return made


def identity_of_run(workflow_id: str) -> str:
    """The identity at the end of the `workflow_id` of an instance's run; of another id, what stands there."""
    return workflow_id[-_CHARACTERS:]
