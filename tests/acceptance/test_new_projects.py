"""``init``: the folder that somebody begins with runs as it is."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.samples import environment, typed
from tests.settings import PATIENCE_SECONDS


@pytest.mark.parametrize("example", ["dates", "scenarios", "python"])
def test_a_new_project_does_what_it_says_and_passes_its_own_test(example: str, tmp_path: Path) -> None:
    made = typed("init", "shop", "--example", example, "--json", cwd=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    document = json.loads(made.stdout)["project"]
    folder = tmp_path / "shop"
    assert document["files"] == sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    for line in document["next"]:
        program, *words = shlex.split(line)
        if program == "simpleflow-nb":
            done = typed(*words, cwd=folder)
            assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(tests, cwd=folder, env=environment(), capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stdout
    if example == "dates":
        assert len(list(folder.glob("outputs/reports/sales/2024-01-*/report.pdf"))) == 2


def test_people_are_told_what_to_type_next(tmp_path: Path) -> None:
    made = typed("init", "my shop", cwd=tmp_path)
    assert made.stdout == (
        "my shop has 9 files: .github/workflows/check.yml, .gitignore, data/2024-01-01.csv, data/2024-01-02.csv, report.py, "
        "tests/test_workflows.py, totals.py, workflows.schema.json, workflows.yml\n"
        "\n"
        "now:\n"
        "  cd 'my shop'\n"
        "  simpleflow-nb validate\n"
        "  simpleflow-nb plan\n"
        "  simpleflow-nb sensor.start --local --once\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["my shop"]  # nothing is left beside it


def test_the_schema_for_editors_is_that_of_this_version(tmp_path: Path) -> None:
    typed("init", "shop", cwd=tmp_path)
    printed = typed("validate", "--schema", cwd=tmp_path).stdout
    assert (tmp_path / "shop/workflows.schema.json").read_text() == printed
    assert (tmp_path / "shop/workflows.yml").read_text().startswith("# yaml-language-server: $schema=workflows.schema.json\n")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("full", "full has notes.txt in it; give the name of a new folder, or of an empty one"),
        ("file", "file is there already, and is no folder; give another name"),
        ("file/shop", "file is no folder, so that there can be nothing in it; give another name"),
        (".", ". has file in it; give the name of a new folder, or of an empty one"),
    ],
)
def test_nothing_that_is_there_is_touched(name: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    done = typed("init", name, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"simpleflow-nb: {sentence}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    assert typed("init", "shop", cwd=tmp_path).returncode == 0
    assert (tmp_path / "shop/workflows.yml").exists()
