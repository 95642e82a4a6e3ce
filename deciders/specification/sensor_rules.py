"""Rules of the sensor that the shape of the file cannot express: times, types of data, sources, names of workflows."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from ..dates.cron import is_timezone, schedule_fault
from ..problems import Problems, listed, shown
from .sources import checked_source
from .workflow_file import FLOWAPI_CDR_TYPES
from .yaml_lines import YamlNode, json_value


def checked_sensor(root: YamlNode, workflow_names: list[str], problems: Problems) -> dict[str, Any] | None:
    """Those values of a `deciders.specification.SensorSpecification` that are not as the file has them, usable if nothing was
    added to ``problems``; None where the file has null for all of them, or nothing that could be a sensor."""
    sensor = root.get("available_dates_sensor")
    if sensor is None or not isinstance(sensor.value, dict):
        return None
    schedule, timezone = sensor.get("schedule"), sensor.get("timezone")
    if schedule is not None and schedule.text is not None and (fault := schedule_fault(schedule.text)):
        problems.add(schedule.line, f"schedule {fault}")
    if timezone is not None and timezone.text is not None and not is_timezone(timezone.text):
        hint = problems.did_you_mean(timezone.text, _likely_timezones(timezone.text))
        problems.add(timezone.line, f"{shown(timezone.text)} is not the name of a time zone{hint}")
    source = checked_source(sensor.get("source"), problems)
    entries = sensor.get("workflows")
    return {
        "cdr_types": _checked_types(sensor.get("cdr_types"), source, problems),
        "source": source,
        "workflows": [_checked_entry(entry, workflow_names, problems) for entry in (entries.items() if entries else [])],
    }


def _likely_timezones(name: str) -> list[str]:
    """Return the time zones, of some 600, that may have been meant: in the same region, or with the same city."""
    region, _, city = name.casefold().rpartition("/")
    names = sorted(available_timezones())
    in_region = [known for known in names if region and known.casefold().startswith(f"{region}/")]
    return in_region or [known for known in names if known.casefold().rpartition("/")[2][:3] == city[:3]]


def _checked_types(node: YamlNode | None, source: dict[str, Any], problems: Problems) -> list[Any] | None:
    if node is None or not isinstance(node.value, list):
        return None
    files = source.get("files")
    known = [name for name in files if isinstance(name, str)] if files is not None else []
    known = list(FLOWAPI_CDR_TYPES) if source["kind"] == "flowapi" else known
    for item in node.value:
        if known and item.text is not None and item.text not in known:
            whose = "the types of the source" if files is not None else "FlowAPI's types"
            hint = problems.did_you_mean(item.text, known)
            problems.add(item.line, f"cdr_types: {shown(item.text)} is none of {whose}, {listed(known)}{hint}")
    return list(dict.fromkeys(item.text for item in node.value if item.text is not None))


def _checked_entry(entry: YamlNode, workflow_names: list[str], problems: Problems) -> dict[str, Any]:
    name, parameters = entry.get("workflow_name"), entry.get("parameters")
    # A file without any valid name has been reported already.
    if name is not None and name.text is not None and workflow_names and name.text not in workflow_names:
        hint = problems.did_you_mean(name.text, workflow_names)
        problems.add(name.line, f"there is no workflow {shown(name.text)} in this file{hint}")
    return {"parameters": json_value(parameters, problems)} if parameters is not None else {}
