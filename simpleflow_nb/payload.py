"""Values as JSON text, the way they stand in a history, and references to payloads that are too long for it."""

from __future__ import annotations

import hashlib
import json
import math
import re
import types
import uuid
from collections.abc import Callable, Iterable
from dataclasses import is_dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from .constants import MAX_DATA_CHARACTERS
from .exceptions import PayloadError
from .json_numbers import no_value_of_json

scan_once: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # json.loads without its Python layer: it is called once for each result

_ENCODERS = frozenset({__file__, json.encoder.__file__})
_LONGEST_PLACE = 120

_SCHEME = "simpleflow-nb+sha256:"
_REFERENCE = re.compile(rf"{re.escape(_SCHEME)}([0-9a-f]{{64}}) (\d+)\Z")
_REFERENCE_WITHIN = re.compile(rf"{re.escape(_SCHEME)}([0-9a-f]{{64}})")

Load = Callable[[str], str]  #: digest of a payload -> its text; raises PayloadError


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, set | frozenset):
        return sorted(value, key=encode)  # the order of a set differs from process to process
    if isinstance(value, types.GeneratorType | range | map | filter | zip):
        return list(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    if hasattr(value, "__fspath__"):
        return value.__fspath__()
    hint = " (dataclasses.asdict makes one of it)" if is_dataclass(value) and not isinstance(value, type) else ""
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} is not a JSON value{hint}: {value!r:.80}")


_encoder = json.JSONEncoder(separators=(",", ":"), sort_keys=True, ensure_ascii=False, default=_plain)
HALF_CHARACTER = re.compile("[\ud800-\udfff]")  #: a lone surrogate


def encode(value: Any) -> str:
    """Compact JSON with sorted keys. Dates become ISO strings, bytes UTF-8 text, sets and generators lists.

    Raises:
        TypeError: it has no JSON form.
    """
    return whole_characters(_encoder.encode(value))


def whole_characters(text: str) -> str:
    """The text with half a character as its escape, ``\\udcff``: in JSON that means the same.

    A lone surrogate has no UTF-8, and services refuse what holds one. It comes of names of files, and of texts cut elsewhere.
    """
    return text if text.isascii() else HALF_CHARACTER.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def encoded(value: Any, what: str) -> str:
    """:func:`encode` for a value of the user's: what it raises begins with ``what`` and the place in it.

    Raises:
        TypeError, ValueError, RecursionError: as ``encode`` does, such as ``the result['orders'][3]: shop.Order is not ...``.
    """
    try:
        return encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        if place is not None and place.tb_frame.f_code.co_filename not in _ENCODERS:
            raise  # by a generator or the like in the value, which is code of the user's
        raise type(error)(f"{what}{_place_of_mistake(value)}: {error}") from None


def _place_of_mistake(value: Any) -> str:
    """Where in nested lists and dicts the first value stands that has no JSON form, as a subscript; "" for the whole."""
    place, known = "", set()
    while id(value) not in known and len(place) < _LONGEST_PLACE:
        known.add(id(value))
        if isinstance(value, dict):
            items: Iterable[tuple[Any, Any]] = value.items()
        elif isinstance(value, list | tuple):
            items = enumerate(value)
        else:
            break
        for key, item in items:
            try:
                encode(item)
            except (TypeError, ValueError, RecursionError):
                place, value = f"{place}[{key!r:.40}]", item
                break
        else:
            break  # the keys, or one more level than there may be
    return place


def decode(text: str | None, load: Load | None = None) -> Any:
    """The value behind a text of the history: JSON, else the text itself, as simpleflow reads it; "" and None are None.

    Raises:
        PayloadError: the text is a reference and ``load`` is missing or cannot read it.
    """
    if not text:
        return None
    if text[0] == "s" and (found := _REFERENCE.match(text)):
        if load is None:
            raise PayloadError(f"payload {found[1][:12]} is kept outside the history and no store is configured")
        text = load(found[1])
    try:
        value, end = scan_once(text, 0)
    except (StopIteration, ValueError):
        end = 0
    if end == len(text):
        return value
    try:
        return json.loads(text)  # blanks around the value, or not JSON
    except ValueError:
        return text


def digest(text: str) -> str:
    """SHA-256 of a payload's text, in hex: its name wherever it is kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def reference(text: str) -> str:
    """What stands in the history for a payload that is kept elsewhere."""
    return f"{_SCHEME}{digest(text)} {len(text)}"


def referenced_digest(text: str | None) -> str | None:
    """The digest that a text refers to, None when it is the payload itself."""
    found = _REFERENCE.match(text) if text and text[0] == "s" else None
    return found[1] if found else None


def digests_in(text: str) -> set[str]:
    """Every digest that a text refers to, as a whole or somewhere within."""
    return set(_REFERENCE_WITHIN.findall(text)) if _SCHEME in text else set()


def is_too_long(text: str | None) -> bool:
    """Whether a text does not fit SWF's Data fields (32,768 characters)."""
    return text is not None and len(text) > MAX_DATA_CHARACTERS


def shortened(text: str | None, limit: int = MAX_DATA_CHARACTERS) -> str | None:
    """A text for people, cut in the middle when it is over the limit; half a character stands as its escape."""
    if text is None:
        return None
    text = whole_characters(text)
    if len(text) <= limit:
        return text
    note = f"\n... {len(text) - limit + 60} characters left out ...\n"
    head = (limit - len(note)) // 2
    return text[:head] + note + text[-(limit - len(note) - head) :]


def strict_json(text: str) -> Any:
    """The value of a JSON text that means the same to everybody.

    Raises:
        json.JSONDecodeError: it is not JSON.
        ValueError: it has NaN or Infinity, a number that Python reads as one, or a key twice in a mapping.
    """
    faults: list[str] = []

    def constant(word: str) -> None:
        faults.append(no_value_of_json(word))

    def number(digits: str) -> float:
        read = float(digits)
        if math.isinf(read):
            constant(digits)
        return read

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            keys = [key for key, _ in pairs]
            faults.append(f"it has the key {next(key for key in keys if keys.count(key) > 1)!r} twice")
        return made

    value = json.loads(text, parse_constant=constant, parse_float=number, object_pairs_hook=mapping)
    if faults:
        raise ValueError(faults[0])
    return value


def parse_value(text: str) -> Any:
    """A value of the command line: JSON, or text that is none and does not begin as a list or mapping, as a string.

    Raises:
        ValueError: a list or mapping that is not JSON, or what :func:`strict_json` refuses.
    """
    try:
        return strict_json(text)
    except RecursionError:
        raise ValueError("input is not JSON: it is nested too deeply") from None
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError) and text.lstrip()[:1] not in ("{", "["):
            return text
        raise ValueError(f"input is not JSON: {error}") from None


def parse_input(text: str | None) -> dict[str, Any]:
    """``--input`` of the command line, in all of simpleflow's forms, as ``{"args": [...], "kwargs": {...}}``.

    A mapping with ``args`` and ``kwargs`` (or either) is taken as it is, any other mapping is refused because its
    meaning would be a guess; a list is the positional arguments; a number, a string, null, or text that is not JSON is
    the one argument; no text at all is no arguments.

    Raises:
        ValueError: a mapping with other keys, ``args``/``kwargs`` of the wrong kind, or what :func:`parse_value` refuses.
    """
    if text is None:
        return {}
    value = parse_value(text)
    if isinstance(value, list):
        return {"args": value}
    if not isinstance(value, dict):
        return {"args": [value]}
    if unknown := set(value) - {"args", "kwargs", "__extra", "meta"}:
        name = sorted(unknown)[0]
        raise ValueError(
            f"input has the key {name!r}; a mapping takes 'args' (a list) and 'kwargs' (a mapping), "
            f'for example {{"kwargs": {{"{name}": ...}}}}'
        )
    if not isinstance(value.get("args", []), list) or not isinstance(value.get("kwargs", {}), dict):
        raise ValueError("input: 'args' must be a list and 'kwargs' a mapping")
    return value
