"""A project whose runs are recorded: notebooks that do as told, on the local service and a clock that skips waiting."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat

from deciders import activities as declared
from deciders.backfill_workflow import BackfillWorkflow
from deciders.items_workflow import ItemsWorkflow
from deciders.notebook_workflow import NotebookWorkflow
from deciders.runs.planned_run import run_for
from deciders.runs.run_requests import run_request
from deciders.scenarios_workflow import ScenariosWorkflow
from deciders.sensor_workflow import SensorWorkflow
from deciders.specification import Specification, load_specification
from deciders.values.reason import Reason
from simpleflow_nb import Workflow, activity, payload
from simpleflow_nb.activity import Activity
from simpleflow_nb.constants import MAX_RUN_SECONDS
from simpleflow_nb.local.clock import VirtualClock
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.engine import Engine
from simpleflow_nb.processes.payload_directory import MemoryPayloads
from simpleflow_nb.workflow import execution_input
from workers import activities as bodies
from workers.kernels.supply import close_shared
from workers.runs.backfills import start_backfill
from workers.runs.run_starts import start_run

WORKFLOWS: tuple[type[Workflow], ...] = (
    NotebookWorkflow,
    ItemsWorkflow,
    SensorWorkflow,
    BackfillWorkflow,
    ScenariosWorkflow,
)

#: What stands in the histories, whoever recorded them. The first is as long as what it stands for: long texts were cut.
ANALYST, CHECKOUT, HOST = "/home/analyst/days", "/opt/simpleflow_nb", "desk"

BEGAN = datetime(2024, 3, 29, 12, tzinfo=UTC)
DATES = ("2024-03-25", "2024-03-26")
_PATIENCE_SECONDS = 240

Run = dict[str, Any]  #: ``type``, ``version``, ``workflow_id``, ``run_id`` and ``history``, as recorded
Scripted = Callable[..., Any]  #: called with the real body, the number of the call, from 1, and the arguments

_PARTS = ("count", "sums", "report", "aside")

FILE = """\
workflows:
  - name: days
    notebooks:
      count: {filename: count.ipynb, parameters: {day: reference_date, folder: inputs_dir}}
      sums: {filename: sums.ipynb, parameters: {counted: count, folder: inputs_dir}}
      report: {filename: report.ipynb, parameters: {sums: sums, folder: inputs_dir}, output: {format: pdf}}
      aside: {filename: aside.ipynb, parameters: {folder: inputs_dir}, output: [{format: pdf}, {format: html}]}
available_dates_sensor:
  schedule: "0 6 * * *"
  source: {files: {calls: 'data/{date}.csv'}}
  workflows:
    - workflow_name: days
"""


class Visitor(Workflow):
    """Does something at a moment of the virtual clock, which it keeps from jumping further."""

    name = "visitor"
    task_list = declared.DECISIONS
    execution_timeout = MAX_RUN_SECONDS

    def run(self, moment: str, number: int) -> None:
        self.timer(datetime.fromisoformat(moment) - self.now()).result
        self.submit(visit, number).result


visit: Activity[..., None] = Activity(None, name="tests.visit", task_list=declared.SENSOR)


class RecordedProject:
    """A folder of notebooks, the outputs beside it, and a service with a decider and workers on it.

    Each notebook carries out what stands in ``<label>.does`` beside it, if that file is there.
    """

    def __init__(self, file: str = FILE, dates: tuple[str, ...] = DATES) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="sfnb-", dir="/tmp"))
        assert len(str(self.root)) == len(ANALYST)
        self.inputs, self.outputs = self.root / "inputs", str(self.root / "outputs")
        (self.inputs / "data").mkdir(parents=True)
        for day in dates:
            (self.inputs / "data" / f"{day}.csv").write_text("a,b\n1,2\n")
        for label in _PARTS:
            _write_notebook(self.inputs / f"{label}.ipynb", label)
        self.scripts: dict[str, Scripted] = {}
        self._calls: dict[str, int] = {}
        self._visits: list[Callable[[], Any]] = []
        self._registered = dict(activity._registry)
        for body in (bodies.already_succeeded, bodies.execute_notebook, bodies.convert_report, bodies.record_run):
            self._replace(body)
        for body in (bodies.feed_new_dates, bodies.start_runs, bodies.start_backfill):
            self._replace(body)
        for body in (bodies.prepare_scenarios, bodies.start_scenarios, bodies.wait_for_runs, bodies.write_scenario_results):
            self._replace(body)
        Activity(lambda number: self._visits[number](), name=visit.name)
        self.specification = self.read(file)
        self.clock = VirtualClock(BEGAN.timestamp())
        self.service = LocalService(clock=self.clock)
        self.payloads = MemoryPayloads()
        self.engine = Engine(
            self.service,
            DOMAIN,
            decision_list=declared.DECISIONS,
            task_lists={declared.NOTEBOOKS: 2, declared.REPORTS: 1, declared.SENSOR: 2},
            workflows=(*WORKFLOWS, Visitor),
            payloads=self.payloads,
        )
        self.engine.start()

    def close(self) -> None:
        self.engine.stop(cancel=True)
        self.service.close()
        self.engine.join(60)
        close_shared()
        shutil.rmtree(self.root)
        activity._registry.clear()
        activity._registry.update(self._registered)

    def read(self, file: str) -> Specification:
        (self.inputs / "workflows.yml").write_text(file)
        return load_specification(self.inputs / "workflows.yml")

    def _replace(self, body: Activity[..., Any]) -> None:
        name = body.name.rpartition(".")[2]

        def call(**given: Any) -> Any:
            number = self._calls[name] = self._calls.get(name, 0) + 1
            scripted = self.scripts.get(name)
            return scripted(body, number, **given) if scripted is not None else body(**given)

        Activity(call, name=body.name, version=body.version)

    # ---- what people do ----------------------------------------------------------------------------------------------

    def does(self, label: str, code: str | None) -> None:
        """Have a notebook do something more; None: no more."""
        path = self.inputs / f"{label}.does"
        path.write_text(code) if code is not None else path.unlink()

    def run(self, day: str = DATES[0], *, wait: bool = True, keeps_labels: bool = False, **more: Any) -> str:
        """Start workflow ``days`` for a date, and wait for its end; returns its workflow id."""
        entry = self.specification.sensor.workflows[0]
        run = run_for(entry, date.fromisoformat(day))
        object.__setattr__(run, "keeps_labels", keeps_labels)
        run_id = start_run(self.service, DOMAIN, self.specification, run, self.outputs, self.payloads, **more)
        assert run_id is not None
        if wait:
            self.wait(run.workflow_id, run_id)
        return run.workflow_id

    def start(self, cls: type[Workflow], workflow_id: str, **kwargs: Any) -> str:
        started = self.service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=workflow_id,
            workflowType={"name": cls.type_name(), "version": cls.version},
            taskList={"name": declared.DECISIONS},
            input=execution_input(cls, {"kwargs": kwargs}),
        )
        return str(started["runId"])

    def sensor(self, **more: Any) -> str:
        given = {"specification": self.specification.model_dump(mode="json"), "outputs": self.outputs}
        return self.start(SensorWorkflow, "sensor", **given | more)

    def backfill(self, *days: str, only: str | None = None, **more: Any) -> None:
        """Start the execution of a backfill, and wait until it has started every run."""
        workflow_id, run_id = start_backfill(
            self.service, DOMAIN, self.specification, self.outputs, self.payloads, [self.request(*days, only=only)], **more
        )
        assert run_id is not None
        self.wait(workflow_id, run_id)

    def request(self, *days: str, only: str | None = None) -> dict[str, Any]:
        entry = self.specification.sensor.workflows[0]
        dates = [date.fromisoformat(day) for day in days]
        return run_request(entry, dates, Reason.parse("asked for by hand"), keeps_labels=True, only=only)

    def signal(self, name: str, value: Any = None, workflow_id: str = "sensor") -> None:
        self.service.signal_workflow_execution(
            domain=DOMAIN, workflowId=workflow_id, signalName=name, input=payload.encode(value)
        )

    def cancel(self, workflow_id: str) -> None:
        self.service.request_cancel_workflow_execution(domain=DOMAIN, workflowId=workflow_id)

    def at(self, after: timedelta, *calls: Callable[[], Any]) -> None:
        """Call these, one after the other, so long after the beginning of the world."""
        self._visits.append(lambda: [call() for call in calls])
        number = len(self._visits) - 1
        self.start(Visitor, f"visitor-{number}", moment=(BEGAN + after).isoformat(), number=number)

    def terminate(self, workflow_id: str = "sensor") -> None:
        self.service.terminate_workflow_execution(domain=DOMAIN, workflowId=workflow_id)

    # ---- what came of it ---------------------------------------------------------------------------------------------

    def wait(self, workflow_id: str, run_id: str) -> None:
        """Until that run is closed; time skips only while somebody waits."""
        status = self.service.wait_closed(workflow_id, run_id, _PATIENCE_SECONDS)
        assert status is not None, f"{workflow_id} is still open"

    def wait_for_all(self) -> None:
        for workflow_id, run_id in list(self.service.numbers):
            self.wait(workflow_id, run_id)

    def recorded(self) -> list[Run]:
        """Every run of the application so far, under names that say nothing of this machine."""
        found = []
        for info in self.service.infos.values():
            kind = info["workflowType"]
            if kind["name"] != Visitor.name:
                execution = info["execution"]
                found.append(
                    {
                        "type": kind["name"],
                        "version": kind["version"],
                        "workflow_id": execution["workflowId"],
                        "run_id": execution["runId"],
                        "history": self._history(execution),
                    }
                )
        host = json.dumps(f'"{socket.gethostname()}"')[1:-1]
        text = json.dumps(found).replace(host, json.dumps(f'"{HOST}"')[1:-1])
        for ours, neutral in ((str(self.root), ANALYST), (str(Path(__file__).parents[2]), CHECKOUT)):
            text = text.replace(ours, neutral)
        runs: list[Run] = json.loads(text)
        return runs

    def _history(self, execution: dict[str, str]) -> list[dict[str, Any]]:
        request: dict[str, Any] = {"domain": DOMAIN, "execution": execution}
        events: list[dict[str, Any]] = []
        while True:
            page = self.service.get_workflow_execution_history(**request)
            events += page["events"]
            if "nextPageToken" not in page:
                return events
            request["nextPageToken"] = page["nextPageToken"]


def _write_notebook(path: Path, label: str) -> None:
    made = nbformat.v4.new_notebook()
    given = nbformat.v4.new_code_cell("day = ''\ncounted = ''\nsums = ''\nfolder = ''", metadata={"tags": ["parameters"]})
    does = f"from pathlib import Path\ntold = Path(folder, '{label}.does')\nif told.exists():\n    exec(told.read_text())"
    made.cells = [given, nbformat.v4.new_markdown_cell(f"# {label.capitalize()}"), nbformat.v4.new_code_cell(does)]
    made.cells.append(nbformat.v4.new_code_cell(f"print({label!r}, day)"))
    nbformat.write(made, path)
