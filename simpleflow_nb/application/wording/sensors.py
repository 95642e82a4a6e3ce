"""Open sensors in a list, and what a request to one comes to."""

from __future__ import annotations

from datetime import datetime

from ...inspection.tables import Table
from ..asking.sensor_requests import SensorList, SensorRequest, Told
from .journals import asked


def sensor_table(found: SensorList) -> Table:
    """Return each open sensor in a row: its file, its state, its schedule, its checks."""
    table = Table(["Sensor", "File", "State", "Schedule", "Next check (UTC)", "Last check (UTC)", "Last result"])
    for one in found.sensors:
        schedule = f"{one.schedule} ({one.timezone})" if one.schedule else "once"
        moments = [_shown(moment) for moment in (one.next_check, one.last_check)]
        table.rows.append([one.workflow_id, one.path, one.state, schedule, *moments, one.note])
    return table


def _shown(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment is not None else None


def request_sentence(request: SensorRequest) -> str:
    """Return what a request to a sensor comes to."""
    if not request.takes_effect_now:
        return asked(request.workflow_id, takes_effect_now=False)
    return f"{request.workflow_id}: {_effect(request)}"


def _effect(request: SensorRequest) -> str:
    match request.told:
        case Told.STOP:
            return "stops; open runs go on"
        case Told.CHECK:
            return "paused; sensor.resume lets it look" if request.is_paused else "looks for new dates now"
        case Told.PAUSE:
            return "paused until sensor.resume; open runs go on"
        case Told.RESUME:
            return "resumed"
        case Told.RELOAD:
            schedule = request.schedule
            return f"reloaded; it looks at {schedule!r} ({request.timezone})" if schedule else "reloaded; one last check"
