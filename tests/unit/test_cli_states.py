"""What a local run shows and leaves: the lines of its progress, the user's traceback, its temporary files."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import simpleflow_nb
from simpleflow_nb.application.states.run_states import (
    KEPT_ENDS,
    ShownRun,
    Watch,
    shown_seconds,
    status_word,
    traceback_of,
)
from simpleflow_nb.application.states.shown_labels import ShownLabel, plain_cause
from simpleflow_nb.application.states.shown_states import ShownState
from simpleflow_nb.application.wording.summaries import nothing_due
from simpleflow_nb.cli.progress import Progress
from simpleflow_nb.local.service import LocalService
from simpleflow_nb.processes.scratch import Scratch

HOME = Path(simpleflow_nb.__file__).parent
OURS = f'  File "{HOME}/processes/worker.py", line 1, in work_on\n    body()\n'
THEIRS = '  File "/home/me/mine.py", line 2, in load\n    return 1 / 0\n           ~~^~~\n'
HEAD, END = "Traceback (most recent call last):\n", "ZeroDivisionError: division by zero\n"


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ([HEAD, OURS, THEIRS, END], HEAD + THEIRS + END),
        ([HEAD, THEIRS, OURS, END], HEAD + THEIRS + END),  # it called us wrongly: what we say is in the last line
        ([HEAD, OURS, END], HEAD + OURS + END),  # our own bug
        ([HEAD, OURS, THEIRS, "ValueError: first\nsecond\n"], HEAD + THEIRS + "ValueError: first\nsecond\n"),
        (HEAD + OURS + THEIRS + END, HEAD + THEIRS + END),
        ([], ""),
    ],
)
def test_a_traceback_shows_the_users_frames(lines: Any, shown: str) -> None:
    assert traceback_of(json.dumps({"error": "x", "traceback": lines})) == shown


@pytest.mark.parametrize("details", [None, "", "no JSON", "[1]", '{"error": "x"}'])
def test_details_without_a_traceback_show_none(details: str | None) -> None:
    assert traceback_of(details) == ""


def test_the_name_of_an_exception_of_ours_says_nothing_more_than_its_sentence() -> None:
    assert plain_cause("NotebookFailed: notebook 'a' failed in cell 1: ...") == "notebook 'a' failed in cell 1: ..."
    assert plain_cause("ValueError: nope") == "ValueError: nope"
    assert plain_cause("HEARTBEAT") == "the process that carried it out was killed or lost"
    assert [status_word(word) for word in ("COMPLETED", "CANCELED", "TIMED_OUT")] == ["completed", "cancelled", "timed out"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "0:01:00"), (3_661.4, "1:01:01"), (90_000, "1 day, 1:00:00")],
)
def test_a_time_is_shown_in_seconds_below_a_minute(seconds: float, shown: str) -> None:
    assert shown_seconds(seconds) == shown


# ---- the live display --------------------------------------------------------------------------------------------------------


class Shown(Watch):
    """The states that it is given."""

    def __init__(self, service: LocalService, states: list[ShownRun]) -> None:
        super().__init__(service)
        self.runs = dict(enumerate(states))


def drawn(states: list[ShownRun], *, height: int = 24) -> list[str]:
    service = LocalService()
    try:
        progress = Progress()
        progress.watch = Shown(service, states)
    finally:
        service.close()
    out = io.StringIO()
    progress.console = Console(file=out, width=60, height=height, force_terminal=True, no_color=True, highlight=False)
    progress.console.print(progress._drawn(states))
    lines = [line.rstrip() for line in _without_styles(out.getvalue()).splitlines()]
    lines[-1] = re.sub(r"\d+\.\d s$", "N s", lines[-1])  # since it began
    return lines


def _without_styles(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def run(number: int, *labels: ShownLabel, status: str | None = None) -> ShownRun:
    return ShownRun(f"days/2016-01-0{number}", f"w{number}", f"r{number}", 0.0, list(labels), status)


def test_the_display_has_a_line_for_each_label_of_the_runs_under_way() -> None:
    lines = drawn(
        [
            run(1, status="COMPLETED"),
            run(2, status="FAILED"),
            run(
                3,
                ShownLabel("workers.activities.already_succeeded-1", ShownState.DONE, is_shown=False),
                ShownLabel("count", ShownState.DONE, began=10.0, ended=11.25),
                ShownLabel("a_rather_long_label", ShownState.FAILED, 2, note="ValueError: no rows", began=10.0, ended=12.0),
                ShownLabel("report", ShownState.WAITING),
            ),
            run(4, ShownLabel("count", ShownState.RUNNING, note="cell 2 of 3: Load", began=time.time())),
            run(5),
        ]
    )
    assert lines[0] == "days/2016-01-04"  # days/2016-01-03 has nothing under way
    assert re.fullmatch(r"  count +running +\S+ s  cell 2 of 3: Load", lines[1])
    assert lines[2:] == ["1 of 5 runs done, 1 failed, 2 waiting, N s"]


def test_a_run_with_many_labels_shows_those_that_are_busy_and_counts_the_others() -> None:
    labels = [ShownLabel(f"step-{n}", ShownState.DONE, began=0.1, ended=1.1) for n in range(40)]
    labels += [ShownLabel("step-40", ShownState.RUNNING, note="half", began=0.0), ShownLabel("step-41", ShownState.WAITING)]
    assert drawn([run(1, *labels)]) == [
        "days/2016-01-01",
        "  step-40      running             half",
        "  40 done, 1 waiting",
        "0 of 1 run done, N s",
    ]


def test_the_display_is_never_taller_than_the_terminal() -> None:
    states = [run(n, *(ShownLabel(f"label{m}", ShownState.RUNNING, began=0.0) for m in range(5))) for n in range(9)]
    lines = drawn(states, height=12)
    assert len(lines) <= 12
    assert lines[-1] == "0 of 9 runs done, 8 waiting, N s"


# ---- temporary files ---------------------------------------------------------------------------------------------------------


def test_temporary_files_are_made_in_the_scratch_folder_and_gone_with_it(tmp_path: Path) -> None:
    before = tempfile.gettempdir()
    scratch = Scratch(tmp_path / "notes")
    scratch.open()
    try:
        made = Path(tempfile.mkdtemp())
        assert (made.parent, made.parent.stat().st_mode & 0o777) == (scratch.path, 0o700)
        assert len(os.fsencode(made.parent)) <= 50
        assert [note.name for note in (tmp_path / "notes").iterdir()] == [made.parent.name]
    finally:
        scratch.close()
    assert (made.parent.exists(), list((tmp_path / "notes").iterdir()), tempfile.gettempdir()) == (False, [], before)


def test_the_folder_of_an_owner_that_was_killed_is_removed_by_the_next(tmp_path: Path) -> None:
    killed = Scratch(tmp_path / "notes")
    killed.open()
    left = Path(tempfile.mkdtemp())
    tempfile.tempdir = killed._former  # what the end of the process would do
    Scratch(tmp_path / "notes").remove_left_over()
    assert (left.parent.exists(), list((tmp_path / "notes").iterdir())) == (False, [])


def test_the_copy_of_a_note_leaves_the_folder_of_the_original_alone(tmp_path: Path) -> None:
    owner = Scratch(tmp_path / "notes")
    owner.open()
    try:
        shutil.copytree(tmp_path / "notes", tmp_path / "copy")
        Scratch(tmp_path / "copy").remove_left_over()
        assert (owner.path is not None and owner.path.is_dir(), list((tmp_path / "copy").iterdir())) == (True, [])
    finally:
        owner.close()


def test_a_note_that_names_something_else_removes_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "precious").mkdir()
    (tmp_path / "notes" / "sfnb-0123456789").write_text(f"{tmp_path / 'precious'}\n")
    (tmp_path / "notes" / "sfnb-half").write_text("")  # its writer was killed before it made the folder
    Scratch(tmp_path / "notes").remove_left_over()
    assert (tmp_path / "precious").is_dir()


def test_a_check_that_starts_nothing_says_whether_there_was_anything_to_look_at() -> None:
    assert nothing_due(4) == "nothing is due (4 dates are not; plan --why says why)"
    assert nothing_due(0) == "nothing is due: no date is available, or the sensor names no workflow"


# ---- runs that have ended ----------------------------------------------------------------------------------------------------


def test_of_runs_that_have_ended_some_of_each_end_are_kept_and_the_others_are_counted() -> None:
    completed = '{"state": "succeeded", "artefacts": {"report:count": "/out/count.pdf"}}'
    kinds = [
        ("succeeded", ShownRun("a", "a", "a", 0.0, status="COMPLETED", result=completed)),
        (
            "succeeded",
            ShownRun(
                "w",
                "w",
                "w",
                0.0,
                [ShownLabel("count", ShownState.DONE, result={"path": "c.ipynb", "warnings": ["x"]})],
                "COMPLETED",
            ),
        ),
        ("skipped", ShownRun("s", "s", "s", 0.0, status="COMPLETED", result='{"state": "skipped"}')),
        ("failed", ShownRun("f", "f", "f", 0.0, status="FAILED")),
        ("failed", ShownRun("t", "t", "t", 0.0, status="TERMINATED")),
        ("cancelled", ShownRun("c", "c", "c", 0.0, status="CANCELED")),
    ]
    service = LocalService()
    try:
        watch = Watch(service)
    finally:
        service.close()
    for number in range(100 * len(kinds)):
        state = kinds[number % len(kinds)][1]
        state.close(str(state.status), watch.load)
        watch.runs[number] = state
        watch._forget_others(number, state)
    kept = Counter(state.end for state in watch.states())
    assert kept == dict.fromkeys(("succeeded", "skipped", "failed", "cancelled"), KEPT_ENDS)
    assert watch.earlier.ends + kept == {"succeeded": 200, "skipped": 100, "failed": 200, "cancelled": 100}
    assert (watch.earlier.warned, watch.earlier.reports) == (80, 80)  # every other one of the 160 that succeeded
