"""Types of the keys that say when and how often a label runs, as far as their shape goes, and what editors are told of them.

Their sense, which depends on the other labels, is read by `deciders.specification.written_steps`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticKnownError

from .file_types import OF_AN_OWNER, refusal
from .parameter_values import json_value
from .yaml_lines import BROKEN

_REFERENCE = {"type": "string", "pattern": r"^.+\..+$"}


def _one_key(key: str, value: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {key: value, **others}, "required": [key], "additionalProperties": False}


_FLATTEN = {"flatten": {"type": "boolean"}}
_SOURCE = {
    "anyOf": [
        {"type": "array"},
        {"type": "string", "minLength": 1},
        _one_key("scrap", _REFERENCE, **_FLATTEN),
        _one_key("parameter", {"type": "string"}, **_FLATTEN),
        _one_key("dates", {"type": "array", "minItems": 2, "maxItems": 2}, flatten={"const": False}),
    ]
}
_FOR_EACH = {
    "anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1, "additionalProperties": _SOURCE}],
}
_VALUE = {
    "anyOf": [
        {"type": "string"},
        _one_key("scrap", _REFERENCE),
        _one_key("file", {"type": "string", "pattern": "^[^/]+/.+$"}),
        _one_key("value", {}),
        _one_key("failure", {"type": "string"}),
    ]
}


def _null_as_word(value: Any) -> Any:
    return "null" if value is None else value


def _not_null(what: str) -> BeforeValidator:
    def checked(value: Any) -> Any:
        if value is None:
            raise refusal(OF_AN_OWNER, f" must be {what}, not null")
        return json_value(value)

    return BeforeValidator(checked)


def _name_or_form(value: Any) -> Any:
    if isinstance(value, str | dict) or value is BROKEN:
        return json_value(value)
    raise PydanticKnownError("string_type")


ForEach = Annotated[Any, _not_null("axes or the label of a fan"), WithJsonSchema(_FOR_EACH)]
#: A bare word, true or false, or a mapping; ``always`` is one of the words.
When = Annotated[Any, _not_null("a condition"), WithJsonSchema({"type": ["string", "boolean", "object"]})]
WhenSkippedWord = Annotated[
    Literal["skip", "null"], BeforeValidator(_null_as_word, json_schema_input_type=Literal["skip", "null"] | None)
]
OnFailureWord = Annotated[
    Any,
    _not_null("stop, continue or {run: label}"),
    WithJsonSchema({"anyOf": [{"enum": ["stop", "continue"]}, _one_key("run", {"type": "string"})]}),
]
ParameterOfNotebook = Annotated[Any, BeforeValidator(_name_or_form), WithJsonSchema(_VALUE)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Repeats = Annotated[int, Field(ge=0, le=1_000_000)]
