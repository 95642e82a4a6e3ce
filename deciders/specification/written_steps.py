"""Steps as a workflow file writes them, read into those of a graph.

One reader serves the check of a file, which reports every fault at its line, and a run, whose workflow was checked before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from typing import Any, Literal

from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.json_numbers import no_value_of_json, not_finite

from ..dates.written_dates import written_date
from ..steps.condition_parsing import parse_condition
from ..steps.conditions import Condition, ConditionError
from ..steps.references import Reference, ValueKind
from ..steps.step import (
    DEFAULT_LIMIT,
    REPEAT_INDEX,
    AxisSource,
    FromLabel,
    FromParameter,
    Listed,
    OnFailure,
    OnItemFailure,
    Step,
    WhenSkipped,
)
from ..wording import did_you_mean, kind_of, listed, shown
from .parameter_values import NOT_YET, finite_value, json_value, label_of, nothing_to_refer_to, read_value

#: The keys of a label that say when and how often it runs, as `deciders.specification.models` names them.
STEP_KEYS = (
    "for_each",
    "zip",
    "repeat",
    "max_parallel",
    "limit",
    "when",
    "when_skipped",
    "after",
    "on_failure",
    "on_item_failure",
)
_SOURCES = ("scrap", "parameter", "dates")
_WAYS = "an axis comes from a list, a label, {scrap: label.name}, {parameter: name} or {dates: [first, end]}"
_MOST_DATES = 100_000  #: of one range; above every limit that makes sense

#: Told of each fault: the label, the key and what is inside of it, and the sentence.
Report = Callable[[str, tuple[str, ...], str], None]


class WrittenStepError(DefinitionError, ValueError):
    """A step of a run cannot be read, which a checked file cannot have."""


def refuse(label: str, path: tuple[str, ...], message: str) -> None:
    """Raise the fault of a file that was checked before.

    Raises:
        WrittenStepError: always.
    """
    raise WrittenStepError(message)


def read_steps(written: Mapping[str, Mapping[str, Any]], report: Report = refuse) -> list[Step]:
    """Read the steps of a workflow: by label their settings, as the file or `deciders.specification.models` have them.

    What cannot be read is reported and left out of its step.
    """
    axes = {label: axes_of_items(written, label) for label in written}
    return [_step(label, settings, written, axes[label], report) for label, settings in written.items()]


def axes_of_items(written: Mapping[str, Mapping[str, Any]], label: str) -> frozenset[str]:
    """Return the names of the axes that the items of a label have, those of what it follows among them."""
    found, seen = set[str](), set[str]()
    while label in written and label not in seen:
        seen.add(label)
        settings = written[label]
        if settings.get("repeat") is not None:
            found.add(REPEAT_INDEX)
        source = settings.get("for_each")
        if isinstance(source, Mapping):
            found.update(axis for axis in source if isinstance(axis, str))
        label = source if isinstance(source, str) else ""
    return frozenset(found)


def _step(
    label: str, settings: Mapping[str, Any], labels: Collection[str], items_axes: Collection[str], report: Report
) -> Step:
    def told(key: str, message: str) -> None:
        report(label, (key,), f"{key!r} of {label!r} {message}")

    follows, axes = _for_each(label, settings.get("for_each"), labels, report)
    on_failure, handler = _on_failure(settings.get("on_failure", "stop"), labels, told)
    return Step(
        label,
        takes=_takes(label, settings.get("parameters"), labels, items_axes, report),
        after=_after(settings.get("after"), labels, told),
        axes=axes,
        zip=settings.get("zip") is True,
        follows=follows,
        repeat=_number(settings, "repeat", None, 0),
        when=_when(settings.get("when"), labels, items_axes, told),
        when_skipped=WhenSkipped.NULL if settings.get("when_skipped", "skip") in (None, "null") else WhenSkipped.SKIP,
        on_failure=on_failure,
        handler=handler,
        on_item_failure=OnItemFailure.STOP if settings.get("on_item_failure") == "stop" else OnItemFailure.CONTINUE,
        max_parallel=_number(settings, "max_parallel", None),
        limit=_number(settings, "limit", DEFAULT_LIMIT) or DEFAULT_LIMIT,
    )


def _number(settings: Mapping[str, Any], key: str, default: int | None, least: int = 1) -> int | None:
    value = settings.get(key)
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= least
    return value if is_number else default  # what it is instead is told of elsewhere


def _takes(label: str, written: Any, labels: Collection[str], axes: Collection[str], report: Report) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name, one in written.items() if isinstance(written, Mapping) else ():
        if not isinstance(name, str) or not isinstance(one, str | Mapping):
            continue  # its shape is told of elsewhere
        try:
            other = label_of(read_value(one, labels), labels, axes)
        except ValueError as error:
            report(label, ("parameters", name), f"parameter {name!r} of {label!r}: {error}")
            continue
        if other is not None:
            found[other] = None
    return tuple(found)


def _after(written: Any, labels: Collection[str], told: Callable[[str, str], None]) -> tuple[str, ...]:
    if not isinstance(written, list | tuple):
        return ()
    found = [one for one in written if isinstance(one, str)]
    for one in found:
        if one not in labels:
            told("after", f"names {shown(one)}, which is no label{did_you_mean(one, labels)}")
    return tuple(one for one in dict.fromkeys(found) if one in labels)


def _when(
    written: Any, labels: Collection[str], axes: Collection[str], told: Callable[[str, str], None]
) -> Condition | Literal["always"] | None:
    if written is None:
        return None
    if written == "always":
        return "always"
    try:
        condition = parse_condition(written, labels, axes)
    except ConditionError as error:
        told("when", f"cannot be asked: {error}")
        return None
    if (number := not_finite(written)) is not None:
        told("when", f"cannot be asked: {no_value_of_json(number)}")
        return None
    if any(reference.value.kind is ValueKind.OUTPUT for reference in condition.references()):
        told("when", f"cannot be asked: {nothing_to_refer_to('output')}")
        return None
    return condition


def _on_failure(written: Any, labels: Collection[str], told: Callable[[str, str], None]) -> tuple[OnFailure, str | None]:
    if written is None:
        return OnFailure.STOP, None  # its shape is told of elsewhere
    if isinstance(written, Mapping):
        handler = written.get("run")
        if len(written) != 1 or not isinstance(handler, str):
            told("on_failure", f"is stop, continue or {{run: label}}, not {shown(dict(written))}")
        elif handler not in labels:
            told("on_failure", f"names {shown(handler)}, which is no label{did_you_mean(handler, labels)}")
        else:
            return OnFailure.STOP, handler
        return OnFailure.STOP, None
    if written not in ("stop", "continue"):
        told("on_failure", f"is stop, continue or {{run: label}}, not {kind_of(written)}")
    return (OnFailure.CONTINUE if written == "continue" else OnFailure.STOP), None


def _for_each(label: str, written: Any, labels: Collection[str], report: Report) -> tuple[str | None, dict[str, AxisSource]]:
    """Return the label that is followed, and the axes."""
    if written is None:
        return None, {}
    if isinstance(written, str):
        if written in labels:
            return written, {}
        report(
            label,
            ("for_each",),
            f"'for_each' of {label!r} names {shown(written)}, which is no label{did_you_mean(written, labels)}",
        )
        return None, {}
    if not isinstance(written, Mapping) or not written:
        what = "an empty mapping" if isinstance(written, Mapping) else kind_of(written)
        message = f"'for_each' of {label!r} is a mapping of axes, or the label of a fan, not {what}"
        report(label, ("for_each",), message)
        return None, {}
    found: dict[str, AxisSource] = {}
    for axis, source in written.items():
        try:
            found[str(axis)] = _source(axis, source, labels)
        except ValueError as error:
            place = ("for_each", axis) if isinstance(axis, str) else ("for_each",)
            report(label, place, f"axis {shown(axis)} of {label!r}: {error}")
    return None, found


def _source(axis: Any, written: Any, labels: Collection[str]) -> AxisSource:
    if not isinstance(axis, str) or not axis:
        raise ValueError(f"the name of an axis is text, not {shown(axis) if axis != '' else 'empty'}")
    if isinstance(written, list | tuple):
        return Listed(tuple(finite_value(one) for one in written))
    if isinstance(written, str):
        if written not in labels:
            raise ValueError(f"there is no label {shown(written)}{did_you_mean(written, labels)}; a list has brackets")
        return FromLabel(written)
    if not isinstance(written, Mapping):
        raise ValueError(f"{_WAYS}, not from {kind_of(written)}")
    flatten = written.get("flatten", False)
    if not isinstance(flatten, bool):
        raise ValueError(f"'flatten' is true or false, not {kind_of(flatten)}")
    keys = [key for key in written if key != "flatten"]
    if len(keys) != 1 or keys[0] not in _SOURCES:
        odd = next((key for key in keys if key not in _SOURCES), None)
        if isinstance(odd, str) and odd in NOT_YET:
            raise ValueError(nothing_to_refer_to(odd))
        hint = did_you_mean(odd, [*_SOURCES, "flatten"]) if isinstance(odd, str) else ""
        if odd is not None:
            raise ValueError(f"{_WAYS}; there is no {shown(odd)}{hint}")
        if not keys:
            raise ValueError(f"{_WAYS}; 'flatten' alone is none" if written else f"{_WAYS}, not from an empty mapping")
        raise ValueError(f"{_WAYS}, not from {listed(keys)} at once")
    inner = written[keys[0]]
    if keys[0] == "dates":
        if flatten:
            raise ValueError("'flatten' opens lists, and dates are none")
        return Listed(tuple(_dates(inner)))
    if keys[0] == "parameter":
        if not isinstance(inner, str):
            raise ValueError(f"'parameter' takes a name, not {kind_of(inner)}")
        return FromParameter(inner, flatten)
    reference = Reference.parse(ValueKind.SCRAP, inner, labels)
    return FromLabel(reference.label, reference.value, flatten)


def _dates(written: Any) -> list[str]:
    bounds = [written_date(one) for one in written] if isinstance(written, list | tuple) else []
    if len(bounds) != 2 or None in bounds:
        example = "[2016-01-01, 2016-02-01], whose end is not included"
        raise ValueError(f"'dates' takes two dates, such as {example}, not {shown(json_value(written))}")
    first, end = (one for one in bounds if one is not None)
    if end < first:
        raise ValueError(f"the dates end on {end}, before they begin on {first}")
    number = (end - first).days
    if number > _MOST_DATES:
        raise ValueError(f"{first} to {end} are {number:,} dates, more than {_MOST_DATES:,}")
    return [_day(first, offset) for offset in range(number)]


def _day(first: date, offset: int) -> str:
    return (first + timedelta(days=offset)).isoformat()
