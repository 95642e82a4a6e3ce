"""Open sensors in a list."""

from __future__ import annotations

from datetime import datetime

from ...inspection.tables import Table
from ..asking.sensor_requests import SensorList


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
