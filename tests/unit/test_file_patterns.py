"""The files that ``reads`` names, and all that lies below a folder: also behind links, and never for ever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deciders.specification.file_patterns import files_below, files_read
from workers.sharing.content_hashes import hash_of, hash_of_executed, modules_in

ALL = ["a.csv", "here/b.csv", "here/linked/c.csv", "here/linked/deep/d.csv", "there/c.csv", "there/deep/d.csv"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files, links to a folder outside, and links in circles."""
    made = tmp_path / "inputs"
    for name in ("inputs/a.csv", "inputs/here/b.csv", "elsewhere/c.csv", "elsewhere/deep/d.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (made / "there").symlink_to(tmp_path / "elsewhere")
    (made / "here/linked").symlink_to(tmp_path / "elsewhere")
    (made / "here/back").symlink_to(made)
    (tmp_path / "elsewhere/around").symlink_to(tmp_path / "elsewhere")
    (made / "dangling").symlink_to(tmp_path / "nowhere")
    return made


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        (".", ALL),
        ("./", ALL),
        ("**", ALL),
        ("**/*.csv", ALL),
        ("here/..", ALL),
        ("there", ["there/c.csv", "there/deep/d.csv"]),
        ("./there/", ["there/c.csv", "there/deep/d.csv"]),
        ("there/**/d.*", ["there/deep/d.csv"]),
        ("here/linked/**/*.csv", ["here/linked/c.csv", "here/linked/deep/d.csv"]),
        ("*.csv", ["a.csv"]),
        ("?.csv", ["a.csv"]),
        ("[ab].csv", ["a.csv"]),
        ("*/*.csv", ["here/b.csv", "there/c.csv"]),
        ("a.csv/b", []),
        ("dangling", []),
        ("[", []),
        ("none/**", []),
    ],
)
def test_a_pattern_fits_files_behind_links_as_well(folder: Path, pattern: str, fits: list[str]) -> None:
    assert files_read(folder, [pattern]) == fits


def test_outputs_are_read_only_by_a_pattern_that_names_them(folder: Path) -> None:
    (folder / "outputs").mkdir()
    (folder / "outputs/e.csv").write_text("made by a run")
    for pattern in (".", "**", "*", "**/*.csv"):
        assert "outputs/e.csv" not in files_read(folder, [pattern], outputs=folder / "outputs")
    assert files_read(folder, ["outputs/*"], outputs=folder / "outputs") == ["outputs/e.csv"]


def test_two_stars_beside_other_characters_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"^'a\*\*/b' has '\*\*' beside other characters$"):
        files_read(folder, ["a**/b"])


def test_a_folder_in_a_circle_of_links_ends(folder: Path) -> None:
    found = sorted(path.relative_to(folder).as_posix() for path in files_below(folder))
    assert found == sorted([*ALL, "dangling"])


def test_the_hash_of_a_folder_counts_what_is_behind_its_links(folder: Path) -> None:
    before = hash_of(folder / "here/linked")
    (folder.parent / "further").mkdir()
    (folder.parent / "elsewhere/linked").symlink_to(folder.parent / "further")
    between = hash_of(folder / "here/linked")
    (folder.parent / "further/e.csv").write_text("content")
    assert hash_of(folder / "here/linked") != between == before


def test_modules_are_found_behind_links(folder: Path) -> None:
    (folder.parent / "elsewhere/deep/rates.py").write_text("rate = 1")
    (folder / "named.py").write_text("")
    found = modules_in(folder, but={"named.py"}, outputs=folder / "outputs")
    assert sorted(found) == ["here/linked/deep/rates.py", "there/deep/rates.py"]


@pytest.mark.parametrize(("name", "counts"), [("report-2024.json", True), ("report-pdf.json", False), ("run.json", False)])
def test_what_a_notebook_has_left_counts_whatever_its_name_resembles(tmp_path: Path, name: str, counts: bool) -> None:
    (tmp_path / "one.ipynb").write_text('{"cells": []}')
    (tmp_path / name).write_text("1")
    before = hash_of_executed(tmp_path / "one.ipynb")
    (tmp_path / name).write_text("22")
    assert (hash_of_executed(tmp_path / "one.ipynb") != before) == counts


def test_a_pipe_that_a_notebook_has_left_is_told_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "one.ipynb").write_text('{"cells": []}')
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"pipe is no regular file$"):
        hash_of_executed(tmp_path / "one.ipynb")
