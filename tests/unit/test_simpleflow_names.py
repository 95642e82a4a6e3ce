"""The list of simpleflow's public names, held against what can be imported here."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from simpleflow_nb import settings
from simpleflow_nb.variables import VARIABLES

from . import names_of_simpleflow as names

TABLE = names.rows()


@pytest.fixture(autouse=True)
def defaults(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)
    settings.renew()
    yield
    settings.renew()


def test_every_name_stands_where_the_list_says() -> None:
    wrong = {}
    for name, row in TABLE.items():
        found = names.standing(name, row)
        if found != (row["status"], row.get("how", "")):
            wrong[name] = found
    assert wrong == {}, "python -m tests.unit.names_of_simpleflow writes the list after a change"


def test_every_row_has_a_plan_and_the_fields_of_its_kind() -> None:
    kinds = {"module": None, "property": None, "class": None, "function": "signature", "value": "value", "imported": "from"}
    wrong = [
        name
        for name, row in TABLE.items()
        if row["kind"] not in kinds
        or row["plan"] not in ("same", "left out")
        or row["status"] not in ("here", "differs", "missing")
        or ((field := kinds[row["kind"]]) is not None and field not in row)
        or row.keys() - {"kind", "status", "plan", "signature", "value", "from", "how", "why"}
    ]  # fmt: skip
    assert wrong == []


def test_what_is_left_out_says_why() -> None:
    assert [name for name, row in TABLE.items() if row["plan"] == "left out" and not row.get("why")] == []


def test_a_name_that_is_to_be_the_same_is_here() -> None:
    assert [name for name, row in TABLE.items() if row["plan"] == "same" and row["status"] == "missing"] == []


def test_what_differs_says_how_in_words_for_users() -> None:
    assert [f"{name}: {row['how']}" for name, row in TABLE.items() if row["status"] == "differs" and not row.get("why")] == []


# ---- how the list is made --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "here", "how"),
    [
        ("(a, b=1)", lambda a, b=1: None, ""),
        ("(a, b=1)", lambda a, b=1, c=None: None, ""),
        ("(a, b=1)", lambda a, *, b=1: None, ""),
        ("(a, b=1)", lambda a, **more: None, ""),
        ("(a, *args, **kwargs)", lambda a, *args, **kwargs: None, ""),
        ("(a, b=1)", lambda a, b=2: None, "defaults: b 1 there, 2 here"),
        ("(a, b=...)", lambda a, b=2: None, ""),
        ("(a, b)", lambda a: None, "lacks b"),
        ("(a, *args, **kwargs)", lambda a: None, "lacks *args, **kwargs"),
        ("(a)", lambda a, b: None, "also needs b"),
        ("(a, b)", lambda b, a: None, "in another order: b, a"),
        ("(a)", lambda x: None, "lacks a; also needs x"),
        ("(a, b=None)", lambda a, b: None, "also needs b"),
    ],
)
def test_signatures_are_compared_by_what_callers_may_write(there, here, how) -> None:
    ours = list(inspect.signature(here).parameters.values())
    assert "; ".join(names._of_parameters(names.parameters(there), ours)) == how
