"""What the tests of single modules share."""

from datetime import date
from pathlib import Path

import pytest

from tests.unit.tested_project import arrive, written
from tests.unit.workflow_files import notebook


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder with the notebooks that the files of :mod:`tests.unit.workflow_files` name."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "flows_report.ipynb").write_text(notebook("flows = title = ''\nday: str"))
    (tmp_path / "mend.ipynb").write_text(notebook("failed = sizes = table = level = seed = None"))
    (tmp_path / "sub" / "run_flows.ipynb").write_text(notebook(["unit = 'a'\n", "url, folder = '', ''"]))
    (tmp_path / "bare.ipynb").write_text(notebook(None))
    (tmp_path / "other.ipynb").write_text("not JSON, so not looked at")
    (tmp_path / "template.typ").write_text("")
    return tmp_path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A file of two notebooks, with data of one day."""
    (tmp_path / "count.py").write_text('# %% tags=["parameters"]\nreference_date = None\n')
    (tmp_path / "report.py").write_text('# %% tags=["parameters"]\ncounted = None\n')
    (tmp_path / "data").mkdir()
    arrive(tmp_path, date(2024, 1, 1))
    return written(tmp_path)
