"""Files below a folder, all of them or those that fit a pattern, through symbolic links as well."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_ANY_FOLDERS = "**"
_WILD = re.compile(r"[*?\[]")


def files_read(inputs_dir: Path, patterns: Iterable[str], *, outputs: Path | None = None) -> list[str]:
    """Return the files in a folder that fit one of the patterns, sorted, relative to it, with slashes.

    ``*`` and ``?`` stand for characters of one name, ``**`` for any number of folders; a folder stands for all that is in it.
    Links to folders are followed. The ``outputs`` are left out, unless a pattern names them: each run changes them.

    Raises:
        ValueError: ``**`` is not the whole name of a folder.
        OSError: a folder cannot be read.
    """
    found = set[str]()
    for pattern in patterns:
        names = [name for name in os.path.normpath(pattern).split("/") if name != "."]
        if any(_ANY_FOLDERS in name and name != _ANY_FOLDERS for name in names):
            raise ValueError(f"{pattern!r} has '**' beside other characters")
        for path in _fitting(inputs_dir, names, lambda folder: folder == outputs):
            inside = files_below(path, but=lambda folder: folder == outputs) if path.is_dir() else [path]
            found.update(one.relative_to(inputs_dir).as_posix() for one in inside if one.is_file())
    return sorted(found)


def files_below(folder: Path, *, but: Callable[[Path], bool] = lambda _: False) -> Iterator[Path]:
    """Yield what lies in a folder and below and is no folder, by name; links to folders are followed, those in a circle once.

    Folders below it of which ``but`` says True are left out.

    Raises:
        OSError: a folder cannot be read.
    """
    for place in _folders_from(folder, but):
        yield from (path for path in _content(place) if not path.is_dir())


def _fitting(folder: Path, names: list[str], but: Callable[[Path], bool]) -> Iterator[Path]:
    if not names or names == [_ANY_FOLDERS]:  # a folder stands for all that is in it
        yield folder
        return
    name, rest = names[0], names[1:]
    if name == _ANY_FOLDERS:
        for place in _folders_from(folder, but):
            yield from _fitting(place, rest, but)
    elif not folder.is_dir():
        return
    elif _WILD.search(name):
        fits = re.compile(fnmatch.translate(name)).match
        for path in _content(folder):
            if fits(path.name) and not but(path):
                yield from _fitting(path, rest, but)
    elif os.path.lexists(folder / name):
        yield from _fitting(folder / name, rest, but)


def _folders_from(folder: Path, but: Callable[[Path], bool], above: frozenset[str] = frozenset()) -> Iterator[Path]:
    """Yield a folder and those below it; not those that a link leads back to from within themselves."""
    real = os.path.realpath(folder)
    if not folder.is_dir() or real in above:
        return
    yield folder
    for path in _content(folder):
        if path.is_dir() and not but(path):
            yield from _folders_from(path, but, above | {real})


def _content(folder: Path) -> list[Path]:
    return [folder / name for name in sorted(os.listdir(folder))]
