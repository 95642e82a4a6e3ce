"""What the shape of the sensor's part of a workflow file cannot say: times, types of data, sources, stencils."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import available_timezones

from ..dates.cron import is_timezone, schedule_fault
from ..dates.date_stencil import DateStencil, DateStencilError
from ..dates.reference_dates import ReferenceDates, ReferenceDatesError
from ..dates.written_dates import written_date
from ..problems import Problems, listed, shown
from .source_rules import checked_source
from .workflow_file import FLOWAPI_CDR_TYPES
from .yaml_lines import BROKEN, YamlNode, json_value


def checked_sensor(root: YamlNode, workflow_names: list[str], problems: Problems) -> dict[str, Any] | None:
    """The values of a `deciders.specification.SensorSpecification`, usable if nothing was added to ``problems``; None where the
    file has null for them, or nothing that could be one."""
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
    checked: dict[str, Any] = {
        "schedule": schedule.value if schedule is not None else None,
        "cdr_types": _checked_types(sensor.get("cdr_types"), source, problems),
        "source": source,
        "workflows": [_checked_entry(entry, workflow_names, problems) for entry in (entries.items() if entries else [])],
    }
    for key in ("timezone", "require", "max_parallel_runs"):
        if (node := sensor.get(key)) is not None:
            checked[key] = node.value
    return checked


def _likely_timezones(name: str) -> list[str]:
    """Of some 600 names those that may have been meant: in the same region, or with the same city."""
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
    # A file without any good name says so itself.
    if name is not None and name.text is not None and workflow_names and name.text not in workflow_names:
        hint = problems.did_you_mean(name.text, workflow_names)
        problems.add(name.line, f"there is no workflow {shown(name.text)} in this file{hint}")
    checked: dict[str, Any] = {"workflow_name": name.value if name is not None else None}
    if parameters is not None:
        checked["parameters"] = json_value(parameters, problems)
    if (earliest := entry.get("earliest_date")) is not None and earliest.value is not BROKEN:
        checked["earliest_date"] = _checked_date(earliest, problems)
    if (rule := entry.get("reference_dates")) is not None and rule.value is not BROKEN:
        checked["reference_dates"] = _checked_rule(rule, problems)
    if (stencil := entry.get("date_stencil")) is not None and stencil.value is not BROKEN:
        checked["date_stencil"] = _checked_stencil(stencil, problems)
    return checked


def _checked_date(node: YamlNode, problems: Problems) -> date | None:
    value = node.value
    if (day := written_date(value)) is not None:
        return day
    found = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else shown(value)
    problems.add(node.line, f"earliest_date must be a date such as 2016-01-31, not {found}")
    return None


def _checked_rule(node: YamlNode, problems: Problems) -> dict[str, Any] | None:
    if _is_broken(node):
        return None
    try:
        ReferenceDates(rule := node.plain())
    except ReferenceDatesError as error:
        problems.add(node.line, f"reference_dates: {error}")
        return None
    return None if rule == "all" else {key: _as_text(value) for key, value in rule.items()}


def _is_broken(node: YamlNode) -> bool:
    """Whether something in it has been reported already."""
    return node.value is BROKEN or any(map(_is_broken, (*node.items(), *node.entries().values())))


def _as_text(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _checked_stencil(node: YamlNode, problems: Problems) -> list[Any] | None:
    if not isinstance(node.value, list):
        found = "a mapping" if isinstance(node.value, dict) else shown(node.value)
        problems.add(node.line, f"date_stencil must be a list, not {found}")
        return None
    # One by one, so that every bad element is reported and not only the first.
    for item in node.value:
        if _is_broken(item):
            continue
        try:
            DateStencil([item.plain()])
        except DateStencilError as error:
            problems.add(item.line, f"date_stencil: {error}")
    return list(node.plain())
