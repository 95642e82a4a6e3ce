"""A workflow file in the history of a sensor or a backfill: what it decides by, and a reference to the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deciders.specification import Specification
from simpleflow_nb import payload
from simpleflow_nb.processes.payload_directory import Payloads

_REFERENCE = "reference"
_PLACE = ("path", "inputs_dir")


def by_reference(specification: Specification, payloads: Payloads) -> dict[str, Any]:
    """What stands for the specification in every check of a history: its size does not depend on that of the file.

    For services of this machine alone: whoever reads it needs the same ``payloads``.

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
    """Whether a history has the specification in this form."""
    return _REFERENCE in given


def whole_specification(given: Mapping[str, Any], payloads: Payloads) -> Specification:
    """The specification that a history has, in this form or as version 0.1 and services elsewhere have it: as it is.

    Where the file is says what stands beside a reference: the project may have been moved since the payload was stored.

    Raises:
        PayloadError: the payload is not there, or is not what was stored.
    """
    if is_by_reference(given):
        given = payload.decode(given[_REFERENCE], payloads.load) | {name: given[name] for name in _PLACE}
    return Specification.model_validate(given)
