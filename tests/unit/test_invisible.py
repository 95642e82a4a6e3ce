"""Which characters of a name nobody sees."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest

from deciders.specification.inputs_folder import name_fault
from deciders.specification.workflow_file import NAME_PATTERN
from simpleflow_nb.cli.arguments import checked_id
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.invisible import invisible_in

_SEEN_FORMATS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"  # signs around numbers
_IN_RARE_TEXT = re.compile("[\U00013430-\U0001343f]")  # they join Egyptian hieroglyphs


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("days", None),
        ("täglich", None),
        ("ta\u0308glich", None),  # a mark that combines with the letter before
        ("日報 ❤\ufe0f", None),  # a sign, and what makes an emoji of it
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", None),  # Persian needs the joiner
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", None),  # a family
        ("da\u200dys", "U+200D"),
        ("日報\u200d", "U+200D"),
        ("\u200d日報", "U+200D"),
        ("日\u200d\u200c報", "U+200D"),
        ("da\u202eys", "U+202E"),
        ("da\u2066ys", "U+2066"),
        ("da\u200bys", "U+200B"),
        ("da\u00adys", "U+00AD"),
        ("da\u2028ys", "U+2028"),
        ("\u3164", "U+3164"),
        ("da\U000e0041ys", "U+E0041"),
    ],
)
def test_an_invisible_character_is_found(name: str, found: str | None) -> None:
    assert invisible_in(name) == found
    if found is not None:
        with pytest.raises(DefinitionError) as refused:
            checked_id(name)
        assert str(refused.value) == f"--workflow-id {name!r} holds the invisible character {found}; write it without"


def test_every_format_character_counts_but_those_that_are_seen() -> None:
    characters = [chr(code) for code in range(128, sys.maxunicode + 1)]
    formats = [one for one in characters if unicodedata.category(one) in ("Cf", "Zl", "Zp") and one not in _SEEN_FORMATS]
    assert [hex(ord(one)) for one in formats if invisible_in(one) is None and not _IN_RARE_TEXT.match(one)] == []


def test_editors_refuse_nothing_that_is_taken() -> None:
    """The pattern of the JSON Schema is a little wider than the rule."""
    for code in [*range(0xD800), *range(0xE000, 0x10000), 0x1F468, 0xE0041]:
        name = f"a{chr(code)}b"
        if name_fault(name) is None:
            assert re.search(NAME_PATTERN, name), hex(code)
        elif code < 0x10000 and chr(code) not in "\u200c\u200d\u2028\u2029":
            assert not re.search(NAME_PATTERN, name), hex(code)
