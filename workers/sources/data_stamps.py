"""Whether the data of a date have changed since a run used them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from deciders.specification import FilesSource, Specification, SqlSource

from .available_dates import files_by_date
from .s3_dates import dated_objects
from .source_errors import SourceError
from .sql_dates import sql_versions

_READ_BYTES = 1 << 20
_MOST_STAMPS = 60  #: of a run whose data are only looked at; the history of each run has them

ALL = "*"  #: name of the one stamp of so many: their number, 0, and a hash of all

Stamp = list[Any]  #: size in bytes, time of the last change in ns, SHA-256 in hex (in S3: ETag; of a query: 0, 0, version)


class DataStamps:
    """The data of one specification as they are during one check; nothing is looked at twice.

    A file has changed when its content has: a new time stamp alone, as a copy has it, does not count. Data in a database have
    when the version that the query gives has.

    Args:
        on_file: called before each file that is read whole, which may take a while.
    """

    def __init__(self, specification: Specification, on_file: Callable[[], None] = lambda: None) -> None:
        self._specification, self._on_file = specification, on_file
        self._files: dict[date, list[str]] | None = None
        self._sizes: dict[str, tuple[int, int] | None] = {}
        self._hashes: dict[str, str] = {}
        self._listed: set[str] = set()  # names whose hash came with the names
        self._cannot_tell: SourceError | None = None

    def of(self, days: Iterable[tuple[int, int]]) -> dict[str, Stamp]:
        """The stamps of the data of these days, by path relative to the inputs folder, address, or type and date.

        Raises:
            SourceError: the source cannot be read, or its query gives no versions.
        """
        return {name: [*size, self._hash(name)] for name in self._names(days) if (size := self._size(name)) is not None}

    def seen(self, days: Iterable[tuple[int, int]]) -> dict[str, Stamp] | None:
        """The same without reading any file: the hash of a file is None, so that any other time stamp counts as a change. Those
        of very many days are one stamp. None where the source cannot tell."""
        try:
            found: dict[str, Stamp] = {
                name: [*size, self._hashes[name] if name in self._listed else None]
                for name in self._names(days)
                if (size := self._size(name)) is not None
            }
        except SourceError:
            return None
        if len(found) <= _MOST_STAMPS:
            return found
        return {ALL: [len(found), 0, hashlib.sha256(json.dumps(sorted(found.items())).encode()).hexdigest()]}

    def changed(self, kept: Mapping[str, Any], days: Sequence[tuple[int, int]]) -> list[str]:
        """The data of these days that are not as ``kept`` has them: changed, new or gone.

        Raises:
            SourceError: see `of`.
        """
        if ALL in kept:
            return [] if self.seen(days) == kept else [f"one of {kept[ALL][0]} that were there"]
        there = [name for name in self._names(days) if self._size(name) is not None]
        changed = set(kept).difference(there)
        for name in there:
            stamp = kept.get(name)
            # An ETag came with the listing; a file is read only where its size or time says that it may be another one.
            is_other = stamp is None or tuple(stamp[:2]) != self._size(name)
            if stamp is not None and stamp[2] is None:
                is_changed = is_other
            else:
                is_changed = (is_other or name in self._hashes) and (stamp is None or stamp[2] != self._hash(name))
            if is_changed:
                changed.add(name)
        return sorted(changed)

    def _names(self, days: Iterable[tuple[int, int]]) -> list[str]:
        if self._cannot_tell is not None:
            raise self._cannot_tell
        if self._files is None:
            try:
                self._files = self._read_names()
            except SourceError as error:
                self._cannot_tell = error
                raise
        ordinals = [ordinal for first, end in days for ordinal in range(first, end)]
        return [name for ordinal in ordinals for name in self._files.get(date.fromordinal(ordinal), ())]

    def _read_names(self) -> dict[date, list[str]]:
        """Paths relative to the inputs folder, and names of what is elsewhere, whose stamps come with the names."""
        inputs_dir, sensor = self._specification.inputs_dir, self._specification.sensor
        if sensor is None:
            return {}
        found = {
            day: [os.path.relpath(path, inputs_dir) for path in paths]
            for day, paths in files_by_date(self._specification).items()
        }
        if isinstance(sensor.source, FilesSource):
            for name in sensor.source.files if sensor.cdr_types is None else sensor.cdr_types:
                if (pattern := sensor.source.files[name]).startswith("s3://"):
                    for day, address, (size, changed, etag) in dated_objects(pattern):
                        found.setdefault(day, []).append(address)
                        self._sizes[address], self._hashes[address] = (size, changed), etag
                        self._listed.add(address)
        elif isinstance(sensor.source, SqlSource):
            for kind, versions in sql_versions(sensor.source).items():
                if sensor.cdr_types is not None and kind not in sensor.cdr_types:
                    continue
                for day, version in versions.items():
                    if version is None:
                        raise SourceError(
                            "rerun_when: data_changed needs a third column from the query of the sql source: a version of "
                            "each date's data, such as the time of their last change"
                        )
                    found.setdefault(day, []).append(name := f"{kind} {day}")
                    self._sizes[name], self._hashes[name] = (0, 0), version
                    self._listed.add(name)
        return found

    def _size(self, name: str) -> tuple[int, int] | None:
        if name not in self._sizes:
            try:
                found = (self._specification.inputs_dir / name).stat()
                self._sizes[name] = (found.st_size, found.st_mtime_ns)
            except FileNotFoundError:  # gone since the folder was read
                self._sizes[name] = None
        return self._sizes[name]

    def _hash(self, name: str) -> str:
        if name not in self._hashes:
            self._on_file()
            digest = hashlib.sha256()
            try:
                with open(self._specification.inputs_dir / name, "rb") as file:
                    while block := file.read(_READ_BYTES):
                        digest.update(block)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise SourceError(f"the data file {name} cannot be read: {reason}") from None
            self._hashes[name] = digest.hexdigest()
        return self._hashes[name]
