"""Values of a notebook's parameters as a workflow file writes them: plain names, and references to what labels have made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from simpleflow_nb.json_numbers import no_value_of_json, not_finite

from ..steps.references import Reference, ValueKind, ValueName
from ..wording import did_you_mean, kind_of, listed, shown

#: Keys of a value that is no plain name, each with an example.
VALUE_KEYS: Mapping[str, str] = {
    "scrap": "{scrap: label.name}",
    "file": "{file: label/path}",
    "value": "{value: 3}",
    "failure": "{failure: label}",
}
#: Keys of values whose makers a workflow file cannot have yet, and what to use instead.
NOT_YET: Mapping[str, str] = {
    "output": "only connectors and child workflows have outputs, and a workflow file has neither; take a scrap",
    "setting": "there are no settings that runs can read; take a parameter of the workflow",
}


@dataclass(frozen=True, slots=True)
class PlainName:
    """An axis, a label, a parameter of the workflow or an automatic one: whichever comes first in this order."""

    name: str


@dataclass(frozen=True, slots=True)
class GivenValue:
    """A value that stands in the file."""

    value: Any


@dataclass(frozen=True, slots=True)
class ScrapValue:
    """A scrap that a notebook has glued; of a fan the list of them."""

    label: str
    name: str

    @property
    def value_name(self) -> ValueName:
        return ValueName(ValueKind.SCRAP, self.name)


@dataclass(frozen=True, slots=True)
class FileValue:
    """A file that a notebook has written into its folder; of a fan the list of them."""

    label: str
    path: str  #: within the folder, with slashes


@dataclass(frozen=True, slots=True)
class FailureValue:
    """A list of the items of a label that have failed: ``{index, state, error, notebook}`` each."""

    label: str


ParameterValue = PlainName | GivenValue | ScrapValue | FileValue | FailureValue


def read_value(written: Any, labels: Collection[str]) -> ParameterValue:
    """Read the value of a parameter; ``labels`` are those of the file.

    Raises:
        ValueError: one sentence that says what is wrong with it.
    """
    if isinstance(written, str):
        return PlainName(written)
    if not isinstance(written, Mapping):
        hint = f"; write {{value: {shown(written)}}} for the value itself"
        raise ValueError(f"a parameter takes the name of a value, not {kind_of(written)}{hint}")
    key = _key_of(written)
    inner = written[key]
    if key == "value":
        return GivenValue(finite_value(inner))
    if not isinstance(inner, str):
        raise ValueError(f"{key!r} is written {VALUE_KEYS[key]}, not with {kind_of(inner)}")
    if key == "scrap":
        reference = Reference.parse(ValueKind.SCRAP, inner, labels)
        assert reference.value.name is not None  # a scrap has a name
        return ScrapValue(reference.label, reference.value.name)
    if key == "failure":
        return FailureValue(_label(inner, labels))
    label, slash, path = inner.partition("/")
    if not label:
        raise ValueError(f"{{file: {inner}}} does not begin with a label; write {{file: label/path}}, a path in its folder")
    _label(label, labels)
    if not slash or not path:
        raise ValueError(
            f"{{file: {inner}}} names no file of {label!r}; write {{file: {label}/path}}, or {label} for its notebook"
        )
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "" in parts or "." in parts or "\\" in path or "\0" in path:
        raise ValueError(
            f"{{file: {inner}}} leads out of the folder of {label!r}, or is no plain path; write {label}/folder/name"
        )
    return FileValue(label, path)


def label_of(value: ParameterValue, labels: Collection[str], axes: Collection[str] = ()) -> str | None:
    """Return the label that makes the value; None if no label does."""
    if isinstance(value, PlainName):
        return value.name if value.name in labels and value.name not in axes else None
    return None if isinstance(value, GivenValue) else value.label


def nothing_to_refer_to(key: str) -> str:
    """Return the sentence that refuses a key of `NOT_YET`."""
    return f"{{{key}: ..}} has nothing to refer to: {NOT_YET[key]}"


def json_value(value: Any) -> Any:
    """Give a value of the file the form that values have in JSON: dates are ISO texts there."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [json_value(one) for one in value]
    if isinstance(value, Mapping):
        return {key.isoformat() if isinstance(key, date) else key: json_value(one) for key, one in value.items()}
    return value


def finite_value(value: Any) -> Any:
    """Return a value of the file as `json_value` does.

    Raises:
        ValueError: it has a number that JSON does not have.
    """
    made = json_value(value)
    if (number := not_finite(made)) is not None:
        raise ValueError(no_value_of_json(number))
    return made


def _key_of(written: Mapping[Any, Any]) -> str:
    if len(written) == 1:
        ((key, _),) = written.items()
        if key in VALUE_KEYS:
            return str(key)
        if key in NOT_YET:
            raise ValueError(nothing_to_refer_to(key))
    odd = next((key for key in written if key not in VALUE_KEYS), None)
    hint = did_you_mean(odd, VALUE_KEYS) if isinstance(odd, str) else ""
    told = (
        f"there is no {shown(odd)}{hint}"
        if odd is not None
        else f"not as {f'{listed(written)} at once' if written else 'an empty mapping'}"
    )
    *ways, last = VALUE_KEYS.values()
    raise ValueError(f"a value that is no plain name is written {', '.join(ways)} or {last}; {told}")


def _label(name: str, labels: Collection[str]) -> str:
    if name not in labels:
        raise ValueError(f"there is no label {shown(name)}{did_you_mean(name, labels)}")
    return name
