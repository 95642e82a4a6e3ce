"""A new folder with a project in it that runs as it is."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ...exceptions import DefinitionError
from ...inspection.documents import document_of

_HERE = Path(__file__).parent
_ENDING = ".txt"  #: of the files kept here: they are no modules of ours
_PLACES = {"check.yml": ".github/workflows/check.yml", "gitignore": ".gitignore"}
_SCHEMA = "workflows.schema.json"


class Example(StrEnum):
    """The shapes that a project can have."""

    DATES = "dates"  #: notebooks for each new date of data, with a report
    SCENARIOS = "scenarios"  #: notebooks for many sets of parameters
    PYTHON = "python"  #: a workflow in Python


_NEXT: dict[Example, Sequence[str]] = {
    Example.DATES: ("simpleflow-nb validate", "simpleflow-nb plan", "simpleflow-nb sensor.start --local --once"),
    Example.SCENARIOS: ("simpleflow-nb validate", "simpleflow-nb scenarios.start sweep", "simpleflow-nb scenarios.show sweep"),
    Example.PYTHON: ('simpleflow-nb workflow.start shops.CountShops --local --input \'[["Bern", "Chur"]]\'', "pytest"),
}


@dataclass(frozen=True)
class NewProject:
    """A project that was made."""

    folder: Path
    example: Example
    files: Sequence[str]  #: relative to the folder, sorted

    @property
    def next_commands(self) -> Sequence[str]:
        """The commands to type in the folder now."""
        return _NEXT[self.example]

    def to_dict(self) -> dict[str, Any]:
        """Return it as a document."""
        found = {"folder": str(self.folder), "example": str(self.example), "files": list(self.files)}
        return document_of("project", {**found, "next": list(self.next_commands)})


def make_project(folder: Path, example: Example = Example.DATES) -> NewProject:
    """Make a folder with a project: it is there as a whole, or not at all. An empty folder may be there already.

    Raises:
        DefinitionError: the folder has something in it, or cannot be made.
    """
    target = folder.absolute()
    try:
        if target.exists() or target.is_symlink():
            _check_empty(folder)
        above = next((one for one in folder.parents if one.exists()), None)
        if above is not None and not above.is_dir():
            raise DefinitionError(f"{above} is no folder, so that there can be nothing in it; give another name")
        target.parent.mkdir(parents=True, exist_ok=True)
        with _beside(target) as made:
            for path, text in _files(example):
                (made / path).parent.mkdir(parents=True, exist_ok=True)
                (made / path).write_text(text, encoding="utf-8")
            files = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
            os.replace(made, target)
    except OSError as error:
        raise DefinitionError(f"{folder} cannot be made: {error.strerror or error}") from error
    return NewProject(folder, example, files)


def _check_empty(folder: Path) -> None:
    if not folder.is_dir():
        raise DefinitionError(f"{folder} is there already, and is no folder; give another name")
    if (first := next(iter(sorted(folder.iterdir())), None)) is not None:
        raise DefinitionError(f"{folder} has {first.name} in it; give the name of a new folder, or of an empty one")


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give a folder to be filled and then moved to its place; it is removed if it still is there at the end."""
    made = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}-", dir=target.parent))
    try:
        made.chmod(0o777 & ~_umask())
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _files(example: Example) -> Iterator[tuple[str, str]]:
    """Yield the path of each file in the project, with its text."""
    for folder in (_HERE / "common", _HERE / example):
        for path in sorted(folder.rglob(f"*{_ENDING}")):
            name = path.relative_to(folder).as_posix().removesuffix(_ENDING)
            yield _PLACES.get(name, name), path.read_text(encoding="utf-8")
    if example is not Example.PYTHON:
        from deciders.specification import specification_schema

        yield _SCHEMA, json.dumps(specification_schema(), indent=2, ensure_ascii=False) + "\n"
