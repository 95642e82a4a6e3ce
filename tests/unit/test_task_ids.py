"""Ids of the tasks of items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deciders.notebook_runs.task_ids import notebook_id, report_id
from deciders.values.item import Item
from simpleflow_nb.inspection.task_rows import split_id
from simpleflow_nb.names import activity_id


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        (notebook_id(Item("day", 3)), "notebook-day-3"),
        (notebook_id(Item("total")), "notebook-total-0"),
        (notebook_id(Item("total", 0)), "notebook-total-0"),
        (notebook_id(Item("day", 3), look=2), "notebook-day-3-look-2"),
        (notebook_id(Item("v1.2", 3)), "notebook-v1.2-3"),
        (notebook_id(Item("in/out|50%", 0)), "notebook-in%2Fout%7C50%25-0"),
        (notebook_id(Item("Zürich", 1)), "notebook-Zürich-1"),
        (report_id(Item("day", 3), "pdf"), "report-day-3-pdf"),
    ],
)
def test_an_id_names_the_item(id: str, expected: str) -> None:
    assert id == expected


LABELS = st.text(min_size=1, max_size=40) | st.just("long" * 100)
ITEMS = st.builds(Item, LABELS, st.integers(min_value=0, max_value=100_000))


@given(ITEMS, st.integers(min_value=2, max_value=99))
def test_a_service_takes_every_id_and_a_listing_tells_its_attempts_apart(item: Item, attempt: int) -> None:
    for id in (notebook_id(item), notebook_id(item, 1), report_id(item, "pdf")):
        assert activity_id(id, "it") == id
        assert split_id(id) == (id, 1)
        assert split_id(f"{id}.{attempt}") == (id, attempt)


@given(st.lists(ITEMS, min_size=2, max_size=2, unique=True))
def test_two_items_have_two_ids(items: list[Item]) -> None:
    one, other = items
    assert notebook_id(one) != notebook_id(other)
    assert report_id(one, "pdf") != report_id(other, "pdf")
