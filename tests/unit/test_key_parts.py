"""What the work of an item depends on: equal parts have one key, and each change is told in words."""

from __future__ import annotations

from typing import Any

import pytest

from deciders.values.item_reason import ItemReason
from deciders.values.key_parts import KeyParts

PARTS: dict[str, dict[str, Any]] = {
    "notebook": {"flows.ipynb": "aa"},
    "kernel": {"python3": "CPython 3.11.4"},
    "environment": {"THREADS": "1"},
    "axes": {"mode": "standard"},
    "turn": {"": 1},
    "parameters": {"threshold": 30, "days": ["2013-02-22"]},
    "upstream": {"stations": "bb"},
    "files": {"days/raw.csv": "cc"},
    "modules": {"maps.py": "dd"},
    "reads": {"stations.csv": "ee"},
    "data": {"2013-02-22.csv": "ff"},
}


def parts(**changes: dict[str, Any]) -> KeyParts:
    return KeyParts.of(**{**PARTS, **changes})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"notebook": {"flows.ipynb": "ab"}}, ["notebook flows.ipynb changed"]),
        ({"kernel": {"python3": "CPython 3.12.1"}}, ["kernel python3 CPython 3.11.4 -> CPython 3.12.1"]),
        ({"kernel": {"conda": "CPython 3.11.4"}}, ["kernel python3 is gone", "kernel conda is new"]),
        ({"environment": {"THREADS": "2"}}, ["env THREADS 1 -> 2"]),
        ({"environment": {}}, ["env THREADS is gone"]),
        ({"axes": {"mode": "enhanced"}}, ["axis mode standard -> enhanced"]),
        ({"turn": {"": 2}}, ["place among items with the same axes changed"]),
        ({"parameters": {**PARTS["parameters"], "threshold": 70}}, ["parameter threshold 30 -> 70"]),
        ({"parameters": {**PARTS["parameters"], "threshold": 30.0}}, ["parameter threshold 30 -> 30.0"]),
        ({"parameters": {**PARTS["parameters"], "threshold": "x" * 90}}, [f"parameter threshold 30 -> {'x' * 37}..."]),
        ({"parameters": {**PARTS["parameters"], "threshold": "x" * 900}}, ["parameter threshold changed"]),
        ({"parameters": {**PARTS["parameters"], "mode": ""}}, ["parameter mode is new"]),
        (
            {"parameters": {"threshold": True, "days": []}},
            ["parameter threshold 30 -> true", 'parameter days ["2013-02-22"] -> []'],
        ),
        ({"upstream": {"stations": "bc"}}, ["what it takes as stations changed"]),
        ({"files": {"days/raw.csv": "cd"}}, ["file days/raw.csv changed"]),
        ({"modules": {"maps.py": "dd", "new.py": "00"}}, ["module new.py is new"]),
        ({"reads": {}}, ["file stations.csv is gone"]),
        ({"data": {"2013-02-22.csv": "00"}}, ["data of 2013-02-22.csv changed"]),
    ],
)
def test_each_part_changes_the_key_and_is_told(changes: dict[str, Any], told: list[str]) -> None:
    now = parts(**changes)
    assert now.key != parts().key
    assert now.changes_since(parts()) == told


def test_equal_parts_have_one_key_in_whatever_order_they_come() -> None:
    turned = KeyParts.of(**{kind: dict(reversed(named.items())) for kind, named in reversed(PARTS.items())})
    assert turned.key == parts().key
    assert turned.changes_since(parts()) == []


def test_a_notebook_that_was_renamed_is_the_same() -> None:
    assert parts(notebook={"new.ipynb": "aa"}).key == parts().key
    assert parts(notebook={"new.ipynb": "aa"}).changes_since(parts()) == []
    assert parts(notebook={"new.ipynb": "ab"}).changes_since(parts()) == ["notebook new.ipynb changed"]


def test_parts_come_back_from_a_file_as_they_were() -> None:
    assert KeyParts.of_json(parts().as_json()) == parts()
    assert KeyParts.of_json(None) is None
    assert KeyParts.of_json({"notebook": "aa"}) is None


def test_a_kind_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^there is no kind of part 'weather'$"):
        KeyParts.of(weather={})


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (ItemReason.kept_from("study/2013-02-22_ab4b77c3"), "kept: same as study/2013-02-22_ab4b77c3"),
        (ItemReason.kept_from(None), "kept: same as before"),
        (ItemReason.changed(["parameter threshold 30 -> 70"]), "ran: parameter threshold 30 -> 70"),
        (ItemReason.changed(["a", "b", "c", "d", "e"]), "ran: a, b, c and 2 more"),
        (ItemReason.changed(["a changed"], "study/x"), "ran: a changed (compared with study/x)"),
        (ItemReason.ran("it failed before"), "ran: it failed before"),
    ],
)
def test_a_reason_is_a_sentence_that_is_read_again(reason: ItemReason, sentence: str) -> None:
    assert str(reason) == sentence
    assert ItemReason.parse(sentence) == reason


@pytest.mark.parametrize("other", [None, "", "its condition does not hold", "skipped: no data"])
def test_other_sentences_are_no_such_reason(other: str | None) -> None:
    assert ItemReason.parse(other) is None
