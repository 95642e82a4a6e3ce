"""Flows as scripts: options, config, log and record, by ``load_cli_config``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.dialects.ductaflow import analyze_execution_logs, debug_flow, run_notebook

from .conftest import IMPORT, Write, below


def script(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=folder, check=False)


def record_of(folder: Path, stem: str = "prep") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{stem}_run.json").read_text(encoding="utf-8"))
    return found


def test_a_flow_without_options_runs_with_its_default_config_in_the_working_directory(project: Path):
    done = script(project, "flows/prep.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "rows 1"
    assert (project / "prep_execution_output.txt").read_text(encoding="utf-8") == done.stdout
    assert sorted(path.name for path in project.iterdir() if path.is_file()) == [
        "prep_execution_output.txt",
        "prep_run.json",
        "table.json",
    ]
    record = record_of(project)
    assert (record["status"], record["light"], record["error"], record["warnings"]) == ("succeeded", "green", None, [])


def test_with_an_output_folder_config_log_and_record_are_in_it(project: Path, write: Write):
    write("other.json", '{"n": 5}')
    done = script(project, "flows/prep.py", "--config", "other.json", "--output-dir", "runs/prep/A")
    assert done.returncode == 0
    folder = project / "runs/prep/A"
    assert below(folder) == ["prep_config.json", "prep_execution_output.txt", "prep_run.json", "table.json"]
    assert json.loads((folder / "prep_config.json").read_text()) == {"n": 5, "_project_root": str(project)}
    assert (folder / "prep_execution_output.txt").read_text(encoding="utf-8") == done.stdout
    assert record_of(folder)["warnings"] == ["⚠️ Warning: many rows"]
    assert analyze_execution_logs(folder) == "warning"


def test_without_execution_the_script_ends_when_its_folder_is_prepared(project: Path):
    done = script(project, "flows/prep.py", "--no-execute", "--output-dir", "runs/A")
    folder = project / "runs/A"
    assert (done.returncode, done.stdout) == (0, f"prepared: {folder}; nothing is executed\n")
    assert below(folder) == ["prep_config.json"]


def test_a_script_that_raises_is_red_and_its_log_has_the_traceback(project: Path, write: Write):
    write("config/flows/prep.json", '{"n": "many"}')
    done = script(project, "flows/prep.py", "--output-dir", "runs/A")
    told = "TypeError: '>' not supported between instances of 'str' and 'int'"
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == told
    assert (project / "runs/A/prep_execution_output.txt").read_text().splitlines()[-1] == told
    assert (record_of(project / "runs/A")["status"], record_of(project / "runs/A")["light"]) == ("failed", "red")
    assert analyze_execution_logs(project / "runs/A") == "error"


@pytest.mark.parametrize(
    ("code", "evalue"),
    [
        ("import sys\nsys.exit(3)", "3"),
        ("import sys\ndef main():\n    sys.exit('no data')\nmain()", "no data"),
        ("import sys\nsys.exit()", None),
        ("import sys\nsys.exit(0)", None),
        ("import sys\ntry:\n    sys.exit(3)\nexcept SystemExit:\n    pass", None),
        ("import sys\ndef main():\n    try:\n        sys.exit(3)\n    except SystemExit:\n        return\nmain()", None),
    ],
)
def test_a_script_that_exits_with_another_code_than_0_has_failed(project: Path, write: Write, code: str, evalue: str | None):
    write("flows/leaving.py", f"{IMPORT} load_cli_config\nload_cli_config('config/flows/prep.json')\n{code}\n")
    done, record = script(project, "flows/leaving.py"), record_of(project, "leaving")
    assert (done.returncode != 0) is (evalue is not None)
    if evalue is None:
        assert (record["status"], record["light"], record["error"]) == ("succeeded", "green", None)
    else:
        error = {"cell": None, "ename": "SystemExit", "evalue": evalue}
        assert (record["status"], record["light"], record["error"]) == ("failed", "red", error)


def test_a_script_that_is_killed_has_not_ended(project: Path, write: Write):
    write(
        "flows/dying.py",
        f"""
        {IMPORT} load_cli_config
        config = load_cli_config("config/flows/prep.json")
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    assert script(project, "flows/dying.py", "--output-dir", "runs/A").returncode == -9
    assert record_of(project / "runs/A", "dying")["status"] == "running"
    assert analyze_execution_logs(project / "runs/A") == "warning"


def test_a_fork_of_a_script_that_ends_does_not_end_the_script(project: Path, write: Write):
    write(
        "flows/forking.py",
        f"""
        {IMPORT} load_cli_config
        config = load_cli_config("config/flows/prep.json")
        import os, sys
        if (child := os.fork()) == 0:
            print("Warning: of the child")
            sys.exit()
        os.waitpid(child, 0)
        print(open("forking_run.json").read().count('"running"'))
        """,
    )
    done = script(project, "flows/forking.py")
    assert (done.returncode, done.stdout) == (0, "Warning: of the child\n1\n")
    assert (project / "forking_execution_output.txt").read_text() == done.stdout
    assert record_of(project, "forking")["light"] == "orange"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--config", "none.json"], "config none.json cannot be read: no such file or directory; name one with --config"),
        (["--config", "bad.json"], "bad.json:2 is not JSON: Expecting ':' delimiter"),
        (["--config", "list.json"], 'list.json is JSON, but not an object, such as {"n": 1}'),
        (["--config", "binary.json"], "binary.json is not text in UTF-8"),
        (["--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_what_a_script_cannot_do_is_one_sentence_and_code_2(project: Path, words: list[str], told: str):
    (project / "bad.json").write_text('{\n"n" 1}')
    (project / "list.json").write_text("[1]")
    (project / "binary.json").write_bytes(b"\xff\xfe\x00")
    done = script(project, "flows/prep.py", *words)
    assert (done.returncode, done.stdout, done.stderr.splitlines()[-1]) == (2, "", f"prep.py: error: {told}")


def test_a_flow_is_debugged_as_a_script_with_the_config_of_the_run_that_failed(project: Path, capsys):
    run_notebook("flows/prep.py", config={"n": 5}, execution_dir="runs/prep/A", export_html=False)
    capsys.readouterr()

    folder = debug_flow("flows/prep.py", "runs/prep/A")

    assert folder == project / "runs/prep/A"
    prepared, _, launch = capsys.readouterr().out.partition("\n")
    assert prepared == f"prepared: {folder}/prep_executed.ipynb"
    (entry,) = json.loads(launch)["configurations"]
    assert entry == {
        "name": "Debug prep - A",
        "type": "debugpy",
        "request": "launch",
        "program": "${workspaceFolder}/flows/prep.py",
        "args": ["--config", "prep_config.json"],
        "cwd": "${workspaceFolder}/runs/prep/A",
        "console": "integratedTerminal",
        "justMyCode": False,
    }
    program, cwd = (Path(entry[key].replace("${workspaceFolder}", str(project))) for key in ("program", "cwd"))
    assert script(cwd, str(program), *entry["args"]).stdout.splitlines()[-2:] == ["rows 5", "⚠️ Warning: many rows"]


def test_a_folder_for_debugging_is_made_with_a_given_config_and_emptied_by_force_alone(project: Path, tmp_path: Path):
    debug_flow("flows/prep.py", "runs/debug/session", {"n": 1})
    (project / "runs/debug/session/mine.txt").write_text("x")
    debug_flow("flows/prep.py", "runs/debug/session", {"n": 2})
    files = ["prep_config.json", "prep_executed.ipynb", "prep_run.json"]
    assert below(project / "runs/debug/session") == ["mine.txt", *files]
    debug_flow("flows/prep.py", "runs/debug/session", force=True)
    assert below(project / "runs/debug/session") == files
    assert json.loads((project / "runs/debug/session/prep_config.json").read_text())["n"] == 2


@pytest.mark.parametrize("folder", [".", "flows", ".."])
def test_force_does_not_remove_the_flow_or_the_working_directory(project: Path, folder: str):
    with pytest.raises(
        ValueError, match=r"^force=True would remove .*, which the flow or the working directory is in; name another"
    ):
        debug_flow("flows/prep.py", folder, {"n": 1}, force=True)
    assert (project / "flows/prep.py").exists()


def test_a_folder_without_a_config_needs_one(project: Path):
    with pytest.raises(
        ValueError, match=r"runs/none has no config \(prep_config.json, config.json or none_config.json\); give one"
    ):
        debug_flow("flows/prep.py", "runs/none")
