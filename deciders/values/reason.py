"""Reasons why a run is due, is not due, is left out or was started: a kind, its facts, and its sentence.

The wording of every reason stands here and nowhere else. Records and requests of any version hold the sentence, from which
`Reason.parse` finds the kind again: when a wording changes, the former one must be added to `_FORMER`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any, NamedTuple

from ..dates.durations import shown_duration
from .run_state import RunState

_MOST_NAMES = 3  #: of changed files, the others are counted


class ReasonKind(StrEnum):
    """Kind of a reason, for programs."""

    # due
    NOT_RUN_YET = "not_run_yet"
    BEGUN_IN_AUTOFLOW = "begun_in_autoflow"
    FAILED_IN_AUTOFLOW = "failed_in_autoflow"
    ENDED_BEFORE = "ended_before"
    CHANGED = "changed"
    CHANGED_SINCE_END = "changed_since_end"
    LAST_RUN_CUT_OFF = "last_run_cut_off"
    RETRY = "retry"
    SKIP_IS_OVER = "skip_is_over"
    # not due
    RUNNING = "running"
    ALREADY_SUCCEEDED = "already_succeeded"
    SUCCEEDED_IN_AUTOFLOW = "succeeded_in_autoflow"
    SUCCEEDED_WITH_OTHER_PARAMETERS = "succeeded_with_other_parameters"
    ENDED_IN_THIS_CHECK = "ended_in_this_check"
    SKIPPED_IN_THIS_CHECK = "skipped_in_this_check"
    ATTEMPTS_USED_UP = "attempts_used_up"
    WAITS_FOR_RETRY = "waits_for_retry"
    WAITS_AFTER_SKIP = "waits_after_skip"
    WAITS_FOR_DATA = "waits_for_data"
    BEFORE_EARLIEST_DATE = "before_earliest_date"
    NOT_A_REFERENCE_DATE = "not_a_reference_date"
    DATE_NOT_AVAILABLE = "date_not_available"
    NEEDS_DATES = "needs_dates"
    NO_DATES = "no_dates"
    DUPLICATE = "duplicate"
    # left out of a backfill
    NEEDS_RERUN_ALL = "needs_rerun_all"
    NEEDS_RERUN_FAILED = "needs_rerun_failed"
    NEEDS_RERUN_MISSING = "needs_rerun_missing"
    UNKNOWN_NOTEBOOKS = "unknown_notebooks"
    UNKNOWN_DATA = "unknown_data"
    UNCHANGED = "unchanged"
    # asked for
    BACKFILL = "backfill"
    BACKFILL_MISSING = "backfill_missing"
    BACKFILL_STATE = "backfill_state"
    RETRIED = "retried"
    FORCED = "forced"
    BY_HAND = "by_hand"
    #: with parameters or a stencil that no entry of the sensor has for the date: it makes no entry's date done
    BY_HAND_FOR_NO_ENTRY = "by_hand_for_no_entry"
    # of a scenario
    PARAMETERS_CHANGED = "parameters_changed"
    RUNS_WITH_OTHER_PARAMETERS = "runs_with_other_parameters"
    #: a sentence that no version writes; it is only read
    OTHER = "other"


class _Wording(NamedTuple):
    sentence: str  #: with the facts in braces
    counted: str | None = None  #: of one date, without what differs from date to date; None: the sentence itself
    several: str | None = None  #: the same of several; None: as of one
    period: str | None = None  #: of neighbouring dates together; None: the sentence itself
    recorded: str | None = None  #: in the record of the run; None: the sentence itself


_K = ReasonKind
_WORDINGS: Mapping[ReasonKind, _Wording] = {
    _K.NOT_RUN_YET: _Wording("not run yet", recorded="first run"),
    _K.BEGUN_IN_AUTOFLOW: _Wording("AutoFlow began it, and recorded no end"),
    _K.FAILED_IN_AUTOFLOW: _Wording("failed before in AutoFlow"),
    _K.ENDED_BEFORE: _Wording("{state} before"),
    _K.CHANGED: _Wording("{change}"),
    _K.CHANGED_SINCE_END: _Wording("{ended} before; {change}"),
    _K.LAST_RUN_CUT_OFF: _Wording("its last run {ended}"),
    _K.RETRY: _Wording("failed before (attempt {attempt}{of_attempts})"),
    _K.SKIP_IS_OVER: _Wording("skipped before, and skip_again of {wait} is over"),
    _K.RUNNING: _Wording("running"),
    _K.ALREADY_SUCCEEDED: _Wording("already succeeded"),
    _K.SUCCEEDED_IN_AUTOFLOW: _Wording("already succeeded in AutoFlow"),
    _K.SUCCEEDED_WITH_OTHER_PARAMETERS: _Wording(
        "already succeeded with other parameters, and rerun_when lacks parameters_changed"
    ),
    _K.ENDED_IN_THIS_CHECK: _Wording("{ended} in this check; the next one tries again"),
    _K.SKIPPED_IN_THIS_CHECK: _Wording("skipped in this check"),
    _K.ATTEMPTS_USED_UP: _Wording("failed {times}, and attempts is {attempts}; runs.retry tries again"),
    _K.WAITS_FOR_RETRY: _Wording("failed; retry_wait of {wait} lasts until {until}", counted="failed; retry_wait is not over"),
    _K.WAITS_AFTER_SKIP: _Wording(
        "skipped; skip_again of {wait} lasts until {until}", counted="skipped; skip_again is not over"
    ),
    _K.WAITS_FOR_DATA: _Wording("skipped, and its data have not changed since; runs.retry tries again"),
    _K.BEFORE_EARLIEST_DATE: _Wording("before earliest_date {earliest}"),
    _K.NOT_A_REFERENCE_DATE: _Wording("not a reference date of this entry ({rule})"),
    _K.DATE_NOT_AVAILABLE: _Wording(
        "{day} is not available",
        counted="reference date that is not available",
        several="reference dates that are not available",
        period="these dates are not available",
    ),
    _K.NEEDS_DATES: _Wording(
        "{lacks}", counted="needs dates that are not available", several="need dates that are not available"
    ),
    _K.NO_DATES: _Wording("{fault}"),
    _K.DUPLICATE: _Wording("duplicate of entry {entry}"),
    _K.NEEDS_RERUN_ALL: _Wording("already succeeded; --rerun all includes it"),
    _K.NEEDS_RERUN_FAILED: _Wording("{state} before; --rerun failed includes it"),
    _K.NEEDS_RERUN_MISSING: _Wording("not run yet; --rerun missing includes it"),
    _K.UNKNOWN_NOTEBOOKS: _Wording("{state} before, and it is not known with which notebooks; --rerun all includes it"),
    _K.UNKNOWN_DATA: _Wording("{state} before, and it is not known with which data; --rerun all includes it"),
    _K.UNCHANGED: _Wording("nothing has changed since"),
    _K.BACKFILL: _Wording("backfill: {because}"),
    _K.BACKFILL_MISSING: _Wording("missing"),
    _K.BACKFILL_STATE: _Wording("{state}"),
    _K.RETRIED: _Wording("runs.retry: {state} before"),
    _K.FORCED: _Wording("forced"),
    _K.BY_HAND: _Wording("started by hand"),
    _K.BY_HAND_FOR_NO_ENTRY: _Wording("started by hand, for no entry of the sensor"),
    _K.PARAMETERS_CHANGED: _Wording("parameters_changed: {parameters}", counted="its parameters have changed"),
    _K.RUNS_WITH_OTHER_PARAMETERS: _Wording("running with other parameters; start it again once that has ended"),
    _K.OTHER: _Wording("{sentence}"),
}

#: Wordings of former versions that records still hold, by kind.
_FORMER: Mapping[ReasonKind, Sequence[str]] = {}

_ENDS: Mapping[str, str] = {RunState.TIMED_OUT: "timed out", RunState.TERMINATED: "was terminated", RunState.SKIPPED: "skipped"}
_OTHER_END = "failed"


class ReasonGroup(NamedTuple):
    """Reasons that are counted together: one kind, without the facts that differ from date to date."""

    kind: ReasonKind
    of_one: str
    of_several: str

    def counted(self, number: int) -> str:
        """Write the number in front: ``3 need dates that are not available``."""
        return f"{number} {self.of_one if number == 1 else self.of_several}"


_Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reason:
    """The reason for a decision about a run; two are equal that have one kind and one sentence.

    Made by `Reason.of`, `Reason.later` or `Reason.parse`. A check of the sensor makes one for every date and only counts most
    of them, so the sentence is written when it is read for the first time.
    """

    kind: ReasonKind
    _facts: _Facts | Callable[[], _Facts]
    _text: str | None = None

    @classmethod
    def of(cls, kind: ReasonKind, **facts: Any) -> Reason:
        """Make a reason of a kind from the facts that stand in braces in its wording."""
        return cls(kind, facts) if facts else _without_facts(kind)

    @classmethod
    def later(cls, kind: ReasonKind, facts: Callable[[], Mapping[str, Any]]) -> Reason:
        """Make a reason whose facts take time to work out: ``facts`` is called once, when they or the sentence are read.

        It must not fail, and must return the same whenever it is called.
        """
        return cls(kind, facts)

    @classmethod
    def parse(cls, text: str) -> Reason:
        """Read the sentence of a record or a request of any version; its facts are the parts of the sentence, as text."""
        for kind, pattern in _patterns():
            if (found := pattern.fullmatch(text)) is not None:
                facts: dict[str, Any] = found.groupdict()
                if kind == ReasonKind.BACKFILL:
                    facts["because"] = cls._after_backfill(facts["because"])
                return cls(kind, facts, text)
        return cls(ReasonKind.OTHER, {"sentence": text}, text)

    @classmethod
    def _after_backfill(cls, text: str) -> Reason:
        if text in set(RunState):
            return cls.of(ReasonKind.BACKFILL_STATE, state=text)
        return cls.parse(text)

    @property
    def facts(self) -> Mapping[str, Any]:
        """The facts of the sentence by name, ready for JSON except for another reason."""
        found = self._facts
        if not isinstance(found, Mapping):
            found = found()
            object.__setattr__(self, "_facts", found)
        return found

    @property
    def text(self) -> str:
        """The end of a sentence that begins with the workflow and the date."""
        if self._text is None:
            object.__setattr__(self, "_text", _WORDINGS[self.kind].sentence.format_map(_Written(self.facts)))
        assert self._text is not None
        return self._text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Reason):
            return NotImplemented
        return self is other or (self.kind == other.kind and self.text == other.text)

    def __hash__(self) -> int:
        return hash((self.kind, self.text))

    def __repr__(self) -> str:
        return f"Reason(kind={self.kind!r}, text={self.text!r})"

    def __str__(self) -> str:
        return self.text

    @property
    def recorded(self) -> str:
        """Sentence in the record of the run."""
        return _WORDINGS[self.kind].recorded or self.text

    @property
    def because(self) -> Reason:
        """Reason for which a run is part of a backfill; of any other run the reason itself."""
        found = self.facts.get("because")
        return found if isinstance(found, Reason) else self

    @property
    def group(self) -> ReasonGroup:
        """Group that it is counted in."""
        wording = _WORDINGS[self.kind]
        of_one = wording.counted or self.text
        return ReasonGroup(self.kind, of_one, wording.several or of_one)

    @property
    def of_period(self) -> str:
        """Sentence about a period of neighbouring dates, each of which has this reason."""
        return _WORDINGS[self.kind].period or self.text

    def is_same_as(self, other: Reason) -> bool:
        """Tell whether one sentence can state both of a period."""
        return self == other or (self.kind == other.kind and _WORDINGS[self.kind].period is not None)

    def as_json(self) -> dict[str, Any]:
        """Return the reason ready for JSON, for another process or a program."""
        facts = {name: value.as_json() if isinstance(value, Reason) else value for name, value in self.facts.items()}
        return {"kind": str(self.kind), "text": self.text, "facts": facts}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Reason:
        """Read the result of `as_json` of any version: a kind that is unknown here keeps its sentence.

        Raises:
            KeyError, TypeError: ``value`` is not the JSON of a reason.
        """
        kind = ReasonKind(value["kind"]) if value["kind"] in set(ReasonKind) else ReasonKind.OTHER
        facts = dict(value["facts"])
        if isinstance(inner := facts.get("because"), dict):
            facts["because"] = cls.of_json(inner)
        return cls(kind, facts, str(value["text"]))


def sentences_of(kind: ReasonKind) -> list[str]:
    """List every sentence of a kind whose only fact, if any, is the state of a run: databases compare whole texts."""
    sentences = [_WORDINGS[kind].sentence, *_FORMER.get(kind, ())]
    return [sentence.format(state=state) for sentence in sentences for state in (RunState if "{state}" in sentence else [""])]


@cache
def _without_facts(kind: ReasonKind) -> Reason:
    return Reason(kind, {}, _WORDINGS[kind].sentence)


# ---- writing facts ---------------------------------------------------------------------------------------------


class _Written(dict[str, Any]):
    """Facts of a reason, each as its text."""

    def __getitem__(self, name: str) -> str:
        value = super().__getitem__(name)
        return _WRITERS.get(name, str)(value)


def _end(state: str) -> str:
    return _ENDS.get(state, _OTHER_END)


def _times(failures: int) -> str:
    return "once" if failures == 1 else f"{failures} times in a row"


def _of_attempts(attempts: int | None) -> str:
    return f" of {attempts}" if attempts is not None else ""


def _until(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _change(change: Mapping[str, Sequence[str]]) -> str:
    """List the changed files by the key of ``rerun_when``: ``data_changed: 2016-01-01.csv; notebook_changed: a.ipynb``."""
    return "; ".join(f"{name}: {_listed(files)}" for name, files in change.items() if files)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _lacks(lack: Mapping[str, Any]) -> str:
    """Write a `deciders.dates.missing_dates.Lack`: ``needs 2024-01-01 which is not available``."""
    sentences = [f"needs {_missing(lack['strict'], which='which ')}"] if lack["strict"] else []
    for shortfall in lack["shortfalls"]:
        days = f"the {shortfall['days']} dates from {shortfall['first']} to {shortfall['last']}"
        missing = shortfall["missing"]
        lacks = "which are too few" if missing is None else f"and {_missing(missing)}"
        sentences.append(f"needs {shortfall['needed']} of {days}, {lacks}")
    return "; ".join(sentences)


def _missing(missing: Mapping[str, Any], *, which: str = "") -> str:
    more = f" and {missing['more']} more" if missing["more"] else ""
    return f"{', '.join(missing['periods'])}{more} {which}{'is' if missing['number'] == 1 else 'are'} not available"


_WRITERS: Mapping[str, Callable[[Any], str]] = {
    "ended": _end,
    "times": _times,
    "of_attempts": _of_attempts,
    "wait": shown_duration,
    "until": _until,
    "change": _change,
    "lacks": _lacks,
}


# ---- reading sentences ------------------------------------------------------------------------------------------

_STATES = "|".join(RunState)
_DAY = r"\d{4}-\d{2}-\d{2}"
_TEXTS = {
    "state": _STATES,
    "ended": "|".join(re.escape(end) for end in (*_ENDS.values(), _OTHER_END)),
    "change": r"(?:data_changed|notebook_changed): .+",
    "lacks": r"needs .+",
    "day": _DAY,
    "earliest": _DAY,
    "entry": r"\d+",
    "attempt": r"\d+",
    "attempts": r"\d+",
    "of_attempts": r"(?: of \d+)?",
    "times": r"once|\d+ times in a row",
    "wait": r"\d+ (?:s|min|h|d)",
    "until": rf"{_DAY} \d{{2}}:\d{{2}}:\d{{2}} UTC",
}
#: their wordings would match any sentence, so no sentence is recognised as one of these kinds
_NOT_READ = (ReasonKind.OTHER, ReasonKind.NO_DATES, ReasonKind.BACKFILL_STATE)
_FACT = re.compile(r"\{(\w+)\}")


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[ReasonKind, re.Pattern[str]]]:
    """Return the kinds with their patterns in the order in which they are tried: ``running`` is a kind of its own only when it
    stands alone, not behind ``backfill: ``."""
    return list(_made_patterns())


def _made_patterns() -> Iterator[tuple[ReasonKind, re.Pattern[str]]]:
    for kind, wording in _WORDINGS.items():
        if kind not in _NOT_READ:
            for sentence in (wording.sentence, wording.recorded, *_FORMER.get(kind, ())):
                if sentence is not None:
                    yield kind, re.compile(_pattern(sentence), re.DOTALL | re.ASCII)


def _pattern(sentence: str) -> str:
    pieces = _FACT.split(sentence)  # text, fact, text, fact, ... text
    return "".join(
        f"(?P<{piece}>{_TEXTS.get(piece, '.+')})" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)
    )
