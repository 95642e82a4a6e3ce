"""How reports are called: what ``name`` of an output says, filled in for a run.

A name has placeholders in braces: ``label``, ``workflow``, ``reference_date``, ``instance``, and the workflow's parameters.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from ..path_parts import LONGEST_PART_BYTES, cut_part, encoded_part, path_part
from .inputs_folder import folded_name

if TYPE_CHECKING:
    from .models import WorkflowSpecification

#: What every name may say, besides the parameters of its workflow.
PLACEHOLDERS = ("label", "workflow", "reference_date", "instance")
LONGEST_VALUE_BYTES = 60  #: of what is filled in for one placeholder; a longer one is cut, and ends in the start of its SHA-256

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def placeholders(name: str) -> list[str]:
    """What stands in braces, in order."""
    return _PLACEHOLDER.findall(name)


def literal_parts(name: str) -> str:
    """The name without its placeholders: a letter stands for each. A brace that is left belongs to none."""
    return _PLACEHOLDER.sub("x", name)


def filled_name(name: str, values: Mapping[str, Any]) -> str:
    """The name as a part of a path. A placeholder without a value stays as it is.

    What file systems refuse in a value is percent-encoded, a long value is cut, and so is a name of more than 180 bytes; what
    is cut ends in a hash, so that different values of a placeholder give different names.
    """
    made = _PLACEHOLDER.sub(lambda found: value_part(values[found[1]]) if found[1] in values else found[0], name)
    return cut_part(made, LONGEST_PART_BYTES) or path_part(name)


def value_part(value: Any) -> str:
    """A parameter's value in the name of a file."""
    printable = (c if c.isprintable() else f"%u{ord(c):06X}" for c in encoded_part(value_text(value)))
    return cut_part("".join(printable), LONGEST_VALUE_BYTES)


def value_text(value: Any) -> str:
    """A parameter's value in a few words: text and dates as they are, else JSON."""
    if isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, date) else json.dumps(_sorted(value), ensure_ascii=False, default=str)


def _sorted(value: Any) -> Any:
    """With the keys of mappings as text, in order: in a file they may also be numbers and dates."""
    if isinstance(value, Mapping):
        return {str(key): _sorted(value[key]) for key in sorted(value, key=str)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def report_file_names(
    workflow: WorkflowSpecification, instance: str, parameters: Mapping[str, Any]
) -> dict[tuple[str, str], str]:
    """The file of each report of a run, by label and format, in the folder of the run's reports.

    ``<label>.<format>``, unless the output has a name. A name that another report of the run has already, which ``validate``
    refuses for the sensor's entries, gets the start of the SHA-256 of its label behind it.
    """
    found: dict[tuple[str, str], str] = {}
    for notebook in workflow.notebooks:
        for output in notebook.output:
            if output.name is None:
                found[notebook.label, output.format] = f"{path_part(notebook.label)}.{output.format}"
    taken = {folded_name(name) for name in found.values()}
    for notebook in workflow.notebooks:
        values = {**parameters, **own_values(workflow.name, notebook.label, instance, parameters.get("reference_date"))}
        for output in notebook.output:
            if output.name is not None:
                stem = filled_name(output.name, values)
                if folded_name(f"{stem}.{output.format}") in taken:
                    stem += f"-{hashlib.sha256(notebook.label.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
                found[notebook.label, output.format] = f"{stem}.{output.format}"
                taken.add(folded_name(found[notebook.label, output.format]))
    return found


def own_values(workflow: str, label: str, instance: str, reference_date: Any) -> dict[str, Any]:
    """What stands for the `PLACEHOLDERS`; for the date of a run that has none its instance does."""
    return {"label": label, "workflow": workflow, "reference_date": reference_date or instance, "instance": instance}
