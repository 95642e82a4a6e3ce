"""What a notebook may take, as text and as numbers."""

import json

import pytest

from deciders.notebooks.notebook_parameters import read_notebook_parameters
from deciders.specification import load_specification
from deciders.specification.notebook_limits import duration_seconds, memory_bytes, memory_text

FILE = """\
workflows:
  - name: days
    notebooks:
      count:
        filename: count.py
        parameters: {day: reference_date}
        timeout: 1.5h
        cell_timeout: 90
        memory_limit: 2GiB
        retries: 2
        kernel: python3
        env: {OMP_NUM_THREADS: "1"}
      plain:
        filename: count.py
available_dates_sensor:
  schedule: null
  source: {files: {calls: '{date}.csv'}}
  workflows: [{workflow_name: days}]
"""


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(90, 90), (0.5, 0.5), ("90s", 90), ("10m", 600), (" 2 H ", 7_200), ("1.5h", 5_400), ("30d", 2_592_000)],
)
def test_a_duration_is_seconds_or_has_a_unit(given, seconds):
    assert duration_seconds(given) == seconds


@pytest.mark.parametrize(
    "given", [0, -1, True, None, "", "10", "ten m", "1h30m", "31d", "-1s", float("inf"), float("nan"), 10**400]
)
def test_what_is_no_duration_is_refused(given):
    with pytest.raises(ValueError, match=r"^a duration of at most 30 days, such as 90 \(seconds\), 10m or 2h$"):
        duration_seconds(given)


@pytest.mark.parametrize(
    ("given", "number"),
    [(1_000_000, 1_000_000), ("500MB", 500_000_000), ("500 mb", 500_000_000), ("1.5GB", 1_500_000_000), ("2GiB", 2**31)],
)
def test_memory_is_bytes_or_has_a_unit(given, number):
    assert memory_bytes(given) == number


@pytest.mark.parametrize(
    ("number", "text"),
    [(4_000_000_000, "4GB"), (2**31, "2GiB"), (1_500_000_000, "1500MB"), (1_000_024, "1000024"), (1_024_000, "1000KiB")],
)
def test_memory_is_shown_exactly(number, text):
    assert memory_text(number) == text
    assert memory_bytes(int(text) if text.isdigit() else text) == number


@pytest.mark.parametrize("given", [999_999, "500", "500M", "1 Gib b", True, None, float("nan"), "0.5MB"])
def test_what_is_no_amount_of_memory_is_refused(given):
    with pytest.raises(ValueError, match=r"^an amount of memory of at least 1 MB, such as 500MB or 2GiB$"):
        memory_bytes(given)


def test_the_settings_of_a_notebook_come_with_its_specification(tmp_path):
    (tmp_path / "count.py").write_text("# %% tags=['parameters']\nday = None\n")
    (tmp_path / "workflows.yml").write_text(FILE)
    workflow = load_specification(tmp_path / "workflows.yml").workflow("days")
    given, plain = workflow.notebooks
    assert (given.timeout_seconds, given.cell_timeout_seconds, given.memory_limit_bytes) == (5_400, 90, 2**31)
    assert (given.retries, given.kernel, given.environment) == (2, "python3", {"OMP_NUM_THREADS": "1"})
    assert (plain.timeout_seconds, plain.memory_limit_bytes, plain.retries, plain.kernel) == (None, None, 0, None)
    assert type(workflow).model_validate(json.loads(json.dumps(workflow.model_dump(mode="json")))) == workflow


@pytest.mark.parametrize(
    ("text", "has_cell", "names"),
    [
        ("# %% tags=['parameters']\na = 1\n# %%\nb = 2\n", True, {"a"}),
        ('# %% Title tags=["x", "parameters"] other=1\n%matplotlib\na = b = 1\n', True, {"a", "b"}),
        ("# %% [markdown]\n# tags=['parameters']\n# %%\na = 1\n", False, None),
        ("a = 1\n", False, None),
    ],
)
def test_a_script_with_cells_tells_its_parameters(tmp_path, text, has_cell, names):
    path = tmp_path / "count.py"
    path.write_text(text)
    known = read_notebook_parameters(path)
    assert known is not None
    assert (known.has_cell, known.names) == (has_cell, names)
