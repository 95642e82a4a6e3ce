"""JSON Schemas of single values of ``workflows.yml``, for editors: what the loader reads from several forms.

They accept whatever the loader accepts; what more it asks is said by `deciders.specification.workflow_file` and the rules.
"""

from __future__ import annotations

from typing import Any

from ..dates.date_bounds import FARTHEST_OFFSET_DAYS, PERIODS, SHIFT_PATTERN
from ..dates.durations import DURATION_PATTERN
from ..dates.reference_dates import LAST, LONGEST_STEP_DAYS, WEEKDAYS
from .notebook_limits import LONGEST_SECONDS

DATE_SCHEMA = {"type": "string", "format": "date", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
BOUND_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": -FARTHEST_OFFSET_DAYS, "maximum": FARTHEST_OFFSET_DAYS},
        DATE_SCHEMA,
        {"enum": list(PERIODS)},
        {"type": "string", "pattern": SHIFT_PATTERN},
    ]
}
DATES_SCHEMA = {"anyOf": [*BOUND_SCHEMA["anyOf"], {"type": "array", "items": BOUND_SCHEMA, "minItems": 2, "maxItems": 2}]}
DURATION_SCHEMA = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST_SECONDS},
        {"type": "string", "pattern": DURATION_PATTERN},
    ]
}
MEMORY_SCHEMA = {
    "anyOf": [
        {"type": "number", "minimum": 1_000_000},
        {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*[kmgtKMGT][iI]?[bB]\s*$"},
    ]
}
OUTPUT_LIMIT_SCHEMA = {
    "anyOf": [
        *MEMORY_SCHEMA["anyOf"],
        {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "properties": {"printed": MEMORY_SCHEMA, "displayed": MEMORY_SCHEMA},
        },
    ]
}
STENCIL_SCHEMA = {
    "type": "array",
    "items": {
        "anyOf": [
            *DATES_SCHEMA["anyOf"],
            {
                "type": "object",
                "required": ["dates", "at_least"],
                "additionalProperties": False,
                "properties": {
                    "dates": DATES_SCHEMA,
                    "at_least": {"type": "integer", "minimum": 0, "description": "So many of its days must be there."},
                },
            },
        ]
    },
    "default": [0],
}
WEEKDAY_SCHEMA = {"enum": list(WEEKDAYS)}
DAY_OF_MONTH_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 31}, {"const": LAST}]}


def _one_or_several(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}


def _mapping_of(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "additionalProperties": False, "properties": properties}


REFERENCE_DATES_SCHEMA = {
    "anyOf": [
        {"const": "all"},
        _mapping_of(weekly=_one_or_several(WEEKDAY_SCHEMA)),
        _mapping_of(monthly=_one_or_several(DAY_OF_MONTH_SCHEMA)),
        _mapping_of(dates={"type": "array", "items": DATE_SCHEMA, "minItems": 1}),
        _mapping_of(every={"type": "integer", "minimum": 1, "maximum": LONGEST_STEP_DAYS}, **{"from": DATE_SCHEMA}),
    ],
    "default": "all",
}
SKIP_SCHEMA = {
    "anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": DURATION_PATTERN}],
    "default": "1d",
}
KEEP_HISTORY_SCHEMA = {"anyOf": [{"const": "forever"}, {"type": "string", "pattern": DURATION_PATTERN}], "default": "90d"}
KEEP_ATTEMPTS_SCHEMA = {"anyOf": [{"const": "all"}, {"type": "integer", "minimum": 1, "maximum": 1_000}], "default": 5}
WAIT_SCHEMA = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": DURATION_PATTERN}], "default": 0}
SOURCE_SCHEMA = {
    "anyOf": [
        {"const": "flowapi"},
        {
            "type": "object",
            "required": ["files"],
            "additionalProperties": False,
            "properties": {
                "files": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": {"type": "string", "pattern": r"^(?!/)[^{]*\{date\}[^{]*$"},
                    "description": "For each type of data the path of its files, relative to this file; {date} stands for "
                    "the ISO date, * and ? for other characters. s3://bucket/... is on S3.",
                }
            },
        },
        {
            "type": "object",
            "required": ["sql"],
            "additionalProperties": False,
            "properties": {
                "sql": {
                    "type": "object",
                    "required": ["uri", "query"],
                    "additionalProperties": False,
                    "properties": {
                        "uri": {"type": "string", "description": "SQLAlchemy's; {} in it stands for the password."},
                        "query": {"type": "string", "description": "Gives rows of a type of data and a date."},
                        "password": {"type": "string", "description": "The name of the secret that is the password."},
                    },
                }
            },
        },
        {
            "type": "object",
            "description": "A source that is installed, by its name, with its own settings.",
            "minProperties": 1,
            "maxProperties": 1,
            "propertyNames": {"not": {"enum": ["files", "sql"]}},
        },
    ],
    "default": "flowapi",
}
