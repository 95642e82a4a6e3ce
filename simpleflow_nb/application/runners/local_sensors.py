"""The sensors that a process carries out itself: how they begin, what is told of them, and how they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import payload
from ...constants import SENSOR_TYPE
from ...exceptions import PayloadError
from ...inspection.task_rows import shown_time
from ...local.service import DOMAIN
from ...processes.local_run import LocalRun
from ...processes.payload_directory import kept
from ...workflow import execution_input
from ..places import Place
from ..states.run_states import last_attributes, status_word
from ..states.sensors import CHECK_TYPE, SensorState, failure_message, has_failed_check, sensor_id, sensor_state

if TYPE_CHECKING:
    from deciders.specification import Specification
    from deciders.tasks.results import CheckResult

_ASKED = {
    "pause": "the sensor is paused; sensor.resume lets it go on",
    "resume": "the sensor goes on",
    "reload": "reloaded",
    "check": "a check was asked for",
}


def started_sensors(
    run: LocalRun,
    specifications: Sequence[Specification],
    outputs: str,
    *,
    once: bool,
    force: bool,
    tell: Callable[[str], None],
) -> list[Sensor]:
    """Start a sensor for each file. Those that a process that has ended left open are ended: of the same files' only the time
    of the last check is kept, of others it is told."""
    from deciders.sensor_workflow import BELIEVABLE_AHEAD
    from deciders.workflow_types import executions_of_type

    mine = {sensor_id(specification.file) for specification in specifications}
    last_looks: dict[str, datetime] = {}
    place = Place(run.service, DOMAIN, run.payloads)
    for info in executions_of_type(run.service, DOMAIN, SENSOR_TYPE, is_open=True):
        execution = {key: info["execution"][key] for key in ("workflowId", "runId")}
        found = sensor_state(place, execution)
        last_look = found.last_check or datetime.fromtimestamp(info["startTimestamp"], UTC)
        former = execution["workflowId"]
        of_file = former if former in mine else _id_where_moved(place, found, specifications, outputs)
        if of_file is not None:
            last_looks[of_file] = last_look
            if last_look - datetime.now(UTC) > BELIEVABLE_AHEAD and not once:
                moment = shown_time(last_look.timestamp())[:16]
                tell(f"the clock was set back: the sensor looked last at {moment} UTC, which is in the future; it looks now")
        else:
            ends = f"the sensor of {found.file}, which was interrupted, ends"
            tell(f"{ends}: this process looks for dates of its own files alone")
        run.service.terminate_workflow_execution(domain=DOMAIN, **info["execution"], reason="started again")
    return [
        Sensor(
            run,
            one,
            outputs,
            once=once,
            force=force,
            tell=tell,
            last_look=last_looks.get(sensor_id(one.file)),
            is_alone=len(mine) == 1,
        )
        for one in specifications
    ]


def _id_where_moved(place: Place, found: SensorState, specifications: Sequence[Specification], outputs: str) -> str | None:
    """Return the id that the sensor of one of these files has now, if ``found`` is its sensor from before the outputs folder
    was moved, or the file moved or renamed, as ids are made of the paths of files. None if it is not."""
    from workers.runs.outputs_location import former_places

    former = former_places(Path(outputs))
    names = [one.file for one in specifications if found.outputs in former and one.path.name == Path(found.path).name]
    if not names and found.outputs in (outputs, *former) and not found.file.exists():
        flows = _workflow_names(place, found)
        names = [one.file for one in specifications if flows and flows <= {workflow.name for workflow in one.workflows}]
    return sensor_id(names[0]) if len(names) == 1 else None


def _workflow_names(place: Place, found: SensorState) -> set[str]:
    """Return the names of the workflows of the file that a sensor had; empty where these are not to be found any more."""
    from workers.runs.kept_specification import whole_specification

    try:
        return {workflow.name for workflow in whole_specification(found.specification, place.payloads).workflows}
    except (PayloadError, ValueError):
        return set()


class Sensor:
    """The sensor's execution, started with the file as it is now.

    Args:
        tell: takes sentences for the user.
        last_look: when a former sensor of the file looked last: a time of the schedule that has passed since is made up for
            at once.
        is_alone: what it says need not name its file.
    """

    def __init__(
        self,
        run: LocalRun,
        specification: Specification,
        outputs: str,
        *,
        once: bool,
        force: bool = False,
        tell: Callable[[str], None],
        last_look: datetime | None = None,
        is_alone: bool = True,
    ) -> None:
        from deciders.sensor_workflow import SensorWorkflow
        from workers.runs.kept_specification import by_reference

        self.run, self.workflow_id = run, sensor_id(specification.file)
        self.specification = specification  #: the file as it was read last
        self._tell_user = tell
        self.once = once or specification.sensor is None or specification.sensor.schedule is None
        self.not_due: int | None = None  #: how many runs the one check has passed over, once it is known
        self._prefix = "" if is_alone else f"{specification.path.name}: "
        arguments = {"specification": by_reference(specification, run.payloads), "outputs": outputs, "once": self.once}
        if force:
            arguments["forced"] = True
        if last_look is not None and not self.once:
            arguments["last_look"] = last_look.isoformat()
        text = execution_input(SensorWorkflow, {"kwargs": arguments})
        started = run.service.start_workflow_execution(
            domain=DOMAIN,
            workflowId=self.workflow_id,
            workflowType={"name": SensorWorkflow.type_name(), "version": SensorWorkflow.version},
            input=kept(text, run.payloads),
        )
        self._run_id, self._seen, self._said = started["runId"], 0, ""
        self._ended_well: bool | None = None
        self._status: str | None = None  #: SWF's close status
        #: what its last event says, and its result: read once it is closed, as the history and the payload may be removed then
        self._closing: dict[str, Any] = {}
        self._result: CheckResult | None = None  #: of a sensor that ended with a last check
        self._has_failed_check = False  #: and ended for it

    def is_open(self) -> bool:
        """Tell whether it is open, also after it went on as a new execution; its end is read, once it has one."""
        service = self.run.service
        if self._status is not None:
            return False
        latest = service.execution(DOMAIN, self.workflow_id)
        assert latest is not None
        if latest.close_status is None:
            return True
        events = service.events(latest.workflow_id, latest.run_id)
        self._closing, self._has_failed_check = last_attributes(events), has_failed_check(events)
        if latest.close_status == "COMPLETED":
            self._result = self._check_result(self._closing)
        self._status = latest.close_status
        return False

    def tell_checks(self) -> None:
        """Tell what went wrong at a check, once for each change: the next one may find it right again."""
        service = self.run.service
        current = service.execution(DOMAIN, self.workflow_id)
        if current is None or not current.is_open:
            return
        if current.run_id != self._run_id:
            self._run_id, self._seen = current.run_id, 0
        events = service.events(current.workflow_id, current.run_id, since=self._seen)
        self._seen += len(events)
        for event in events:
            if event["eventType"] == "ActivityTaskFailed":
                failed = event["activityTaskFailedEventAttributes"]
                is_check = self._is_check(failed["scheduledEventId"])
                what = "the check for new dates failed" if is_check else "runs that were asked for cannot be started"
                trouble = f"{what}: {failure_message(failed)}"
            elif event["eventType"] == "ActivityTaskCompleted":
                completed = event["activityTaskCompletedEventAttributes"]
                if not self._is_check(completed["scheduledEventId"]):
                    continue  # runs that somebody asked for
                trouble = _warnings(self._check_result(completed))
            elif event["eventType"] == "WorkflowExecutionSignaled":
                signal = event["workflowExecutionSignaledEventAttributes"]
                asked = self._asked(signal["signalName"], signal.get("input"))
                if asked is not None:
                    self._tell_user(self._prefix + asked)
                continue
            else:
                continue
            self._tell(trouble)

    def _is_check(self, scheduled_event_id: int) -> bool:
        """Tell whether the event of the execution that is open has scheduled a check."""
        scheduling = self.run.service.events(self.workflow_id, self._run_id, since=scheduled_event_id - 1, most=1)[0]
        name: str = scheduling["activityTaskScheduledEventAttributes"]["activityType"]["name"]
        return name == CHECK_TYPE

    def _check_result(self, attributes: Mapping[str, Any]) -> CheckResult:
        from deciders.tasks.results import CheckResult

        return CheckResult.of_json(payload.decode(attributes.get("result"), self.run.payloads.load))

    def _asked(self, name: str, text: str | None) -> str | None:
        """Return the line that says what a signal comes to, None where it is worth none; a reload is noted."""
        from deciders.sensor_signals import signal_fault
        from workers.runs.kept_specification import whole_specification

        try:
            given: Any = payload.decode(text, self.run.payloads.load) if text else None
            fault = signal_fault(name, given)
        except PayloadError as error:
            fault = str(error)
        if fault is not None:
            return f"the signal {name} was ignored: {fault}"
        if name == "reload":
            try:
                self.specification = whole_specification(given, self.run.payloads)
            except (PayloadError, ValueError):
                pass  # the sensor goes on with its schedule, and its checks will say what is wrong
        return _ASKED.get(name)

    def tell_end(self) -> bool:
        """Tell what the one check found, or how the sensor was ended, once; returns whether all is well. Not while `is_open`
        says so."""
        if self._ended_well is None:
            self._ended_well = self._told_end()
        return self._ended_well

    def _told_end(self) -> bool:
        status, last = self._status or "", self._closing
        if status == "CANCELED" and not self.run.interrupts.count:
            self._tell_user(f"{self._prefix}the sensor was stopped")
            return True
        if status != "COMPLETED":
            if status == "FAILED":
                why = failure_message(last)
                cause = f"the check for new dates failed: {why}" if self._has_failed_check else f"the sensor failed: {why}"
            else:
                cause = f"the sensor was {status_word(status)}" + (f": {last['reason']}" if last.get("reason") else "")
            if not self.once:
                self._said = ""  # that a check has failed before, perhaps for the same reason, is not that the sensor has ended
            self._tell(cause)
            return False
        assert self._result is not None
        self._tell(_warnings(self._result))
        if self.once:
            self.not_due = self._result.not_due
        else:
            self._tell_user(f"{self._prefix}the sensor ended with a last check: the file has no schedule any more")
        return True

    def _tell(self, trouble: str) -> None:
        if trouble and trouble != self._said:
            for line in trouble.splitlines():
                self._tell_user(self._prefix + line)
        self._said = trouble


def _warnings(result: CheckResult) -> str:
    return "\n".join(f"warning: {warning}" for warning in result.warnings)
