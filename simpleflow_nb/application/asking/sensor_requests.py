"""Requests to the sensor of a workflow file while it runs, and the list of open sensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...constants import SENSOR_TYPE
from ...exceptions import DefinitionError
from ...inspection.documents import SCHEMA, iso_time
from ..files.specifications import read_specification
from ..files.workflow_files import typed_path
from ..records.owners import check_names
from ..states.sensors import SensorState, ask_sensor, open_sensor, sensor_state

if TYPE_CHECKING:
    from deciders.specification import Specification

    from ..places import Place
from ..services import Service


class Told(StrEnum):
    """Kind of request that a sensor takes."""

    STOP = "stop"  #: end; runs that are open go on to their end
    CHECK = "check"  #: look for new dates now, whatever the schedule says
    PAUSE = "pause"  #: look for no new dates until it is resumed
    RESUME = "resume"  #: look again; times that have passed meanwhile come to one check now
    RELOAD = "reload"  #: go on with the file as it is now


@dataclass(frozen=True)
class SensorRequest:
    """Request that was made to a sensor."""

    workflow_id: str
    run_id: str
    told: Told
    takes_effect_now: bool  #: and not when the next process takes the journal
    is_paused: bool = False  #: so that it does not look before it is resumed
    schedule: str | None = None  #: of the file that it goes on with
    timezone: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "request": {
                "workflow_id": self.workflow_id,
                "run_id": self.run_id,
                "told": str(self.told),
                "is_paused": self.is_paused,
                "schedule": self.schedule,
                "timezone": self.timezone,
                "takes_effect_now": self.takes_effect_now,
            },
        }


@dataclass(frozen=True)
class SensorControl:
    """The sensor of a workflow file, wherever it is carried out.

    The file is read only to go on with it: what is wrong with it must not keep anybody from stopping its sensor.

    Args:
        path: the workflow file.
        outputs: the outputs folder.

    Each method raises:
        DefinitionError: no sensor of the file runs there.
        ServiceError: the journal cannot be read, or the service cannot be reached.
    """

    path: Path
    outputs: Path
    service: Service
    _file: Path = field(init=False, repr=False, compare=False)  # the working directory may change

    def __post_init__(self) -> None:
        object.__setattr__(self, "_file", self.path.absolute())

    def stop(self) -> SensorRequest:
        """End it; runs that are open go on to their end."""
        with self._running() as (place, execution):
            takes_effect = place.ask("request_cancel_workflow_execution", execution)
        return _request(execution, Told.STOP, takes_effect)

    def check(self) -> SensorRequest:
        """Let it look for new dates now, whatever its schedule says."""
        with self._running() as (place, execution):
            is_paused = sensor_state(place, execution).state == "paused"
            takes_effect = ask_sensor(place, execution, str(Told.CHECK))
        return _request(execution, Told.CHECK, takes_effect, is_paused=is_paused)

    def pause(self) -> SensorRequest:
        """Let it look for no new dates until it is resumed; runs that are open go on."""
        return self._tell(Told.PAUSE, is_paused=True)

    def resume(self) -> SensorRequest:
        """Let it look for new dates again."""
        return self._tell(Told.RESUME)

    def reload(self, specification: Specification | None = None) -> SensorRequest:
        """Let it go on with the file as it is now; runs that are open end as they began.

        Args:
            specification: the file, by whoever has just read it.

        Raises:
            SpecificationError: every problem of the file.
            DefinitionError: a workflow of the file belongs to another one, or it has no sensor any more.
        """
        if specification is None:
            specification = read_specification(typed_path(self.path, self._file))
        check_names(specification, self.outputs)
        sensor = specification.sensor
        if sensor is None:
            from deciders.specification import NO_SENSOR

            ends = "sensor.stop ends the one that runs"
            raise DefinitionError(f"{specification.path} has no sensor any more: {NO_SENSOR}; {ends}")
        with self._running() as (place, execution):
            takes_effect = ask_sensor(place, execution, str(Told.RELOAD), place.kept_specification(specification))
        return _request(execution, Told.RELOAD, takes_effect, schedule=sensor.schedule, timezone=sensor.timezone)

    def _tell(self, told: Told, *, is_paused: bool = False) -> SensorRequest:
        with self._running() as (place, execution):
            takes_effect = ask_sensor(place, execution, str(told))
        return _request(execution, told, takes_effect, is_paused=is_paused)

    @contextmanager
    def _running(self) -> Iterator[tuple[Place, dict[str, str]]]:
        with self.service.opened(self.outputs) as place:
            execution = open_sensor(place, self._file)
            if execution is None:
                where = f"in domain {place.domain}" if place.journal is None else f"on {place.journal}"
                raise DefinitionError(f"no sensor of {self.path} runs {where}; sensor.start starts one")
            yield place, execution


def _request(execution: dict[str, str], told: Told, takes_effect: bool, **more: Any) -> SensorRequest:
    return SensorRequest(execution["workflowId"], execution["runId"], told, takes_effect, **more)


@dataclass(frozen=True)
class SensorList:
    """The open sensors of a place, newest first."""

    sensors: tuple[SensorState, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA, "sensors": [_sensor(one) for one in self.sensors]}


def open_sensors(place: Place) -> SensorList:
    """Return the sensors that are open there; ``interrupted`` are those that no process carries out now."""
    if place.service is None:
        return SensorList()
    from deciders.workflow_types import executions_of_type

    found = []
    for info in executions_of_type(place.service, place.domain, SENSOR_TYPE, is_open=True):
        one = sensor_state(place, {key: info["execution"][key] for key in ("workflowId", "runId")})
        if place.is_interrupted:
            one.state = "interrupted"
        found.append(one)
    return SensorList(tuple(found))


def _sensor(one: SensorState) -> dict[str, Any]:
    return {
        "workflow_id": one.workflow_id,
        "file": str(one.file),
        "outputs": one.outputs,
        "state": one.state,
        "is_once": one.is_once,
        "schedule": one.schedule,
        "timezone": one.timezone,
        "next_check": iso_time(one.next_check),
        "last_check": iso_time(one.last_check),
        "last_result": one.note or None,
    }
