"""What is kept of the data that a run was started with, to see later whether they are others."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from deciders.specification import FilesSource, SqlSource
from tests.unit.workflow_files import specification
from workers.sources import data_stamps
from workers.sources.data_stamps import ALL, DataStamps
from workers.sources.source_errors import SourceError

DAYS = ("2016-01-01", "2016-01-02", "2016-01-03")
SPAN = [(date(2016, 1, 1).toordinal(), date(2016, 1, 4).toordinal())]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for day in DAYS:
        write(tmp_path, day, day, seconds=1_000)
    return tmp_path


def write(folder: Path, day: str, text: str, *, seconds: int) -> None:
    path = folder / "data" / f"{day}.csv"
    path.write_text(text)
    os.utime(path, (seconds, seconds))


def stamps(folder: Path) -> DataStamps:
    return DataStamps(specification(folder, source=FilesSource(files={"calls": "data/{date}.csv"})))


def test_data_that_are_only_looked_at_are_not_read(folder: Path) -> None:
    read: list[int] = []
    looked = DataStamps(specification(folder, source=FilesSource(files={"calls": "data/{date}.csv"})), lambda: read.append(1))
    assert looked.seen(SPAN) == {f"data/{day}.csv": [10, 1_000_000_000_000, None] for day in DAYS}
    assert read == []


def test_data_that_were_only_looked_at_have_changed_when_their_size_or_time_has(folder: Path) -> None:
    kept = stamps(folder).seen(SPAN)
    assert kept is not None
    assert stamps(folder).changed(kept, SPAN) == []
    now = stamps(folder)
    now.of(SPAN)  # another run of the same check has read them: that makes no change of them
    assert now.changed(kept, SPAN) == []
    write(folder, "2016-01-02", "2016-01-02", seconds=2_000)
    write(folder, "2016-01-03", "longer than it was", seconds=1_000)
    (folder / "data" / "2016-01-01.csv").unlink()
    assert stamps(folder).changed(kept, SPAN) == [f"data/{day}.csv" for day in DAYS]


def test_of_very_many_data_one_stamp_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_stamps, "_MOST_STAMPS", 2)
    kept = stamps(folder).seen(SPAN)
    assert kept is not None
    assert list(kept) == [ALL]
    assert stamps(folder).changed(kept, SPAN) == []
    write(folder, "2016-01-02", "2016-01-02", seconds=2_000)
    assert stamps(folder).changed(kept, SPAN) == ["one of 3 that were there"]


def test_a_source_that_cannot_tell_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[SqlSource] = []

    def answer(source: SqlSource) -> dict[str, dict[date, str | None]]:
        asked.append(source)
        return {"calls": {date(2016, 1, 1): None}}

    monkeypatch.setattr(data_stamps, "sql_versions", answer)
    looked = DataStamps(specification(tmp_path, source=SqlSource(uri="sqlite://", query="SELECT 1")))
    assert [looked.seen(SPAN) for _ in range(3)] == [None] * 3
    with pytest.raises(SourceError, match="needs a third column"):
        looked.of(SPAN)
    assert len(asked) == 1
