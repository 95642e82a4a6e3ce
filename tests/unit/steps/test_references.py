"""References: the longest label of the file that fits."""

from __future__ import annotations

import pytest

from deciders.steps.references import Reference, ValueKind, items_as_labels, split_reference

LABELS = ("days", "days.v2", "a", "a.b", "a.b.c")


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("days", ("days", None)),
        ("days.dates", ("days", "dates")),
        ("days.v2", ("days.v2", None)),
        ("days.v2.dates", ("days.v2", "dates")),
        ("days.v3.dates", ("days", "v3.dates")),
        ("a.b.c", ("a.b.c", None)),
        ("a.b.d", ("a.b", "d")),
        ("a.c", ("a", "c")),
        ("a.b.c.d", ("a.b.c", "d")),
    ],
)
def test_the_longest_label_that_fits_is_meant(text: str, split: tuple[str, str | None]) -> None:
    assert split_reference(text, LABELS) == split


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("day.dates", "there is no label 'day' (did you mean 'days'?)"),
        ("x", "there is no label 'x'"),
        ("days.", "there is no label 'days'"),
        (".dates", "there is no label '.dates'"),
        ("", "there is no label ''"),
    ],
)
def test_a_reference_that_fits_no_label_is_refused(text: str, sentence: str) -> None:
    labels = LABELS if sentence.endswith("?)") else ("zzz",)
    with pytest.raises(ValueError, match="there is no label") as caught:
        split_reference(text, labels)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("kind", "written", "text"),
    [
        (ValueKind.SCRAP, "days.dates", "{scrap: days.dates}"),
        (ValueKind.OUTPUT, "days.n", "{output: days.n}"),
        (ValueKind.OUTPUT, "days", "{output: days}"),
    ],
)
def test_a_reference_prints_as_it_is_written(kind: ValueKind, written: str, text: str) -> None:
    assert str(Reference.parse(kind, written, LABELS)) == text


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("days", "{scrap: days} names the label 'days' and none of its scraps; write days.name"),
        ("days.v2", "{scrap: days.v2} names the label 'days.v2' and none of its scraps; write days.v2.name"),
        (5, "'scrap' takes label.name, not 5"),
        (["days.n"], "'scrap' takes label.name, not a list"),
    ],
)
def test_a_scrap_has_a_name(written: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"days|label") as caught:
        Reference.parse(ValueKind.SCRAP, written, LABELS)
    assert str(caught.value) == sentence


def test_labels_that_read_like_items_of_a_fan_are_found() -> None:
    labels = ("a", "a.0", "a.12", "a.01", "a.x", "b.0", "a.0.1")
    assert list(items_as_labels(labels, ("a", "a.0"))) == [("a.0", "a"), ("a.12", "a"), ("a.0.1", "a.0")]
    assert list(items_as_labels(labels, ())) == []
