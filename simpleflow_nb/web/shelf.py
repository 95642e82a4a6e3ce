"""The projects that pages are of, each with the part of addresses that means it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..application.project import Project
from ..application.records.record_files import record_file
from ..application.services import Local

_NOT_IN_ADDRESSES = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Shelved:
    """A project on a shelf."""

    key: str  #: its part of addresses: letters, digits, ``-`` and ``_``
    title: str  #: for people: the path of its file, as short as it tells it apart
    project: Project

    @property
    def databases(self) -> Iterator[Path]:
        """The files that change when something happens in it; there may be none yet."""
        if (file := record_file(self.project.outputs)) is not None:
            yield file
        if isinstance(self.project.service, Local):
            yield self.project.service.journal(self.project.outputs)

    @property
    def is_watched(self) -> bool:
        """Tell whether everything that can happen in it changes one of its files: not in a domain, or a database server."""
        return isinstance(self.project.service, Local) and record_file(self.project.outputs) is not None


class Shelf:
    """Projects by their keys."""

    def __init__(self, projects: Sequence[Project]) -> None:
        self._by_key: dict[str, Shelved] = {}
        paths = [project.specification.path.absolute() for project in projects]
        for project, path in zip(projects, paths, strict=True):
            alike = [other for other in paths if other.name == path.name]
            title = path.name if len(alike) == 1 else f"{path.parent.name}/{path.name}"
            name = path.parent.name if path.stem == "workflows" else path.stem
            key = start = _NOT_IN_ADDRESSES.sub("-", name).strip("-") or "project"
            number = 1
            while key in self._by_key:
                number += 1
                key = f"{start}-{number}"
            self._by_key[key] = Shelved(key, title, project)

    def __iter__(self) -> Iterator[Shelved]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, key: str) -> Shelved | None:
        """Return a project; None if there is none of that key."""
        return self._by_key.get(key)
