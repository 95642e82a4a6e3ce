"""Whether the data files of a date have changed since a run used them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from deciders.specification import FilesSource, Specification
from workers.available_dates import files_by_date

_READ_BYTES = 1 << 20

Stamp = list[Any]  #: size in bytes, time of the last change in ns, SHA-256 in hex


class DataStamps:
    """The data files of one specification as they are during one check; nothing is looked at twice.

    A file has changed when its content has: a new time stamp alone, as a copy has it, does not count.

    Args:
        on_file: called before each file that is read whole, which may take a while.
    """

    def __init__(self, specification: Specification, on_file: Callable[[], None] = lambda: None) -> None:
        self._specification, self._on_file = specification, on_file
        self._files: dict[date, list[Path]] | None = None
        self._sizes: dict[Path, tuple[int, int] | None] = {}
        self._hashes: dict[Path, str] = {}

    def of(self, days: Iterable[tuple[int, int]]) -> dict[str, Stamp]:
        """The stamps of the files of these days, by their path relative to the inputs folder.

        Raises:
            SourceError: a folder or a file cannot be read.
        """
        found = {}
        for path in self._paths(days):
            if (size := self._size(path)) is not None:
                found[self._name(path)] = [*size, self._hash(path)]
        return found

    def changed(self, kept: Mapping[str, Any], days: Sequence[tuple[int, int]]) -> list[str]:
        """The files of these days that are not as ``kept`` has them: changed, new or gone."""
        there = {self._name(path): path for path in self._paths(days) if self._size(path) is not None}
        names = [name for name in kept if name not in there]
        for name, path in there.items():
            stamp = kept.get(name)
            if stamp is None or (tuple(stamp[:2]) != self._size(path) and stamp[2] != self._hash(path)):
                names.append(name)
        return sorted(names)

    def _paths(self, days: Iterable[tuple[int, int]]) -> list[Path]:
        source = self._specification.sensor.source
        if not isinstance(source, FilesSource):
            return []
        if self._files is None:
            self._files = files_by_date(self._specification)
        ordinals = (ordinal for first, end in days for ordinal in range(first, end))
        return [path for ordinal in ordinals for path in self._files.get(date.fromordinal(ordinal), ())]

    def _name(self, path: Path) -> str:
        return os.path.relpath(path, self._specification.inputs_dir)

    def _size(self, path: Path) -> tuple[int, int] | None:
        if path not in self._sizes:
            try:
                found = path.stat()
                self._sizes[path] = (found.st_size, found.st_mtime_ns)
            except FileNotFoundError:  # gone since the folder was read
                self._sizes[path] = None
        return self._sizes[path]

    def _hash(self, path: Path) -> str:
        if path not in self._hashes:
            self._on_file()
            digest = hashlib.sha256()
            with open(path, "rb") as file:
                while block := file.read(_READ_BYTES):
                    digest.update(block)
            self._hashes[path] = digest.hexdigest()
        return self._hashes[path]
