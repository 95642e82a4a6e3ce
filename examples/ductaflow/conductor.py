"""Run the build for each combination of the dimensions, and keep the status page up to date."""

import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from pathlib import Path

from simpleflow_nb.dialects.ductaflow import analyze_execution_logs, generate_status_report, run_notebook

RUNS = Path("runs")
MODEL_RUNS = RUNS / "conductor_runs" / "Model_Runs"

base_config = json.loads(Path("config/builds/counter.json").read_text())
scenario_dimensions = {
    "day": [{"label": "Calm", "minutes_between": 6}, {"label": "Rush", "minutes_between": 3}],
    "staff": [{"label": "One", "clerks": 1}, {"label": "Two", "clerks": 2}],
}
active_dimensions = ["day", "staff"]


def scenarios():
    for options in itertools.product(*(scenario_dimensions[name] for name in active_dimensions)):
        config = dict(base_config)
        for option in options:
            config.update({key: value for key, value in option.items() if key != "label"})
        yield "Scenario_" + "_".join(option["label"] for option in options), config


def run_scenario(name, config):
    begun, result = time.time(), {"scenario": name, "status": "success", "error": None}
    result["start_time"] = datetime.now().astimezone().isoformat(timespec="seconds")
    try:
        run_notebook("builds/counter.py", config=config, execution_dir=MODEL_RUNS / name, project_root=Path.cwd())
    except Exception as error:
        result.update(status="failed", error=str(error))
    result.update(
        duration_minutes=(time.time() - begun) / 60, end_time=datetime.now().astimezone().isoformat(timespec="seconds")
    )
    return result


results = []
with ThreadPoolExecutor(2) as pool:
    for done in as_completed(pool.submit(run_scenario, name, config) for name, config in scenarios()):
        results.append(done.result())
        generate_status_report(results, RUNS)  # runs/conductor_status_report.html

(RUNS / "conductor_results.json").write_text(json.dumps(results, indent=2))
colours = {"success": "green", "warning": "orange", "error": "red"}
for result in sorted(results, key=lambda result: result["scenario"]):
    print(result["scenario"], colours[analyze_execution_logs(MODEL_RUNS / result["scenario"])])
