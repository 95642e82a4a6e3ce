"""Places where the marks of steps are kept: a bucket of S3, or a folder that all workers see.

A mark is an object or a file with a key, ``prefix/name of the step``, that says as JSON which execution has made it. Objects in
S3 have simpleflow's keys, so marks that simpleflow has made count here, and the other way round.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

from .. import storage
from ..exceptions import DefinitionError

_FILE = "file:"
_END = "@done"  #: of the names of files; `quote` leaves no @, so a folder never has such a name
_EMPTY, _DOT = "%", "%2E"  #: a part without characters; the dots of "." and "..", which are no names of files
_MOST_BYTES = 255  #: of the name of a file, in all the usual file systems


class Marks(Protocol):
    """The marks in one place."""

    def names(self, prefix: str) -> list[str]:
        """Return the rest of each key that begins with a prefix and a slash, sorted."""
        ...

    def mark(self, prefix: str, name: str, content: str) -> None:
        """Make a mark, or replace it."""
        ...


class BucketMarks:
    """Marks in a bucket of S3, ``name`` or ``host/name``. Errors are boto3's."""

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket

    def names(self, prefix: str) -> list[str]:
        begin = _joined(prefix)
        return sorted(name for found in storage.list_keys(self.bucket, begin) if (name := found.key.removeprefix(begin)))

    def mark(self, prefix: str, name: str, content: str) -> None:
        storage.push_content(self.bucket, _joined(prefix) + name, content, content_type="application/json")


class FolderMarks:
    """Marks in a folder, made with the first mark; the parts of a key are folders. A mark is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self, prefix: str) -> list[str]:
        begin = _joined(prefix)
        top = self.folder.joinpath(*map(_quoted, begin.split("/")[:-1]))
        found = []
        for folder, _, files in os.walk(top, onerror=_raised):
            parts = Path(folder).relative_to(top).parts
            found += [_key((*parts, name.removesuffix(_END))) for name in files if name.endswith(_END)]
        return sorted(found)

    def mark(self, prefix: str, name: str, content: str) -> None:
        *folders, last = map(_quoted, (_joined(prefix) + name).split("/"))
        for part in (*folders, last + _END):
            if len(part) > _MOST_BYTES:
                raise DefinitionError(
                    f"step {name!r}: {part!r:.60} has {len(part)} characters, more than the {_MOST_BYTES} of a file's name; "
                    "return another get_step_path_prefix(), or keep the marks in a bucket"
                )
        folder = self.folder.joinpath(*folders)
        folder.mkdir(parents=True, exist_ok=True)
        handle, written = tempfile.mkstemp(dir=folder, prefix=".")
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(content)
            os.replace(written, folder / (last + _END))
        except BaseException:
            os.unlink(written)
            raise


def marks_at(bucket: str) -> Marks:
    """Return the marks in a place: ``file:folder``, ``file:///folder`` or ``/folder``; anything else is a bucket of S3.

    A folder that is not absolute is in the working directory of the process.

    Raises:
        DefinitionError: it names no place, or a file on another machine.
    """
    if bucket.startswith("/"):
        return FolderMarks(Path(bucket))
    if not bucket.startswith(_FILE):
        if not bucket:
            raise DefinitionError("the bucket of the steps is empty; write a bucket's name, or file: and a folder")
        return BucketMarks(bucket)
    address = urlsplit(bucket)
    if address.netloc not in ("", "localhost"):
        raise DefinitionError(f"bucket {bucket!r}: {address.netloc!r} is another machine; write file:///folder")
    if not address.path.strip("/"):
        raise DefinitionError(f"bucket {bucket!r} names no folder; write file:///folder")
    return FolderMarks(Path(unquote(address.path)))


def _joined(prefix: str) -> str:
    return prefix if not prefix or prefix.endswith("/") else f"{prefix}/"


def _quoted(part: str) -> str:
    """Return a part of a key as the name of a file or folder."""
    if part in (".", ".."):
        return _DOT * len(part)
    return quote(part, safe="") or _EMPTY


def _key(names: tuple[str, ...]) -> str:
    return "/".join("" if name == _EMPTY else unquote(name) for name in names)


def _raised(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # nothing is marked yet
        raise error
