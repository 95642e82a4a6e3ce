"""A project as ductaflow's README lays it out: flows, a build that calls them, a config for each."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workers.kernels.supply import KernelSettings, KernelSupply

IMPORT = "from simpleflow_nb.dialects.ductaflow import"

PREP = f"""
# %% tags=["parameters"]
# Parameters cell - injected by papermill
config = {{}}

# %% CLI Mode - same file works as notebook and script
{IMPORT} is_notebook_execution, load_cli_config, unpack_config

if not is_notebook_execution():
    config = load_cli_config("config/flows/prep.json", "Prepare the data")

# %%
vars().update(unpack_config(config, "Prep", locals()))

# %%
import json

print("rows", n)
if n > 2:
    print("⚠️ Warning: many rows")
with open("table.json", "w") as file:
    json.dump({{"n": n, "root": str(_project_root)}}, file)
"""

TOTAL = """
# %% tags=["parameters"]
config = {}

# %%
import json

with open("../prep_instance/table.json") as file:
    table = json.load(file)
if config.get("bad"):
    raise ValueError("bad total")
print("total", table["n"] * 10)
"""

PIPELINE = f"""
# %% tags=["parameters"]
config = {{}}

# %%
from pathlib import Path

{IMPORT} run_notebook

project_root = Path(config["_project_root"])
flows, run_folder = project_root / "flows", Path.cwd()

# %%
run_notebook(
    notebook_file=flows / "prep.py",
    config=config,
    execution_dir=run_folder / "runs" / "prep_instance",
    project_root=project_root,
    export_html=False,
)

# %%
run_notebook(
    notebook_file=flows / "total.py",
    config=config,
    execution_dir=run_folder / "runs" / "total_instance",
    project_root=project_root,
    export_html=False,
)
print("build done")
"""

Write = Callable[[str, str], Path]


@pytest.fixture(scope="session")
def forking() -> Iterator[KernelSupply]:
    """A fork server for all tests of the session, which has loaded what builds load to run their flows."""
    supply = KernelSupply(KernelSettings(preload=("papermill", "nbclient", "jupytext", "psutil")))
    supply.start()
    yield supply
    supply.close()


@pytest.fixture(autouse=True)
def forked(forking: KernelSupply, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels that a test starts itself are forked; those that a build or a program starts are programs of their own, as
    they are for everybody."""
    monkeypatch.setattr("workers.kernels.supply._shared", forking)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file of the project, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)  # with it ipykernel does not capture the output of subprocesses

    def write_file(path: str, text: str) -> Path:
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return place

    return write_file


@pytest.fixture
def project(write: Write, tmp_path: Path) -> Path:
    """Two flows, a build, and the default config of the first flow."""
    write("flows/prep.py", PREP)
    write("flows/total.py", TOTAL)
    write("builds/pipeline.py", PIPELINE)
    write("config/flows/prep.json", json.dumps({"n": 1}))
    return tmp_path


def below(folder: Path) -> list[str]:
    """The files below a folder, as paths relative to it."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
