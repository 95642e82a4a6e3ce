"""The form of a workflow file in the history of a sensor or a backfill: the settings that decide, and a reference to
the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deciders.specification import Specification
from simpleflow_nb import payload
from simpleflow_nb.processes.payload_directory import Payloads

_REFERENCE = "reference"
_PLACE = ("path", "inputs_dir")


def by_reference(specification: Specification, payloads: Payloads) -> dict[str, Any]:
    """Store the specification and return the short form for a history, whose size does not depend on that of the file.

    Only for services of this machine: reading it needs the same ``payloads``.

    Raises:
        OSError: the payload cannot be written.
    """
    whole = specification.model_dump(mode="json")
    text = payload.encode(whole)
    payloads.store(text)
    sensor = whole["sensor"]
    return {
        _REFERENCE: payload.reference(text),
        **{name: whole[name] for name in _PLACE},
        "sensor": {name: sensor[name] for name in ("schedule", "timezone")} if sensor is not None else None,
    }


def is_by_reference(given: Mapping[str, Any]) -> bool:
    """Return True if a history has the specification in this form."""
    return _REFERENCE in given


def whole_specification(given: Mapping[str, Any], payloads: Payloads) -> Specification:
    """Return the specification from a history: in this form, or whole, as from version 0.1 and remote services.

    The path of the file is taken from the history, not from the payload: the project may have been moved since that was stored.

    Raises:
        PayloadError: the payload is missing or damaged.
    """
    if is_by_reference(given):
        given = payload.decode(given[_REFERENCE], payloads.load) | {name: given[name] for name in _PLACE}
    return Specification.model_validate(given)
