"""Warnings about words of a workflow file that YAML reads differently from how they look, where no other rule would notice."""

from __future__ import annotations

from collections.abc import Iterator

from simpleflow_nb.json_numbers import no_value_of_json, not_finite

from ..problems import Problems, shown
from .yaml_lines import YamlNode


def note_surprises(root: YamlNode, problems: Problems) -> None:
    """Warn of words that may not mean what was written, and refuse numbers that JSON does not have.

    The parameters of the sensor's entries and of scenarios, and the settings of an installed source, are free: their values
    may be of any type. Elsewhere a word of the wrong type is refused anyway, and only numbers are checked.
    """
    sensor = root.get("available_dates_sensor") or _NOTHING
    for entry in (sensor.get("workflows") or _NOTHING).items():
        note_values(entry.get("parameters") or _NOTHING, problems)
        for key, node in entry.entries().items():
            if key != "parameters":
                _warn(node, problems, is_free=False)
    for key, node in sensor.entries().items():
        if key != "workflows":
            _warn(node, problems, is_free=key == "source")
    for entry in (root.get("scenarios") or _NOTHING).items():
        note_values(entry.get("parameters") or _NOTHING, problems)
        note_values(entry.get("grid") or _NOTHING, problems)
    _warn(root.get("workflows") or _NOTHING, problems, is_free=False)


def note_values(parameters: YamlNode, problems: Problems) -> None:
    """Check a mapping of names to values of any type in the same way."""
    for name, value in parameters.entries().items():
        for one in _scalars(value):
            if (number := not_finite(one.value)) is not None:
                problems.add(one.line, f"the parameter {shown(name)}: {no_value_of_json(number)}")
    _warn(parameters, problems, is_free=True)


def _warn(node: YamlNode, problems: Problems, *, is_free: bool) -> None:
    for one in _scalars(node):
        is_number = isinstance(one.value, (int, float)) and not isinstance(one.value, bool)
        if one.surprise is not None and (is_free or is_number):
            problems.warn(one.line, str(one.surprise))


def _scalars(node: YamlNode) -> Iterator[YamlNode]:
    """Yield every scalar, and the keys of mappings as nodes of their own."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.key is not None:
            yield one.key
        if isinstance(one.value, dict):
            waiting += reversed(one.value.values())
        elif isinstance(one.value, list):
            waiting += reversed(one.value)
        else:
            yield one


_NOTHING = YamlNode(None, 0)
