"""Payloads: values as the text that stands in a history, and back."""

from __future__ import annotations

import dataclasses
import json
import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_nb import payload
from simpleflow_nb.exceptions import PayloadError

text = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_a_value_comes_back_as_it_went(value):
    encoded = payload.encode(value)
    assert payload.decode(encoded) == value
    assert json.loads(encoded) == value, "and every other JSON reader says the same"


@given(values)
def test_equal_values_have_equal_texts(value):
    again = json.loads(json.dumps(value))
    if isinstance(again, dict):
        again = dict(reversed(again.items()))
    assert payload.encode(again) == payload.encode(value)


@given(st.text())
def test_any_text_can_be_read(found):
    """Results that other workers wrote need not be JSON; nothing in a history may stop a replay."""
    if payload.referenced_digest(found) is None:
        payload.decode(found)


@pytest.mark.parametrize(
    ("found", "value"),
    [
        (None, None),
        ("", None),
        ("null", None),
        ("plain words", "plain words"),
        ("12 monkeys", "12 monkeys"),
        (" [1] ", [1]),
        ("simpleflow-nb+sha256:short 3", "simpleflow-nb+sha256:short 3"),
    ],
)
def test_what_is_not_json_is_the_text_itself(found, value):
    assert payload.decode(found) == value


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC), '"2024-05-06T07:08:09.123Z"'),
        (datetime(2024, 5, 6, 9, tzinfo=timezone(timedelta(hours=2))), '"2024-05-06T07:00:00.000Z"'),
        (date(2024, 5, 6), '"2024-05-06"'),
        (time(7, 8), '"07:08:00"'),
        (b"\xc3\xa4\xff", '"ä\ufffd"'),
        ({1}, "[1]"),
        ((1, 2), "[1,2]"),
        (range(3), "[0,1,2]"),
        ((n for n in (1, 2)), "[1,2]"),
        (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Path("a/b"), '"a/b"'),
        ({"b": 1, "a": "ä"}, '{"a":"ä","b":1}'),
    ],
)
def test_common_values_have_a_json_form(value, encoded):
    assert payload.encode(value) == encoded


def test_what_has_no_json_form_is_named():
    with pytest.raises(TypeError) as caught:
        payload.encode({"a": [object]})
    assert str(caught.value) == "builtins.type is not a JSON value: <class 'object'>"


@given(text)
def test_a_reference_stands_for_its_text_and_no_other(found):
    reference = payload.reference(payload.encode(found))
    assert payload.referenced_digest(reference) == payload.digest(payload.encode(found))
    assert payload.decode(reference, {payload.digest(payload.encode(found)): payload.encode(found)}.__getitem__) == found


def test_a_reference_without_a_store_is_an_error_and_not_a_text():
    with pytest.raises(PayloadError) as caught:
        payload.decode(payload.reference("x" * 40_000))
    assert str(caught.value).endswith("is kept outside the history and no store is configured")


@given(st.text(), st.integers(100, 500))
def test_a_shortened_text_is_never_over_its_limit(found, limit):
    for whole in (found, found * 50):
        short = payload.shortened(whole, limit)
        assert short is not None
        assert len(short) <= limit
        assert short == whole or (len(whole) > limit and "characters left out" in short)


@pytest.mark.parametrize(
    ("typed", "arguments"),
    [
        (None, {}),
        ("[1, 2]", {"args": [1, 2]}),
        ("3", {"args": [3]}),
        ('"x"', {"args": ["x"]}),
        ("null", {"args": [None]}),
        ("plain words", {"args": ["plain words"]}),
        ("", {"args": [""]}),
        ('{"args": [1]}', {"args": [1]}),
        ('{"kwargs": {"a": 1}}', {"kwargs": {"a": 1}}),
        ('{"args": [1], "kwargs": {"a": 1}}', {"args": [1], "kwargs": {"a": 1}}),
        ("{}", {}),
    ],
)
def test_input_is_taken_in_all_of_simpleflows_forms(typed, arguments):
    assert payload.parse_input(typed) == arguments


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (
            '{"date": 1}',
            "input has the key 'date'; a mapping takes 'args' (a list) and 'kwargs' (a mapping), "
            'for example {"kwargs": {"date": ...}}',
        ),
        ('{"args": 1}', "input: 'args' must be a list and 'kwargs' a mapping"),
        ('{"kwargs": []}', "input: 'args' must be a list and 'kwargs' a mapping"),
        ("[1, 2", "input is not JSON: Expecting ',' delimiter: line 1 column 6 (char 5)"),
        ("NaN", "input is not JSON: NaN is not a JSON value; give null or a number"),
        ('{"kwargs": {"a": [-Infinity]}}', "input is not JSON: -Infinity is not a JSON value; give null or a number"),
        ('{"kwargs": {"a": 1e999}}', "input is not JSON: 1e999 is not a JSON value; give null or a number"),
        ("-1.5e400", "input is not JSON: -1.5e400 is not a JSON value; give null or a number"),
        ('{"kwargs": {"a": 1, "b": {"c": 1, "c": 2}}}', "input is not JSON: it has the key 'c' twice"),
        ("[" * 100_000, "input is not JSON: it is nested too deeply"),
    ],
)
def test_an_input_that_would_be_a_guess_is_refused(typed, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        payload.parse_input(typed)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("typed", "arguments"),
    [
        ('{"name": 1, "input": {"args": 2}}', {"kwargs": {"name": 1, "input": {"args": 2}}}),
        ('{"args": [1], "name": 2}', {"kwargs": {"args": [1], "name": 2}}),
        ('{"args": [1]}', {"args": [1]}),
        ("[1]", {"args": [1]}),
        (None, {}),
    ],
)
def test_a_mapping_is_the_keyword_arguments_of_what_takes_names(typed, arguments):
    assert payload.parse_input(typed, lambda: True) == arguments


@given(values)
def test_any_json_that_is_no_mapping_is_taken(value):
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        with pytest.raises(ValueError, match=r"^input is not JSON: -?Infinity is not a JSON value; give null or a number$"):
            payload.parse_input(json.dumps(value))
        return
    if not isinstance(value, dict):
        expected = {"args": value if isinstance(value, list) else [value]}
        assert payload.parse_input(json.dumps(value)) == expected


@dataclasses.dataclass
class Order:
    number: int


def _failing():
    yield 1
    raise ValueError("no more orders")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object, "the result: builtins.type is not a JSON value: <class 'object'>"),
        (
            {"orders": [1, {"first": Order(7)}]},
            "the result['orders'][1]['first']: tests.replay.test_payload.Order is not a JSON value "
            "(dataclasses.asdict makes one of it): Order(number=7)",
        ),
        ([{(1, 2): 3}], "the result[0]: keys must be str, int, float, bool or None, not tuple"),
        (_failing(), "no more orders"),
    ],
)
def test_a_value_of_the_users_that_is_no_json_is_named_with_the_place_in_it(value, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        payload.encoded(value, "the result")
    assert str(caught.value) == message


def test_values_that_contain_themselves_are_said_to():
    value: list = [1]
    value.append({"again": value})
    with pytest.raises(ValueError, match=r"^the result\[1\]\['again'\]: Circular reference detected$"):
        payload.encoded(value, "the result")
