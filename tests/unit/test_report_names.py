"""How reports are called: in the folder of a run, and where people get them alone."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from deciders.path_parts import LONGEST_PART_BYTES
from deciders.problems import shown
from deciders.runs.offered_names import offered_name
from deciders.runs.planned_run import run_for
from deciders.specification import ConfiguredWorkflow, NotebookSpecification, OutputSpecification, WorkflowSpecification
from deciders.specification.report_names import LONGEST_VALUE_BYTES, filled_name, report_file_names, value_part
from tests.unit.workflow_files import complaints, load, specification

DAY = {"reference_date": "2024-01-02"}


def workflow(**names: str | None) -> WorkflowSpecification:
    """A report of each label, with a name or None."""
    notebooks = [
        NotebookSpecification(label=label, filename="a.ipynb", output=(OutputSpecification(format="pdf", name=name),))
        for label, name in names.items()
    ]
    return WorkflowSpecification(name="sales", notebooks=tuple(notebooks), parameters=("region",))


def names(made: WorkflowSpecification, **parameters: Any) -> list[str]:
    return list(report_file_names(made, "2024-01-02_12345678", DAY | parameters).values())


def test_the_file_is_called_as_the_label_unless_the_output_has_a_name() -> None:
    made = workflow(count=None, total="{workflow}-{region}-{reference_date}-{label}", all="{instance}")
    assert report_file_names(made, "2024-01-02_12345678", DAY | {"region": "north"}) == {
        ("count", "pdf"): "count.pdf",
        ("total", "pdf"): "sales-north-2024-01-02-total.pdf",
        ("all", "pdf"): "2024-01-02_12345678.pdf",
    }


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("north", "north"),
        ("Zürich Nord", "Zürich Nord"),
        ("a/b", "a%2Fb"),
        ("..", "%2E."),
        ("50%", "50%25"),
        ("a%2Fb", "a%252Fb"),
        ("line\nbreak", "line%0Abreak"),
        ("\u202eback", "%u00202Eback"),
        ("\ud800", "%u00D800"),
        (3, "3"),
        (1.5, "1.5"),
        (True, "true"),
        (None, "null"),
        (date(2024, 1, 2), "2024-01-02"),
        ([1, "a"], "[1, %22a%22]"),
        ({"b": 1, "a": 2}, "{%22a%22%3A 2, %22b%22%3A 1}"),
        ({2: 1, "a": [{date(2024, 1, 2): None}], None: 1.5}, "{%222%22%3A 1, %22None%22%3A 1.5, %22a%22%3A [{-2442a0d4e527"),
        ("", ""),
    ],
)
def test_a_value_is_made_safe_for_file_systems(value: Any, part: str) -> None:
    assert value_part(value) == part


def test_long_values_are_cut_and_stay_different() -> None:
    parts = {value_part("x" * 500 + end) for end in ("a", "b", "")} | {value_part("ü" * 300)}
    assert len(parts) == 4
    assert all(len(part.encode()) <= LONGEST_VALUE_BYTES for part in parts)


def test_a_long_name_is_cut_as_a_whole_and_stays_different() -> None:
    made = [filled_name("{a}{b}{c}{d}", {key: key * 60 for key in "abc"} | {"d": end}) for end in ("one", "two")]
    assert made[0] != made[1]
    assert all(len(name.encode()) <= LONGEST_PART_BYTES for name in made)


def test_values_are_not_filled_in_twice() -> None:
    assert filled_name("{a}-{b}", {"a": "{b}", "b": "{a}"}) == "{b}-{a}"


def test_two_reports_of_a_run_that_come_to_one_name_all_the_same_stay_apart() -> None:
    made = names(workflow(North=None, b="{region}", c="{region}"), region="north")
    assert made[0] == "North.pdf"
    assert [len(name) for name in made] == [9, 18, 18]
    assert len(set(made)) == 3


ENTRIES = {
    "one": [{"region": "north", "unit": 1}],
    "two": [{"region": "north", "unit": 1}, {"region": "south", "unit": 1}],
    "alike": [{"region": 1, "unit": 1}, {"region": "1", "unit": 1}],
}


@pytest.mark.parametrize(
    ("entries", "labels", "parameters", "label", "expected"),
    [
        ("one", {"count": None}, {"region": "north", "unit": 1}, "count", "sales-2024-01-02.pdf"),
        ("one", {"count": None}, {"region": "west", "unit": 1}, "count", "sales-2024-01-02-region=west.pdf"),
        ("one", {"count": None, "sum": None}, {"region": "north", "unit": 1}, "sum", "sales-2024-01-02-sum.pdf"),
        ("two", {"count": None}, {"region": "south", "unit": 1}, "count", "sales-2024-01-02-region=south.pdf"),
        ("two", {"a": None, "b": None}, {"region": "a/b", "unit": 1}, "b", "sales-2024-01-02-region=a%2Fb-b.pdf"),
        ("two", {"a": "{region}"}, {"region": "south", "unit": 1}, "a", "south.pdf"),
        ("two", {"a": None}, {"unit": 2, "region": "west"}, "a", "sales-2024-01-02-region=west-unit=2.pdf"),
        ("alike", {"count": None}, {"region": 1, "unit": 1}, "count", "sales-2024-01-02-region=1-IDENTITY.pdf"),
    ],
)
def test_what_is_sent_or_downloaded_says_what_tells_it_from_others(
    entries: str, labels: dict[str, str | None], parameters: dict[str, Any], label: str, expected: str
) -> None:
    configured = [ConfiguredWorkflow(workflow_name="sales", parameters=values) for values in ENTRIES[entries]]
    whole = specification()
    sensor = whole.sensor.model_copy(update={"workflows": tuple(configured)})
    whole = whole.model_copy(update={"workflows": (workflow(**labels),), "sensor": sensor})
    run = run_for(ConfiguredWorkflow(workflow_name="sales", parameters=parameters), date(2024, 1, 2))
    place = {"instance": run.instance, "identity": run.identity, "parameters": run.parameters}
    assert offered_name(whole, "sales", label, "pdf", **place) == expected.replace("IDENTITY", run.identity[:8])


def test_entries_that_differ_in_their_stencils_alone_are_told_apart_by_the_identity() -> None:
    configured = [ConfiguredWorkflow(workflow_name="sales", date_stencil=[days]) for days in (0, -1)]
    whole = specification()
    sensor = whole.sensor.model_copy(update={"workflows": tuple(configured)})
    whole = whole.model_copy(update={"workflows": (workflow(count=None),), "sensor": sensor})
    runs = [run_for(entry, date(2024, 1, 2)) for entry in configured]
    made = [
        offered_name(whole, "sales", "count", "pdf", instance=run.instance, identity=run.identity, parameters=run.parameters)
        for run in runs
    ]
    assert made == [f"sales-2024-01-02-{run.identity[:8]}.pdf" for run in runs]


FILE = """\
workflows:
- name: sales
  notebooks:
    a:
      filename: other.ipynb
      parameters: {x: region}
      output: FIRST
    b:
      filename: other.ipynb
      output: {format: pdf, SECOND}
available_dates_sensor:
  schedule: null
  workflows:
  - {workflow_name: sales, parameters: {region: north}}
  - {workflow_name: sales, parameters: {region: SOUTH}}
"""


def text(name: str = "", *, first: str = "", second: str = "", south: Any = "south") -> str:
    whole = FILE.replace("FIRST", first or f"{{format: pdf, name: {name!r}}}").replace("SOUTH", str(south))
    return whole.replace(", SECOND", f", name: {second!r}" if second else "")


@pytest.mark.parametrize(
    "name",
    ["sales-{region}-{reference_date}", "{instance}", "{label} of {workflow} {instance}", "{region} {reference_date}.v2"],
)
def test_names_that_differ_for_every_run_are_taken(inputs, name: str) -> None:
    [first, _] = load(inputs, text(name)).workflows[0].notebooks
    assert first.output == (OutputSpecification(format="pdf", name=name),)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("{regoin}-{instance}", "has the placeholder 'regoin', which is no parameter of its workflow (did you mean 'region'?)"),
        (
            "{}-{instance}",
            "has the placeholder '', which is no parameter of its workflow; there are 'label', 'workflow', 'reference_date', "
            "'instance' and 'region'",
        ),
        ("{region", "has a brace that is part of no placeholder; write one as {reference_date}"),
        ("{{region}}-{instance}", "has a brace that is part of no placeholder; write one as {reference_date}"),
        ("{region}", "is the same for every date; say {reference_date} or {instance} in it"),
        ("{reference_date}", "is the same for entries 1 and 2 of the sensor; say {region} in it"),
        ("north/{instance}", "holds '/', which file names and workflow ids cannot hold"),
        ("{instance}?", "holds '?', which file names cannot hold everywhere"),
        ("{instance}.PDF", "ends in '.pdf'; the ending is added to it"),
        (".{instance}", "begins with a dot, which would hide the file"),
        ("{instance} ", "begins or ends with a space or a dot, which some systems take away"),
        (" ", "is empty"),
        ("..", "means a folder"),
        ("x" * 101, "has 101 characters, more than 100"),
    ],
)
def test_invalid_names_and_names_that_runs_could_share_are_refused(inputs, name: str, expected: str) -> None:
    assert complaints(inputs, text(name)) == [f"7: report name {shown(name)} {expected}"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"name": "{reference_date}-{region}", "south": "'NORTH'"},
            ["7: report name '{reference_date}-{region}' is the same for entries 1 and 2 of the sensor; say {instance} in it"],
        ),
        (
            {"name": "{instance}", "second": "{instance}"},
            ["10: the reports of notebooks 'a' and 'b' would have one name; say {label} in it"],
        ),
        (
            {"first": "{format: pdf}", "second": "A", "south": "north"},
            ["10: report name 'A' is the same for every date; say {reference_date} or {instance} in it"],
        ),
        ({"first": "[{format: pdf, name: '{instance}'}, {format: html, name: '{instance}'}]"}, []),
        ({"name": "{label}-{instance}", "second": "{label}-{instance}"}, []),
        ({"name": "{reference_date}", "south": "north"}, []),
        (
            {"first": "{format: pdf, name: 5}"},
            ["7: 'name' of the output of notebook 'a' must be text, not 5"],
        ),
        ({"first": "{format: pdf, name: ''}"}, ["7: 'name' of the output of notebook 'a' must be a name, not ''"]),
    ],
)
def test_reports_of_a_run_and_entries_that_would_share_a_name_are_refused(
    inputs, changes: dict[str, Any], expected: list[str]
) -> None:
    if expected:
        assert complaints(inputs, text(**changes)) == expected
    else:
        load(inputs, text(**changes))


def test_a_placeholder_that_is_also_a_parameter_is_refused(inputs) -> None:
    whole = text("{label}-{instance}").replace("x: region", "x: label").replace("region:", "label:")
    assert complaints(inputs, whole) == [
        "7: report name '{label}-{instance}': 'label' is also a parameter of the workflow; give that another name"
    ]
