"""Histories that were recorded by former versions, and by this one when it was new, replay for ever."""

from __future__ import annotations

import random

import pytest

from simpleflow_nb.replay.calls.commands import ENGINE_VERSION

from .mutations import SAME, changed_program, first_difference, recorded_statements, replayed
from .record_golden import FOLDER, RUNS, path_for, read_runs, write_runs

FILES = sorted(FOLDER.glob("*.json.gz"))


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.name)
def played_runs(request):
    return list(read_runs(request.param))


def test_a_recorded_history_is_replayed_without_complaint(played_runs):
    assert len(played_runs) == RUNS
    for played in played_runs:
        error, _ = replayed(played, played.program)
        assert error is None, f"seed {played.seed}"


def test_every_decision_of_a_recorded_history_would_be_made_again(played_runs):
    for played in played_runs:
        assert first_difference(played, played.program) == SAME, f"seed {played.seed}"


def test_changed_code_is_caught_in_recorded_histories(played_runs):
    caught = 0
    for played in played_runs:
        _, ran = replayed(played, played.program)
        if ran is not None:
            program = changed_program(random.Random(played.seed), played.program, "rename", recorded_statements(played, ran))
            if program is not None:
                error, _ = replayed(played, program)
                assert (error is None) == (first_difference(played, program) == SAME), f"seed {played.seed}"
                caught += error is not None
    assert caught > RUNS / 2


def test_there_are_recorded_histories_of_this_version_of_the_engine():
    """A change of the order of decisions raises ENGINE_VERSION, and records: python -m tests.replay.record_golden."""
    assert path_for(ENGINE_VERSION) in FILES
    assert [path_for(version) for version in range(1, ENGINE_VERSION + 1)] == FILES


def test_recorded_histories_are_never_written_again(tmp_path):
    path = tmp_path / "engine-1.json.gz"
    write_runs(path, [])
    with pytest.raises(FileExistsError):
        write_runs(path, [])
    assert list(tmp_path.iterdir()) == [path]
