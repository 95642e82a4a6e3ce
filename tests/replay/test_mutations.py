"""Changed code is caught on its first replay, at the right event; unchanged code, in all that counts, is never accused."""

from __future__ import annotations

import random
from functools import lru_cache

import pytest

from tests.settings import count

from .mutations import (
    CHANGES,
    END_OF_DECISION,
    HARMLESS,
    SAME,
    changed_program,
    first_difference,
    recorded_statements,
    replayed,
    unused_retries,
)
from .play import Game, played_game
from .programs import Interpreter

GAMES = count(150, 3_000)


@lru_cache(maxsize=256)
def game_and_what_ran(seed: int) -> tuple[Game, Interpreter | None]:
    game = played_game(seed)
    error, ran = replayed(game, game.program)
    assert error is None, "the code that made a history fits it"
    return game, ran


def games():
    for seed in range(GAMES):
        game, ran = game_and_what_ran(seed)
        if ran is not None:
            yield game, ran, random.Random(f"change {seed}")


def test_the_judge_finds_nothing_in_code_that_did_not_change():
    for game, _, _ in games():
        assert first_difference(game, game.program) == SAME, f"seed {game.seed}"


@pytest.mark.parametrize("what", CHANGES)
def test_changed_code_is_caught_on_its_first_replay_with_the_right_event_named(what):
    caught = 0
    for game, ran, rng in games():
        program = changed_program(rng, game.program, what, recorded_statements(game, ran))
        if program is None:
            continue
        error, _ = replayed(game, program)
        said = SAME if error is None else error.event_id or END_OF_DECISION
        assert said == first_difference(game, program), f"seed {game.seed}: {error}"
        caught += said != SAME
    assert caught, "a change that nothing can catch tests nothing"


@pytest.mark.parametrize("what", HARMLESS)
def test_a_change_of_what_is_not_compared_is_no_alarm(what):
    changed = 0
    for game, ran, rng in games():
        uids = recorded_statements(game, ran)
        if what == "other retry policy that was not used":
            uids &= unused_retries(game, ran)
        program = changed_program(rng, game.program, what, uids)
        if program is not None:
            error, _ = replayed(game, program)
            assert error is None, f"seed {game.seed}"
            changed += 1
    assert changed


@pytest.mark.parametrize("what", [change for change in CHANGES if not change.startswith("swap")])
def test_a_change_of_code_that_did_not_run_yet_is_no_alarm(what):
    changed = 0
    for game, ran, rng in games():
        program = changed_program(rng, game.program, what, ran.reached, inside=False)
        if program is not None:
            error, _ = replayed(game, program)
            assert error is None, f"seed {game.seed}"
            changed += 1
    assert changed
