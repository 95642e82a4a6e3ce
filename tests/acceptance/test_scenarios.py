"""Sets of scenarios as a user runs them: on this machine and on services, interrupted, and from a program."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from simpleflow_nb.cli.main import main
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.notebooks import Local, Project, scenarios, warm_kernels
from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import ROOT, command, environment, notebook, run_jsons, typed
from tests.acceptance.test_on_swf import environment as environment_of
from tests.acceptance.test_on_swf import local_service
from tests.launched import Launched
from tests.launcher import outcome
from tests.service.moto_server import moto_endpoint

WORKFLOWS = """\
workflows:
  - name: study
    notebooks:
      total:
        filename: total.ipynb
        parameters: {mode: mode, number: number, folder: inputs_dir}
available_dates_sensor: null
scenarios:
  - name: sweep
    workflow: study
    grid: {mode: [a, b], number: [1, 2]}
    results: [total.sum]
    max_parallel: 2
  - name: clients
    workflow: study
    table: clients.csv
    instance: "{mode}"
    max_parallel: 1
    stop_on_failure: true
"""
#: It leaves what scrapbook would, which takes a second to import; it fails or waits as files of its folder say.
TOTAL = """\
import pathlib, time
from IPython.display import display
name = f"{mode}_{number}"
here = pathlib.Path(folder)
pathlib.Path(here, "begun").open("a").write(name + "\\n")
while here.joinpath("hold").exists() and not here.joinpath("go-" + name).exists():
    time.sleep(0.02)
assert not here.joinpath("fail-" + name).exists(), "no " + name
scrap = {"name": "sum", "data": 10 * number, "encoder": "json", "version": 1}
display({"application/scrapbook.scrap.json+json": scrap}, raw=True)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return project(tmp_path / "in")


def project(folder: Path) -> Path:
    folder.mkdir()
    notebook(folder / "total.ipynb", "mode = number = folder = None", TOTAL)
    (folder / "clients.csv").write_text("mode,number\nx,1\ny,2\nz,3\n")
    file = folder / "workflows.yml"
    file.write_text(WORKFLOWS)
    return file


def said(file: Path, *words: object, code: int = 0) -> str:
    done = typed(*words, cwd=file.parent)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def start(file: Path, *words: object, name: str = "sweep", code: int = 0) -> str:
    return said(file, "scenarios.start", file, name, "--local", "--quiet", *words, code=code)


def results(file: Path, name: str = "sweep") -> list[dict[str, Any]]:
    document = json.loads((file.parent / "outputs/scenarios" / name / "results.json").read_text())
    assert document["schema"] == 1
    found: list[dict[str, Any]] = document["instances"]
    return found


def states(file: Path, name: str = "sweep") -> dict[str, str]:
    return {row["instance"]: row["state"] for row in results(file, name)}


def planned(file: Path, *words: object, name: str = "sweep") -> dict[str, str]:
    """The reasons of all instances, started or not."""
    document = json.loads(said(file, "scenarios.start", file, name, "--local", "--dry-run", "--json", *words))
    return {one["instance"]: one["reason"] for one in (*document["to_start"], *document["left_out"])}


def begun(file: Path) -> list[str]:
    return sorted((file.parent / "begun").read_text().split())


# ---- on this machine ---------------------------------------------------------------------------------------------------------


def test_a_set_runs_what_is_new_failed_changed_or_forced_and_says_why(file: Path) -> None:
    here = file.parent
    (here / "fail-b_1").touch()
    told = start(file, "--only", "number=1", code=1)
    assert "study/sweep.a_1: not run yet\n" in told
    assert "2 scenarios of sweep, 0 left out" in told
    [a_1, a_2, b_1, _] = results(file)
    assert [(row["instance"], row["state"], row["light"], row["results"]) for row in results(file)] == [
        ("a_1", "succeeded", "green", {"total.sum": 10}),
        ("a_2", "pending", None, {"total.sum": None}),
        ("b_1", "failed", "red", {"total.sum": None}),
        ("b_2", "pending", None, {"total.sum": None}),
    ]
    assert (a_1["parameters"], a_1["run"], a_1["error"]) == ({"mode": "a", "number": 1}, "study/sweep.a_1", None)
    assert a_1["duration"] > 0
    assert a_2["started"] is None
    executed = here / "outputs/notebooks/study/sweep.b_1/total/total.ipynb"
    sentence = "notebook 'total' failed in cell 2: AssertionError: no b_1"
    assert b_1["error"] == f"total failed: {sentence} (see {executed})"
    with open(here / "outputs/scenarios/sweep/results.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    assert list(rows[0]) == ["instance", "mode", "number", "state", "light", "started", "duration", "total.sum", "error"]
    assert [(row["instance"], row["number"], row["total.sum"]) for row in rows][:2] == [("a_1", "1", "10"), ("a_2", "2", "")]

    assert planned(file) == {
        "a_2": "not run yet",
        "b_1": "failed before",
        "b_2": "not run yet",
        "a_1": "nothing has changed since",
    }
    (here / "fail-b_1").unlink()
    assert "3 of 3 runs succeeded" in start(file)
    assert set(states(file).values()) == {"succeeded"}
    assert begun(file) == ["a_1", "a_2", "b_1", "b_1", "b_2"]
    assert "0 scenarios of sweep to start, 4 left out\n  4 nothing has changed since\n" in start(file)

    narrow = 'instance: "{mode}"\n    only: [mode]\n    results:'
    file.write_text(WORKFLOWS.replace("number: [1, 2]", "number: [1, 3]").replace("results:", narrow))
    assert planned(file) == {"a": "not run yet", "b": "not run yet"}
    start(file)
    file.write_text(file.read_text().replace("number: [1, 3]", "number: [4, 3]"))
    assert planned(file) == dict.fromkeys("ab", "parameters_changed: number 1 -> 4")
    assert states(file) == {"a": "succeeded", "b": "succeeded"}
    start(file, "--only", "instance=b")
    assert [(row["state"], row["results"]["total.sum"]) for row in results(file)] == [("pending", None), ("succeeded", 40)]

    notebook(here / "total.ipynb", "mode = number = folder = None", TOTAL, "print('more')")
    assert planned(file, "--only", "mode=b") == {"b": "notebook_changed: total.ipynb"}
    assert planned(file, "--only", "mode=b", "--force") == {"b": "forced"}
    shown = said(file, "runs.show", "study/sweep.b", "--json")
    run = json.loads(shown)["run"]
    assert (run["instance"], run["reason"]) == ("sweep.b", "parameters_changed: number 1 -> 4")


def test_what_is_forced_takes_nothing_over_from_other_runs(file: Path) -> None:
    shared = "        cache: shared\n        reads: []\navailable"
    one = WORKFLOWS.replace("{mode: [a, b], number: [1, 2]}", "{mode: [a], number: [1]}")
    file.write_text(one.replace("available", shared, 1))
    start(file)
    assert "study/sweep.a_1: forced\n" in start(file, "--force")
    assert begun(file) == ["a_1"] * 2
    said(file, "runs.retry", file, "study/sweep.a_1", "--force", "--quiet")
    assert begun(file) == ["a_1"] * 3
    file.write_text(file.read_text().replace("sweep", "other"))
    told = said(file, "scenarios.start", file, "other", "--local")
    assert "study/other.a_1  total cached: same as study/sweep.a_1\n" in told
    assert "total kept: same as study/sweep.a_1\n" in said(file, "runs.show", file, "study/other.a_1")
    assert said(file, "runs.list", file).split()[:5] == ["run", "parameters", "state", "light", "attempt"]
    assert begun(file) == ["a_1"] * 3


def test_records_say_that_a_run_is_of_a_scenario(file: Path) -> None:
    from workers.records.run_records import RunRecords

    start(file, "--only", "instance=a_1")
    with RunRecords.open(file.parent / "outputs", to_look=True) as records:
        [record] = records.runs()
    assert (record.kind, record.started_by, record.instance, record.reference_date) == (
        "scenario",
        "scenario",
        "sweep.a_1",
        None,
    )
    assert (file.parent / "outputs/notebooks/study/sweep.a_1/total/total.ipynb").is_file()


def test_what_is_not_in_the_set_is_refused_with_a_guess(file: Path) -> None:
    def refused(*words: object) -> str:
        return said(file, "scenarios.start", file, *words, "--local", code=2).removeprefix("simpleflow-nb: ").strip()

    assert refused("swep") == "workflows.yml has no scenario set 'swep' (did you mean 'sweep'?)"
    assert refused("sweep", "--only", "mod=a") == "scenario set 'sweep' has no axis 'mod' (did you mean 'mode'?)"
    assert refused("sweep", "--only", "mode=c") == "no scenario of 'sweep' has mode=c; there are a, b"
    assert refused("sweep", "--only", "mode") == "--only mode: write AXIS=VALUE"
    assert refused("sweep", "--only", "mode=a,instance=b_1") == "no scenario of 'sweep' has all of these values"
    (file.parent / "clients.csv").write_text("mode,number\nx\n")
    assert "clients.csv has 1 values in line 2, and 2 columns" in refused("clients")


def test_results_of_another_workflow_are_not_overwritten(file: Path) -> None:
    there = file.parent / "outputs/scenarios/sweep/results.json"
    there.parent.mkdir(parents=True)
    there.write_text(json.dumps({"schema": 1, "workflow": "other", "instances": []}))
    assert said(file, "scenarios.start", file, "sweep", "--local", code=2) == (
        f"simpleflow-nb: {there} has the results of a scenario set 'sweep' of workflow 'other'; give this one another name, or "
        "remove that folder\n"
    )


def test_after_a_failure_a_set_may_stop_and_it_goes_on_when_it_is_started_again(file: Path) -> None:
    (file.parent / "fail-x_1").touch()
    start(file, name="clients", code=1)
    assert states(file, "clients") == {"x": "failed", "y": "pending", "z": "pending"}
    assert begun(file) == ["x_1"]
    (file.parent / "fail-x_1").unlink()
    start(file, name="clients")
    assert states(file, "clients") == dict.fromkeys("xyz", "succeeded")


def test_a_failed_scenario_is_retried_in_its_own_folder(file: Path) -> None:
    (file.parent / "fail-a_1").touch()
    start(file, "--only", "instance=a_1", code=1)
    (file.parent / "fail-a_1").unlink()
    said(file, "runs.retry", file, "study/sweep.a_1", "--local", "--quiet")
    assert [one.name for one in (file.parent / "outputs/notebooks/study").iterdir()] == ["sweep.a_1"]
    [row] = json.loads(said(file, "runs.list", file, "--json"))["runs"]
    assert (row["run"], row["state"], row["reason"]) == ("study/sweep.a_1", "succeeded", "runs.retry: failed before")
    shown = json.loads(said(file, "scenarios.show", file, "sweep", "--json"))
    assert [one["state"] for one in shown["instances"]] == ["succeeded", "pending", "pending", "pending"]


# ---- interrupted -------------------------------------------------------------------------------------------------------------


def in_the_middle(file: Path, how: signal.Signals) -> int:
    """Start the set, let two instances end, send a signal while the next ones run; returns the exit code."""
    here = file.parent
    for name in ("hold", "go-a_1", "go-a_2"):
        (here / name).touch()
    words = command("scenarios.start", file, "sweep", "--local", "--quiet", "--nb-workers", "2")
    with Launched(words, cwd=here, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: (here / "begun").exists() and len(begun(file)) == 4)
        process.send_signal(how)
        if how is signal.SIGINT:
            (here / "hold").unlink()  # what runs ends by itself
        code = process.wait(120)
    (here / "hold").unlink(missing_ok=True)
    return code


def test_killed_in_the_middle_the_same_command_runs_only_what_is_missing(file: Path) -> None:
    assert in_the_middle(file, signal.SIGKILL) == -signal.SIGKILL
    told = start(file)
    assert set(states(file).values()) == {"succeeded"}
    assert "0 scenarios of sweep, 4 left out" in told
    done = [one["file"].parts[-3] for one in run_jsons(file.parent / "outputs") if one["status"] == "succeeded"]
    assert sorted(done) == ["sweep.a_1", "sweep.a_2", "sweep.b_1", "sweep.b_2"]
    assert begun(file).count("a_1") == begun(file).count("a_2") == 1
    assert "0 scenarios of sweep to start, 4 left out" in start(file)


def test_killed_before_all_were_started_the_rest_is_started_by_the_same_command(file: Path) -> None:
    here = file.parent
    file.write_text(WORKFLOWS.replace("max_parallel: 2", "max_parallel: 1"))
    (here / "hold").touch()
    words = command("scenarios.start", file, "sweep", "--local", "--quiet")
    with Launched(words, cwd=here, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: (here / "begun").exists() and begun(file) == ["a_1"])
        process.kill()
    (here / "hold").unlink()
    assert planned(file) == {"a_1": "running", "a_2": "not run yet", "b_1": "not run yet", "b_2": "not run yet"}
    start(file)
    assert set(states(file).values()) == {"succeeded"}
    assert begun(file) == ["a_1", "a_1", "a_2", "b_1", "b_2"]


def test_a_set_that_another_process_carries_out_is_waited_for(file: Path) -> None:
    here = file.parent
    (here / "hold").touch()
    words = command("scenarios.start", file, "sweep", "--local", "--quiet")
    processes = []
    for number in (1, 2):
        with open(here / f"{number}.txt", "w") as said:
            processes.append(Launched(words, cwd=here, env=environment(), stdout=said, stderr=subprocess.STDOUT))
        wait_until(lambda: (here / "begun").exists())
    wait_until(lambda: "carries it out already" in (here / "2.txt").read_text())
    (here / "hold").unlink()
    assert [process.wait(120) for process in processes] == [0, 0]
    assert set(states(file).values()) == {"succeeded"}
    assert begun(file) == ["a_1", "a_2", "b_1", "b_2"]


def test_an_interrupted_set_leaves_its_results(file: Path) -> None:
    code = in_the_middle(file, signal.SIGINT)
    found = states(file)
    assert (found["a_1"], found["a_2"]) == ("succeeded", "succeeded")
    assert set(found) == {"a_1", "a_2", "b_1", "b_2"}
    assert code == 1
    start(file)
    assert set(states(file).values()) == {"succeeded"}


# ---- on a service ------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["service.start", "moto"])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "service.start":
        with local_service(tmp_path) as address:
            yield address
    else:
        with moto_endpoint() as address:
            yield address


def test_a_set_on_a_service_starts_children_or_runs_of_its_own_where_there_are_none(
    endpoint: str, file: Path, request: pytest.FixtureRequest
) -> None:
    place, here = environment_of(endpoint, file.parent), file.parent
    has_children = "moto" not in request.node.callspec.id

    def asked(*words: object) -> subprocess.CompletedProcess[str]:
        return outcome(words, here, place)

    if not has_children:
        swf = boto3.client("swf", "eu-west-1", endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x")
        swf.register_domain(name="TestDomain", workflowExecutionRetentionPeriodInDays="1")
    (here / "fail-b_2").touch()
    words = ("scenarios.start", file, "sweep", "--domain", "TestDomain")
    first = asked(*words)
    assert first.returncode == 0, first.stderr
    set_id = first.stdout.split()[0]
    assert set_id.startswith("scenarios-sweep-")
    again = asked(*words)
    assert (again.returncode, again.stderr) == (
        2,
        f"simpleflow-nb: scenario set 'sweep' is under way as {set_id}; start it again once that has ended\n",
    )
    processes = [
        Launched(command(name, file, "--domain", "TestDomain"), env=place, cwd=here, stderr=subprocess.DEVNULL)
        for name in ("decider.start", "worker.start")
    ]

    def is_over() -> bool:
        return "COMPLETED" in asked("workflow.info", "TestDomain", set_id).stdout

    try:
        wait_until(is_over)
    finally:
        for _ in range(2):  # the second ends their polls
            for process in processes:
                process.terminate()
            time.sleep(0.5)
        assert [process.wait(120) for process in processes] == [0, 0]
    assert states(file) == {"a_1": "succeeded", "a_2": "succeeded", "b_1": "succeeded", "b_2": "failed"}
    assert begun(file) == ["a_1", "a_2", "b_1", "b_2"]
    history = asked("workflow.history", "TestDomain", set_id).stdout
    assert ("ChildWorkflowExecutionCompleted" in history) is has_children, history


# ---- in the hands of a program -----------------------------------------------------------------------------------------------


@pytest.fixture
def warm() -> Iterator[None]:
    with warm_kernels():
        yield


def documents_of_commands(file: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    def printed(name: str, *words: Any) -> dict[str, Any]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in (name, file, *words, "--local", "--json")])
        said = capsys.readouterr()
        document: dict[str, Any] = json.loads(said.out)
        assert ended.value.code == (0 if document.get("is_success", True) else 1), said.err
        return document

    yield "plan", printed("scenarios.start", "sweep", "--only", "mode=b,number=1,2", "--dry-run")
    yield "start", printed("scenarios.start", "sweep", "--only", "mode=b,number=1,2", "--nb-workers", 2)
    yield "forced", printed("scenarios.start", "sweep", "--only", "instance=b_1", "--force")
    yield "nothing", printed("scenarios.start", "sweep", "--only", "instance=b_1")
    yield "show", printed("scenarios.show", "sweep")
    yield "list", printed("scenarios.list")


def documents_of_calls(file: Path, _: object) -> Iterator[tuple[str, dict[str, Any]]]:
    control = Project.open(file, service=Local()).scenarios
    only = {"mode": "b", "number": [1, 2]}
    yield "plan", control.plan("sweep", only=only).to_dict()
    yield "start", control.start("sweep", only=only, workers=2).result().to_dict()
    yield "forced", control.start("sweep", only={"instance": "b_1"}, force=True).result().to_dict()
    yield "nothing", control.start("sweep", only={"instance": "b_1"}).result().to_dict()
    yield "show", control.show("sweep").to_dict()
    yield "list", control.list().to_dict()


def without_time(node: Any) -> Any:
    if isinstance(node, list):
        return [without_time(one) for one in node]
    if not isinstance(node, dict):
        return node
    hidden = {key: "-" for key in ("run_id", "seconds", "ended", "duration") if node.get(key) is not None}
    if isinstance(node.get("started"), str):
        hidden["started"] = "-"
    return {key: without_time(value) for key, value in node.items()} | hidden


def test_a_command_prints_with_json_what_the_call_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str], warm: None) -> None:
    found = {}
    for kind in (documents_of_commands, documents_of_calls):
        file = project(tmp_path / "in")
        found[kind.__name__] = {title: without_time(document) for title, document in kind(file, capsys)}
        (tmp_path / "in").rename(tmp_path / kind.__name__)
    commands, calls = found.values()
    for title, document in commands.items():
        assert by_run(document) == by_run(calls[title]), title
    assert [commands[title]["is_success"] for title in ("start", "forced", "nothing")] == [True, True, True]
    assert commands["list"]["sets"][0] == {
        "name": "sweep",
        "workflow": "study",
        "scenarios": 4,
        "states": {"pending": 2, "succeeded": 2},
        "lights": {"green": 2},
    }
    assert all(document["schema"] == 1 for document in commands.values())


def by_run(document: dict[str, Any]) -> dict[str, Any]:
    """Two runs that are carried out side by side may start in either order."""
    return {**document, "runs": sorted(document.get("runs", ()), key=lambda run: str(run["run"]))}


def test_rows_of_a_program_are_scenarios(file: Path, warm: None) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"mode": ["n", "m"], "number": [1, 2], "client": ["Nord", "Mitte"]})
    done = scenarios(frame, workflow="study", instance="{client}", results=["total.sum"], file=file, service=Local())
    assert done.is_success
    assert [(row.instance, row.parameters, row.state, row.results) for row in done.rows] == [
        ("Nord", {"mode": "n", "number": 1}, "succeeded", {"total.sum": 10}),
        ("Mitte", {"mode": "m", "number": 2}, "succeeded", {"total.sum": 20}),
    ]
    rows = [{"mode": "n", "number": 1, "client": "Nord"}, {"mode": "o", "number": 3, "client": "Ost"}]
    (file.parent / "fail-o_3").touch()
    done = scenarios(rows, workflow="study", instance="{client}", results=["total.sum"], file=file, service=Local())
    assert not done.is_success
    assert [(row.instance, row.state) for row in done.rows] == [("Nord", "succeeded"), ("Ost", "failed")]
    assert begun(file) == ["m_2", "n_1", "o_3"]


@pytest.mark.parametrize(
    ("rows", "more", "sentence"),
    [
        ("mode", {}, "rows must be a list of mappings of names to values, or a data frame, not 'mode'"),
        ([], {}, "there are no rows to make scenarios of"),
        (
            [{"mode": object}],
            {},
            "the table of rows has a value of type type in row 1, column 'mode'; give text, numbers, lists or mappings",
        ),
        (
            [{"mode": 1}],
            {},
            "scenario set 'rows': it gives no value for 'number'",
        ),
        (
            [{"mode": 1, "numbr": 1}],
            {},
            "scenario set 'rows': the table of rows has a column 'numbr', which no notebook of workflow 'study' wants (did you "
            "mean 'number'?)",
        ),
        (
            [{"mode": 1, "number": 1}, {"mode": 1, "number": 2}],
            {},
            "scenario set 'rows': row 1 and row 2 make the instance '1'; say more in 'instance'",
        ),
        (
            [{"mode": 1, "number": 1}],
            {"name": "a.b"},
            "the name of scenario set 'a.b' must begin with a letter, have no point and at most 50 characters",
        ),
        ([{"mode": 1, "number": 1}], {"results": ["totl.sum"]}, "results: there is no label 'totl' (did you mean 'total'?)"),
        ([{"mode": 1, "number": 1}], {"max_parallel": 0}, "max_parallel must be a whole number from 1 to 1,000, not 0"),
        ([{"mode": 1, "number": 1}], {"workflow": "stdy"}, "workflows.yml has no workflow 'stdy' (did you mean 'study'?)"),
    ],
)
def test_rows_that_make_no_scenarios_are_refused(rows: Any, more: dict[str, Any], sentence: str, file: Path) -> None:
    given = {"workflow": "study", "instance": "{mode}", **more}
    with pytest.raises(DefinitionError) as refused:
        scenarios(rows, file=file, service=Local(), **given)
    assert str(refused.value) == sentence


# ---- the example -------------------------------------------------------------------------------------------------------------


def test_the_example_runs_and_its_ci_file_names_a_set_of_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples/scenarios", tmp_path / "shop", ignore=shutil.ignore_patterns("outputs"))
    file = tmp_path / "shop/workflows.yml"
    assert said(file, "validate", "workflows.yml") == "workflows.yml: good (1 workflow, 2 notebooks, no sensor)\n"
    [line] = [line for line in (file.parent / "ci.yml").read_text().splitlines() if "scenarios.start" in line]
    words = line.partition("simpleflow-nb ")[2].split()
    assert words == ["scenarios.start", "workflows.yml", "ci", "--local"]
    said(file, *words)
    [small] = results(file, "ci")
    assert (small["light"], small["results"]) == ("green", {"waiting.longest_wait_minutes": 1.6})
    said(file, "scenarios.start", "workflows.yml", "sweep", "--local", "--only", "tills=1")
    assert [(row["instance"], row["light"]) for row in results(file, "sweep") if row["light"]] == [
        ("summer_1", "green"),
        ("advent_1", "orange"),
    ]
    shown = said(file, "--format", "csv", "--header", "scenarios.show", "workflows.yml", "shops")
    assert shown.splitlines()[0] == "instance,state,light,started,seconds,waiting.longest_wait_minutes,error"
    assert os.listdir(file.parent / "outputs/notebooks/shop")
