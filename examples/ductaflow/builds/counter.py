# %% tags=["parameters"]
config = {}

# %%
from pathlib import Path

from simpleflow_nb.dialects.ductaflow import is_notebook_execution, load_cli_config, run_notebook

if not is_notebook_execution():
    config = load_cli_config("config/builds/counter.json", "Simulate one day")

project_root = Path(config["_project_root"])
run_folder = Path.cwd()

# %%
for flow in ("arrivals", "waiting"):
    run_notebook(
        notebook_file=project_root / "flows" / f"{flow}.py",
        config=config,
        execution_dir=run_folder / "runs" / flow,
        project_root=project_root,
    )

# %%
print((run_folder / "runs/waiting/waiting.json").read_text())
