"""The names of the instances of a set, and the templates that make them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...parameter_set import written_value
from ...path_parts import cut_part
from ..inputs_folder import name_fault

LABEL = "label"  #: key of a mapping on an axis: what names call it
LONGEST_INSTANCE_BYTES = 100
_LONGEST_SET_NAME_BYTES = 60  #: of a set; the names of its instances begin with it
#: A letter first, so that it is no date; no point, which parts it from the names of its instances.
SET_NAME_PATTERN = r"^[^\W\d_][^./\\:|\u0000-\u001f\u007f-\u009f]{0,49}$"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def set_name_fault(name: str) -> str | None:
    """Explain why ``name`` cannot name a set, as the end of a sentence; None if it can."""
    if fault := name_fault(name):
        return fault
    if not re.match(SET_NAME_PATTERN, name) or name != name.strip():
        return "must begin with a letter, have no point and at most 50 characters"
    size = len(name.encode())
    return f"needs {size} bytes, more than {_LONGEST_SET_NAME_BYTES}" if size > _LONGEST_SET_NAME_BYTES else None


def default_template(axes: Iterable[str]) -> str:
    """Return the template of a set that gives none: its axes joined by ``_``, of a single scenario ``1``."""
    return "_".join(f"{{{axis}}}" for axis in axes) or "1"


def placeholders(template: str) -> list[str]:
    """Return the texts in braces, in order."""
    return _PLACEHOLDER.findall(template)


def has_loose_brace(template: str) -> bool:
    """Tell whether a brace belongs to no placeholder."""
    return bool(set("{}") & set(_PLACEHOLDER.sub("", template)))


def filled(template: str, words: Mapping[str, str]) -> str:
    """Fill in the words by placeholder; one without a word is kept."""
    return _PLACEHOLDER.sub(lambda found: words.get(found[1], found[0]), template)


def word_of(value: Any) -> str:
    """Return a value as names have it: text as it is, a mapping of an axis as its label, else as in a workflow file."""
    if isinstance(value, dict) and LABEL in value:
        value = value[LABEL]
    return value if isinstance(value, str) else written_value(value)


def full_instance(set_name: str, instance: str) -> str:
    """Return the name of an instance of a set among those of its workflow, that of its folder: ``sweep.standard_30``.

    One of more than 100 bytes is cut and ends in the start of its SHA-256.
    """
    return cut_part(f"{set_name}.{instance}", LONGEST_INSTANCE_BYTES)


def set_of_instance(instance: str) -> str:
    """Return the name of the set of a `full_instance`."""
    return instance.partition(".")[0]
