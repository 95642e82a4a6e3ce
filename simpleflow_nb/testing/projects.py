"""Fast tests of a workflow file: functions instead of notebooks, no kernels, and a clock that skips the waiting."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deciders import activities as declared
from deciders.notebook_workflow import NotebookWorkflow
from deciders.problems import did_you_mean
from deciders.runs.planned_run import PlannedRun
from deciders.sensor_workflow import SensorWorkflow
from deciders.specification import Specification, load_specification
from deciders.tasks.results import CheckResult
from deciders.workflow_types import application_workflows
from workers import activities as bodies
from workers.records.run_records import RunRecord, RunRecords
from workers.runs.kept_specification import by_reference
from workers.runs.run_starts import start_run

from .. import payload
from ..activity import Activity
from ..activity_context import context
from ..environment import value_of
from ..exceptions import DefinitionError
from ..inspection.executions import executions, history
from ..inspection.task_rows import TaskRow, task_rows
from ..local.clock import VirtualClock
from ..local.faults import Fault
from ..local.service import DOMAIN, LocalService
from ..processes.decider import Parked
from ..processes.engine import Engine
from ..processes.running_task import RunningTask
from ..service_faults import UNKNOWN_RESOURCE
from ..variables import AUTOFLOW_DB_URI
from ..workflow import Workflow, execution_input
from .asked_runs import Start, asked_runs, no_sensor
from .noted_output import noting
from .project_ends import ProjectCheck, ProjectEnd, RunEnd
from .replaced_notebooks import Function, ReplacedNotebooks
from .workflows import RunFailed, StillOpen, close_status, replaced_bodies

_SENSOR_ID, _END_ID = "sensor", "end of the test"


def run_project(
    file: str | Path,
    notebooks: Mapping[str, Function],
    *,
    outputs: str | Path,
    began: datetime | None = None,
    until: datetime | None = None,
    before_check: Callable[[datetime], None] | None = None,
    workers: int = 2,
    real_seconds: float = 60,
    starts: Sequence[Start] | None = None,
) -> ProjectEnd:
    """Run what a workflow file's sensor finds due, with functions instead of notebooks; return the results.

    With ``starts``, these runs are started instead, as by ``workflow.start``: of a file without a sensor, of a workflow without
    a date, or once more. Everything but kernels and typesetting is real: due dates, retries and their waits, skipping, lights,
    records, and what is kept of a failed run. Called again with the same ``outputs`` it continues from there.
    ``max_parallel_runs`` is ignored: ``workers`` limits how many run at once.

    Args:
        file: the workflow file; the notebooks that it names must exist, as for ``validate``.
        notebooks: functions by label, or by ``WORKFLOW/LABEL``, called with the parameters that the notebook would get. Each
            returns the notebook's value, or a :class:`NotebookEnd`; an exception fails the label, and
            :func:`simpleflow_nb.notebooks.skip` skips it. Of a label with a list of items it is called for each of them. What
            it prints and warns of decides on its light, as in a kernel.
            Every label of a workflow that the sensor, or ``starts``, may run needs one.
        outputs: a folder of the test.
        began: start time of the clock; now by default. Without a time zone it is UTC.
        until: follow the sensor's schedule until then; without it there is one check, as with ``--once``. Runs that have
            started by then go on to their ends.
        before_check: called with the time before each check of the sensor, to let data arrive.
        workers: number of notebooks that run at once.
        real_seconds: time limit of the test in real time.
        starts: workflows to run, each a name or ``(name, parameters)``, with ``reference_date`` among the parameters if it
            takes one; they run even if they have succeeded before.

    Raises:
        SpecificationError: the file is wrong.
        DefinitionError: a label has no function, a function no label, there is nothing to run, or the times are wrong.
        RunFailed: the sensor has failed, or the test takes longer than ``real_seconds``.
    """
    if value_of(AUTOFLOW_DB_URI):
        raise DefinitionError("AUTOFLOW_DB_URI is set, and run_project would write into that database; unset it for tests")
    specification = load_specification(file)
    begins = _in_utc("began", began) if began is not None else datetime.now(UTC)
    ends = _in_utc("until", until) if until is not None else None
    if starts is not None:
        asked = asked_runs(specification, starts)
        if ends is not None:
            raise DefinitionError("starts are runs to begin with and 'until' follows the sensor; give one of them")
        if before_check is not None:
            raise DefinitionError(
                "starts are runs to begin with and 'before_check' is for checks of the sensor; give one of them"
            )
    elif specification.sensor is None:
        raise DefinitionError(f"{file} has {no_sensor(specification)}")
    else:
        asked = ()
        if ends is not None and specification.sensor.schedule is None:
            raise DefinitionError(
                f"{file}: the sensor has no schedule to follow until {until}; leave 'until' out for one check"
            )
        if ends is not None and ends <= begins:
            raise DefinitionError(f"until {until} is not after {begins}")
    run_names = {one.workflow_name for one in asked or specification.entries}
    _check_labels(specification, notebooks, run_names)
    folder = Path(outputs).absolute()
    with (
        noting(),
        closing(
            _ProjectRun(_without_bounds(specification), notebooks, folder, begins, before_check, workers, real_seconds)
        ) as run,
    ):
        if asked:
            run.carry_out_asked(asked)
        else:
            run.carry_out(ends)
        checks = run.checks()
        skipped = run.clock.skipped_seconds
    with closing(RunRecords.open(folder)) as records:
        runs = [_with_items(one, records) for one in sorted(records.runs(), key=lambda one: one.ended)]
    return ProjectEnd(tuple(runs), checks, skipped)


def _with_items(record: RunRecord, records: RunRecords) -> RunEnd:
    values = {one.name: getattr(record, one.name) for one in dataclasses.fields(record)}
    return RunEnd(**values, every_item=tuple(records.items(record.run_id)))


def _in_utc(name: str, moment: datetime) -> datetime:
    if not isinstance(moment, datetime):
        raise DefinitionError(f"{name} is {moment!r:.80}; give a datetime, such as datetime(2024, 2, 1)")
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _check_labels(specification: Specification, notebooks: Mapping[str, Function], run_names: Collection[str]) -> None:
    """Refuse functions that fit no label, and labels of the workflows that run without a function."""
    known = [(workflow.name, notebook.label) for workflow in specification.workflows for notebook in workflow.notebooks]
    names = {label for _, label in known} | {f"{workflow}/{label}" for workflow, label in known}
    for name, function in notebooks.items():
        if name not in names:
            raise DefinitionError(f"no notebook has the label {name!r}{did_you_mean(name, sorted(names))}")
        if not callable(function):
            raise DefinitionError(f"the notebook {name!r} is replaced by {function!r:.80}, which cannot be called")
    for workflow, label in known:
        if workflow in run_names and label not in notebooks and f"{workflow}/{label}" not in notebooks:
            raise DefinitionError(f"the notebook {label!r} of {workflow} has no function in its place")


def _without_bounds(specification: Specification) -> Specification:
    """Remove ``max_parallel_runs``: a check would wait for room in real time, and the clock could not skip that."""
    flows = tuple(flow.model_copy(update={"max_parallel_runs": None}) for flow in specification.workflows)
    sensor = specification.sensor and specification.sensor.model_copy(update={"max_parallel_runs": None})
    return specification.model_copy(update={"workflows": flows, "sensor": sensor})


_stop_sensor: Activity[..., None] = Activity(None, name="simpleflow_nb.testing.stop_sensor", task_list=declared.SENSOR)


class _End(Workflow):
    """Cancels the sensor at the end of a test: with a task, as the clock does not skip while one runs."""

    name = "simpleflow_nb.testing.end"
    task_list = declared.DECISIONS

    def run(self, seconds: float) -> None:
        self.timer(seconds).result
        self.submit(_stop_sensor).result


class _ProjectRun:
    """A service in memory with the workers that a workflow file needs."""

    def __init__(
        self,
        specification: Specification,
        notebooks: Mapping[str, Function],
        outputs: Path,
        began: datetime,
        before_check: Callable[[datetime], None] | None,
        workers: int,
        real_seconds: float,
    ) -> None:
        self.specification, self.outputs, self.before_check = specification, outputs, before_check
        self.real_seconds, self.until = real_seconds, time.monotonic() + real_seconds
        self.clock, self.began = VirtualClock(began.timestamp()), began
        self.service = LocalService(clock=self.clock)
        self.parked: list[Parked] = []
        self.replaced = replaced = ReplacedNotebooks(notebooks)
        self.engine = Engine(
            self.service,
            DOMAIN,
            decision_list=declared.DECISIONS,
            task_lists={declared.NOTEBOOKS: workers, declared.REPORTS: 1, declared.SENSOR: 2},
            workflows=[*application_workflows(), _End],
            on_parked=self.parked.append,
            imports=False,
            bodies=replaced_bodies(
                {
                    declared.execute_notebook: replaced.execute_notebook,
                    declared.convert_report: replaced.convert_report,
                    declared.feed_new_dates: self._check,
                    _stop_sensor: self._stop_sensor,
                }
            ),
        )
        try:
            self.engine.start()
        except BaseException:
            self.service.close()
            raise

    def carry_out(self, until: datetime | None) -> None:
        """Follow the sensor until a time, or for one check, and the runs to their ends.

        Raises:
            RunFailed: see :func:`run_project`.
        """
        given = by_reference(self.specification, self.engine.payloads)
        arguments: dict[str, Any] = {"specification": given, "outputs": str(self.outputs), "once": until is None}
        self._start(SensorWorkflow, _SENSOR_ID, arguments)
        if until is None:
            self._wait(_SENSOR_ID)
        else:
            self._start(_End, _END_ID, {"seconds": (until - self.began).total_seconds()})
            self._wait(_END_ID)
            self._wait(_SENSOR_ID, "CANCELED")
        self._finish_runs()

    def carry_out_asked(self, runs: Iterable[PlannedRun]) -> None:
        """Start these runs, and carry them out to their ends.

        Raises:
            RunFailed: see :func:`run_project`.
            SourceError: the data that a run is to remember cannot be read.
        """
        for one in runs:
            start_run(
                self.service,
                DOMAIN,
                self.specification,
                one,
                str(self.outputs),
                self.engine.payloads,
                rerun=True,
                started_by="test",
            )
        self._finish_runs()

    def _finish_runs(self) -> None:
        while left := self.service.open_executions(DOMAIN):
            for one in left:
                self._status(one.workflow_id, one.run_id)

    def checks(self) -> tuple[ProjectCheck, ...]:
        """Return the completed checks of the sensor, in order."""
        found = []
        for one in sorted(self.service.closed_executions(DOMAIN), key=lambda one: one.number):
            if one.workflow_id == _SENSOR_ID:
                found += [self._told(row) for row in task_rows(history(self.service, DOMAIN, one.ids)) if _is_check(row)]
        return tuple(found)

    def close(self) -> None:
        self.engine.stop(cancel=True)
        self.service.close()
        self.engine.join(10)

    def _check(self, **arguments: Any) -> Any:
        if self.before_check is not None:
            self.before_check(datetime.fromtimestamp(context().service.clock.timestamp(), UTC))
        return bodies.feed_new_dates(**arguments)

    def _stop_sensor(self) -> None:
        try:
            self.service.request_cancel_workflow_execution(domain=DOMAIN, workflowId=_SENSOR_ID)
        except Fault as fault:
            if fault.code != UNKNOWN_RESOURCE:  # else it has ended by itself, and is reported so
                raise

    def _start(self, workflow: type[Workflow], workflow_id: str, arguments: dict[str, Any]) -> None:
        self.service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=workflow_id,
            workflowType={"name": workflow.type_name(), "version": workflow.version},
            executionStartToCloseTimeout=str(workflow.execution_timeout) if workflow.execution_timeout else "31536000",
            input=execution_input(workflow, {"kwargs": arguments}),
        )

    def _wait(self, workflow_id: str, *others: str) -> None:
        """Wait until the execution has completed, or ended in one of these ways; continued ones are followed."""
        while True:
            latest = self.service.execution(DOMAIN, workflow_id)
            assert latest is not None
            status = self._status(workflow_id, latest.run_id)
            if status in ("COMPLETED", *others):
                return
            if status != "CONTINUED_AS_NEW":
                events = history(self.service, DOMAIN, latest.ids)
                last: Any = next(value for key, value in events[-1].items() if key.endswith("EventAttributes"))
                raise RunFailed(status, last.get("reason", ""), events)

    def _status(self, workflow_id: str, run_id: str) -> str:
        try:
            return close_status(
                self.service, self.engine, self.parked, workflow_id, run_id, self.until, self.real_seconds, self._name_of
            )
        except StillOpen as error:
            execution = {"workflowId": workflow_id, "runId": run_id}
            events = history(self.service, DOMAIN, execution)
            raise RunFailed(None, f"{workflow_id}: {error}", events, left=error.left) from None

    def _name_of(self, task: RunningTask) -> str:
        return self.replaced.labels.get((task.run_id, task.activity_id), task.activity_id)

    def _told(self, row: TaskRow) -> ProjectCheck:
        at, load = datetime.fromtimestamp(row.scheduled, UTC), self.engine.payloads.load
        if row.state != "completed":
            details = payload.decode(row.details, load) if row.details else None
            message = details.get("message") if isinstance(details, dict) else None
            return ProjectCheck(at, error=str(message or row.reason or row.state))
        started = CheckResult.of_json(payload.decode(row.result, load)).started
        return ProjectCheck(at, tuple(self._names()[workflow_id] for workflow_id in started))

    def _names(self) -> dict[str, str]:
        kind = {"name": NotebookWorkflow.type_name(), "version": NotebookWorkflow.version}
        found = executions(self.service, DOMAIN, is_open=False, typeFilter=kind)
        return {info["execution"]["workflowId"]: "/".join(info["tagList"][:2]) for info in found}


def _is_check(row: TaskRow) -> bool:
    return row.name == declared.feed_new_dates.name and row.state not in ("scheduled", "started")
