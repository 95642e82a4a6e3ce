"""Available dates from files, and files that are named with another kind of date."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deciders.specification import FilesSource
from tests.unit.workflow_files import specification
from workers.sources.available_dates import SourceError, read_available_dates, undated_files


def of_files(folder: Path, pattern: str, **sensor: Any) -> list[date]:
    return read_available_dates(specification(folder, source=FilesSource(files={"x": pattern}), **sensor))["x"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "data/flights-2013-01-02.csv",
        "data/flights-2013-01-01.csv",
        "data/flights-2013-02-30.csv",
        "data/flights-20130103.csv",
        "data/flights-2013-01-04.csv.part",
        "data/flights-2013-01-05XcsvX",
        "data/[a]-2013-01-06.csv",
        "data/2013-01-07/x.csv",
        "data/2013-01-08/y.csv",
        "north/2013-01-09.csv",
        "south/2013-01-10.csv",
        "south/2013-01-09.csv",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "data" / "flights-2013-01-31.csv").mkdir()
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "days"),
    [
        ("data/flights-{date}.csv", [1, 2]),
        ("./data//flights-{date}.csv", [1, 2]),
        ("data/flights-{date}*", [1, 2, 4, 5]),
        ("data/flights-{date}?csv?", [5]),
        ("data/[a]-{date}.csv", [6]),
        ("data/{date}/x.csv", [7]),
        ("data/{date}/*.csv", [7, 8]),
        ("data/{date}/z/x.csv", []),
        ("*/{date}.csv", [9, 10]),
        ("south/{date}.csv", [9, 10]),
        ("empty/{date}.csv", []),
        ("*/none/{date}.csv", []),
    ],
)
def test_files_with_a_date_in_their_name_are_dates(folder, pattern, days):
    assert of_files(folder, pattern) == [date(2013, 1, day) for day in days]


def test_only_the_types_that_the_sensor_wants_are_looked_for(folder):
    source = FilesSource(files={"a": "data/flights-{date}.csv", "b": "missing/{date}"})
    assert read_available_dates(specification(folder, source=source, cdr_types=("a",))).keys() == {"a"}
    with pytest.raises(SourceError) as refusal:
        read_available_dates(specification(folder, source=source))
    assert str(refusal.value) == f"there is no folder {folder}/missing to look for files in"


@pytest.mark.parametrize(
    ("names", "sentences"),
    [
        ([], []),
        (["2024-01-31.csv", "20240131.csv"], []),
        (["2024-01-31.txt"], []),
        (["31.1.2024.csv"], ["1 file fits 'd/{date}.csv' but for the date, which is written 2024-01-31: '31.1.2024.csv'"]),
        (
            ["2024-02-30.csv", "20240131.csv"],
            ["2 files fit 'd/{date}.csv' but for the date, which is written 2024-01-31: '2024-02-30.csv'"],
        ),
    ],
)
def test_files_with_dates_in_another_format_are_reported(tmp_path, names, sentences):
    (tmp_path / "d").mkdir()
    for name in names:
        (tmp_path / "d" / name).write_text("")
    given = specification(tmp_path, source=FilesSource(files={"x": "d/{date}.csv"}))
    assert undated_files(given, read_available_dates(given)) == sentences


def test_a_folder_that_cannot_be_looked_at_is_one_sentence(folder):
    with pytest.raises(SourceError) as refusal:
        of_files(folder, "south/2013-01-10.csv/{date}")
    assert str(refusal.value) == f"there is no folder {folder}/south/2013-01-10.csv to look for files in"
    (folder / "loop").symlink_to("loop")
    with pytest.raises(SourceError) as refusal:
        of_files(folder, "loop/{date}")
    assert str(refusal.value) == f"the folder {folder}/loop cannot be read (Too many levels of symbolic links)"
