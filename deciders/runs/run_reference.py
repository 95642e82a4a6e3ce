"""RUN on a command line: which run is meant, and how one is called so that it is found again.

======================= =======================================================================================
``NAME/DATE``           the run of a workflow for a date; ``DATE`` alone where all runs are of one workflow
``NAME/DATE,k=v,...``   where there are several with different parameters; ``NAME/DATE[k=v,...]`` is the same
``NAME/INSTANCE``       the name of its folder, ``<date>_<8 hex digits>``
a workflow or run id    as the service knows it
======================= =======================================================================================

The beginning of a workflow id, of NAME/INSTANCE and of a value will do as long as one run fits. A value is matched as
`deciders.parameter_set` writes it, or, if that is no run's, as its text without quotes.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from simpleflow_nb.exceptions import DefinitionError

from ..parameter_set import own_parameters, written_text, written_value

_MOST_NAMED = 5
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_HEAD = re.compile(r"[^,\[\s]*")
_NEXT_PAIR = re.compile(r""",(?=\s*(?:"(?:[^"\\]|\\.)*"|[^,="]+)=)""")
_NOT_AT_ALL, _BEGINS, _IS_ITS_TEXT, _IS_WRITTEN_SO = range(4)  #: how well a value fits


class UnknownRunError(DefinitionError, LookupError):
    """No run is called so, or several are; one sentence. ``is_near``: it names those that may have been meant."""

    def __init__(self, sentence: str, *, is_near: bool) -> None:
        super().__init__(sentence)
        self.is_near = is_near


class KnownRun(Protocol):
    """A run as far as it can be called by name."""

    @property
    def workflow(self) -> str: ...
    @property
    def reference_date(self) -> str | None: ...
    @property
    def title(self) -> str: ...  #: NAME/INSTANCE
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def workflow_id(self) -> str: ...
    @property
    def run_id(self) -> str: ...


R = TypeVar("R", bound=KnownRun)


def found_run(runs: Sequence[R], reference: str) -> R:
    """The one run that ``reference`` means, the last in ``runs`` if it is there several times.

    Raises:
        UnknownRunError: there is none, or several fit: the sentence calls them so that each can be typed.
    """
    fits = fitting_runs(runs, reference)
    instances = {run.title: run for run in fits}
    if len(instances) > 1:
        raise UnknownRunError(_several(reference, list(instances.values()), runs), is_near=True)
    if not fits:
        raise _none(reference, runs)
    return fits[-1]


def fitting_runs(runs: Sequence[R], reference: str) -> list[R]:
    """Every run that may be meant."""
    if exact := [run for run in runs if reference in (run.title, run.workflow_id, run.run_id)]:
        return exact
    if begun := [run for run in runs if run.title.startswith(reference) or run.workflow_id.startswith(reference)]:
        return begun
    meant = RunReference.parse(reference, {run.workflow for run in runs})
    if meant is None:
        return []
    of_head = [run for run in runs if meant.head in (_dated(run), run.title)]
    return _with_values(of_head or [run for run in runs if run.title.startswith(meant.head)], meant.values)


def reference_of(run: R, runs: Sequence[R]) -> str:
    """What to call a run among others, as short as it can be: `found_run` takes it back."""
    dated = _dated(run)
    others = [one for one in runs if _dated(one) == dated and one.title != run.title]
    if not others:
        return dated
    own = own_parameters(run.parameters)
    telling = [key for key, value in own.items() if any(_differs(value, key, other) for other in others)]
    alone = [key for key in telling if all(_differs(own[key], key, other) for other in others)]
    wanted = alone[:1] or telling
    values = tuple((key, written_value(own[key])) for key in wanted)
    made = str(RunReference(run.workflow, dated.removeprefix(f"{run.workflow}/"), values))
    found = {one.title for one in fitting_runs(runs, made)}
    return made if found == {run.title} else run.title


def _dated(run: KnownRun) -> str:
    return f"{run.workflow}/{run.reference_date}" if run.reference_date else run.title


def _differs(value: Any, key: str, other: KnownRun) -> bool:
    return key not in other.parameters or written_value(other.parameters[key]) != written_value(value)


@dataclass(frozen=True, slots=True)
class RunReference:
    """A run as somebody calls it: by its workflow, its date or instance, and values of its parameters."""

    workflow: str
    place: str  #: the date, the name of the instance, or their beginning
    values: tuple[tuple[str, str], ...] = ()  #: parameters with the texts of their values, as `written_value` has them

    @classmethod
    def parse(cls, text: str, workflows: Collection[str]) -> RunReference | None:
        """What is meant by ``NAME/DATE,k=v,...`` and its like where there are runs of these workflows; None if nothing is.

        A date alone is enough where there is but one.
        """
        name, slash, rest = text.partition("/")
        if not (slash and name in workflows):
            if len(workflows) != 1 or not _DAY.match(text):
                return None
            [name], rest = workflows, text
        place = _HEAD.match(rest)[0]  # type: ignore[index]  # it fits the empty text too
        values = rest[len(place) :].strip()
        if values.startswith("[") and values.endswith("]"):
            values = values[1:-1]
        elif values.startswith(","):
            values = values[1:]
        elif values:
            return None
        return cls(name, place, tuple(_pairs(values)))

    @property
    def head(self) -> str:
        """It without the values."""
        return f"{self.workflow}/{self.place}"

    def __str__(self) -> str:
        return ",".join([self.head, *(f"{written_text(key)}={value}" for key, value in self.values)])


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """``k=v`` each; a comma belongs to the value before it where no ``k=`` follows."""
    while text := text.strip().removeprefix(",").strip():
        key, rest = _json_at_start(text) if text.startswith('"') else (None, text)
        if not (isinstance(key, str) and rest.startswith("=")):
            key, _, value = text.partition("=")
            rest = f"={value}"
        value = rest[1:].lstrip()
        known, behind = _json_at_start(value) if value[:1] in ("[", "{", '"') else (None, value)
        if known is not None and (not behind.strip() or behind.lstrip().startswith(",")):
            yield key.strip(), written_value(known)
            text = behind
        else:
            value, *more = _NEXT_PAIR.split(value, maxsplit=1)
            yield key.strip(), value.strip()
            text = more[0] if more else ""


def _json_at_start(text: str) -> tuple[Any, str]:
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return None, text
    return value, text[end:]


def _with_values(runs: Sequence[R], pairs: Sequence[tuple[str, str]]) -> list[R]:
    """The runs that fit all the pairs best."""
    if not pairs:
        return list(runs)
    fits = [min(_fit(run.parameters, key, value) for key, value in pairs) for run in runs]
    best = max(fits, default=_NOT_AT_ALL)
    return [run for run, fit in zip(runs, fits, strict=True) if fit == best] if best > _NOT_AT_ALL else []


def _fit(parameters: Mapping[str, Any], key: str, value: str) -> int:
    if key not in own_parameters(parameters):
        return _NOT_AT_ALL
    own = parameters[key]
    texts = [written_value(own), *([own] if isinstance(own, str) else [])]
    if value == texts[0]:
        return _IS_WRITTEN_SO
    return _IS_ITS_TEXT if value in texts else _BEGINS if any(text.startswith(value) for text in texts) else _NOT_AT_ALL


def _several(reference: str, fits: Sequence[R], runs: Sequence[R]) -> str:
    shown = []
    for run in fits[:_MOST_NAMED]:
        called = reference_of(run, runs)
        shown.append(shlex.quote(called) + (f" ({_days(run)})" if called == run.title and run.reference_date else ""))
    named = ", ".join(shown) + (f" and {len(fits) - len(shown)} more" if len(fits) > len(shown) else "")
    return f"{reference!r} fits {len(fits)} runs: {named}; name one of them"


def _days(run: KnownRun) -> str:
    """What tells it apart from a run of the same parameters: the stencil."""
    if not run.parameters:
        return "its parameters are not to be had here"
    ranges = run.parameters.get("date_ranges") or ()
    return f"date_ranges {', '.join(f'{first} to {end}' for first, end in ranges)}" if ranges else "no date_ranges"


def _none(reference: str, runs: Sequence[KnownRun]) -> UnknownRunError:
    meant = RunReference.parse(reference, {run.workflow for run in runs})
    of_head = [run for run in runs if meant.head in (_dated(run), run.title)] if meant is not None and meant.values else []
    if of_head:
        different = list({run.title: run for run in of_head}.values())
        shown = [shlex.quote(reference_of(run, runs)) for run in different[:_MOST_NAMED]]
        more = f" and {len(different) - len(shown)} more" if len(different) > len(shown) else ""
        return UnknownRunError(f"there is no run {reference!r}, but there is {', '.join(shown)}{more}", is_near=True)
    sentence = f"there is no run {reference!r}; runs.list shows which there are, as NAME/DATE or with more of the id"
    return UnknownRunError(sentence, is_near=False)
