"""Payloads too long for a history, stored in a directory under the SHA-256 of their text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, overload

from .. import payload
from ..exceptions import PayloadError, PayloadMissing

if TYPE_CHECKING:
    from ..replay import Execution
    from ..replay.protocol.decisions import Decision

_SHARED = "shared"  #: file that marks a directory shared by processes of a domain
_DATA_FIELDS = ("input", "result", "details", "control")


class Payloads(Protocol):
    """A store of long payloads. The same text stored twice is one payload."""

    def store(self, text: str) -> None: ...
    def load(self, digest: str) -> str: ...


class PayloadDirectory:
    """A file for each payload, written once and never changed; all processes that share the directory can read it.

    Args:
        shares: this process works for a domain, whose histories refer to payloads until its retention ends.
    """

    def __init__(self, path: Path, *, shares: bool = False) -> None:
        self.path, self._shares = path, shares

    def prepare(self) -> None:
        """Create the directory, for a decider: if it is missing later, its disk is away, and it is not just empty.

        Raises:
            OSError: it cannot be created.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if self._shares and not self.is_shared():
            (self.path / _SHARED).touch()

    def store(self, text: str) -> None:
        """Store a text; an unchanged file gets a new time.

        Raises:
            OSError: the directory cannot be written.
        """
        target = self._file(payload.digest(text))
        if self._shares and not self.is_shared():
            self.prepare()
        try:
            os.utime(target)  # so that a text stored again is not removed as unused
            return
        except OSError:
            pass  # missing, or another user's: write it
        import tempfile  # commands that only look, which are most, store nothing

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
        """Read the text of a digest.

        Raises:
            PayloadMissing: there is no such payload.
            PayloadError: it cannot be read, or its text does not match the digest.
        """
        file = self._file(digest)
        try:
            text = file.read_bytes().decode("utf-8", "surrogatepass")
        except FileNotFoundError as error:
            # without the directory of prepare() a disk may be away that comes back
            kind = PayloadMissing if (self.is_shared() if self._shares else self.path.is_dir()) else PayloadError
            raise kind(f"payload {digest[:12]} cannot be read from {file}: {error}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise PayloadError(f"payload {digest[:12]} cannot be read from {file}: {error}") from None
        if payload.digest(text) != digest:
            raise PayloadError(f"payload {digest[:12]} in {file} is damaged")
        return text

    def is_shared(self) -> bool:
        """Return whether processes of a domain have stored payloads here."""
        return (self.path / _SHARED).exists()

    def stored_at(self, digest: str) -> float | None:
        """Return when a payload was last stored (epoch seconds); None if it is missing."""
        try:
            return self._file(digest).stat().st_mtime
        except FileNotFoundError:
            return None

    def remove(self, digest: str, stored: float) -> None:
        """Remove a payload, unless it was stored again after ``stored``.

        Raises:
            OSError: it cannot be removed.
        """
        target = self._file(digest)
        doomed = target.with_name(f".{digest}.removed")
        os.replace(target, doomed)  # from now on store() writes it anew; an earlier store() shows in its time
        if doomed.stat().st_mtime > stored:
            os.replace(doomed, target)
        else:
            os.unlink(doomed)

    def _file(self, digest: str) -> Path:
        return self.path / digest[:2] / f"{digest}.json"


class MemoryPayloads:
    """Payloads in memory, for a service in memory."""

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
    """Return the text, or store it and return its reference if it is too long for the history."""
    if text is None or not payload.is_too_long(text):
        return text
    payloads.store(text)
    return payload.reference(text)


def keep_shared_texts(execution: Execution, payloads: Payloads) -> None:
    """Keep the results to which inputs of a decision refer, before it is sent."""
    while execution.new_shared:
        digest, text = next(iter(execution.new_shared.items()))
        payloads.store(text)
        del execution.new_shared[digest]


def keep_long_texts(decisions: list[Decision], payloads: Payloads) -> None:
    """Replace texts of the decisions that are too long by their references, in the decisions themselves."""
    for one in decisions:
        for attributes in one.values():
            if isinstance(attributes, dict):
                for name in _DATA_FIELDS:
                    if name in attributes:
                        attributes[name] = kept(attributes[name], payloads)
