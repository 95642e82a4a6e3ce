"""A flow run by `run_notebook` and `run_step_flow`: its files, its end, and when it is not run again."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest

from simpleflow_nb.dialects.ductaflow import analyze_execution_logs, run_notebook, run_step_flow
from tests.settings import PATIENCE_SECONDS
from workers.notebooks import NotebookFailed, NotebookRefused

from .conftest import IMPORT, Write, below

SMALL = """
# %% tags=["parameters"]
config = {}
# %%
print("n is", config.get("n"))
"""


def record_of(folder: Path, stem: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{stem}_run.json").read_text(encoding="utf-8"))
    return found


def log_of(folder: Path, stem: str) -> str:
    """The log, with durations as a word."""
    text = (folder / f"{stem}_execution_output.txt").read_text(encoding="utf-8")
    return re.sub(r"\d+\.\d s$", "SOON", text, flags=re.MULTILINE)


# ---- what a flow gets, and leaves -----------------------------------------------------------------------------------------


def test_a_flow_leaves_its_files_under_ductaflows_names_in_its_instance_folder(project: Path, capsys):
    executed = run_step_flow(notebook_file="flows/prep.py", step_name="prep", instance_name="A", config={"n": 5}, suffix="_v2")

    folder = project / "runs/prep/A_v2"
    assert executed == folder / "prep_executed.ipynb"
    assert below(project / "runs") == [
        "prep/A_v2/prep_config.json",
        "prep/A_v2/prep_executed.html",
        "prep/A_v2/prep_executed.ipynb",
        "prep/A_v2/prep_execution_output.txt",
        "prep/A_v2/prep_run.json",
        "prep/A_v2/table.json",
    ]
    assert json.loads((folder / "prep_config.json").read_text()) == {"n": 5, "_project_root": str(project)}
    printed = (
        f"config: 2 variables\n                n = 5\n                _project_root = {project!r}\nrows 5\n"
        "⚠️ Warning: many rows\n✅ Completed prep.py - Time: SOON\n"
    )
    assert log_of(folder, "prep") == printed
    assert re.sub(r"\d+\.\d s$", "SOON", capsys.readouterr().out, flags=re.MULTILINE) == printed
    record = record_of(folder, "prep")
    assert (record["status"], record["light"], record["warnings"]) == ("succeeded", "orange", ["⚠️ Warning: many rows"])
    assert analyze_execution_logs(folder) == "warning"
    nbformat.validate(nbformat.read(executed, 4))


def test_the_first_argument_of_a_step_has_both_of_its_names(write: Write):
    write("flows/small.py", SMALL)
    by_code = run_step_flow(notebook_path="flows/small.py", step_name="s", instance_name="a", config={"n": 1})
    by_place = run_step_flow("flows/small.py", "s", "b", {"n": 1})
    assert (by_code.parent.name, by_place.parent.name) == ("a", "b")
    with pytest.raises(
        TypeError, match=r"^run_step_flow needs a notebook_file \(or notebook_path\), a step_name and an instance_name$"
    ):
        run_step_flow("flows/small.py", notebook_file="flows/small.py", step_name="s", instance_name="a")


def test_flows_share_a_folder_and_the_second_argument_is_where_notebooks_are(write: Write, tmp_path: Path):
    write("flows/one.py", SMALL)
    write("flows/two.py", SMALL)
    run_notebook("one.py", "flows", {"n": 1}, export_html=False)
    run_notebook("two.py", "flows", {"n": 2}, "_done", export_html=False)
    assert below(tmp_path) == [
        "flows/one.py",
        "flows/two.py",
        "one_config.json",
        "one_executed.ipynb",
        "one_execution_output.txt",
        "one_run.json",
        "two_config.json",
        "two_done.ipynb",
        "two_execution_output.txt",
        "two_run.json",
    ]


def test_a_notebook_of_the_user_beside_the_flow_is_not_touched(write: Write, tmp_path: Path):
    write("flows/small.py", SMALL)
    own = write("flows/small.ipynb", "the user's own")
    run_notebook("flows/small.py", execution_dir="runs/a", export_html=False)
    run_notebook("flows/small.py", execution_dir="flows", export_html=False)
    told = f"{own} is not of an earlier run, and would be overwritten; give an output_suffix"
    (tmp_path / "flows/small_run.json").unlink()
    with pytest.raises(NotebookRefused, match=f"^{re.escape(told)}$"):
        run_notebook("flows/small.py", execution_dir="flows", output_suffix="", export_html=False)
    assert own.read_text() == "the user's own"


def test_the_root_of_the_project_is_the_argument_or_the_configs_or_the_working_directory(write: Write, tmp_path: Path):
    write("flows/small.py", SMALL)
    for given, in_config, root in (
        (None, None, tmp_path),
        (None, "sub", tmp_path / "sub"),
        ("other", "sub", tmp_path / "other"),
    ):
        config = {"_project_root": in_config} if in_config else {}
        run_notebook("flows/small.py", config=config, project_root=given, no_execute=True)
        assert json.loads((tmp_path / "small_config.json").read_text()) == {"_project_root": str(root)}
        assert config == ({"_project_root": in_config} if in_config else {})


def test_a_flow_without_a_cell_for_parameters_gets_its_config_at_the_top_and_nothing_is_logged(write: Write, tmp_path, caplog):
    write("flows/plain.py", "print('n is', config['n'])\n")
    with caplog.at_level(logging.ERROR):
        run_notebook("flows/plain.py", config={"n": 7}, export_html=False)
    assert log_of(tmp_path, "plain") == "n is 7\n✅ Completed plain.py - Time: SOON\n"
    assert (record_of(tmp_path, "plain")["light"], caplog.records) == ("green", [])


def test_a_value_that_json_lacks_becomes_text_with_a_warning_unless_its_text_is_all_of_it(write: Write, tmp_path: Path):
    write("flows/small.py", "# %% tags=[\"parameters\"]\nconfig = {}\n# %%\nprint(config['data_dir'], config['flow'])\n")
    run_notebook("flows/small.py", config={"data_dir": Path("data"), "flow": {1}}, export_html=False)
    note = "config: flow is a set, which JSON does not have; the flow gets its text"
    assert log_of(tmp_path, "small") == f"data {{1}}\n✅ Completed small.py - Time: SOON\n⚠️ {note}\n"
    assert (record_of(tmp_path, "small")["light"], record_of(tmp_path, "small")["warnings"]) == ("orange", [f"⚠️ {note}"])


def test_a_known_secret_is_in_no_file_and_not_shown(write: Write, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("SIMPLEFLOW_NB_SECRETS", "DOOR")
    monkeypatch.setenv("DOOR", "open sesame")
    write("flows/small.py", SMALL)
    run_notebook("flows/small.py", config={"n": "open sesame"})
    assert log_of(tmp_path, "small").startswith("n is ***\n")
    assert [path for path in tmp_path.rglob("small*") if "open sesame" in path.read_text(encoding="utf-8")] == []
    assert "sesame" not in capsys.readouterr().out


# ---- how it ends -------------------------------------------------------------------------------------------------------------


def test_a_failed_flow_raises_is_red_and_keeps_its_notebook_config_log_and_web_page(project: Path):
    (project / "prep_instance").mkdir()
    (project / "prep_instance/table.json").write_text('{"n": 1}')
    with pytest.raises(
        NotebookFailed, match=r"^notebook 'total' failed in cell 2: ValueError: bad total \(see .*total_executed.ipynb\)$"
    ):
        run_notebook("flows/total.py", config={"bad": True}, execution_dir="total_instance")
    folder = project / "total_instance"
    assert below(folder) == [
        f"total_{end}" for end in ("config.json", "executed.html", "executed.ipynb", "execution_output.txt", "run.json")
    ]
    assert log_of(folder, "total") == "❌ Failed total.py: ValueError: bad total (cell 2)\n"
    assert record_of(folder, "total")["light"] == "red"
    assert "bad total" in (folder / "total_executed.html").read_text(encoding="utf-8")
    assert analyze_execution_logs(folder) == "error"


def test_a_cell_that_takes_longer_than_the_timeout_fails_the_flow(write: Write, tmp_path: Path):
    write("flows/slow.py", "import time; time.sleep(600)\n")
    with pytest.raises(NotebookFailed, match="TimeoutError: the cell was stopped after 1 s"):
        run_notebook("flows/slow.py", timeout=1, export_html=False)
    assert record_of(tmp_path, "slow")["status"] == "failed"


def test_words_of_failure_in_a_good_run_do_not_make_it_red(write: Write, tmp_path: Path):
    write("flows/chatty.py", "print('error: 0'); print('0 failed: none'); print('❌ no rows dropped')\n")
    run_notebook("flows/chatty.py", export_html=False)
    assert analyze_execution_logs(tmp_path) == "success"


def test_a_missing_flow_is_an_error_with_a_guess_before_anything_is_written(write: Write, tmp_path: Path):
    write("flows/small.py", SMALL)
    with pytest.raises(FileNotFoundError, match=r"^Notebook file not found: flows/smal.py \(did you mean 'small.py'\?\)$"):
        run_notebook("flows/smal.py", execution_dir="runs/a")
    with pytest.raises(FileNotFoundError, match=r"^Notebook file not found: nowhere/small.py$"):
        run_notebook("small.py", "nowhere")
    assert below(tmp_path) == ["flows/small.py"]


def test_a_web_page_that_cannot_be_made_turns_the_flow_orange_and_does_not_fail_it(write: Write, tmp_path: Path, monkeypatch):
    write("flows/small.py", SMALL)

    def broken(*_: object) -> Path:
        raise ValueError("no template\nsub-directory")

    monkeypatch.setattr("simpleflow_nb.dialects.ductaflow.flow_run.convert_notebook_to_html", broken)
    run_notebook("flows/small.py", config={"n": 1})
    line = "⚠️ HTML export failed: ValueError: no template sub-directory"
    assert log_of(tmp_path, "small") == f"n is 1\n✅ Completed small.py - Time: SOON\n{line}\n"
    assert (record_of(tmp_path, "small")["light"], record_of(tmp_path, "small")["warnings"]) == ("orange", [line])
    assert analyze_execution_logs(tmp_path) == "warning"


# ---- not run again -----------------------------------------------------------------------------------------------------------


def test_a_flow_is_run_again_for_a_reason_only(write: Write, tmp_path: Path, capsys):
    source = write("flows/count.py", SMALL + "\nwith open('runs.txt', 'a') as file:\n    file.write('x')\n")
    data = write("data.csv", "1")
    where, runs = f"count.py in {tmp_path}/out", tmp_path / "out/runs.txt"

    def again(**options: Any) -> str:
        config = {"n": 1, "data": "data.csv", **options.pop("config", {})}
        run_notebook("flows/count.py", config=config, execution_dir="out", export_html=False, **options)
        return capsys.readouterr().out.splitlines()[0]

    assert (again(), runs.read_text()) == ("n is 1", "x")
    assert again() == f"kept: {where} (nothing has changed; force=True runs it again)"
    assert runs.read_text() == "x"
    assert again(config={"n": 2, "data": "data.csv"}) == f"again: {where} (config: n 1 -> 2)"
    assert again(config={"n": 2, "more": [1], "data": "data.csv"}) == f"again: {where} (config: more is new)"
    assert again() == f"again: {where} (config: n 2 -> 1, more is gone)"
    assert again(force=True) == f"again: {where} (force=True)"
    data.write_text("1,2")
    assert again() == f"again: {where} ({data} has changed)"
    data.unlink()
    assert again() == f"again: {where} (other files that its config names are there)"
    source.write_text(source.read_text() + "# better\n")
    assert again() == f"again: {where} (its file has changed)"
    (tmp_path / "out/count_executed.ipynb").unlink()
    assert again() == f"again: {where} (count_executed.ipynb is gone)"
    assert again().startswith("kept: ")
    assert runs.read_text() == "x" * 9


def test_a_flow_that_failed_or_was_only_prepared_is_run_again(write: Write, tmp_path: Path, capsys):
    write("flows/weak.py", "import os\nif os.path.exists('fail'):\n    raise ValueError('weak')\n")
    write("fail", "")
    with pytest.raises(NotebookFailed):
        run_notebook("flows/weak.py", export_html=False)
    (tmp_path / "fail").unlink()
    capsys.readouterr()
    run_notebook("flows/weak.py", export_html=False)
    assert capsys.readouterr().out.splitlines()[0] == f"again: weak.py in {tmp_path} (its last run failed)"
    run_notebook("flows/weak.py", no_execute=True)
    capsys.readouterr()
    run_notebook("flows/weak.py", export_html=False)
    assert capsys.readouterr().out.splitlines()[0] == f"again: weak.py in {tmp_path} (it was prepared, and not executed)"


def test_a_web_page_that_a_kept_flow_lacks_is_made(write: Write, tmp_path: Path):
    write("flows/small.py", SMALL)
    run_notebook("flows/small.py", export_html=False)
    run_notebook("flows/small.py")
    assert (tmp_path / "small_executed.html").exists()


def test_a_file_that_the_flow_writes_although_its_config_names_it_is_no_reason(write: Write, tmp_path: Path, capsys):
    write("flows/out.py", "with open(config['output'], 'w') as file:\n    file.write('x')\n")
    for _ in range(2):
        run_notebook("flows/out.py", config={"output": "made.csv"}, export_html=False)
    assert capsys.readouterr().out.splitlines()[-1].startswith("kept: ")


# ---- no_execute --------------------------------------------------------------------------------------------------------------


def test_without_execution_the_notebook_and_the_config_are_written_with_the_same_keys(write: Write, tmp_path: Path, capsys):
    write("flows/small.py", SMALL)
    executed = run_notebook("flows/small.py", config={"camelCase": 1}, execution_dir="runs/a", no_execute=True)
    assert executed == tmp_path / "runs/a/small_executed.ipynb"
    assert below(tmp_path / "runs/a") == ["small_config.json", "small_executed.ipynb", "small_run.json"]
    assert capsys.readouterr().out == f"prepared: {executed}\n"
    cells = [cell.source for cell in nbformat.read(executed, 4).cells]
    values = {"camelCase": 1, "_project_root": str(tmp_path)}
    namespace: dict[str, Any] = {}
    exec("\n".join(cells[:2]), namespace)
    assert namespace["config"] == values
    assert analyze_execution_logs(tmp_path) == "warning"


def test_a_config_can_ask_for_no_execution(write: Write, tmp_path: Path):
    write("flows/small.py", SMALL)
    run_notebook("flows/small.py", config={"_no_execute": True, "n": 1})
    assert record_of(tmp_path, "small")["status"] == "prepared"
    assert json.loads((tmp_path / "small_config.json").read_text()) == {"n": 1, "_project_root": str(tmp_path)}


# ---- beside each other -------------------------------------------------------------------------------------------------------


def test_a_flow_runs_once_at_a_time_in_one_folder_whoever_runs_it(write: Write, tmp_path: Path):
    write(
        "flows/slow.py",
        """
        import os, time
        open("begun", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.05)
        """,
    )
    code = f"{IMPORT} run_notebook; run_notebook('flows/slow.py', execution_dir='a', export_html=False)"
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.DEVNULL) as other:
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not (tmp_path / "a/begun").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            told = f"slow.py runs in {tmp_path}/a already; give each run an execution_dir of its own"
            with pytest.raises(NotebookRefused, match=f"^{re.escape(told)}$"):
                run_notebook("flows/slow.py", execution_dir="a")
            run_notebook("flows/slow.py", execution_dir="b", no_execute=True)
        finally:
            (tmp_path / "a/go").touch()
    assert other.returncode == 0
    assert not (tmp_path / "a/.slow_called.jsonl").exists()
    run_notebook("flows/slow.py", execution_dir="a")


def test_a_run_that_was_killed_is_made_again(write: Write, tmp_path: Path, capsys):
    write("flows/small.py", SMALL)
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / ".small_called.jsonl").write_text("{half")
    (folder / "small_run.json").write_text('{"schema": 1, "status": "running"}')
    run_notebook("flows/small.py", execution_dir="a", export_html=False)
    assert capsys.readouterr().out.splitlines()[0] == f"again: small.py in {folder} (its last run was interrupted)"
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_what_a_flow_imports_is_light():
    code = (
        "from simpleflow_nb.dialects.ductaflow import is_notebook_execution, unpack_config\n"
        "import sys; print(is_notebook_execution(), *{name.partition('.')[0] for name in sys.modules})"
    )
    said, *loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert said == "False"
    assert set(loaded) & {"workers", "papermill", "nbconvert", "IPython", "pandas", "jinja2", "boto3", "click"} == set()


def test_every_public_name_is_there():
    from simpleflow_nb.dialects import ductaflow

    assert [name for name in ductaflow.__all__ if not callable(getattr(ductaflow, name))] == []
    assert sorted(ductaflow.__all__) == ductaflow.__all__ == dir(ductaflow)
    with pytest.raises(AttributeError, match=r"module 'simpleflow_nb.dialects.ductaflow' has no attribute 'run_notebok'"):
        ductaflow.run_notebok
