"""Sets of scenarios in a workflow file: what they make, and what is refused with its line."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from deciders.runs.scenario_runs import ScenarioSet, scenario_set
from deciders.specification import Specification, SpecificationError, load_specification
from deciders.specification.loading import load_with_warnings

HEAD = """\
workflows:
  - name: study
    notebooks:
      total: {filename: total.py, parameters: {mode: mode, threshold: threshold, year: year}}
  - name: dated
    notebooks:
      day: {filename: day.py, parameters: {day: reference_date}}
available_dates_sensor: null
scenarios:
"""
GRID = "grid: {mode: [a, b], threshold: [30, 70]}, parameters: {year: 2024}"


def loaded(folder: Path, scenarios: str) -> Specification:
    """A file with these sets, the first of which begins in line 10."""
    (folder / "total.py").write_text("# %% tags=['parameters']\nmode = threshold = year = None\n")
    (folder / "day.py").write_text("# %% tags=['parameters']\nday = None\n")
    file = folder / "workflows.yml"
    file.write_text(HEAD + textwrap.indent(textwrap.dedent(scenarios), "  "))
    return load_specification(file)


def made(folder: Path, scenarios: str, name: str = "sweep") -> ScenarioSet:
    return scenario_set(loaded(folder, scenarios), name)


def named(found: ScenarioSet) -> list[tuple[str, dict[str, Any]]]:
    return [(one.name, one.parameters) for one in found.scenarios]


def complaints(folder: Path, scenarios: str) -> list[str]:
    with pytest.raises(SpecificationError) as refused:
        loaded(folder, scenarios)
    return [f"{problem.line}: {problem.message}" for problem in refused.value.problems]


def test_a_grid_makes_all_combinations_the_last_axis_fastest(tmp_path: Path) -> None:
    found = made(tmp_path, f'- {{name: sweep, workflow: study, {GRID}, instance: "{{mode}}-{{threshold}}-{{year}}"}}')
    assert named(found) == [
        ("a-30-2024", {"year": 2024, "mode": "a", "threshold": 30}),
        ("a-70-2024", {"year": 2024, "mode": "a", "threshold": 70}),
        ("b-30-2024", {"year": 2024, "mode": "b", "threshold": 30}),
        ("b-70-2024", {"year": 2024, "mode": "b", "threshold": 70}),
    ]


def test_without_a_template_the_axes_make_the_names(tmp_path: Path) -> None:
    found = made(tmp_path, f"- {{name: sweep, workflow: study, {GRID}}}")
    assert [one.name for one in found.scenarios] == ["a_30", "a_70", "b_30", "b_70"]
    assert found.run(found.scenarios[0]).instance == "sweep.a_30"
    assert (found.max_parallel, found.stop_on_failure, found.results) == (20, False, ())


def test_mappings_of_an_axis_are_merged_and_their_labels_name(tmp_path: Path) -> None:
    found = made(
        tmp_path,
        """\
        - name: sweep
          workflow: study
          grid:
            kind: [{label: low, mode: a, threshold: 1}, {label: 2, mode: b, threshold: 9}]
            year: [2023, 2024]
          parameters: {mode: unused, year: 1999}
          only: [kind]
          results: [total.sum]
          max_parallel: 4
          stop_on_failure: true
        """,
    )
    assert named(found) == [
        ("low", {"mode": "a", "threshold": 1, "year": 2023}),
        ("2", {"mode": "b", "threshold": 9, "year": 2023}),
    ]
    assert (found.max_parallel, found.stop_on_failure, found.results) == (4, True, ("total.sum",))


def test_a_set_without_a_grid_or_a_table_is_one_scenario(tmp_path: Path) -> None:
    found = made(tmp_path, "- {name: sweep, workflow: study, parameters: {mode: a, threshold: 1, year: 2024-02-01}}")
    assert named(found) == [("1", {"mode": "a", "threshold": 1, "year": "2024-02-01"})]


def test_rows_of_a_table_are_scenarios_and_columns_may_just_name(tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_text('client,threshold,mode\nA,1,x\n"B & C",,y\n\n')
    found = made(
        tmp_path,
        '- {name: sweep, workflow: study, table: clients.csv, instance: "{client}", parameters: {year: 1, mode: no}}',
    )
    assert named(found) == [
        ("A", {"year": 1, "mode": "x", "threshold": 1}),
        ("B & C", {"year": 1, "mode": "y", "threshold": None}),
    ]


def test_a_parquet_table_keeps_its_types(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"mode": ["a", None], "threshold": [1.5, float("nan")], "year": [1, 2]})
    frame.to_parquet(tmp_path / "rows.parquet")
    found = made(tmp_path, '- {name: sweep, workflow: study, table: rows.parquet, instance: "{year}"}')
    assert named(found) == [
        ("1", {"mode": "a", "threshold": 1.5, "year": 1}),
        ("2", {"mode": None, "threshold": None, "year": 2}),
    ]


def test_identities_are_those_of_the_set_and_its_parameters(tmp_path: Path) -> None:
    parameters = "parameters: {mode: a, threshold: 1, year: 2}"
    both = f"""\
        - {{name: sweep, workflow: study, {parameters}}}
        - {{name: other, workflow: study, {parameters}, instance: first}}
        """
    specification = loaded(tmp_path, both)
    runs = [one.run(one.scenarios[0]) for one in (scenario_set(specification, name) for name in ("sweep", "other"))]
    assert [run.instance for run in runs] == ["sweep.1", "other.first"]
    texts = [f'["{name}", {{"mode": "a", "threshold": 1, "year": 2}}]' for name in ("sweep", "other")]
    assert [run.identity for run in runs] == [md5(text.encode()).hexdigest() for text in texts]
    assert runs[0].workflow_id == f"study-sweep.1-{runs[0].identity}"
    assert runs[0].tags.written() == ["study", "sweep.1"]


def test_a_set_survives_a_history(tmp_path: Path) -> None:
    found = made(tmp_path, f"- {{name: sweep, workflow: study, {GRID}, results: [total.sum]}}")
    again = ScenarioSet.of_json(found.as_json())
    assert [again.run(one) for one in again.scenarios] == [found.run(one) for one in found.scenarios]
    specification = loaded(tmp_path, f"- {{name: sweep, workflow: study, {GRID}, results: [total.sum]}}")
    assert Specification.model_validate(specification.model_dump(mode="json")) == specification


@pytest.mark.parametrize(
    ("entry", "sentences"),
    [
        (
            "workflow: study",
            ["10: scenario set 1 lacks 'name'", "10: scenario set 1: it gives no value for 'mode', 'threshold' and 'year'"],
        ),
        ("name: sweep", ["10: scenario set 'sweep' lacks 'workflow'"]),
        (
            f"name: sweep, workflow: stud, {GRID}",
            ["10: there is no workflow 'stud' in this file (did you mean 'study'?)"],
        ),
        (
            "name: sweep, workflow: dated",
            ["10: workflow 'dated' of scenario set 'sweep' takes a reference date, which no scenario has"],
        ),
        (
            "name: sweep.1, workflow: study, " + GRID,
            ["10: the name of scenario set 'sweep.1' must begin with a letter, have no point and at most 50 characters"],
        ),
        (
            f"name: a/b, workflow: study, {GRID}",
            ["10: the name of scenario set 'a/b' holds '/', which file names and workflow ids cannot hold"],
        ),
        (
            f"name: sweep, workflow: study, {GRID}, maxparallel: 3",
            ["10: 'maxparallel' is not a setting of scenario set 'sweep' (did you mean 'max_parallel'?)"],
        ),
        (
            f"name: sweep, workflow: study, {GRID}, max_parallel: 0",
            ["10: 'max_parallel' of scenario set 'sweep' must be at least 1, not 0"],
        ),
        (
            "name: sweep, workflow: study, grid: {mode: a}, parameters: {threshold: 1, year: 1}",
            ["10: 'mode' of 'grid' of scenario set 'sweep' must be a list, not 'a'"],
        ),
        (
            "name: sweep, workflow: study, grid: {mode: []}, parameters: {threshold: 1, year: 1}",
            ["10: 'mode' of 'grid' of scenario set 'sweep' is an empty list; leave it out"],
        ),
        (
            "name: sweep, workflow: study, grid: {mode: [a, {label: b}]}, parameters: {threshold: 1, year: 1}",
            ["10: scenario set 'sweep': axis 'mode' has both mappings and 'a'; give one kind"],
        ),
        (
            "name: sweep, workflow: study, grid: {kind: [{mode: a}]}, parameters: {threshold: 1, year: 1}",
            ["10: scenario set 'sweep': item 1 of axis 'kind' needs a 'label', text or a number"],
        ),
        (
            "name: sweep, workflow: study, grid: {kind: [{label: x, mode: a}], mode: [b]}, parameters: {threshold: 1, year: 1}",
            ["10: scenario set 'sweep': the axes 'kind' and 'mode' both give 'mode'"],
        ),
        (
            "name: sweep, workflow: study, grid: {mode: [a, b, a]}, parameters: {threshold: 1, year: 1}",
            ["10: scenario set 'sweep': axis 'mode' has the value 'a' twice"],
        ),
        (
            f"name: sweep, workflow: study, {GRID}, only: [mod]",
            ["10: scenario set 'sweep': 'only' names 'mod', which is no axis (did you mean 'mode'?)"],
        ),
        (
            f'name: sweep, workflow: study, {GRID}, instance: "{{mod}}_{{threshold}}"',
            [
                "10: scenario set 'sweep': instance '{mod}_{threshold}' has the placeholder 'mod', which is no axis or "
                "parameter of it (did you mean 'mode'?)"
            ],
        ),
        (
            f'name: sweep, workflow: study, {GRID}, instance: "{{mode}}_{{threshold"',
            [
                "10: scenario set 'sweep': instance '{mode}_{threshold' has a brace that is part of no placeholder; write "
                "one as {mode}"
            ],
        ),
        (
            f'name: sweep, workflow: study, {GRID}, instance: "{{mode}}"',
            [
                "10: scenario set 'sweep': mode=a, threshold=30 and mode=a, threshold=70 make the instance 'a'; say more in "
                "'instance'",
                "10: scenario set 'sweep': mode=b, threshold=30 and mode=b, threshold=70 make the instance 'b'; say more in "
                "'instance'",
            ],
        ),
        (
            "name: sweep, workflow: study, grid: {mode: [a, A]}, parameters: {threshold: 1, year: 1}",
            [
                "10: scenario set 'sweep': mode=a and mode=A make instances that differ only in case, 'a' and 'A'; say more in "
                "'instance'"
            ],
        ),
        (
            "name: sweep, workflow: study, grid: {mode: [a/b]}, parameters: {threshold: 1, year: 1}",
            ["10: scenario set 'sweep': instance 'a/b' (mode=a/b) holds '/', which file names and workflow ids cannot hold"],
        ),
        (
            "name: sweep, workflow: study, grid: {modes: [a]}, parameters: {threshold: 1}",
            [
                "10: scenario set 'sweep': it gives 'modes', which no notebook of workflow 'study' wants (did you "
                "mean 'mode'?)",
                "10: scenario set 'sweep': it gives no value for 'mode' and 'year'",
            ],
        ),
        (
            f"name: sweep, workflow: study, {GRID}, results: [totl.sum, total]",
            [
                "10: results of scenario set 'sweep': 'total' names none of its scraps; write total.name",
                "10: results of scenario set 'sweep': there is no label 'totl' (did you mean 'total'?)",
            ],
        ),
        (
            f"name: sweep, workflow: study, {GRID}, table: clients.csv",
            ["10: scenario set 'sweep' has both a grid and a table; give one of them"],
        ),
        (
            "name: sweep, workflow: study, table: clients.csv",
            ["10: scenario set 'sweep' lacks 'instance', which names the instance of each row, as {client}"],
        ),
        (
            'name: sweep, workflow: study, table: client.csv, instance: "{client}"',
            ["10: there is no file 'client.csv' beside this file (did you mean 'clients.csv'?)"],
        ),
        (
            'name: sweep, workflow: study, table: clients.csv, instance: "{client}"',
            [
                "10: scenario set 'sweep': clients.csv has a column 'thresold', which no notebook of workflow 'study' wants "
                "(did you mean 'threshold'?)",
                "10: scenario set 'sweep': it gives no value for 'mode', 'threshold' and 'year'",
                "10: scenario set 'sweep': line 2 of clients.csv and line 4 of clients.csv make the instance 'A'; say more in "
                "'instance'",
            ],
        ),
        (
            "name: sweep, workflow: study, grid: {mode: [1, 2, 3], threshold: [[1]], year: [.nan]}",
            ["10: the parameter 'year': NaN is not a JSON value; give null or a number"],
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(entry: str, sentences: list[str], tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_text("client,thresold\nA,1\nB,2\nA,3\n")
    assert sorted(complaints(tmp_path, f"- {{{entry}}}")) == sorted(sentences)


def test_sets_have_different_names(tmp_path: Path) -> None:
    found = complaints(
        tmp_path,
        f"""\
        - {{name: sweep, workflow: study, {GRID}}}
        - {{name: sweep, workflow: study, {GRID}}}
        - {{name: Sweep, workflow: study, {GRID}}}
        """,
    )
    assert found == [
        "11: scenario set 'sweep' is defined twice (first in line 10)",
        "12: scenario set 'Sweep' differs from 'sweep' only in case (first in line 10)",
    ]


def test_the_line_is_that_of_the_value(tmp_path: Path) -> None:
    found = complaints(
        tmp_path,
        """\
        - name: sweep
          workflow: study
          grid:
            mode:
              - a
              - a
            threshold: [1]
          parameters:
            year: 1
        - name: wide
          workflow: study
          grid:
            mode: [a]
            threshold: [1]
          parameters:
            year: 1
            yaer: 2
        """,
    )
    assert found == [
        "15: scenario set 'sweep': axis 'mode' has the value 'a' twice",
        "26: scenario set 'wide': it gives 'yaer', which no notebook of workflow 'study' wants (did you mean 'year'?)",
    ]


def test_too_many_scenarios_are_refused_with_the_axes_that_make_them(tmp_path: Path) -> None:
    numbers = list(range(40))
    found = complaints(
        tmp_path, f"- {{name: sweep, workflow: study, grid: {{mode: {numbers}, threshold: {numbers}, year: [1]}}}}"
    )
    assert found == [
        "10: scenario set 'sweep': it makes 1,600 scenarios (mode 40 x threshold 40 x year 1), more than 1,000; make several "
        "sets of it"
    ]


def test_names_that_scenarios_give_are_no_misspellings_of_labels(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# %% tags=['parameters']\nx = None\n")
    file = tmp_path / "workflows.yml"
    file.write_text(
        "workflows:\n- name: w\n  notebooks: {totals: {filename: a.py}, b: {filename: a.py, parameters: {x: total}}}\n"
        "available_dates_sensor: null\nscenarios:\n- {name: s, workflow: w, grid: {total: [1, 2]}}\n"
    )
    assert [one.name for one in scenario_set(load_specification(file), "s").scenarios] == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "clients.csv is empty; its first line must name the columns"),
        ("client,year\n", "clients.csv has no rows"),
        ("client,client\n1,2\n", "clients.csv names the column 'client' twice"),
        ("client,\n1,2\n", "clients.csv has no name for column 2 in its first line"),
        ("client;year\n1;2\n", "clients.csv parts its columns by semicolons; save it with commas"),
        ("client,year\n1,2\n3\n", "clients.csv has 1 values in line 3, and 2 columns"),
        ('client,year\n"a\nb",2\n3\n', "clients.csv has 1 values in line 4, and 2 columns"),
        ('client,year\n"a,2\n', "clients.csv is not CSV: unexpected end of data"),
        ("client,year\nA,1e999\n", "clients.csv has a number in column 'year' that is too large"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_text(text)
    found = complaints(tmp_path, '- {name: sweep, workflow: study, table: clients.csv, instance: "{client}"}')
    assert found == [f"10: {sentence}"]


def test_a_table_that_is_no_text_and_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_bytes(b"client\n\xff\n")
    [found] = complaints(tmp_path, '- {name: sweep, workflow: study, table: clients.csv, instance: "{client}"}')
    assert found == "10: clients.csv is not UTF-8 text"
    pytest.importorskip("pyarrow")
    (tmp_path / "clients.parquet").write_bytes(b"nothing")
    [found] = complaints(tmp_path, '- {name: sweep, workflow: study, table: clients.parquet, instance: "{client}"}')
    assert found.startswith("10: clients.parquet is not Parquet: ")


def test_without_pyarrow_parquet_is_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "rows.parquet").write_bytes(b"PAR1")
    [found] = complaints(tmp_path, '- {name: sweep, workflow: study, table: rows.parquet, instance: "{mode}"}')
    sentence = "needs pyarrow, which is not installed here; install it, or save the table as .csv"
    assert found == f"10: rows.parquet {sentence}"


def test_a_result_is_that_of_one_item(tmp_path: Path) -> None:
    text = HEAD.replace("filename: total.py,", "filename: total.py, repeat: 2,")
    (tmp_path / "total.py").write_text("# %% tags=['parameters']\nmode = threshold = year = None\n")
    (tmp_path / "day.py").write_text("# %% tags=['parameters']\nday = None\n")
    (tmp_path / "workflows.yml").write_text(f"{text}  - {{name: sweep, workflow: study, {GRID}, results: [total.sum]}}\n")
    with pytest.raises(SpecificationError) as refused:
        load_specification(tmp_path / "workflows.yml")
    assert [problem.message for problem in refused.value.problems] == [
        "results of scenario set 'sweep': 'total' has a list of items, and a result is one value; name a label that takes the "
        "whole list"
    ]


def test_zeros_that_are_lost_are_warned_of(tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_text("threshold,mode\n007,a\n8,b\n")
    loaded(tmp_path, '- {name: sweep, workflow: study, table: clients.csv, instance: "{mode}", parameters: {year: 1}}')
    _, warnings = load_with_warnings(tmp_path / "workflows.yml")
    assert [str(one) for one in warnings] == [
        "workflows.yml:10: clients.csv has '007' among the whole numbers of column 'threshold', which is read as 7"
    ]


def test_a_line_without_values_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_text("threshold,mode\n7,a\n,\n")
    loaded(tmp_path, '- {name: sweep, workflow: study, table: clients.csv, instance: "{mode}", parameters: {year: 1}}')
    _, warnings = load_with_warnings(tmp_path / "workflows.yml")
    assert [str(one) for one in warnings] == [
        "workflows.yml:10: clients.csv has no value in line 3, which makes a scenario all of whose columns are null"
    ]


COLUMNS: Sequence[Sequence[str]] = [
    ["1", "2", "-3"],
    ["1", "", "3"],
    [" 1", "2 ", "+3"],
    ["007", "8"],
    ["1.5", "2", "NA"],
    ["1e3", ".5", "5."],
    ["True", "false", "TRUE"],
    ["True", "", "false"],
    ["True", "yes"],
    ["1", "true"],
    ["a", "NULL", "1"],
    ["", "nan", "None"],
    ["2024-01-01", "2"],
    ["0x10", "1_000"],
    ["9223372036854775807", "1"],
    ["18446744073709551615", "1"],
    ["1,5", "x"],
    [" true", "false"],
]


@pytest.mark.parametrize("cells", COLUMNS, ids=str)
def test_cells_have_the_types_that_pandas_gives_them(cells: Sequence[str], tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    from deciders.specification.scenarios.table_files import read_table

    path = tmp_path / "rows.csv"
    path.write_text("k,v\n" + "".join(f'k,"{cell}"\n' for cell in cells))
    values = pandas.read_csv(path, dtype_backend="numpy_nullable")["v"].tolist()
    theirs = [None if value is pandas.NA or value is None or value != value else value for value in values]
    ours = [row.values["v"] for row in read_table(path).rows]
    assert (ours, [type(one) for one in ours]) == (theirs, [type(one) for one in theirs])


def test_a_number_of_thousands_of_digits_is_text(tmp_path: Path) -> None:
    (tmp_path / "clients.csv").write_text(f"threshold,mode\n{'9' * 5_000},a\n")
    found = made(tmp_path, '- {name: sweep, workflow: study, table: clients.csv, instance: "{mode}", parameters: {year: 1}}')
    assert found.scenarios[0].parameters["threshold"] == "9" * 5_000


def test_moments_that_python_cannot_hold_are_refused(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet  # type: ignore[import-untyped]

    table = pyarrow.table({"mode": pyarrow.array([2**62], pyarrow.timestamp("us"))})
    parquet.write_table(table, tmp_path / "rows.parquet")
    [found] = complaints(tmp_path, '- {name: sweep, workflow: study, table: rows.parquet, instance: "{mode}"}')
    assert found.startswith("10: rows.parquet has values that cannot be read: ")


def test_a_table_may_have_a_thousand_rows(tmp_path: Path) -> None:
    rows = [f"m{place},{place},1\n" for place in range(1_001)]
    (tmp_path / "many.csv").write_text("mode,threshold,year\n" + "".join(rows[:1_000]))
    entry = '- {name: sweep, workflow: study, table: many.csv, instance: "{mode}"}'
    found = made(tmp_path, entry)
    assert len({found.run(one).workflow_id for one in found.scenarios}) == 1_000
    (tmp_path / "many.csv").write_text("mode,threshold,year\n" + "".join(rows))
    sentence = "scenario set 'sweep': many.csv has 1,001 rows, more than 1,000; make several sets of it"
    assert complaints(tmp_path, entry) == [f"10: {sentence}"]
