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
from .programs import Interpreter
from .random_runs import RandomRun, random_run

RUNS = count(80, 3_000)


@lru_cache(maxsize=256)
def run_and_statements_reached(seed: int) -> tuple[RandomRun, Interpreter | None]:
    played = random_run(seed)
    error, ran = replayed(played, played.program)
    assert error is None, "the code that made a history fits it"
    return played, ran


def played_runs():
    for seed in range(RUNS):
        played, ran = run_and_statements_reached(seed)
        if ran is not None:
            yield played, ran, random.Random(f"change {seed}")


def test_unchanged_code_shows_no_difference():
    for played, _, _ in played_runs():
        assert first_difference(played, played.program) == SAME, f"seed {played.seed}"


@pytest.mark.parametrize("what", CHANGES)
def test_changed_code_is_caught_on_its_first_replay_with_the_right_event_named(what):
    caught = 0
    for played, ran, rng in played_runs():
        program = changed_program(rng, played.program, what, recorded_statements(played, ran))
        if program is None:
            continue
        error, _ = replayed(played, program)
        said = SAME if error is None else error.event_id or END_OF_DECISION
        assert said == first_difference(played, program), f"seed {played.seed}: {error}"
        caught += said != SAME
    assert caught, "a change that nothing can catch tests nothing"


@pytest.mark.parametrize("what", HARMLESS)
def test_a_change_that_is_not_compared_raises_no_error(what):
    changed = 0
    for played, ran, rng in played_runs():
        uids = recorded_statements(played, ran)
        if what == "other retry policy that was not used":
            uids &= unused_retries(played, ran)
        program = changed_program(rng, played.program, what, uids)
        if program is not None:
            error, _ = replayed(played, program)
            assert error is None, f"seed {played.seed}"
            changed += 1
    assert changed


@pytest.mark.parametrize("what", [change for change in CHANGES if not change.startswith("swap")])
def test_a_change_of_code_that_did_not_run_yet_is_no_alarm(what):
    changed = 0
    for played, ran, rng in played_runs():
        program = changed_program(rng, played.program, what, ran.reached, inside=False)
        if program is not None:
            error, _ = replayed(played, program)
            assert error is None, f"seed {played.seed}"
            changed += 1
    assert changed
