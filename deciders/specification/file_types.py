"""Types of single values of ``workflows.yml`` that may be written in several forms: each reads its value, says what is wrong
with it, and describes itself to editors.

`json_schema_input_type` is what the JSON Schema shows. It accepts whatever the type reads; what more the type asks, such as
that a pair holds a date, no schema can say. What is refused is a `refusal`, in front of whose words
`deciders.specification.shape_problems` puts what they are said of.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from ..dates.date_bounds import FARTHEST_OFFSET_DAYS, PERIODS, SHIFT_PATTERN
from ..dates.date_stencil import DateStencil, DateStencilError
from ..dates.durations import DURATION_PATTERN, seconds_of
from ..dates.reference_dates import LAST, LONGEST_STEP_DAYS, WEEKDAYS, ReferenceDates, ReferenceDatesError
from ..dates.written_dates import written_date
from ..problems import kind_of
from .cache_setting import read_cache
from .notebook_limits import LONGEST_SECONDS, duration_seconds, memory_bytes
from .retention_rules import MOST_ATTEMPTS, kept_attempts, kept_seconds
from .yaml_lines import BROKEN, holds_broken

MOST_RETRIES = 20

#: As a default: absent means that of `deciders.specification.models`, and null is refused. No reader and no schema gets it.
ABSENT: Any = None

#: What the words of a refusal are said of: a setting and whose it is, as ``'timeout' of notebook 'a'``; or its bare name.
OF_AN_OWNER, OF_A_SETTING = "of_an_owner", "of_a_setting"

_KERNEL_PATTERN = r"^[A-Za-z0-9._\-]+$"  # Jupyter's rule: names become names of folders


class Entry(BaseModel):
    """A mapping with settings of its own."""

    # Nothing but the file as a whole is validated or dumped, so that no other model need be built.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


def refusal(of: str, words: str) -> PydanticCustomError:
    """The error of a value. The words begin with the space or the colon that parts them from what they are said of."""
    return PydanticCustomError(of, "{words}", {"words": words})  # not as the template: they may hold braces


def _must_be(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A validator by a function whose ValueError says what the value must be."""

    def checked(value: Any) -> Any:
        try:
            return value if value is BROKEN else read(value)
        except ValueError as error:
            raise refusal(OF_AN_OWNER, f" must be {error}, not {kind_of(value)}") from None

    return checked


def _setting(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A validator by a function whose ValueError is the rest of a sentence that begins with the name of the setting."""

    def checked(value: Any) -> Any:
        try:
            return value if value is BROKEN else read(value)
        except ValueError as error:
            raise refusal(OF_A_SETTING, f" {error}") from None

    return checked


def _setting_of_an_owner(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A validator by a function whose ValueError is the rest of a sentence that begins with a setting and whose it is."""

    def checked(value: Any) -> Any:
        try:
            return value if holds_broken(value) else read(value)
        except ValueError as error:
            text = str(error)
            raise refusal(OF_AN_OWNER, text if text.startswith(":") else f" {text}") from None

    return checked


def _rule(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A validator by a function whose error is a sentence of its own, to follow the name of the setting and a colon."""

    def checked(value: Any) -> Any:
        try:
            return value if holds_broken(value) else read(value)
        except (DateStencilError, ReferenceDatesError) as error:
            raise refusal(OF_A_SETTING, f": {error}") from None

    return checked


def _retries(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_RETRIES:
        raise ValueError(f"a whole number from 0 to {MOST_RETRIES}")
    return value


def _kernel(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(_KERNEL_PATTERN, value):
        raise ValueError("the name of a kernel, of letters, digits, '-', '_' and '.'")
    return value


def _output_bytes(value: Any) -> int:
    try:
        return memory_bytes(value)
    except ValueError as error:
        raise ValueError(str(error).replace("an amount of memory", "an amount of output")) from None


def _seconds_not_0(value: Any) -> int:
    seconds = seconds_of(value)
    if not seconds:
        raise ValueError("must be longer than 0 s: a date that is skipped would be tried again at every look")
    return seconds


def _day(value: Any) -> date:
    day = written_date(value)
    if day is None:
        raise ValueError(f"must be a date such as 2016-01-31, not {kind_of(value)}")
    return day


def _list_of_elements(value: Any) -> Any:
    if not isinstance(value, list):
        raise ValueError(f"must be a list, not {kind_of(value)}")
    return value


def _stencil_element(value: Any) -> Any:
    DateStencil([value])
    return value


def _reference_dates(value: Any) -> dict[str, Any] | None:
    ReferenceDates(value)
    return None if value == "all" else {key: _as_text(one) for key, one in value.items()}


def _as_text(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


# Lengths of time, and amounts

_DurationText = Annotated[str, StringConstraints(pattern=DURATION_PATTERN)]
_Amount = (
    Annotated[float, Field(ge=1_000_000)]
    | Annotated[str, StringConstraints(pattern=r"^\s*[0-9]+(\.[0-9]+)?\s*[kmgtKMGT][iI]?[bB]\s*$")]
)

#: Seconds of an attempt or a cell.
Duration = Annotated[
    float,
    BeforeValidator(
        _must_be(duration_seconds),
        json_schema_input_type=Annotated[float, Field(gt=0, le=LONGEST_SECONDS)] | _DurationText,
    ),
]
#: Whole seconds until something is tried again.
Wait = Annotated[
    int, BeforeValidator(_setting(seconds_of), json_schema_input_type=Annotated[float, Field(ge=0)] | _DurationText)
]
SkipWait = Annotated[
    int, BeforeValidator(_setting(_seconds_not_0), json_schema_input_type=Annotated[float, Field(gt=0)] | _DurationText)
]
#: Seconds; None means for ever.
KeptHistory = Annotated[
    int | None, BeforeValidator(_setting(kept_seconds), json_schema_input_type=Literal["forever"] | _DurationText)
]
#: None means all.
KeptAttempts = Annotated[
    int | None,
    BeforeValidator(
        _setting(kept_attempts), json_schema_input_type=Literal["all"] | Annotated[int, Field(ge=1, le=MOST_ATTEMPTS)]
    ),
]
#: Bytes.
Memory = Annotated[int, BeforeValidator(_must_be(memory_bytes), json_schema_input_type=_Amount)]
_Output = Annotated[int, BeforeValidator(_must_be(_output_bytes), json_schema_input_type=_Amount)]


class OutputLimitEntry(Entry):
    """Limits on what a notebook prints and displays."""

    printed: _Output = Field(ABSENT, serialization_alias="printed_limit_bytes")
    displayed: _Output = Field(ABSENT, serialization_alias="displayed_limit_bytes")


def _of_printed_text(value: Any) -> Any:
    return value if isinstance(value, dict) or value is BROKEN else {"printed": value}


#: One amount is that of printed text.
OutputLimit = Annotated[OutputLimitEntry, BeforeValidator(_of_printed_text, json_schema_input_type=_Amount | OutputLimitEntry)]

Retries = Annotated[
    int, BeforeValidator(_must_be(_retries), json_schema_input_type=Annotated[int, Field(ge=0, le=MOST_RETRIES)])
]
Kernel = Annotated[
    str,
    BeforeValidator(_must_be(_kernel), json_schema_input_type=Annotated[str, StringConstraints(pattern=_KERNEL_PATTERN)]),
]

_Shared = Annotated[
    dict[str, Annotated[float, Field(gt=0)] | _DurationText],
    Field(min_length=1, max_length=1, json_schema_extra={"propertyNames": {"const": "shared"}}),
]
#: A word, or ``{shared: seconds}``.
Cache = Annotated[
    Any, BeforeValidator(_setting_of_an_owner(read_cache), json_schema_input_type=Literal["run", "shared", "never"] | _Shared)
]


# Dates

_WrittenDay = Annotated[date, Field(json_schema_extra={"pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"})]
_Bound = (
    Annotated[int, Field(ge=-FARTHEST_OFFSET_DAYS, le=FARTHEST_OFFSET_DAYS)]
    | _WrittenDay
    | Annotated[str, Field(json_schema_extra={"enum": list(PERIODS)})]
    | Annotated[str, StringConstraints(pattern=SHIFT_PATTERN)]
)
_Dates = _Bound | Annotated[list[_Bound], Field(min_length=2, max_length=2)]


class TolerantDatesEntry(Entry):
    """Dates some of which may lack."""

    dates: _Dates
    at_least: int = Field(ge=0, description="So many of its days must be there.")


_StencilElement = Annotated[Any, BeforeValidator(_rule(_stencil_element), json_schema_input_type=_Dates | TolerantDatesEntry)]

Day = Annotated[date, BeforeValidator(_setting(_day), json_schema_input_type=_WrittenDay)]
#: As `deciders.dates.date_stencil` reads it. Elements are checked one by one, so that each that is wrong is told.
Stencil = Annotated[list[_StencilElement], BeforeValidator(_setting(_list_of_elements))]

_Weekday = Annotated[str, Field(json_schema_extra={"enum": list(WEEKDAYS)})]
_DayOfMonth = Annotated[int, Field(ge=1, le=31)] | Annotated[str, Field(json_schema_extra={"const": LAST})]


class WeeklyEntry(Entry):
    """On a day of the week, or several."""

    weekly: _Weekday | Annotated[list[_Weekday], Field(min_length=1)]


class MonthlyEntry(Entry):
    """On a day of the month, or several."""

    monthly: _DayOfMonth | Annotated[list[_DayOfMonth], Field(min_length=1)]


class GivenDatesEntry(Entry):
    """On these dates."""

    dates: list[_WrittenDay] = Field(min_length=1)


class StepEntry(Entry):
    """Every so many days."""

    every: int = Field(ge=1, le=LONGEST_STEP_DAYS)
    start: _WrittenDay = Field(alias="from")


#: As `deciders.dates.reference_dates` reads them, dates as ISO text; None means all.
ReferenceDatesRule = Annotated[
    Any,
    BeforeValidator(
        _rule(_reference_dates),
        json_schema_input_type=Literal["all"] | WeeklyEntry | MonthlyEntry | GivenDatesEntry | StepEntry,
    ),
]
