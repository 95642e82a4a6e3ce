"""What is left to be done of a run whose labels have items."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deciders.values.label_state import LabelState
from deciders.values.run_state import RunState
from simpleflow_nb.application.asking.retries import planned_retry
from simpleflow_nb.application.outcomes import LabelOutcome, RunOutcome
from simpleflow_nb.application.project import Project
from simpleflow_nb.application.wording.summaries import failure_lines
from simpleflow_nb.testing import NotebookEnd
from tests.unit.fanned_project import DATES, broken_day, day, fanned, run_study


def is_needed(file: Path) -> bool:
    project = Project.open(file)
    return planned_retry(project.specification, project.outputs, project.service, "study").is_needed


def test_an_item_that_had_nothing_to_do_is_tried_again_though_its_label_is_done(tmp_path: Path) -> None:
    file = fanned(tmp_path)
    run_study(tmp_path)
    assert not is_needed(file)

    def only_two(parameters: dict[str, Any]) -> NotebookEnd:
        return broken_day(parameters) if parameters["date"] == DATES[2] else day(parameters)

    assert run_study(tmp_path, day=only_two).run("study").labels["day"] == "done"
    assert is_needed(file)


def test_of_a_run_with_many_failed_items_the_first_are_told() -> None:
    failed = [LabelOutcome(f"day:{index}", LabelState.FAILED, cause="no rows") for index in range(40)]
    run = RunOutcome("study/99914b93", "study", "1", RunState.FAILED, labels=tuple(failed), not_run=("total",))
    lines = failure_lines(run)
    assert lines[:2] == ["study/99914b93", "  day:0: no rows"]
    assert lines[30:] == ["  day:29: no rows", "  and 10 more; runs.show --json has all of them", "  not run: total"]
