"""Strict parsing of the JSON of a call: a body that could be read in two ways is refused."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..payload import HALF_CHARACTER
from .faults import Fault

_MAY_BE_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


def decoded(body: bytes) -> dict[str, Any]:
    """Parse the members of a call; an empty body has none.

    Raises:
        Fault: SerializationException; its message says what is wrong with the body.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(f"the body is not UTF-8: byte {error.start + 1}") from None
    try:
        found = _DECODER.decode(text) if text else {}
    except json.JSONDecodeError as error:
        raise _refused(f"the body is not JSON: {error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1}") from None
    except RecursionError:
        raise _refused("the body is nested too deeply") from None
    except _Ambiguous as error:
        raise _refused(str(error)) from None
    except ValueError:  # Python refuses numbers of more than some thousand digits
        raise _refused("the body has a number of too many digits") from None
    if type(found) is not dict:
        raise _refused("the body is no JSON object")
    return found


def check_characters(text: bytes, call: dict[str, Any]) -> None:
    """Refuse lone surrogates (half a character): they have no UTF-8, so they could never be sent back.

    ``call`` is ``text`` decoded, and its shape has been checked.

    Raises:
        Fault: SerializationException.
    """
    if b"\\u" not in text or not _MAY_BE_HALF.search(text):
        return
    for path, value in _texts("", call):
        if half := HALF_CHARACTER.search(value):
            raise _refused(
                f"Value at '{path}' holds half a character (a lone surrogate): {half[0]!r}, number {half.start() + 1}"
            )


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if type(value) is str:
        yield path, value
    elif type(value) is dict:
        for name, one in value.items():
            yield from _texts(f"{path}.{name}" if path else name, one)
    elif type(value) is list:
        for index, one in enumerate(value):
            yield from _texts(f"{path}[{index}]", one)


class _Ambiguous(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise _Ambiguous(f"the body has {twice!r:.60} twice in one object")
    return found


def _no_number(name: str) -> None:
    raise _Ambiguous(f"the body has {name}, which is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number)


def _refused(sentence: str) -> Fault:
    return Fault("SerializationException", sentence)
