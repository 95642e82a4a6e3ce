"""Names of the folders of items: readable where that is safe, and different for different values."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deciders.notebook_runs.slugs import LONGEST_SLUG, folder_name, slug
from deciders.values.item import Item


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "7"),
        ({"region": ""}, "7"),
        ({"date": "2016-01-31"}, "7-2016-01-31"),
        ({"n": 3}, "7-3"),
        ({"n": 0.5, "on": True, "none": None}, "7-0.5-true-null"),
        ({"date": "2016-01-31", "region": "north"}, "7-2016-01-31-north"),
        ({"made": Item("days", 2)}, "7-days-2"),
        ({"made": Item("days")}, "7-days"),
        ({"region": "a" * 40}, f"7-{'a' * 40}"),
        # told apart by a hash, as others would read alike
        ({"region": "a" * 41}, f"7-{'a' * 33}-e223bf"),
        ({"region": "north", "date": "2016-01-31"}, "7-north-2016-01-31-94eb59"),
        ({"n": "3"}, "7-3-26a6ce"),
        ({"n": -3}, "7-3-f22d10"),
        ({"region": "Zürich"}, "7-Z-rich-0f3baa"),
        ({"region": "東京"}, "7-4ebe48"),
        ({"path": "../a/b"}, "7-a-b-ecc07b"),
        ({"list": [1, {"a": 2}]}, "7-1-a-2-64a962"),
        ({"name": ".hidden"}, "7-hidden-ecefb9"),
    ],
    ids=str,
)
def test_a_folder_is_named_after_the_number_and_the_values_of_its_item(values: dict[str, Any], expected: str) -> None:
    assert folder_name(7, values) == expected


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-50, 50),
    st.floats(allow_nan=False),
    st.text(alphabet="ab-._1 /\\é:", max_size=6),
    st.text(max_size=60),
    st.lists(st.integers(0, 2), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(0, 2), max_size=2),
)
ROWS = st.integers(1, 3).flatmap(lambda many: st.tuples(*[st.lists(VALUES, min_size=many, max_size=many)] * 2))


@given(ROWS)
@example((["a-b", "c"], ["a", "b-c"]))
@example((["1"], [1]))
@example((["true"], [True]))
@example((["a", ""], ["", "a"]))
@example((["-a"], ["a"]))
@example((["a b"], ["a-b"]))
def test_different_values_never_get_the_same_folder(rows: tuple[list[Any], list[Any]]) -> None:
    names = [folder_name(3, {f"x{at}": value for at, value in enumerate(row)}) for row in rows]
    assert (names[0] == names[1]) == (_typed(rows[0]) == _typed(rows[1]))


def _typed(value: Any) -> Any:
    """True is not 1, and 1 is not 1.0, in names."""
    if isinstance(value, list):
        return [_typed(one) for one in value]
    if isinstance(value, dict):
        return {key: _typed(one) for key, one in value.items()}
    return (type(value), repr(value))


@given(st.dictionaries(st.text(min_size=1, max_size=5), VALUES, max_size=4))
def test_what_is_readable_is_short_and_safe_in_every_path(values: dict[str, Any]) -> None:
    readable = slug(values)
    assert len(readable) <= LONGEST_SLUG
    assert re.fullmatch(r"[A-Za-z0-9._-]*", readable)
    assert not readable.startswith((".", "-"))
    assert not readable.endswith((".", "-"))
    assert slug(values) == readable
