"""Notebooks that other programs have written, or whose cells of parameters stand oddly, run by real kernels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.acceptance.samples import typed
from workers.lights import Light
from workers.notebooks.notebook_run import NotebookRefused, run_notebook

pytestmark = pytest.mark.usefixtures("forked")

P = ["parameters"]
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def code(source: Any, tags: Any = None, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {"tags": tags}, "source": source, "outputs": [], "execution_count": None, **more}


def written(folder: Path, *cells: Any, encoding: str = "utf-8", name: str = "odd.ipynb", **more: Any) -> Path:
    path = folder / name
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": KERNEL, "cells": list(cells), **more}
    path.write_text(json.dumps(document), encoding=encoding)
    return path


def old(*sources: str) -> dict[str, Any]:
    cells = [{"cell_type": "code", "input": [one], "language": "python", "outputs": [], "prompt_number": 1} for one in sources]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "old"}, "worksheets": [{"cells": cells}], "cells": None}


@pytest.mark.parametrize(
    ("cells", "more"),
    [
        ([code("print(1)"), code(["print(2)\n", "print(3)"])], {}),
        ([], old("print(1)", "print(2)\nprint(3)")),
        ([{"cell_type": "code", "source": "print(1)"}, code("print(2)\nprint(3)", "a,b", outputs=5)], {"nbformat_minor": []}),
        ([code("print(1)", id="x"), code("print(2)", id="x"), code("print(3)", id="a b")], {"metadata": None}),
        ([code("print(1)\nprint(2)"), code(None), code("print(3)", [None, 5], metadata={"papermill": 5, "jupyter": None})], {}),
        ([code("print(1)\nprint(2)\nprint(3)")], {"metadata": {"kernelspec": None, "language_info": None, "papermill": []}}),
        ([code("print(1)\nprint(2)\nprint(3)")], {"metadata": {"kernelspec": {"display_name": "x"}}, "encoding": "utf-8-sig"}),
        ([code("print(1)\nprint(2)\nprint(3)", metadata={"execution": 5})], {"nbformat": 4.0, "encoding": "utf-16"}),
    ],
)  # fmt: skip
def test_a_sloppy_notebook_runs(tmp_path: Path, into: Path, cells, more) -> None:
    result = run_notebook(written(tmp_path, *cells, **more), {}, into)
    assert result.light is Light.GREEN
    assert (into / "output.txt").read_text() == "1\n2\n3\n"
    executed = nbformat.read(result.path, 4)
    nbformat.validate(executed)
    assert executed.metadata.get("simpleflow_nb") == ({"upgraded_from_nbformat": 3} if "worksheets" in more else None)


OLD_SOURCE = "cell 1 has 'input' in place of 'source', as notebooks before format 4 have it"


@pytest.mark.parametrize(
    ("cells", "more", "why"),
    [
        ([5], {}, "cell 1 is 5, not a mapping"),
        ([code("1"), {"metadata": {}}], {}, "cell 2 has no 'cell_type'; it is 'code', 'markdown' or 'raw'"),
        ([code("1", cell_type="Code")], {}, "cell 1 is of the type 'Code'; there are 'code', 'markdown' and 'raw'"),
        ([code({"a": 1})], {}, "the source of cell 1 is a mapping, not text"),
        ([code(["a", 5])], {}, "the source of cell 1 is 5, not text"),
        ([{"cell_type": "code", "input": "1"}], {}, OLD_SOURCE),
        ([code("'\ud800'")], {}, "it holds half a character (a lone surrogate)"),
        ([], {"cells": None}, "it has no list of cells"),
        ([], {"nbformat": 3, "worksheets": [{"cells": None}]}, "its worksheet 1 has no list of cells"),
        ([], {"nbformat": "4"}, "it is not of format 3 or 4"),
        ([], {"metadata": json.loads("[" * 200 + "]" * 200)}, None),
        ([], {"metadata": {"a": json.loads("[" * 200 + "]" * 200)}}, "it is nested more than 100 levels deep"),
    ],
)  # fmt: skip
def test_what_would_have_to_be_guessed_is_refused(tmp_path: Path, into: Path, cells, more, why) -> None:
    path = written(tmp_path, *cells, **more)
    if why is None:
        run_notebook(path, {}, into)
        return
    with pytest.raises(NotebookRefused) as refused:
        run_notebook(path, {}, into)
    assert str(refused.value) == f"{path} is not a notebook: {why}"
    assert not into.exists()


@pytest.mark.parametrize(
    ("metadata", "sentence"),
    [
        ({"kernelspec": {"language": "R"}}, "is in R and names no kernel; save it in Jupyter with one"),
        ({"language_info": {"name": "julia"}}, "is in Julia and names no kernel; save it in Jupyter with one"),
    ],
)
def test_a_notebook_of_another_language_does_not_run_as_python(tmp_path: Path, into: Path, metadata, sentence) -> None:
    path = written(tmp_path, code("1"), metadata=metadata)
    with pytest.raises(NotebookRefused) as refused:
        run_notebook(path, {}, into)
    assert str(refused.value) == f"notebook {path} {sentence}"


VALUES = "injected-parameters"
MARKDOWN = {"cell_type": "markdown", "metadata": {"tags": P}, "source": "x = 5"}


@pytest.mark.parametrize(
    ("cells", "printed"),
    [
        ([MARKDOWN, code("x = 1", P), code("print(x)")], "77\n"),
        ([code("x = 6", ["injected-parameters"]), code("x = 1", P), code("print(x)")], "77\n"),
        ([code("x = 1", P), code("x = 6", [VALUES]), code("x = 7", VALUES), code("print(x)")], "77\n"),
        ([code("x = y = 1", P), code("y = 2", P), code("print(x, y)")], "77 2\n"),
        ([code("x = 1", "a,parameters"), code("print(x)")], "77\n"),
        ([code("x, y = 1, 2\nz = '''\nx = 3'''", P), code("print(x)")], "77\n"),
        ([code("%matplotlib inline\nx = !echo 1\n", P), code("print(x)")], "77\n"),
    ],
)  # fmt: skip
def test_the_value_given_wins(tmp_path: Path, into: Path, cells, printed) -> None:
    run_notebook(written(tmp_path, *cells), {"x": 77}, into)
    assert (into / "output.txt").read_text() == printed


def test_values_that_an_earlier_run_has_left_count_where_none_are_given(tmp_path: Path, into: Path) -> None:
    cells = [code("x = 1", P), code("x = 6", ["injected-parameters"]), code("print(x)")]
    run_notebook(written(tmp_path, *cells), {}, into)
    assert (into / "output.txt").read_text() == "6\n"


@pytest.mark.parametrize(
    ("cells", "parameters", "sentence"),
    [
        (
            [code("x = 1", P), code("x = 2", P), code("print(x)")],
            {"x": 77},
            "notebook 'odd.ipynb' has two cells tagged 'parameters' (cells 1 and 2), and the later one sets 'x' after the "
            "value given, which would be lost; keep the defaults in one cell",
        ),
        (
            [MARKDOWN, code("x = 2\nprint(x)")],
            {"x": 77},
            "notebook 'odd.ipynb' has no code cell tagged 'parameters' (cell 1, which has that tag, is a Markdown cell), so it "
            "cannot take 'x'; tag the cell that sets their defaults",
        ),
        (
            [code("print(x)"), code("x = 1", P)],
            {"x": 77},
            "notebook 'odd.ipynb' uses 'x' in cell 1, before its cell tagged 'parameters' (cell 2) and the value given; move "
            "that cell to the top",
        ),
        (
            [code("x = 1\ny = x + 1", P), code("print(y)")],
            {"x": 77},
            "notebook 'odd.ipynb' computes 'y' from the default of 'x' in its cell tagged 'parameters' (cell 1), which the "
            "value given does not change; compute it in the next cell, or give it too",
        ),
        (
            [code("", P)],
            {"x": 77},
            "notebook 'odd.ipynb' has no parameter 'x'; its cell tagged 'parameters' sets nothing",
        ),
        (
            [code("x = '''\ny = 1'''", P)],
            {"y": 77},
            "notebook 'odd.ipynb' has no parameter 'y'; its cell tagged 'parameters' sets 'x'",
        ),
        (
            [code("x = 1", P)],
            {"x": [1, {"a": float("nan")}]},
            "parameter 'x' of notebook 'odd.ipynb': NaN is not a JSON value; give null or a number",
        ),
        (
            [code("x = 1", P)],
            {"x": float("-inf")},
            "parameter 'x' of notebook 'odd.ipynb': -Infinity is not a JSON value; give null or a number",
        ),
    ],
)
def test_a_value_that_would_be_lost_is_refused(tmp_path: Path, into: Path, cells, parameters, sentence) -> None:
    with pytest.raises(NotebookRefused) as refused:
        run_notebook(written(tmp_path, *cells), parameters, into)
    assert str(refused.value) == sentence
    assert not into.exists()


@pytest.mark.parametrize("tags", ["[null]", "[1]", '"parameters"'])
def test_settings_of_a_cell_of_a_script_that_cannot_be_read_are_refused_with_their_line(tmp_path: Path, tags: str) -> None:
    (tmp_path / "odd.py").write_text(f"import os\n\n# %% tags={tags}\nx = 1\n")
    done = typed("notebook.run", "odd.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        f"simpleflow-nb: {tmp_path}/odd.py:3 cannot be read as cells: what stands behind '# %%' must be a title, settings such "
        'as tags=["parameters"], or both\n',
    )


ODD_WORDS = """\
workflows:
  - name: show
    notebooks:
      show: {filename: show.py, parameters: {country: country, rate: rate}}
      old: {filename: old.ipynb}
available_dates_sensor:
  schedule: null
  source: {files: {d: 'data/{date}.csv'}}
  workflows:
    - workflow_name: show
      parameters: {country: NO, rate: 1e-3}
"""


def test_warnings_of_a_file_leave_it_good_and_are_counted_by_those_that_go_on(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "workflows.yml").write_text(ODD_WORDS)
    (tmp_path / "show.py").write_text("# %% tags=['parameters']\ncountry = rate = 1\n# %%\nprint(country, rate)\n")
    written(tmp_path, name="old.ipynb", **old("print(1)"))
    checked = typed("validate", "workflows.yml", cwd=tmp_path)
    assert (checked.returncode, checked.stdout) == (0, "workflows.yml: good (1 workflow, 2 notebooks, 1 sensor entry)\n")
    assert checked.stderr == (
        "warning: workflows.yml:11: NO was read as false; write 'NO' in quotes for the text, or false\n"
        "warning: workflows.yml:11: 1e-3 was read as text; write 0.001 for the number, or '1e-3' in quotes for the text\n"
        f"warning: {tmp_path}/old.ipynb is of nbformat 3, and is upgraded to 4 each time it runs; open and save it in Jupyter "
        "once\n"
    )
    count = "warning: workflows.yml has 2 warnings; simpleflow-nb validate workflows.yml tells\n"
    for words in (("plan", "workflows.yml"), ("sensor.start", "workflows.yml", "--local", "--once")):
        done = typed(*words, cwd=tmp_path)
        assert done.returncode == 0
        assert done.stderr.startswith(count)
