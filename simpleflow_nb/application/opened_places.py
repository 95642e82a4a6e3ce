"""Places to look at that are no project's: a journal by its path, and a domain by its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ..exceptions import DefinitionError
from ..local.journal_files import found_journal
from ..local.reader import JournalReader
from ..local.service import DOMAIN
from ..processes.connection import connected, payload_directory
from ..processes.payload_directory import PayloadDirectory
from .places import Place


@contextmanager
def opened_journal(db: Path | None = None, domain: str | None = None) -> Iterator[Place]:
    """Open the journal of a local service; None is that of the working directory, or of an outputs folder in it.

    Args:
        domain: which one, where ``service.start`` has kept others than that of local runs.

    Raises:
        DefinitionError: it has several domains, and none or another is named.
        ServiceError: it is not there, or cannot be read.
    """
    journal = found_journal(db)
    with closing(JournalReader(journal)) as reader:
        yield Place(reader, _domain_of(reader, journal, domain), PayloadDirectory(journal.parent / "payloads"), journal)


@contextmanager
def opened_domain(domain: str, region: str | None = None) -> Iterator[Place]:
    """Open a domain of Amazon SWF, or of what ``AWS_ENDPOINT_URL`` points at; the region is as boto3 finds it if None.

    Raises:
        DefinitionError: there is no such domain.
        ServiceError: no region or credentials, or the service cannot be reached.
    """
    with connected(domain, region) as service:
        yield Place(service, domain, payload_directory(None))


def _domain_of(reader: JournalReader, journal: Path, named: str | None) -> str:
    """Return the domain to look at.

    Raises:
        DefinitionError: it cannot be guessed.
    """
    domains = sorted(reader.domains)
    if not domains or (DOMAIN in domains and named is None):
        return DOMAIN
    if named is None and len(domains) == 1:
        return domains[0]
    if named not in domains:
        raise DefinitionError(f"{journal} has the domains {', '.join(domains)}; choose one with --domain")
    return named
