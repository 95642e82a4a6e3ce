"""Builds, whose kernels run flows in kernels of their own, and conductors, which run builds over scenarios."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from simpleflow_nb.dialects.ductaflow import analyze_execution_logs, run_notebook
from tests.settings import PATIENCE_SECONDS
from workers.notebooks import NotebookFailed

from .conftest import IMPORT, PREP, TOTAL, Write, below

CONDUCTOR = f"""
import itertools
import json
import time
from datetime import datetime
from pathlib import Path

{IMPORT} analyze_execution_logs, generate_status_report, run_notebook

base_config = {{"n": 1}}
scenario_dimensions = {{
    "size": [{{"label": "Low", "n": 1}}, {{"label": "High", "n": 5}}],
    "quality": [{{"label": "Good"}}, {{"label": "Bad", "bad": True}}],
}}
active_dimensions = ["size", "quality"]

results = []
for choice in itertools.product(*(scenario_dimensions[name] for name in active_dimensions)):
    name = "Scenario_" + "_".join(option["label"] for option in choice)
    config = dict(base_config)
    for option in choice:
        config.update({{key: value for key, value in option.items() if key != "label"}})
    begun = time.time()
    result = {{"scenario": name, "status": "success", "start_time": datetime.now().isoformat(), "error": None}}
    try:
        run_notebook(
            notebook_file="builds/pipeline.py",
            execution_dir=Path("runs/conductor_runs/Model_Runs") / name,
            project_root=Path.cwd(),
            config=config,
            export_html=False,
        )
    except Exception as error:
        result.update(status="failed", error=str(error))
    result["duration_minutes"] = (time.time() - begun) / 60
    results.append(result)
    report_html = generate_status_report(results, Path("runs"))
    with open("runs/conductor_status_report.html", "w") as f:
        f.write(report_html)

Path("runs/conductor_results.json").write_text(json.dumps(results, indent=2))
emoji = {{"success": "green", "warning": "orange", "error": "red"}}
for result in results:
    light = analyze_execution_logs(Path("runs/conductor_runs/Model_Runs") / result["scenario"])
    print(result["scenario"], result["status"], emoji[light])
"""


def build(folder: str = "runs/A", **options: Any) -> Path:
    config = options.pop("config", {"n": 1})
    return run_notebook("builds/pipeline.py", config=config, execution_dir=folder, export_html=False, **options)


def test_a_build_runs_its_flows_below_itself_and_its_log_has_what_they_print(project: Path, capsys):
    build(config={"n": 5})

    flows = ["prep_instance/prep", "total_instance/total"]
    ends = ("config.json", "executed.ipynb", "execution_output.txt", "run.json")
    expected = [f"pipeline_{end}" for end in ends] + [f"runs/{flow}_{end}" for flow in flows for end in ends]
    assert below(project / "runs/A") == sorted([*expected, "runs/prep_instance/table.json"])
    log = (project / "runs/A/pipeline_execution_output.txt").read_text(encoding="utf-8")
    assert re.sub(r"\d+\.\d s", "SOON", log).splitlines()[-5:] == [
        "rows 5",
        "⚠️ Warning: many rows",
        "total 50",
        "build done",
        "✅ Completed pipeline.py - Time: SOON",
    ]
    assert capsys.readouterr().out == log
    assert log.count("✅ Completed") == 1  # its own: those of the flows are in their logs
    assert json.loads((project / "runs/A/runs/prep_instance/table.json").read_text())["root"] == str(project)
    assert analyze_execution_logs(project / "runs/A") == "warning"
    assert analyze_execution_logs(project / "runs/A/runs/total_instance") == "success"


def test_a_build_is_kept_only_while_the_flows_that_it_called_are_unchanged(project: Path, capsys):
    def lines(**options: Any) -> list[str]:
        build(**options)
        return [line for line in capsys.readouterr().out.splitlines() if line.startswith(("kept", "again"))]

    folder, nothing = project / "runs/A", "nothing has changed; force=True runs it again"
    prep, total = folder / "runs/prep_instance", folder / "runs/total_instance"
    assert lines() == []
    assert lines() == [f"kept: pipeline.py in {folder} ({nothing})"]

    (project / "flows/total.py").write_text(TOTAL + "print('better')\n")
    assert lines() == [
        f"again: pipeline.py in {folder} (total.py, which it called, has changed)",
        f"kept: prep.py in {prep} ({nothing})",
        f"again: total.py in {total} (its file has changed)",
    ]
    # The second flow reads what the first has written, which neither its file nor its config says.
    (project / "flows/prep.py").write_text(PREP + "print('better')\n")
    assert lines() == [
        f"again: pipeline.py in {folder} (prep.py, which it called, has changed)",
        f"again: prep.py in {prep} (its file has changed)",
        f"again: total.py in {total} (prep.py, called before it, has run since)",
    ]
    assert lines() == [f"kept: pipeline.py in {folder} ({nothing})"]

    # A flow that was fixed and run alone: the build is not what its last run has made of it.
    run_notebook("flows/prep.py", config={"n": 1}, execution_dir=prep, project_root=project, export_html=False, force=True)
    capsys.readouterr()
    assert lines() == [
        f"again: pipeline.py in {folder} (prep.py, which it called, has no such run in {prep} any more)",
        f"kept: prep.py in {prep} ({nothing})",
        f"again: total.py in {total} (prep.py, called before it, has run since)",
    ]
    assert lines(force=True) == [
        f"again: pipeline.py in {folder} (force=True)",
        f"again: prep.py in {prep} (force=True)",
        f"again: total.py in {total} (force=True)",
    ]


def test_a_build_that_was_interrupted_between_two_flows_does_not_keep_the_second(project: Path, capsys):
    build()
    (project / "flows/prep.py").write_text(PREP + "print('better')\n")
    pipeline = (project / "builds/pipeline.py").read_text()
    (project / "builds/pipeline.py").write_text(pipeline.replace('flows / "total.py"', "stopped"))
    with pytest.raises(NotebookFailed, match="NameError: name 'stopped' is not defined"):
        build()
    (project / "builds/pipeline.py").write_text(pipeline)
    capsys.readouterr()
    build()
    again = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("kept", "again"))]
    assert again[2] == f"again: total.py in {project}/runs/A/runs/total_instance (prep.py, called before it, has run since)"


def test_a_build_that_ran_a_flow_as_a_script_is_never_kept(write: Write, tmp_path: Path, capsys):
    write("config/flows/prep.json", '{"n": 1}')
    write("flows/prep.py", PREP)
    write(
        "builds/pure.py",
        f"""
        import subprocess, sys
        root = config["_project_root"]
        flow = [sys.executable, "flows/prep.py", "--output-dir", "runs/prep"]
        subprocess.run(flow, check=True, cwd=root)
        {IMPORT} analyze_execution_logs
        print(analyze_execution_logs(f"{{root}}/runs/prep"))
        """,
    )
    run_notebook("builds/pure.py", execution_dir="runs/build", export_html=False)
    capsys.readouterr()
    run_notebook("builds/pure.py", execution_dir="runs/build", export_html=False)
    told = "prep.py, which it called, did not end well, was only prepared, or ran as a script"
    assert capsys.readouterr().out.splitlines()[0] == f"again: pure.py in {tmp_path}/runs/build ({told})"
    assert "success" in (tmp_path / "runs/build/pure_execution_output.txt").read_text().splitlines()


def test_a_failed_flow_fails_its_build_whose_log_says_which_flow_it_was(project: Path):
    with pytest.raises(
        NotebookFailed, match=r"^notebook 'pipeline' failed in cell 4: NotebookFailed: notebook 'total' failed in cell 2"
    ):
        build(config={"n": 1, "bad": True})
    failed = [
        line for line in (project / "runs/A/pipeline_execution_output.txt").read_text().splitlines() if "❌ Failed" in line
    ]
    assert failed[0] == "❌ Failed total.py: ValueError: bad total (cell 2)"
    assert failed[1].startswith(
        "❌ Failed pipeline.py: NotebookFailed: notebook 'total' failed in cell 2: ValueError: bad total"
    )
    assert analyze_execution_logs("runs/A") == "error"
    assert analyze_execution_logs("runs/A/runs/prep_instance") == "success"


def test_builds_run_at_once_in_threads_each_in_its_folder_and_their_lines_do_not_mix(project: Path, capsys):
    scenarios: dict[str, dict[str, Any]] = {"Low": {"n": 1}, "High": {"n": 5}, "Bad": {"n": 1, "bad": True}}

    def end_of(name: str) -> str:
        try:
            build(f"runs/{name}", config=scenarios[name])
        except NotebookFailed as error:
            return error.ename
        return analyze_execution_logs(f"runs/{name}")

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(end_of, scenarios)) == ["success", "warning", "NotebookFailed"]
    for name in ("Low", "High"):
        table = json.loads((project / f"runs/{name}/runs/prep_instance/table.json").read_text())
        assert table == {"n": scenarios[name]["n"], "root": str(project)}
    assert Path.cwd() == project
    rows = [line for line in capsys.readouterr().out.splitlines() if "rows" in line and "many" not in line]
    assert sorted(line.rpartition(" | ")[2] for line in rows) == ["rows 1", "rows 1", "rows 5"]


def test_flows_that_a_build_runs_at_once_make_its_log_and_its_light_as_those_one_after_the_other(write: Write, tmp_path: Path):
    write("flows/loud.py", "print('⚠️', config['n'])\n")
    write(
        "builds/both.py",
        f"""
        from concurrent.futures import ThreadPoolExecutor
        {IMPORT} run_notebook
        flow = f"{{config['_project_root']}}/flows/loud.py"
        def run(n):
            run_notebook(flow, config={{"n": n}}, execution_dir=f"runs/{{n}}", export_html=False)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run, [1, 2]))
        """,
    )
    run_notebook("builds/both.py", export_html=False)
    log = (tmp_path / "both_execution_output.txt").read_text(encoding="utf-8").splitlines()
    assert sorted(log)[:2] == ["⚠️ 1", "⚠️ 2"]
    assert sorted(json.loads((tmp_path / "both_run.json").read_text())["warnings"]) == ["⚠️ 1", "⚠️ 2"]


@pytest.mark.slow
def test_a_conductor_over_dimensions_goes_on_after_a_failure_and_keeps_what_is_unchanged(project: Path, write: Write):
    write("conductor.py", CONDUCTOR)

    def conducted() -> list[str]:
        done = subprocess.run([sys.executable, "conductor.py"], capture_output=True, text=True, check=True, cwd=project)
        return done.stdout.splitlines()

    ends = [
        "Scenario_Low_Good success green",
        "Scenario_Low_Bad failed red",
        "Scenario_High_Good success orange",
        "Scenario_High_Bad failed red",
    ]
    assert conducted()[-4:] == ends
    page = (project / "runs/conductor_status_report.html").read_text(encoding="utf-8")
    assert "Total Scenarios: 4, Successful: 2, Failed: 2" in page
    assert re.findall(r'<details class="(\w+)">', page) == ["green", "red", "orange", "red"]
    again = conducted()
    assert again[-4:] == ends
    kept = [line.split(" (")[0] for line in again if line.startswith("kept: pipeline.py")]
    place = project / "runs/conductor_runs/Model_Runs"
    assert kept == [f"kept: pipeline.py in {place}/Scenario_Low_Good", f"kept: pipeline.py in {place}/Scenario_High_Good"]


def test_flows_end_with_the_build_whose_kernel_runs_them(write: Write, tmp_path: Path):
    write(
        "flows/slow.py",
        """
        import os, time
        with open("pid.new", "w") as file:
            file.write(str(os.getpid()))
        os.rename("pid.new", "pid")
        time.sleep(3600)
        """,
    )
    write(
        "builds/dying.py",
        f"""
        import os, signal, threading, time
        {IMPORT} run_notebook
        flow = f"{{config['_project_root']}}/flows/slow.py"
        threading.Thread(target=run_notebook, args=(flow,), kwargs={{"execution_dir": "slow"}}, daemon=True).start()
        while not os.path.exists("slow/pid"):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )
    with pytest.raises(NotebookFailed, match="DeadKernelError"):
        run_notebook("builds/dying.py", execution_dir="runs/b", export_html=False)
    inner = int((tmp_path / "runs/b/slow/pid").read_text())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while psutil.pid_exists(inner) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(inner)
    assert analyze_execution_logs("runs/b") == "error"
