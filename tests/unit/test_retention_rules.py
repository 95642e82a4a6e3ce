"""How much is kept: what the file may say of it, and earlier attempts that go."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest

from deciders.specification import Specification, SpecificationError, WorkflowSpecification, load_specification
from deciders.specification.workflow_file import specification_schema
from workers.activities import execute_notebook
from workers.artefacts import Artefacts
from workers.runs.old_outputs import remove_old_attempts

RUN = ("days", "2016-01-02_1e6bbce8", "count")


def loaded(folder: Path, line: str) -> Specification:
    (folder / "only.py").write_text("x = 1\n")
    file = folder / "workflows.yml"
    file.write_text(
        f"{line}\nworkflows: [{{name: days, notebooks: {{only: {{filename: only.py}}}}}}]\n"
        "available_dates_sensor: {schedule: null, source: {files: {calls: '{date}.csv'}}, workflows: [{workflow_name: days}]}\n"
    )
    return load_specification(file)


@pytest.mark.parametrize(
    ("line", "seconds", "attempts"),
    [
        ("# nothing", 90 * 86_400, 5),
        ("keep_history: 30d", 30 * 86_400, 5),
        ("keep_history: 1.5 h", 5_400, 5),
        ("keep_history: 400 d", 400 * 86_400, 5),
        ("keep_history: forever", None, 5),
        ("keep_attempts: 1", 90 * 86_400, 1),
        ("keep_attempts: all", 90 * 86_400, None),
    ],
)
def test_what_the_file_says_is_kept(line: str, seconds: int | None, attempts: int | None, tmp_path: Path) -> None:
    made = loaded(tmp_path, line)
    assert (made.keep_history_seconds, made.workflow("days").keep_attempts) == (seconds, attempts)
    assert Specification.model_validate(made.model_dump(mode="json")) == made


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("keep_history: 90", "keep_history must be a length of time such as 90d, or forever, not 90; write 90d for days"),
        ("keep_history: null", "keep_history must be a length of time such as 90d, or forever, not null"),
        ("keep_history: never", "keep_history must be a length of time such as 90d, or forever, not 'never'"),
        ("keep_history: [1]", "keep_history must be a length of time such as 90d, or forever, not a list"),
        ("keep_history: 5 s", "keep_history must be between 1 min and 36500 d, or forever, not '5 s'"),
        ("keep_history: 40000 d", "keep_history must be between 1 min and 36500 d, or forever, not '40000 d'"),
        ("keep_attempts: 0", "keep_attempts must be a whole number from 1 to 1000, or all, not 0"),
        ("keep_attempts: true", "keep_attempts must be a whole number from 1 to 1000, or all, not true"),
        ("keep_attempts: 2.5", "keep_attempts must be a whole number from 1 to 1000, or all, not 2.5"),
        ("keep_attempts: {a: 1}", "keep_attempts must be a whole number from 1 to 1000, or all, not a mapping"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(line: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(SpecificationError) as refused:
        loaded(tmp_path, line)
    assert [(problem.line, problem.message) for problem in refused.value.problems] == [(1, sentence)]


@pytest.mark.parametrize(
    ("key", "value", "is_good"),
    [
        ("keep_history", "90d", True),
        ("keep_history", "forever", True),
        ("keep_history", 90, False),
        ("keep_attempts", 5, True),
        ("keep_attempts", "all", True),
        ("keep_attempts", 0, False),
    ],
)
def test_editors_are_told_the_same(key: str, value: object, is_good: bool) -> None:
    schema = specification_schema()
    part = {**schema["properties"][key], "$defs": schema.get("$defs", {})}
    assert jsonschema.Draft202012Validator(part).is_valid(value) is is_good


def test_a_specification_of_an_open_run_of_a_former_version_keeps_as_many_attempts_as_is_usual() -> None:
    former = {"name": "days", "notebooks": [{"label": "count", "filename": "count.ipynb"}]}
    assert WorkflowSpecification.model_validate(former).keep_attempts == 5


def attempted(artefacts: Artefacts, times: int) -> int:
    """So many attempts, each of which leaves a file; the number of the last one."""
    for _ in range(times):
        number = artefacts.begin_attempt(*RUN)
        artefacts.notebook_folder(*RUN).mkdir(parents=True, exist_ok=True)
        (artefacts.notebook_folder(*RUN) / "output.txt").write_text(str(number))
    return number


def test_old_attempts_go_and_numbers_go_on(tmp_path: Path) -> None:
    artefacts = Artefacts(tmp_path)
    assert attempted(artefacts, 6) == 6
    beside = artefacts.attempt_folder(*RUN[:2], "another", 2)
    beside.mkdir()
    remove_old_attempts(artefacts, *RUN, before=4)
    attempts = tmp_path / "notebooks" / RUN[0] / RUN[1] / ".attempts"
    assert sorted(str(one.relative_to(attempts)) for one in attempts.rglob("*")) == [
        "2", "2/another", "4", "4/count", "4/count/output.txt", "5", "5/count", "5/count/output.txt",
    ]  # fmt: skip
    assert artefacts.kept_attempts(*RUN) == [4, 5]
    assert attempted(artefacts, 1) == 7


class _Fails(Exception):
    pass


@pytest.mark.parametrize(
    ("given", "kept"),
    [({}, [2, 3, 4, 5, 6]), ({"keep_attempts": 2}, [5, 6]), ({"keep_attempts": None}, [1, 2, 3, 4, 5, 6])],
)
def test_a_notebook_that_is_executed_again_leaves_as_many_earlier_attempts_as_its_file_says(
    given: dict[str, int | None], kept: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(source: Path, values: dict[str, Any], into: Path, *, attempt: int, **more: Any) -> None:
        into.mkdir(parents=True)
        (into / "output.txt").write_text(str(attempt))
        raise _Fails

    monkeypatch.setattr("workers.activities.run_notebook", fails)
    monkeypatch.setattr("workers.activities.context", lambda: task)
    monkeypatch.setattr("workers.activities.open_shared", lambda: None)
    task = SimpleNamespace(run_id="r", attempt=1, on_cancel=[], cancel_requested=lambda: False)
    names = dict(zip(("workflow", "instance", "label"), RUN, strict=True))
    for _ in range(7):
        with pytest.raises(_Fails):
            execute_notebook.callable(
                **names,
                outputs=str(tmp_path),
                filename="count.ipynb",
                inputs_dir=str(tmp_path),
                parameters={},
                upstream={},
                flowapi_url_as=[],
                **given,
            )
    artefacts = Artefacts(tmp_path)
    assert artefacts.kept_attempts(*RUN) == kept
    assert (artefacts.notebook_folder(*RUN) / "output.txt").read_text() == "7"


def test_an_attempt_that_cannot_be_removed_stays_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    artefacts = Artefacts(tmp_path)
    attempted(artefacts, 3)

    def refuses(folder: Path) -> None:
        raise OSError(13, "Permission denied", str(folder))

    monkeypatch.setattr("workers.runs.old_outputs.remove_folder", refuses)
    with caplog.at_level(logging.WARNING):
        remove_old_attempts(artefacts, *RUN, before=2)
    assert artefacts.kept_attempts(*RUN) == [1, 2]
    folder = artefacts.attempt_folder(*RUN, 1)
    assert caplog.messages == [f"an earlier attempt cannot be removed: [Errno 13] Permission denied: '{folder}'"]
