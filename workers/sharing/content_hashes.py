"""Hashes of contents: of files, of folders, and of what a notebook has left, whenever it ran."""

from __future__ import annotations

import hashlib
import json
import stat
from functools import lru_cache
from pathlib import Path

from deciders.notebooks.notebook_parameters import INJECTED
from deciders.specification.file_patterns import files_below
from deciders.values.report_format import REPORT_FORMATS

from .taken_items import TAKEN_FROM, TAKEN_OVER

_READ_BYTES = 1 << 20
#: Written by us beside an executed notebook, about the attempt, or about runs that have taken it over: not what it has made.
_OWN_FILES = (
    *("run.json", "config.json", "output.txt", TAKEN_FROM, TAKEN_OVER),
    *(f"report-{format}.json" for format in REPORT_FORMATS),
)


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, or of everything in a folder: names and contents.

    A file is not read again while its size and its time of change stay the same.

    Raises:
        OSError: it cannot be read.
    """
    if not path.is_dir():
        return _hash_of_file(path)
    return _hash_of_names([(name, _hash_of_file(path / name)) for name in _names_in(path)])


def hash_of_executed(notebook: Path) -> str:
    """Return a hash of what a notebook has left: the code and the outputs of its cells, and the files beside it.

    When it ran, how long it took, and the values that were put into it, which are paths of its own run, do not count.

    Raises:
        OSError: something cannot be read.
        ValueError: it is no notebook.
    """
    folder = notebook.parent
    left = [name for name in _names_in(folder) if folder / name != notebook and not _is_own(name)]
    return _hash_of_names([("", _hash_of_cells(notebook)), *((name, _hash_of_file(folder / name)) for name in left)])


def modules_in(folder: Path, *, but: set[str], outputs: Path) -> dict[str, str]:
    """Return the hashes of the Python files in a folder and below, by their paths relative to it, which notebooks there may
    import; without those named ``but``, and without the outputs, hidden folders and virtual environments.

    Raises:
        OSError: one cannot be read.
    """
    found = {}
    for path in files_below(folder, but=lambda place: _is_left_out(place, outputs)):
        relative = path.relative_to(folder).as_posix()
        if path.suffix == ".py" and path.name != ".py" and relative not in but and path.is_file():
            found[relative] = hash_of(path)
    return found


def _is_left_out(folder: Path, outputs: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name == "__pycache__"
    return hidden or folder == outputs or (folder / "pyvenv.cfg").exists()


def _hash_of_file(path: Path) -> str:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"{path} is no regular file")  # a pipe would never end
    return _hash_of_content(str(path), found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=10_000)
def _hash_of_content(path: str, size: int, changed_ns: int) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _hash_of_cells(notebook: Path) -> str:
    content = json.loads(notebook.read_bytes())
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise ValueError(f"{notebook} is no notebook: it has no cells")
    kept = [
        {name: cell.get(name) for name in ("cell_type", "source", "outputs")}
        for cell in cells
        if isinstance(cell, dict) and INJECTED not in (cell.get("metadata") or {}).get("tags", ())
    ]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def _hash_of_names(hashes: list[tuple[str, str]]) -> str:
    return hashlib.sha256(json.dumps(sorted(hashes)).encode("utf-8", "surrogatepass")).hexdigest()


def _names_in(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in files_below(folder)]


def _is_own(name: str) -> bool:
    return name in _OWN_FILES
