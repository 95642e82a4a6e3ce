"""Payloads too long for a history, kept in a directory under the SHA-256 of their text."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, overload

from .. import payload
from ..exceptions import PayloadError, PayloadMissing

if TYPE_CHECKING:
    from ..replay.decisions import Decision

_SHARED = "shared"  #: the file that says so
_DATA_FIELDS = ("input", "result", "details", "control")


class Payloads(Protocol):
    """Where long payloads go. The same text stored twice is one payload."""

    def store(self, text: str) -> None: ...
    def load(self, digest: str) -> str: ...


class PayloadDirectory:
    """One file a payload, written once, never changed: every process that shares the directory can read it.

    Args:
        shares: this process works for a domain, whose histories refer to payloads as long as they are kept there.
    """

    def __init__(self, path: Path, *, shares: bool = False) -> None:
        self.path, self._shares = path, shares

    def prepare(self) -> None:
        """Make the directory for a process that decides: where it is not there afterwards, it is away and not empty.

        Raises:
            OSError: it cannot be made.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if self._shares and not self.is_shared():
            (self.path / _SHARED).touch()

    def store(self, text: str) -> None:
        """
        Raises:
            OSError: the directory cannot be written.
        """
        target = self._file(payload.digest(text))
        if self._shares and not self.is_shared():
            self.prepare()
        try:
            os.utime(target)  # so that nobody removes what is stored again
            return
        except OSError:
            pass  # not there, or another user's: it is written
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass", newline="") as file:
                file.write(text)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise

    def load(self, digest: str) -> str:
        """
        Raises:
            PayloadMissing: it is not there.
            PayloadError: it cannot be read, or is not what was stored.
        """
        file = self._file(digest)
        try:
            text = file.read_bytes().decode("utf-8", "surrogatepass")
        except FileNotFoundError as error:
            # where what prepare() has left is not there, a disk may be away that comes back
            kind = PayloadMissing if (self.is_shared() if self._shares else self.path.is_dir()) else PayloadError
            raise kind(f"payload {digest[:12]} cannot be read from {file}: {error}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise PayloadError(f"payload {digest[:12]} cannot be read from {file}: {error}") from None
        if payload.digest(text) != digest:
            raise PayloadError(f"payload {digest[:12]} in {file} is damaged")
        return text

    def is_shared(self) -> bool:
        """Whether processes that work for a domain have stored payloads here."""
        return (self.path / _SHARED).exists()

    def stored_at(self, digest: str) -> float | None:
        """When it was stored last (epoch seconds); None when it is not there."""
        try:
            return self._file(digest).stat().st_mtime
        except FileNotFoundError:
            return None

    def remove(self, digest: str, stored: float) -> None:
        """Remove it, unless it was stored again after ``stored``.

        Raises:
            OSError: it cannot be removed.
        """
        target = self._file(digest)
        doomed = target.with_name(f".{digest}.removed")
        os.replace(target, doomed)  # from now on store() writes it anew; what it did before shows in the time
        if doomed.stat().st_mtime > stored:
            os.replace(doomed, target)
        else:
            os.unlink(doomed)

    def _file(self, digest: str) -> Path:
        return self.path / digest[:2] / f"{digest}.json"


class MemoryPayloads:
    """For a service that lives in memory."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def store(self, text: str) -> None:
        self._texts[payload.digest(text)] = text

    def load(self, digest: str) -> str:
        try:
            return self._texts[digest]
        except KeyError:
            raise PayloadMissing(f"payload {digest[:12]} was never stored here") from None


@overload
def kept(text: str, payloads: Payloads) -> str: ...
@overload
def kept(text: None, payloads: Payloads) -> None: ...
def kept(text: str | None, payloads: Payloads) -> str | None:
    """The text, or the reference that stands for it when it does not fit the history's fields."""
    if text is None or not payload.is_too_long(text):
        return text
    payloads.store(text)
    return payload.reference(text)


def keep_long_texts(decisions: list[Decision], payloads: Payloads) -> None:
    """Replace, in place, every text of the decisions that is too long by its reference."""
    for one in decisions:
        for attributes in one.values():
            if isinstance(attributes, dict):
                for name in _DATA_FIELDS:
                    if name in attributes:
                        attributes[name] = kept(attributes[name], payloads)
