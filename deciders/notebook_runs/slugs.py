"""Names of the folders of a fan's items: their numbers, and what can be read of their axis values."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..values.item import Item

LONGEST_SLUG = 40  #: characters
_HASH_CHARACTERS = 6
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._]+")


def slug(values: Mapping[str, Any]) -> str:
    """Return what is readable of an item's axis values: at most 40 characters of ``[A-Za-z0-9._-]``, perhaps none.

    Values that would read alike, as they are long or of other characters, are told apart by the start of a hash: an item that
    is kept of a former attempt leaves its folder where it is, and the item that has its number now must not get the same.
    """
    texts = [_text(value) for value in values.values()]
    found = "-".join(_NOT_PLAIN.sub("-", text).strip("-.") for text in texts)
    found = found.strip("-.")
    if len(found) <= LONGEST_SLUG and found == "-".join(texts) and _read_one_way(values.values(), texts):
        return found
    written = json.dumps([str(value) if isinstance(value, Item) else value for value in values.values()], sort_keys=True)
    mark = hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_CHARACTERS]
    head = found[: LONGEST_SLUG - len(mark) - 1].strip("-.")
    return f"{head}-{mark}" if head else mark


def folder_name(index: int, values: Mapping[str, Any]) -> str:
    """Return the name of an item's folder in that of its label: ``3-2016-01-31``; the number alone without values to read."""
    readable = slug(values)
    return f"{index}-{readable}" if readable else str(index)


def _read_one_way(values: Collection[Any], texts: Sequence[str]) -> bool:
    """Tell whether no other values have these texts: ``a-b`` and ``c`` read like ``a`` and ``b-c``, and "1" like 1."""
    if any("-" in text for text in texts[1:]):
        return False
    return not any(isinstance(value, str) and _is_json(value) for value in values)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _text(value: Any) -> str:
    if isinstance(value, Item):
        return str(value).replace(":", "-")
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
