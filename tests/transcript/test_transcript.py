"""What the commands say today is what was recorded. A change that is meant is recorded anew, and read in the diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import pytest

from simpleflow_nb.cli.commands import COMMANDS
from tests.launcher import Launcher

from .commands import clean_environment
from .play import played
from .scene import GOLDEN, Scene
from .scenes import SCENES


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with Launcher(clean_environment()) as started:
        yield started


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_commands_say_what_was_recorded(scene: Scene, launcher: Launcher) -> None:
    recorded = scene.golden.read_text().splitlines()
    now = played(scene, launcher).splitlines()
    if recorded != now:
        differences = difflib.unified_diff(recorded, now, scene.golden.name, "now", n=4, lineterm="")
        pytest.fail(
            "\n".join([*differences, f"if that is meant: python -m tests.transcript.record {scene.name}"]), pytrace=False
        )


def test_every_command_stands_in_a_scene_beyond_its_help() -> None:
    typed = {
        word
        for scene in SCENES
        for line in scene.commands()
        if "--help" not in line
        for word in line.split()
        if word in COMMANDS
    }
    assert sorted(set(COMMANDS) - typed) == []


def test_every_golden_file_belongs_to_a_scene() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.txt")) == sorted(scene.name for scene in SCENES)
