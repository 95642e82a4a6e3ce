"""Rules for reruns of a workflow: which changes its source can detect."""

from __future__ import annotations

from ..problems import Problems, shown
from .yaml_lines import YamlNode


def check_policy(workflow: YamlNode, root: YamlNode, problems: Problems) -> None:
    """Note a cause to run dates again of which this file's source can never tell."""
    causes = workflow.get("rerun_when")
    for node in causes.items() if causes is not None else ():
        if node.text == "data_changed" and (kind := _source_without_versions(root)) is not None:
            problems.add(
                node.line,
                f"rerun_when: {shown(node.text)} needs a source whose data can be told to have changed, "
                f"which {kind} cannot; 'files' and 'sql' can",
            )


def _source_without_versions(root: YamlNode) -> str | None:
    """Name the sensor's source if it cannot detect changed data; None if it can, is wrong anyway, or the file has no sensor."""
    sensor = root.get("available_dates_sensor") or YamlNode(None, 0)
    if not isinstance(sensor.value, dict):
        return None
    source = sensor.get("source")
    if source is None or source.text == "flowapi":
        return "flowapi"
    if not isinstance(source.value, dict) or source.value.keys() & {"files", "sql"}:
        return None
    return next((str(key) for key in source.value), None)
