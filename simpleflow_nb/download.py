"""Programs that activities run, downloaded from S3 when they are first needed.

::

    @activity.with_attributes(meta={"binaries": {"crunch": "s3://tools/crunch-1.2"}})
    @execute.program()
    def crunch(path):
        ...

Workers download what ``meta["binaries"]`` names before the body runs; :func:`with_binaries` does so for any function.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from .environment import set_variable, value_of, variables_now
from .exceptions import DefinitionError
from .storage import pull
from .variables import SIMPLEFLOW_BINARIES_DIRECTORY as DIRECTORY

__all__ = ["RemoteBinary", "download_binaries", "with_binaries"]

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_SCHEME = "s3://"
_path_lock = threading.Lock()


class RemoteBinary:
    """A program in S3, and its place on this machine.

    Attributes:
        local_directory: folder of this version of it; the name tells versions apart by their addresses.
        local_location: the program itself.
        lock_location: file that is locked while it is downloaded, by one process of the machine.

    Raises:
        DefinitionError: the address is not of the form ``s3://bucket/key``, or the name has a slash.
    """

    def __init__(self, name: str, remote_location: str) -> None:
        bucket, slash, key = remote_location.removeprefix(_SCHEME).partition("/")
        if not remote_location.startswith(_SCHEME) or not bucket or not slash or not key:
            raise DefinitionError(f"binary {name}: {remote_location!r} is no address such as s3://bucket/key")
        if not name or "/" in name:
            raise DefinitionError(f"{name!r} cannot be the name of a binary: it is the name of a file, without a slash")
        self.name, self.remote_location = name, remote_location
        self._bucket, self._key = bucket, key
        digest = hashlib.md5(remote_location.encode("utf-8"), usedforsecurity=False).hexdigest()
        self.local_directory = str(_binaries_directory() / f"{name}-{digest}")
        self.local_location = os.path.join(self.local_directory, name)
        self.lock_location = os.path.join(self.local_directory, f".{name}.lock")

    def download(self) -> None:
        """Download it, unless it is there already; other processes that need it wait meanwhile.

        Raises:
            botocore.exceptions.ClientError: S3 does not have it, or refuses it.
            OSError: it cannot be written.
        """
        os.makedirs(self.local_directory, exist_ok=True)
        with open(self.lock_location, "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # until the file is closed
            if os.access(self.local_location, os.X_OK):
                return
            logger.info("downloading %s to %s", self.remote_location, self.local_location)
            part = f"{self.local_location}.part"
            pull(self._bucket, self._key, part)
            os.chmod(part, 0o755)
            os.replace(part, self.local_location)  # nobody runs half of it


def download_binaries(binaries_map: Mapping[str, str]) -> None:
    """Download programs, ``{"name": "s3://bucket/key"}``, and put their folders first on the ``PATH`` of this process.

    Raises:
        DefinitionError, botocore.exceptions.ClientError, OSError: as :class:`RemoteBinary` and its download do.
    """
    for name, location in binaries_map.items():
        binary = RemoteBinary(name, location)
        binary.download()
        with _path_lock:
            folders = variables_now().get("PATH", os.defpath).split(os.pathsep)
            others = [folder for folder in folders if folder != binary.local_directory]
            set_variable("PATH", os.pathsep.join([binary.local_directory, *others]))


def with_binaries(binaries_map: Mapping[str, str]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a function download programs first, as :func:`download_binaries` does, each time it is called."""

    def decorate(func: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(func)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
            download_binaries(binaries_map)
            return func(*args, **kwargs)

        return wrapped

    return decorate


def _binaries_directory() -> Path:
    """Return the folder of all of them, which only this user may write to unless one was named.

    Raises:
        DefinitionError: the default folder belongs to somebody else, who could put programs there.
    """
    if named := value_of(DIRECTORY):
        return Path(named)
    folder = Path(tempfile.gettempdir()) / f"simpleflow-binaries-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise DefinitionError(f"{folder} belongs to another user; name a folder for programs with {DIRECTORY.name}")
    return folder


def __getattr__(name: str) -> Any:
    if name == DIRECTORY.name:
        return str(_binaries_directory())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
