"""Arguments of `Project` that cannot be meant: each is refused in one sentence, before anything is opened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.notebooks import Local, Project
from tests.acceptance.samples import inputs

DAY = date(2016, 1, 1)
TIME: Any = datetime(2016, 1, 1, tzinfo=UTC)
NUMBER: Any = 2
TEXT: Any = "2"
NOTHING: Any = None
PAIRS: Any = ["day"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    file = inputs(tmp_path / "project")
    return Project.open(file, service=Local(db=str(tmp_path / "journal.sqlite3")))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda it: it.start("days", workers=-1).result(), "workers must be a whole number of 1 or more, not -1"),
        (lambda it: it.check(workers=0).result(), "workers must be a whole number of 1 or more, not 0"),
        (
            lambda it: it.backfill("days", DAY, DAY, workers=TEXT).result(),
            "workers must be a whole number of 1 or more, not '2'",
        ),
        (lambda it: it.retry("days", workers=True).result(), "workers must be a whole number of 1 or more, not True"),
        (lambda it: it.make_reports(workers=0).result(), "workers must be a whole number of 1 or more, not 0"),
        (
            lambda it: it.backfill("days", DAY, DAY, max_parallel=0).result(),
            "max_parallel must be a whole number of 1 or more, not 0",
        ),
        (lambda it: it.logs("days/2016-01-01", attempt=0), "attempt must be a whole number of 1 or more, not 0"),
        (lambda it: it.clean_outputs(-1), "keep_days must be a whole number from 0 to 36,500, not -1"),
        (lambda it: it.clean_outputs(10**6), "keep_days must be a whole number from 0 to 36,500, not 1000000"),
        (lambda it: it.clean_outputs(TEXT), "keep_days must be a whole number from 0 to 36,500, not '2'"),
        (
            lambda it: it.make_reports("days/2016-01-01", remake="misssing").result(),
            "remake is 'misssing' (did you mean 'missing'?); it is one of missing, changed, all",
        ),
        (
            lambda it: it.backfill_plan("days", DAY, DAY, rerun="typo"),
            "rerun is 'typo'; it is one of missing, failed, changed, all",
        ),
        (
            lambda it: it.backfill_plan("days", DAY, DAY, rerun=NOTHING),
            "rerun is None; it is one of missing, failed, changed, all",
        ),
        (
            lambda it: it.runs(state="suceeded"),
            "state is 'suceeded' (did you mean 'succeeded'?); it is one of running, succeeded, already done, success, skipped, "
            "failed, timed out, timed_out, terminated, cancelled, partial",
        ),
        (lambda it: it.runs(first=TEXT), "first must be a datetime.date, not '2'"),
        (
            lambda it: it.runs(last=TIME),
            "last must be a datetime.date, not datetime.datetime(2016, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)",
        ),
        (
            lambda it: it.backfill_plan("days", DAY, TIME),
            "last must be a datetime.date, not datetime.datetime(2016, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)",
        ),
        (lambda it: it.backfill("days", NOTHING, DAY).result(), "first must be a datetime.date, not None"),
        (lambda it: it.start(NOTHING).result(), "name must be text, not None"),
        (lambda it: it.start("days", PAIRS).result(), "parameters must be a mapping of names to values, not ['day']"),
        (lambda it: it.start("days", {2: "x"}).result(), "parameters must be a mapping of names to values, not {2: 'x'}"),
        (
            lambda it: it.start("days", {"day": [1.0, float("nan")]}).result(),
            "day: NaN is not a JSON value; give null or a number",
        ),
        (lambda it: it.run(NUMBER), "run must be text, not 2"),
        (lambda it: it.wait(NUMBER).result(), "run must be text, not 2"),
        (lambda it: it.cancel(NOTHING), "run must be text, not None"),
        (lambda it: it.logs("days/2016-01-01", pattern=NUMBER), "pattern must be text, not 2"),
    ],
)
def test_what_cannot_be_meant_is_refused(call: Callable[[Project], Any], sentence: str, project: Project) -> None:
    with pytest.raises(DefinitionError) as refused:
        call(project)
    assert str(refused.value) == sentence


def test_a_state_is_found_by_every_word_that_a_version_has_written_for_it(project: Project) -> None:
    for word in ("timed out", "timed_out", "success"):
        assert project.runs(state=word).runs == []
