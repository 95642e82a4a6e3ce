"""Values as JSON text in histories, and references to payloads that are too long for one."""

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
_LONGEST_PATH = 120

_SCHEME = "simpleflow-nb+sha256:"
_REFERENCE = re.compile(rf"{re.escape(_SCHEME)}([0-9a-f]{{64}}) (\d+)\Z")
_REFERENCE_WITHIN = re.compile(rf"{re.escape(_SCHEME)}([0-9a-f]{{64}})")

_SHARED = "__payload__"

Load = Callable[[str], str]  #: digest of a payload -> its text; raises PayloadError


def plain_value(value: Any) -> Any:
    """Return a value that JSON has for one that it has not: dates as ISO texts, bytes as UTF-8, sets and generators as lists.

    Raises:
        TypeError: there is none.
    """
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, set | frozenset):
        return sorted(value, key=encode)  # the order of a set differs between processes
    if isinstance(value, types.GeneratorType | range | map | filter | zip):
        return list(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    if hasattr(value, "__fspath__"):
        return value.__fspath__()
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} is not a JSON value{_hint_at(value)}: {value!r:.80}")


def _hint_at(value: Any) -> str:
    """Return what would be right in place of a value without a JSON form, " (in parentheses)"; "" if that is not known."""
    known: str | None = getattr(type(value), "instead_of_json", None)
    if known is not None:
        return f" ({known})"
    if isinstance(value, types.CoroutineType):
        return " (it was not awaited)"
    if isinstance(value, types.AsyncGeneratorType):
        return " (collect its items into a list)"
    return " (dataclasses.asdict makes one of it)" if is_dataclass(value) and not isinstance(value, type) else ""


_encoder = json.JSONEncoder(separators=(",", ":"), sort_keys=True, ensure_ascii=False, default=plain_value)
HALF_CHARACTER = re.compile("[\ud800-\udfff]")  #: a lone surrogate


def encode(value: Any) -> str:
    """Encode a value as compact JSON with sorted keys. Dates become ISO strings, bytes UTF-8 text, sets and generators lists.

    Raises:
        TypeError, ValueError, RecursionError: it has no JSON form.
    """
    try:
        return whole_characters(_encoder.encode(value))
    except TypeError as error:
        kinds = _kinds_of_keys(value) if "not supported between instances" in str(error) else ()
        if not kinds:
            raise
        raise TypeError(f"a mapping has keys of different types ({', '.join(kinds)}); make texts of all of them") from None


def _kinds_of_keys(value: Any) -> list[str]:
    """Return the types of the keys in the first mapping, in nested lists and dicts, whose keys cannot be sorted."""
    if isinstance(value, dict):
        kinds = sorted({type(key).__name__ for key in value})
        if len(kinds) > 1:
            return kinds
        value = list(value.values())
    return next((found for item in value if (found := _kinds_of_keys(item))), []) if isinstance(value, list | tuple) else []


def whole_characters(text: str) -> str:
    """Escape lone surrogates (half a character) in a text, as ``\\udcff``: in JSON that means the same.

    They have no UTF-8, and services refuse them. They come from names of files, and from texts cut elsewhere.
    """
    return text if text.isascii() else HALF_CHARACTER.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def encoded(value: Any, what: str) -> str:
    """Encode a value of the user's with :func:`encode`; errors begin with ``what`` and the path to the fault.

    Raises:
        TypeError, ValueError, RecursionError: as ``encode`` does, such as ``the result['orders'][3]: shop.Order is not ...``.
    """
    try:
        return encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        if frame is not None and frame.tb_frame.f_code.co_filename not in _ENCODERS:
            raise  # raised by the user's code, such as a generator in the value
        raise type(error)(f"{what}{_path_of_mistake(value)}: {error}") from None


def _path_of_mistake(value: Any) -> str:
    """Return the path to the first value without a JSON form in nested lists and dicts, as subscripts; "" for the whole."""
    path, known = "", set()
    while id(value) not in known and len(path) < _LONGEST_PATH:
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
                path, value = f"{path}[{key!r:.40}]", item
                break
        else:
            break  # the fault is in the keys, or the nesting is too deep
    return path


def decode(text: str | None, load: Load | None = None) -> Any:
    """Decode a text of the history: JSON, else the text itself, as in simpleflow; "" and None are None.

    Raises:
        PayloadError: the text is a reference, and ``load`` is missing or cannot read it.
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


def decode_input(text: str | None, load: Load | None = None) -> Any:
    """Decode the input of a task or a run as :func:`decode` does, with each shared payload in it in its place.

    Raises:
        PayloadError: a payload cannot be read.
    """
    digest_of_all = referenced_digest(text)
    if digest_of_all is not None and load is not None:
        text = load(digest_of_all)
    value = decode(text, load)
    return _with_shared(value, load) if text is not None and f'"{_SHARED}"' in text else value


def _with_shared(value: Any, load: Load | None) -> Any:
    if isinstance(value, list):
        return [_with_shared(item, load) for item in value]
    if isinstance(value, dict):
        if value.keys() == {_SHARED} and referenced_digest(value[_SHARED]) is not None:
            return decode(value[_SHARED], load)
        return {key: _with_shared(item, load) for key, item in value.items()}
    return value


def shared(reference_text: str) -> dict[str, str]:
    """Return what stands within an input for a payload that several inputs share: each has the reference, not the payload."""
    return {_SHARED: reference_text}


def has_shared(text: str) -> bool:
    """Return whether an input has references within."""
    return f'"{_SHARED}"' in text


def digest(text: str) -> str:
    """Return the SHA-256 of a payload's text in hex, by which it is stored."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def reference(text: str) -> str:
    """Return the reference that replaces a payload in the history."""
    return f"{_SCHEME}{digest(text)} {len(text)}"


def referenced_digest(text: str | None) -> str | None:
    """Return the digest that a text refers to, None if it is the payload itself."""
    found = _REFERENCE.match(text) if text and text[0] == "s" else None
    return found[1] if found else None


def digests_in(text: str) -> set[str]:
    """Return the digests that a text refers to, as a whole or somewhere within."""
    return set(_REFERENCE_WITHIN.findall(text)) if _SCHEME in text else set()


def is_too_long(text: str | None) -> bool:
    """Return whether a text is too long for SWF's Data fields (32,768 characters)."""
    return text is not None and len(text) > MAX_DATA_CHARACTERS


def shortened(text: str | None, limit: int = MAX_DATA_CHARACTERS) -> str | None:
    """Shorten a text for people in its middle if it is over the limit, and escape lone surrogates."""
    if text is None:
        return None
    text = whole_characters(text)
    if len(text) <= limit:
        return text
    note = f"\n... {len(text) - limit + 60} characters left out ...\n"
    head = (limit - len(note)) // 2
    return text[:head] + note + text[-(limit - len(note) - head) :]


def strict_json(text: str) -> Any:
    """Parse a JSON text strictly, so that all parsers agree on its value.

    Raises:
        json.JSONDecodeError: it is not JSON.
        ValueError: it has NaN or Infinity, a number so large that Python reads it as one, or a key twice in a mapping.
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
    """Parse a value of the command line: JSON, or plain text unless it begins like a list or mapping.

    Raises:
        ValueError: a list or mapping is not JSON, or :func:`strict_json` refuses the value.
    """
    try:
        return strict_json(text)
    except RecursionError:
        raise ValueError("input is not JSON: it is nested too deeply") from None
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError) and text.lstrip()[:1] not in ("{", "["):
            return text
        raise ValueError(f"input is not JSON: {error}") from None


def parse_input(text: str | None, takes_names: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    """Parse ``--input`` of the command line, in all of simpleflow's forms, to ``{"args": [...], "kwargs": {...}}``.

    A mapping with ``args`` and ``kwargs`` (or either) is taken as it is. Any other mapping is the keyword arguments if the
    workflow ``takes_names``, which is asked only then; else it is refused, as its meaning would be a guess. A list is the
    positional arguments. A number, a string, null, or text that is not JSON is the only argument. Without a text there are no
    arguments.

    Raises:
        ValueError: a mapping has other keys, ``args``/``kwargs`` are of the wrong kind, or :func:`parse_value` refuses it.
    """
    if text is None:
        return {}
    value = parse_value(text)
    if isinstance(value, list):
        return {"args": value}
    if not isinstance(value, dict):
        return {"args": [value]}
    if unknown := set(value) - {"args", "kwargs", "__extra", "meta"}:
        if takes_names():
            return {"kwargs": value}
        name = sorted(unknown)[0]
        raise ValueError(
            f"input has the key {name!r}; a mapping takes 'args' (a list) and 'kwargs' (a mapping), "
            f'for example {{"kwargs": {{"{name}": ...}}}}'
        )
    if not isinstance(value.get("args", []), list) or not isinstance(value.get("kwargs", {}), dict):
        raise ValueError("input: 'args' must be a list and 'kwargs' a mapping")
    return value
