"""Reasons: each kind has one wording, and a stored sentence is of its kind again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deciders.values.reason import Reason, ReasonKind, sentences_of
from deciders.values.run_state import RunState

K = ReasonKind
STRICT = {"periods": ["2024-01-01", "2024-01-05 to 2024-01-09"], "more": 3, "number": 9}
ONE = {"periods": ["2024-01-01"], "more": 0, "number": 1}
SHORTFALL = {"needed": 5, "days": 7, "first": "2024-01-01", "last": "2024-01-07"}
CHANGE = {"data_changed": ["a.csv", "b.csv", "c.csv", "d.csv", "e.csv"], "notebook_changed": ["a.ipynb"]}

SENTENCES: list[tuple[ReasonKind, dict[str, Any], str]] = [
    (K.NOT_RUN_YET, {}, "not run yet"),
    (K.BEGUN_IN_AUTOFLOW, {}, "AutoFlow began it, and recorded no end"),
    (K.FAILED_IN_AUTOFLOW, {}, "failed before in AutoFlow"),
    (K.ENDED_BEFORE, {"state": RunState.SKIPPED}, "skipped before"),
    (K.CHANGED, {"change": CHANGE}, "data_changed: a.csv, b.csv, c.csv and 2 more; notebook_changed: a.ipynb"),
    (K.CHANGED, {"change": {"notebook_changed": ["a.ipynb"]}}, "notebook_changed: a.ipynb"),
    (
        *(K.CHANGED_SINCE_END, {"ended": RunState.TERMINATED, "change": {"data_changed": ["a.csv"]}}),
        "was terminated before; data_changed: a.csv",
    ),
    (K.LAST_RUN_CUT_OFF, {"ended": RunState.TIMED_OUT}, "its last run timed out"),
    (K.RETRY, {"attempt": 2, "of_attempts": None}, "failed before (attempt 2)"),
    (K.RETRY, {"attempt": 2, "of_attempts": 5}, "failed before (attempt 2 of 5)"),
    (K.SKIP_IS_OVER, {"wait": 3600}, "skipped before, and skip_again of 1 h is over"),
    (K.RUNNING, {}, "running"),
    (K.ALREADY_SUCCEEDED, {}, "already succeeded"),
    (K.SUCCEEDED_IN_AUTOFLOW, {}, "already succeeded in AutoFlow"),
    (
        *(K.SUCCEEDED_WITH_OTHER_PARAMETERS, {}),
        "already succeeded with other parameters, and rerun_when lacks parameters_changed",
    ),
    (K.ENDED_IN_THIS_CHECK, {"ended": RunState.FAILED}, "failed in this check; the next one tries again"),
    (K.SKIPPED_IN_THIS_CHECK, {}, "skipped in this check"),
    (K.ATTEMPTS_USED_UP, {"times": 1, "attempts": 1}, "failed once, and attempts is 1; runs.retry tries again"),
    (
        *(K.ATTEMPTS_USED_UP, {"times": 3, "attempts": 3}),
        "failed 3 times in a row, and attempts is 3; runs.retry tries again",
    ),
    (
        *(K.WAITS_FOR_RETRY, {"wait": 600, "until": "2016-01-02T13:05:00+01:00"}),
        "failed; retry_wait of 10 min lasts until 2016-01-02 12:05:00 UTC",
    ),
    (
        *(K.WAITS_AFTER_SKIP, {"wait": 86400, "until": "2016-01-02T12:05:00+00:00"}),
        "skipped; skip_again of 1 d lasts until 2016-01-02 12:05:00 UTC",
    ),
    (K.WAITS_FOR_DATA, {}, "skipped, and its data have not changed since; runs.retry tries again"),
    (K.BEFORE_EARLIEST_DATE, {"earliest": "2016-01-03"}, "before earliest_date 2016-01-03"),
    (K.NOT_A_REFERENCE_DATE, {"rule": "weekly: monday"}, "not a reference date of this entry (weekly: monday)"),
    (K.DATE_NOT_AVAILABLE, {"day": "2016-01-03"}, "2016-01-03 is not available"),
    (K.NEEDS_DATES, {"lacks": {"strict": ONE, "shortfalls": []}}, "needs 2024-01-01 which is not available"),
    (
        *(K.NEEDS_DATES, {"lacks": {"strict": STRICT, "shortfalls": [{**SHORTFALL, "missing": ONE}]}}),
        "needs 2024-01-01, 2024-01-05 to 2024-01-09 and 3 more which are not available; "
        "needs 5 of the 7 dates from 2024-01-01 to 2024-01-07, and 2024-01-01 is not available",
    ),
    (
        *(K.NEEDS_DATES, {"lacks": {"strict": None, "shortfalls": [{**SHORTFALL, "needed": 8, "missing": None}]}}),
        "needs 8 of the 7 dates from 2024-01-01 to 2024-01-07, which are too few",
    ),
    (K.DUPLICATE, {"entry": 3}, "duplicate of entry 3"),
    (K.NEEDS_RERUN_ALL, {}, "already succeeded; --rerun all includes it"),
    (K.NEEDS_RERUN_FAILED, {"state": RunState.FAILED}, "failed before; --rerun failed includes it"),
    (K.NEEDS_RERUN_MISSING, {}, "not run yet; --rerun missing includes it"),
    (
        *(K.UNKNOWN_NOTEBOOKS, {"state": RunState.SUCCEEDED}),
        "succeeded before, and it is not known with which notebooks; --rerun all includes it",
    ),
    (
        *(K.UNKNOWN_DATA, {"state": RunState.TIMED_OUT}),
        "timed out before, and it is not known with which data; --rerun all includes it",
    ),
    (K.UNCHANGED, {}, "nothing has changed since"),
    (K.BACKFILL, {"because": Reason.of(K.BACKFILL_MISSING)}, "backfill: missing"),
    (K.BACKFILL, {"because": Reason.of(K.BACKFILL_STATE, state=RunState.TIMED_OUT)}, "backfill: timed out"),
    (
        *(K.BACKFILL, {"because": Reason.of(K.CHANGED, change={"notebook_changed": ["a.ipynb"]})}),
        "backfill: notebook_changed: a.ipynb",
    ),
    (K.RETRIED, {"state": RunState.TERMINATED}, "runs.retry: terminated before"),
    (K.FORCED, {}, "forced"),
    (K.BY_HAND, {}, "started by hand"),
    (K.BY_HAND_FOR_NO_ENTRY, {}, "started by hand, for no entry of the sensor"),
    (K.BACKFILL_MISSING, {}, "missing"),
    (K.PARAMETERS_CHANGED, {"parameters": "year 1 -> 2, mode new"}, "parameters_changed: year 1 -> 2, mode new"),
    (K.RUNS_WITH_OTHER_PARAMETERS, {}, "running with other parameters; start it again once that has ended"),
]
#: what stands for whatever sentence comes after it, so that it is not known by its words
NOT_READ = {
    K.BACKFILL_STATE: Reason.of(K.BACKFILL_STATE, state="failed"),
    K.NO_DATES: Reason.of(K.NO_DATES, fault="date_stencil element 1, [3, 2], holds no date"),
    K.OTHER: Reason.parse("because I wanted it"),
}


@pytest.mark.parametrize(("kind", "facts", "sentence"), SENTENCES, ids=[sentence[:40] for *_, sentence in SENTENCES])
def test_a_reason_has_one_sentence_which_is_read_again(kind: ReasonKind, facts: dict[str, Any], sentence: str) -> None:
    reason = Reason.of(kind, **facts)
    assert str(reason) == reason.text == sentence
    assert Reason.parse(sentence) == reason
    assert Reason.parse(sentence).because == reason.because


def test_every_kind_is_in_the_tables() -> None:
    assert {kind for kind, *_ in SENTENCES} | NOT_READ.keys() == set(ReasonKind)


@pytest.mark.parametrize(
    "reason",
    [*(Reason.of(kind, **facts) for kind, facts, _ in SENTENCES), *NOT_READ.values()],
    ids=lambda reason: reason.text[:40],
)
def test_a_reason_survives_json(reason: Reason) -> None:
    again = Reason.of_json(json.loads(json.dumps(reason.as_json())))
    assert again == reason
    assert again.as_json() == reason.as_json()


def test_a_kind_that_is_not_known_here_keeps_its_sentence() -> None:
    later = {"kind": "not_in_the_mood", "text": "not in the mood", "facts": {"since": "2030-01-01"}}
    assert Reason.of_json(later) == Reason.of(K.OTHER, sentence="not in the mood")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("first run", K.NOT_RUN_YET),  # as records hold it
        ("backfill: all", K.BACKFILL),
        ("backfill: succeeded", K.BACKFILL),
        ("a person's own words", K.OTHER),
        ("", K.OTHER),
        ("runs.retry: bored before", K.OTHER),
        ("it needs coffee", K.OTHER),
    ],
)
def test_a_sentence_of_the_records_is_of_a_kind(text: str, kind: ReasonKind) -> None:
    read = Reason.parse(text)
    assert (read.kind, read.text) == (kind, text)


def test_a_first_run_is_recorded_in_the_words_of_the_records_and_others_in_their_own() -> None:
    assert Reason.of(K.NOT_RUN_YET).recorded == "first run"
    assert Reason.of(K.RETRIED, state=RunState.FAILED).recorded == "runs.retry: failed before"


def test_a_database_is_asked_for_whole_sentences() -> None:
    assert sentences_of(K.BY_HAND_FOR_NO_ENTRY) == ["started by hand, for no entry of the sensor"]
    assert sentences_of(K.RETRIED) == [f"runs.retry: {state} before" for state in RunState]


def test_a_period_shows_only_what_holds_for_each_of_its_dates() -> None:
    days = [Reason.of(K.DATE_NOT_AVAILABLE, day=f"2024-01-0{day}") for day in (1, 2)]
    assert days[0].is_same_as(days[1])
    assert days[0].of_period == "these dates are not available"
    entries = [Reason.of(K.DUPLICATE, entry=number) for number in (1, 2)]
    assert not entries[0].is_same_as(entries[1])
    assert entries[0].of_period == "duplicate of entry 1"


def test_facts_that_take_time_are_worked_out_once_and_only_when_they_or_the_sentence_are_read() -> None:
    calls: list[str] = []

    def facts() -> dict[str, Any]:
        calls.append("called")
        return {"day": "2024-01-01"}

    reason = Reason.later(K.DATE_NOT_AVAILABLE, facts)
    assert (reason.kind, calls) == (K.DATE_NOT_AVAILABLE, [])
    assert reason.text == "2024-01-01 is not available"
    assert reason.facts == {"day": "2024-01-01"}
    assert reason == Reason.of(K.DATE_NOT_AVAILABLE, day="2024-01-01")
    assert hash(reason) == hash(Reason.of(K.DATE_NOT_AVAILABLE, day="2024-01-01"))
    assert calls == ["called"]
