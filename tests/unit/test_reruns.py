"""When an instance that has run before is due again, and how the reason reads."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deciders.dates.durations import seconds_of, shown_duration
from deciders.runs.due_runs import due_runs
from deciders.runs.planned_run import run_for
from deciders.runs.reruns import LastEnd, RerunFacts, Verdict, change_of, lacks_data, verdict
from deciders.specification import (
    ConfiguredWorkflow,
    NotebookSpecification,
    SensorSpecification,
    Specification,
    WorkflowSpecification,
)

NOW = datetime(2016, 1, 2, 12, tzinfo=UTC)
NOTEBOOKS = (NotebookSpecification(label="a", filename="a.ipynb"), NotebookSpecification(label="b", filename="b.ipynb"))
HASHES = {"a.ipynb": "1", "b.ipynb": "2"}


def flow(**policy: Any) -> WorkflowSpecification:
    return WorkflowSpecification(name="days", notebooks=NOTEBOOKS, **policy)


def end(state: str = "failed", *, minutes_ago: int = 5, failures: int = 1, **more: Any) -> LastEnd:
    return LastEnd(state=state, ended=NOW - timedelta(minutes=minutes_ago), failures=failures, notebooks=HASHES, **more)


def told(found: Verdict) -> tuple[bool, str, bool]:
    return found.is_due, found.reason.text, found.keeps_labels


CHANGED = {"notebooks": {"days": {"a.ipynb": "1", "b.ipynb": "3"}}}


@pytest.mark.parametrize(
    ("policy", "state", "last", "more", "verdict_"),
    [
        ({}, None, None, {}, (True, "not run yet", False)),
        ({}, "failed", None, {}, (True, "failed before", False)),
        ({}, "failed", end(), {}, (True, "failed before (attempt 2)", True)),
        ({"attempts": 3}, "failed", end(failures=2), {}, (True, "failed before (attempt 3 of 3)", True)),
        (
            {"attempts": 3},
            "failed",
            end(failures=3),
            {},
            (False, "failed 3 times in a row, and attempts is 3; runs.retry tries again", False),
        ),
        ({"attempts": 1}, "failed", end(), {}, (False, "failed once, and attempts is 1; runs.retry tries again", False)),
        ({"attempts": 1}, "failed", end("timed out"), {}, (True, "its last run timed out", True)),
        ({"attempts": 1}, "failed", end("terminated"), {}, (True, "its last run was terminated", True)),
        (
            {"retry_wait_seconds": 600},
            "failed",
            end(),
            {},
            (False, "failed; retry_wait of 10 min lasts until 2016-01-02 12:05:00 UTC", False),
        ),
        ({"retry_wait_seconds": 300}, "failed", end(), {}, (True, "failed before (attempt 2)", True)),
        (
            {},
            "failed",
            end(),
            {"check_began": NOW - timedelta(minutes=5)},
            (False, "failed in this check; the next one tries again", False),
        ),
        ({}, "failed", end(), {"check_began": NOW}, (True, "failed before (attempt 2)", True)),
        ({}, "succeeded", end("succeeded"), CHANGED, (False, "already succeeded", False)),
        (
            {"rerun_when": ("notebook_changed",)},
            "succeeded",
            end("succeeded"),
            CHANGED,
            (True, "notebook_changed: b.ipynb", True),
        ),
        (
            {"rerun_when": ("notebook_changed",), "attempts": 1},
            "failed",
            end(),
            CHANGED,
            (True, "failed before; notebook_changed: b.ipynb", True),
        ),
        (
            {"rerun_when": ("notebook_changed",)},
            "succeeded",
            LastEnd(state="succeeded", ended=NOW),
            CHANGED,
            (False, "already succeeded", False),  # made before such things were kept
        ),
        (
            {"rerun_when": ("data_changed", "notebook_changed")},
            "succeeded",
            end("succeeded", data={}),
            {**CHANGED, "changed_data": lambda kept, days: ["5.csv", "4.csv", "3.csv", "2.csv", "1.csv"]},
            (True, "data_changed: 5.csv, 4.csv, 3.csv and 2 more; notebook_changed: b.ipynb", False),
        ),
        # skipped: until its data are others, as far as that can be told
        ({}, "skipped", None, {}, (True, "skipped before", False)),
        (
            {},
            "skipped",
            end("skipped", data={"1.csv": [1, 2, None]}),
            {},
            (False, "skipped, and its data have not changed since; runs.retry tries again", False),
        ),
        (
            {},
            "skipped",
            end("skipped", data={"1.csv": [1, 2, None]}),
            {"changed_data": lambda kept, days: ["1.csv"]},
            (True, "skipped before; data_changed: 1.csv", False),
        ),
        (
            {},
            "skipped",
            end("skipped"),
            {},
            (False, "skipped; skip_again of 1 d lasts until 2016-01-03 11:55:00 UTC", False),
        ),
        ({}, "skipped", end("skipped", minutes_ago=1_440), {}, (True, "skipped before, and skip_again of 1 d is over", False)),
        (
            {"skip_again_seconds": 300},
            "skipped",
            end("skipped", data={}),
            {},
            (
                True,
                "skipped before, and skip_again of 5 min is over",
                False,
            ),  # asked for, also where the data can be told to be the same
        ),
        (
            {"skip_again_seconds": 300},
            "skipped",
            end("skipped"),
            {"check_began": NOW - timedelta(minutes=5)},
            (False, "skipped in this check", False),
        ),
        (
            {"rerun_when": ("notebook_changed",)},
            "skipped",
            end("skipped"),
            CHANGED,
            (True, "skipped before; notebook_changed: b.ipynb", False),
        ),
    ],
)
def test_a_verdict_has_its_reason(
    policy: dict[str, Any], state: str | None, last: LastEnd | None, more: dict[str, Any], verdict_: tuple[bool, str, bool]
) -> None:
    facts = RerunFacts(now=NOW, **{"notebooks": {"days": HASHES}, **more})
    assert told(verdict(flow(**policy), state, last, [(1, 2)], facts)) == verdict_


@pytest.mark.parametrize(
    ("state", "last", "is_due", "reason"),
    [
        (None, None, True, "AutoFlow began it, and recorded no end"),
        ("failed", None, True, "failed before in AutoFlow"),
        ("succeeded", None, False, "already succeeded in AutoFlow"),
        ("succeeded", end("succeeded"), False, "already succeeded"),  # since then, here
        ("failed", end(), True, "failed before (attempt 2)"),
    ],
)
def test_dates_that_only_autoflow_has_run_are_attributed_to_it(
    state: str | None, last: LastEnd | None, is_due: bool, reason: str
) -> None:
    day = date(2016, 1, 1)
    entry = ConfiguredWorkflow(workflow_name="days")
    key = ("days", run_for(entry, day).identity)
    facts = RerunFacts(now=NOW, ends={key: last} if last else {}, in_autoflow={key})
    made = due_runs(specification(entry), {"calls": [day]}, {key: state} if state else {}, facts=facts)
    assert [run.reason.text for run in made.due] == [reason] * is_due
    assert [one.reason.text for one in made.not_due] == [reason] * (not is_due)


def specification(*entries: ConfiguredWorkflow, **policy: Any) -> Specification:
    return Specification(
        path=Path("workflows.yml"),
        inputs_dir=Path("/inputs"),
        workflows=(flow(**policy),),
        sensor=SensorSpecification(schedule=None, workflows=entries),
    )


@pytest.mark.parametrize(
    ("rerun_when", "data", "lacks", "change"),
    [
        ((), None, False, (False, "nothing has changed since", True)),
        (("data_changed",), {}, False, (False, "nothing has changed since", True)),
        (
            ("data_changed",),
            None,
            True,
            (False, "succeeded before, and it is not known with which data; --rerun all includes it", False),
        ),
    ],
)
def test_data_that_count_and_were_not_kept_are_not_said_to_be_unchanged(
    rerun_when: tuple[str, ...], data: dict[str, Any] | None, lacks: bool, change: tuple[bool, str, bool]
):
    workflow, ended = flow(rerun_when=rerun_when), end("succeeded", data=data)
    facts = RerunFacts(now=NOW, notebooks={"days": HASHES})
    assert lacks_data(workflow, ended) is lacks
    assert told(change_of(workflow, ended, [], facts)) == change


def test_what_a_failed_run_did_with_data_that_are_not_known_is_done_again():
    workflow, facts = flow(rerun_when=("data_changed", "notebook_changed")), RerunFacts(now=NOW, **CHANGED)
    assert told(verdict(workflow, "failed", end(data={}), [], facts)) == (
        True,
        "failed before; notebook_changed: b.ipynb",
        True,
    )
    assert told(verdict(workflow, "failed", end(), [], facts)) == (True, "failed before; notebook_changed: b.ipynb", False)
    assert told(change_of(workflow, end(), [], facts)) == (True, "notebook_changed: b.ipynb", False)


def test_without_parameters_changed_a_date_is_done_whatever_its_parameters_were():
    fast, slow = (ConfiguredWorkflow(workflow_name="days", parameters={"how": how}) for how in ("fast", "slow"))
    day = date(2016, 1, 1)
    facts = RerunFacts(successes={("days", "2016-01-01"): {run_for(fast, day).identity}})
    made = due_runs(specification(slow, rerun_when=()), {"calls": [day]}, {}, facts=facts)
    assert [one.reason.text for one in made.not_due] == [
        "already succeeded with other parameters, and rerun_when lacks parameters_changed"
    ]
    assert due_runs(specification(slow), {"calls": [day]}, {}, facts=facts).due != ()
    # what another entry of the file stands for is its own, and says nothing about this one
    states = {("days", run_for(fast, day).identity): "succeeded"}
    made = due_runs(specification(fast, slow, rerun_when=()), {"calls": [day]}, states, facts=facts)
    assert [run.configured_parameters for run in made.due] == [{"how": "slow"}]


@pytest.mark.parametrize(
    ("written", "seconds", "shown"),
    [
        (90, 90, "90 s"),
        ("90 s", 90, "90 s"),
        ("10min", 600, "10 min"),
        (" 2 h ", 7_200, "2 h"),
        ("1.5 d", 129_600, "36 h"),
        (0.2, 1, "1 s"),
        ("1 d", 86_400, "1 d"),
        (0, 0, "0 s"),
    ],
)
def test_a_length_of_time_is_read_and_shown(written: Any, seconds: int, shown: str) -> None:
    assert seconds_of(written) == seconds
    assert shown_duration(seconds) == shown


@pytest.mark.parametrize(
    "written",
    ["soon", "10 weeks", "-1 s", True, None, [1], {"s": 1}, -1, float("nan"), "400 d", 10**12, "\u0661 s"],
)
def test_what_is_no_length_of_time_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match=r"^must be "):
        seconds_of(written)
