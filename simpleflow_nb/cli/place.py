"""Options for where a command looks for executions: a domain on a service, or the journal of local runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from ..application.files.workflow_files import is_no_domain
from ..application.opened_places import opened_domain, opened_journal
from ..application.places import Place
from ..environment import value_of
from ..exceptions import DefinitionError
from ..local.service import DOMAIN
from ..variables import SWF_DOMAIN
from .options import db_option, local_option, region_option
from .unused_options import refuse_options

F = TypeVar("F", bound=Callable[..., Any])


def place_options(command: F) -> F:
    """Add ``--local``, ``--db``, ``--domain``, ``--region``."""
    command = region_option(command)
    text = f"SWF domain; without it and --local, the first word is the domain, or else ${SWF_DOMAIN.name}."
    command = click.option("--domain", help=text)(command)
    return local_option(db_option(command))


def has_place(place: Mapping[str, Any]) -> bool:
    """Tell whether one of these options says where to look."""
    return any(place[name] for name in ("local", "db", "domain"))


@contextmanager
def opened_place(
    words: tuple[str, ...], *, local: bool, db: Path | None, domain: str | None, region: str | None, needs: int = 1
) -> Iterator[tuple[Place, tuple[str, ...]]]:
    """Open the place that the options say, or the first word, or the environment; with it come the words without the domain, of
    which ``needs`` must remain.

    The environment comes last: a word that can be the domain is the domain, as simpleflow reads it.

    Raises:
        DefinitionError: no domain named, one that is not there, or too few or too many words.
        ServiceError: the journal cannot be read, or the service cannot be reached.
    """
    if local or db is not None:
        refuse_options(click.get_current_context(), "without SWF", {"region": "runs on this machine have none"})
        if len(words) > needs and words[0] == DOMAIN:
            words = words[1:]  # simpleflow's habit of naming the domain first
        _check_words(words, needs)
        with opened_journal(db, domain) as place:
            yield place, words
        return
    if domain is None and len(words) <= needs:
        domain = value_of(SWF_DOMAIN)
    if domain is None:
        if not words:
            raise DefinitionError(
                "name the domain first or with --domain (or SWF_DOMAIN), or add --local for runs on this machine"
            )
        if len(words) == needs == 1:
            raise DefinitionError(
                f"which domain is {words[0]!r} in? name it first or with --domain (or SWF_DOMAIN), or add --local"
            )
        domain, words = words[0], words[1:]
        if is_no_domain(domain):
            raise DefinitionError(f"{domain} is no domain; for runs on this machine write --local instead of it")
    _check_words(words, needs)
    with opened_domain(domain, region) as place:
        yield place, words


def _check_words(words: tuple[str, ...], needs: int) -> None:
    if len(words) < needs:
        raise DefinitionError("name the run: a workflow id, its beginning, or NAME/DATE")
    if len(words) > 2 * needs:
        raise DefinitionError(
            f"{' '.join(words)}: give {'a run, and at most its run id' if needs else 'no more than a domain'}"
        )
