"""Histories that were recorded by former versions, and by this one when it was new, replay for ever."""

from __future__ import annotations

import random

import pytest

from simpleflow_nb.replay.commands import ENGINE_VERSION

from .mutations import SAME, changed_program, first_difference, recorded_statements, replayed
from .record_golden import FOLDER, GAMES, path_for, read_games, write_games

FILES = sorted(FOLDER.glob("*.json.gz"))


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.name)
def games(request):
    return list(read_games(request.param))


def test_a_recorded_history_is_replayed_without_complaint(games):
    assert len(games) == GAMES
    for game in games:
        error, _ = replayed(game, game.program)
        assert error is None, f"seed {game.seed}"


def test_every_decision_of_a_recorded_history_would_be_made_again(games):
    for game in games:
        assert first_difference(game, game.program) == SAME, f"seed {game.seed}"


def test_changed_code_is_caught_in_recorded_histories(games):
    caught = 0
    for game in games:
        _, ran = replayed(game, game.program)
        if ran is not None:
            program = changed_program(random.Random(game.seed), game.program, "rename", recorded_statements(game, ran))
            if program is not None:
                error, _ = replayed(game, program)
                assert (error is None) == (first_difference(game, program) == SAME), f"seed {game.seed}"
                caught += error is not None
    assert caught > GAMES / 2


def test_there_are_recorded_histories_of_this_version_of_the_engine():
    """A change of the order of decisions raises ENGINE_VERSION, and records: python -m tests.replay.record_golden."""
    assert path_for(ENGINE_VERSION) in FILES
    assert [path_for(version) for version in range(1, ENGINE_VERSION + 1)] == FILES


def test_recorded_histories_are_never_written_again(tmp_path):
    path = tmp_path / "engine-1.json.gz"
    write_games(path, [])
    with pytest.raises(FileExistsError):
        write_games(path, [])
    assert list(tmp_path.iterdir()) == [path]
