"""When a workflow is run and before which others: waits, and what can be told to have changed."""

from __future__ import annotations

from typing import Any

from ..dates.durations import seconds_of
from ..problems import Problems, shown
from .yaml_lines import BROKEN, YamlNode


def checked_policy(workflow: YamlNode, root: YamlNode, problems: Problems) -> dict[str, Any]:
    """The values of `deciders.specification.WorkflowSpecification` that say when a date is run, and run again."""
    numbers = {name: workflow.get(name) for name in ("attempts", "priority", "max_parallel_runs")}
    checked: dict[str, Any] = {name: node.value for name, node in numbers.items() if node is not None}
    if (wait := workflow.get("retry_wait")) is not None and wait.value is not BROKEN:
        try:
            checked["retry_wait_seconds"] = seconds_of(wait.plain())
        except ValueError as error:
            problems.add(wait.line, f"retry_wait {error}")
    if (again := workflow.get("skip_again")) is not None and again.value is not BROKEN:
        try:
            checked["skip_again_seconds"] = seconds_of(again.plain())
            if not checked["skip_again_seconds"]:
                raise ValueError("must be longer than 0 s: a date that is skipped would be tried again at every look")
        except ValueError as error:
            problems.add(again.line, f"skip_again {error}")
    if (causes := workflow.get("rerun_when")) is not None and isinstance(causes.value, list):
        checked["rerun_when"] = list(dict.fromkeys(node.text for node in causes.value if node.text is not None))
        for node in causes.value:
            if node.text == "data_changed" and (kind := _source_without_versions(root)) is not None:
                problems.add(
                    node.line,
                    f"rerun_when: {shown(node.text)} needs a source whose data can be told to have changed, "
                    f"which {kind} cannot; 'files' and 'sql' can",
                )
    return checked


def _source_without_versions(root: YamlNode) -> str | None:
    """What the sensor's source is called when it cannot tell changed data; None when it can, is wrong anyway, or is not there,
    since the file has no sensor."""
    sensor = root.get("available_dates_sensor") or YamlNode(None, 0)
    if not isinstance(sensor.value, dict):
        return None
    source = sensor.get("source")
    if source is None or source.text == "flowapi":
        return "flowapi"
    if not isinstance(source.value, dict) or source.value.keys() & {"files", "sql"}:
        return None
    return next((str(key) for key in source.value), None)
