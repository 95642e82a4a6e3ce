"""Names and settings as the service takes them, checked where they are given: a decision with a wrong one parks the run.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_StartChildWorkflowExecutionDecisionAttributes.html
"""

from __future__ import annotations

import re
from typing import Any

from .constants import MAX_ID_CHARACTERS, MAX_RUN_SECONDS, MAX_TAGS, MAX_TIMEOUT_SECONDS
from .exceptions import DefinitionError
from .payload import HALF_CHARACTER

_NOT_IN_NAMES = "no ':', '/', '|' or controls, no blanks at its ends, not 'arn'"

#: The rule for ids and for names of domains, types and task lists, for messages.
#: https://docs.aws.amazon.com/amazonswf/latest/apireference/API_RegisterDomain.html
NO_NAME = f"1 to {MAX_ID_CHARACTERS} characters, {_NOT_IN_NAMES}"

_ATTEMPT = re.compile(r"\.[0-9]+\Z", re.ASCII)
_FORBIDDEN = re.compile(r"[:/|\x00-\x1f\x7f-\x9f]|\A\s|\s\Z")
_MOST_OF_A_RUN_ID = _MOST_OF_A_VERSION = 64
_CHILD_POLICIES = ("TERMINATE", "REQUEST_CANCEL", "ABANDON")
_MOST_OF_A_CHANGE = MAX_ID_CHARACTERS - len("_patch-")
_PRIORITIES = range(-(2**31), 2**31)


def is_text(given: Any, most: int = MAX_ID_CHARACTERS) -> bool:
    """Return whether it is a text of 1 to ``most`` characters that can be written as UTF-8."""
    return isinstance(given, str) and 0 < len(given) <= most and not HALF_CHARACTER.search(given)


def is_strict(given: Any) -> bool:
    """Return whether it can be an id, or the name of a type or a task list."""
    return is_text(given) and given != "arn" and not _FORBIDDEN.search(given)


def signal_name(given: Any) -> str:
    """Return the name of a signal.

    Raises:
        DefinitionError: it is none; likewise for the other functions here.
    """
    return _text(given, "a signal")


def name_of_change(given: Any) -> str:
    """Return the name of a change, for ``patched``; the service has it as a part of a marker's name."""
    return "" if given == "" else _text(given, "a change", _MOST_OF_A_CHANGE)


def marker_name(given: Any) -> str:
    return _own(given, "a marker")


def timer_id(given: Any) -> str:
    """Return the id that a user gives to a timer."""
    text = _own(given, "a timer")
    if not is_strict(text):
        raise DefinitionError(f"{given!r:.80} cannot name a timer: {NO_NAME}")
    return text


def target(workflow_id: Any, run_id: Any) -> tuple[str, str | None]:
    """Return the ids of another execution, to which something is sent; the run id may be None."""
    if not is_text(workflow_id):
        raise DefinitionError(f"{workflow_id!r:.80} is not a workflow id: a text of 1 to {MAX_ID_CHARACTERS} characters")
    if run_id is not None and not is_text(run_id, _MOST_OF_A_RUN_ID):
        raise DefinitionError(f"{run_id!r:.80} is not a run id: a text of 1 to {_MOST_OF_A_RUN_ID} characters, or None")
    return workflow_id, run_id


def strict_name(given: Any, where: str) -> str:
    """Return the name of a type or a task list. ``where`` says what has it, for the message."""
    if not is_strict(given):
        raise DefinitionError(f"{where} is {given!r:.80}; it has to be {NO_NAME}")
    text: str = given
    return text


def version(given: Any, where: str) -> str:
    """Return the version of a type."""
    if not is_strict(given) or len(given) > _MOST_OF_A_VERSION:
        raise DefinitionError(f"{where} is {given!r:.80}; it has to be 1 to {_MOST_OF_A_VERSION} characters, {_NOT_IN_NAMES}")
    text: str = given
    return text


def tags(given: Any, where: str) -> list[str]:
    """Return tags as a list, empty for None."""
    if given is None:
        return []
    if not isinstance(given, list | tuple) or not all(isinstance(tag, str) for tag in given):
        raise DefinitionError(f"{where} is {given!r:.80}; a list of texts is expected, such as ['daily']")
    if len(given) > MAX_TAGS:
        raise DefinitionError(f"{where} has {len(given)} tags; an execution has at most {MAX_TAGS}")
    for tag in given:
        if len(tag) > MAX_ID_CHARACTERS or HALF_CHARACTER.search(tag):
            raise DefinitionError(f"{where} has the tag {tag!r:.80}; a tag is a text of at most {MAX_ID_CHARACTERS} characters")
    return list(given)


def priority(given: Any, where: str) -> Any:
    """Return a task priority: a number, None for none, or a class, ``PRIORITY_NOT_SET``, for that of the workflow."""
    if given is None or isinstance(given, type) or (type(given) is int and given in _PRIORITIES):
        return given
    raise DefinitionError(f"{where} is {given!r:.80}; a whole number from -2147483648 to 2147483647 is expected, or None")


def activity_id(given: Any, where: str) -> str:
    """Return the id that a user gives to an activity task. Its end must not read as the number of an attempt."""
    id = _own(given, where)
    if not is_strict(id):
        raise DefinitionError(f"{where} is {given!r:.80}; it has to be {NO_NAME}")
    if _ATTEMPT.search(id):
        raise DefinitionError(f"{where} is {given!r:.80}; a point and a number at its end are those of a further attempt")
    return id


def run_seconds(given: Any, where: str) -> str:
    """Return the timeout of an execution as the service takes it: whole seconds, as text."""
    return _seconds(given, where, 1, MAX_RUN_SECONDS)


def decision_seconds(given: Any, where: str) -> str:
    """Return the timeout of a decision task as the service takes it."""
    return _seconds(given, where, 0, MAX_TIMEOUT_SECONDS)


def child_policy(given: Any, where: str) -> str:
    if given not in _CHILD_POLICIES:
        raise DefinitionError(f"{where} is {given!r:.80}; it is one of {', '.join(_CHILD_POLICIES)}")
    text: str = given
    return text


def _seconds(given: Any, where: str, least: int, most: int) -> str:
    digits = str(given) if isinstance(given, int | str) else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(most)) and least <= int(digits) <= most):
        raise DefinitionError(f"{where} is {given!r:.80}; whole seconds from {least} to {most} are expected")
    return digits


def _text(given: Any, what: str, most: int = MAX_ID_CHARACTERS) -> str:
    if not is_text(given, most):
        raise DefinitionError(f"{given!r:.80} cannot name {what}: a text of 1 to {most} characters")
    text: str = given
    return text


def _own(given: Any, what: str) -> str:
    """Return a name that is not one of the engine's, which begin with an underscore."""
    if not is_text(given) or given.startswith("_"):
        raise DefinitionError(
            f"{given!r:.80} cannot name {what}: a text of 1 to {MAX_ID_CHARACTERS} characters, not beginning with an underscore"
        )
    text: str = given
    return text
