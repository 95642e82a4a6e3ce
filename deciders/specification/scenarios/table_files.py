"""Tables of scenarios: CSV and Parquet files, read into rows of JSON values."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from simpleflow_nb.exceptions import DefinitionError

from ...problems import shown
from .cell_types import NO_VALUES, lost_zeros, typed_column

CSV, PARQUET = ".csv", ".parquet"
#: Far above any table of a thousand scenarios.
_LARGEST_FILE_BYTES = 20_000_000


class TableError(DefinitionError, ValueError):
    """A table cannot be read; the end of a sentence that begins with the name of the file."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table, or of what a program gives."""

    where: str  #: for messages, as ``line 3 of clients.csv``
    values: dict[str, Any]  #: JSON values


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with the same columns, in the order of the file."""

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    doubts: tuple[str, ...] = ()  #: what may not be meant, each the end of a sentence that begins with the file's name


def read_table(path: Path) -> Table:
    """Read a file whose name ends in `CSV` or `PARQUET`.

    Raises:
        TableError: it cannot be read, has no rows, or holds what no parameter can be.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise TableError(f"is larger than {_LARGEST_FILE_BYTES // 1_000_000} MB: not a table of scenarios")
        return _csv_table(path) if path.suffix == CSV else _parquet_table(path)
    except OSError as error:
        raise TableError(f"cannot be read ({(error.strerror or str(error)).lower()})") from None


def _csv_table(path: Path) -> Table:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = list(_csv_lines(file))
    except UnicodeDecodeError:
        raise TableError("is not UTF-8 text") from None
    except csv.Error as error:
        raise TableError(f"is not CSV: {error}") from None
    if not lines:
        raise TableError("is empty; its first line must name the columns")
    (_, columns), *rows = lines
    _check_columns(columns)
    for line, cells in rows:
        if len(cells) != len(columns):
            raise TableError(f"has {len(cells)} values in line {line}, and {len(columns)} columns")
    if not rows:
        raise TableError("has no rows")
    cells_of = {name: [cells[place] for _, cells in rows] for place, name in enumerate(columns)}
    values_of = {name: _finite(name, typed_column(cells)) for name, cells in cells_of.items()}
    made = (
        TableRow(f"line {line} of {path.name}", {name: values_of[name][place] for name in columns})
        for place, (line, _) in enumerate(rows)
    )
    zeros = ((name, lost_zeros(cells)) for name, cells in cells_of.items())
    doubts = (
        f"has {cell!r} among the whole numbers of column {shown(name)}, which is read as {int(cell)}"
        for name, cell in zeros
        if cell is not None
    )
    empty = (
        f"has no value in line {line}, which makes a scenario all of whose columns are null"
        for line, cells in rows
        if all(cell in NO_VALUES for cell in cells)
    )
    return Table(tuple(columns), tuple(made), (*doubts, *empty))


def _csv_lines(file: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that is not empty, with its number."""
    reader = csv.reader(file, strict=True)
    line = 1
    for cells in reader:
        if cells:
            yield line, cells
        line = reader.line_num + 1


def _check_columns(columns: Sequence[str]) -> None:
    for place, name in enumerate(columns):
        if not name.strip():
            raise TableError(f"has no name for column {place + 1} in its first line")
        if name in columns[:place]:
            raise TableError(f"names the column {shown(name)} twice")
    if len(columns) == 1 and ";" in columns[0]:
        raise TableError("parts its columns by semicolons; save it with commas")


def _finite(name: str, values: list[Any]) -> list[Any]:
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        raise TableError(f"has a number in column {shown(name)} that is too large")
    return values


def _parquet_table(path: Path) -> Table:
    try:
        from pyarrow import parquet  # type: ignore[import-untyped]
    except ImportError:
        raise TableError("needs pyarrow, which is not installed here; install it, or save the table as .csv") from None
    try:
        found = parquet.read_table(path)
    except (ValueError, NotImplementedError) as error:  # pyarrow's errors of format are ValueErrors
        said = " ".join(str(error).split())[:200]
        raise TableError(f"is not Parquet: {said}") from None
    columns = [str(name) for name in found.column_names]
    _check_columns(columns)
    try:
        rows = found.to_pylist()
    except (ValueError, OverflowError) as error:  # such as moments that Python's datetime cannot hold
        raise TableError(f"has values that cannot be read: {' '.join(str(error).split())[:200]}") from None
    made = given_rows(rows)
    if not made:
        raise TableError("has no rows")
    return Table(tuple(columns), tuple(made))


def given_rows(rows: Sequence[dict[str, Any]]) -> list[TableRow]:
    """Return rows of Python values as rows of a table: numbers from 1, values as JSON has them, dates as ISO text.

    Raises:
        TableError: a value that no parameter can be.
    """
    return [
        TableRow(f"row {number}", {name: _json_value(name, number, value) for name, value in row.items()})
        for number, row in enumerate(rows, start=1)
    ]


def _json_value(name: str, number: int, value: Any) -> Any:
    if hasattr(value, "item") and not hasattr(value, "__len__"):  # a number of numpy
        value = value.item()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if math.isinf(value):
            raise TableError(f"has an infinite number in row {number}, column {shown(name)}")
        return None if math.isnan(value) else value
    if type(value).__name__ in ("NAType", "NaTType"):  # pandas, which need not be installed
        return None
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_json_value(name, number, one) for one in value]
    if isinstance(value, dict):
        return {str(key): _json_value(name, number, one) for key, one in value.items()}
    kind = type(value).__name__
    raise TableError(f"has a value of type {kind} in row {number}, column {shown(name)}; give text, numbers, lists or mappings")
