"""Where the runs of a project are kept and carried out: on this machine, or by a service such as Amazon SWF."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..local.journal_files import journal_path
from ..local.ownership import is_owned
from ..local.reader import JournalReader
from ..local.service import DOMAIN
from ..processes.connection import connected, payload_directory
from ..processes.payload_directory import PayloadDirectory


@dataclass(frozen=True)
class Place:
    """A service that keeps runs, opened to look at.

    ``journal`` is None on SWF; ``service`` is None where nothing has run on this machine yet.
    """

    service: Any
    domain: str
    payloads: PayloadDirectory
    journal: Path | None = None

    @property
    def is_interrupted(self) -> bool:
        """Whether what is open in a journal of this machine waits for somebody who goes on with it."""
        return self.service is not None and self.journal is not None and not is_owned(self.journal)


@dataclass(frozen=True)
class Local:
    """This machine, without AWS.

    Args:
        db: the journal; None is that of the outputs folder.
        durable: survive a power cut as well, at the price of a disk flush for each step.
    """

    db: Path | None = None
    durable: bool = False

    def journal(self, outputs: Path) -> Path:
        return journal_path(self.db, outputs)

    @contextmanager
    def opened(self, outputs: Path) -> Iterator[Place]:
        """
        Raises:
            ServiceError: the journal cannot be read.
        """
        journal = self.journal(outputs)
        payloads = PayloadDirectory(journal.parent / "payloads")
        if not journal.exists():
            yield Place(None, DOMAIN, payloads, journal)
            return
        with closing(JournalReader(journal)) as reader:
            yield Place(reader, DOMAIN, payloads, journal)


@dataclass(frozen=True)
class Swf:
    """A domain of Amazon SWF, or of what ``AWS_ENDPOINT_URL`` points at.

    Args:
        region: None is as boto3 finds it.
        create: register the domain if it does not exist.
        payloads: folder for payloads too long for a history, the same for all processes; None is that of the outputs.
    """

    domain: str
    region: str | None = None
    create: bool = False
    payloads: Path | None = None

    @contextmanager
    def opened(self, outputs: Path) -> Iterator[Place]:
        """
        Raises:
            DefinitionError: there is no such domain.
            ServiceError: no region or credentials, or the service cannot be reached.
        """
        with connected(self.domain, self.region, create=self.create) as service:
            yield Place(service, self.domain, payload_directory(self.payloads, outputs))


Service = Local | Swf
