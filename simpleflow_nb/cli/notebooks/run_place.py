"""The options that say where the runs of a workflow file are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ...application.files.specifications import read_specification
from ...application.files.workflow_files import outputs_folder
from ...application.places import Place
from ...application.services import Local, Service, Swf
from ...environment import value_of
from ...exceptions import DefinitionError
from ...local.journal_files import journal_path
from ...variables import SWF_DOMAIN
from ..options import db_option, local_option, outputs_option, region_option
from ..unused_options import is_typed, refuse_options

if TYPE_CHECKING:
    from deciders.specification import Specification

F = TypeVar("F", bound=Callable[..., Any])

_PLACE = ("outputs", "local", "db", "domain", "region")


def run_place_options(command: F) -> F:
    """Add ``--local``, ``--db``, ``--domain``, ``--region``; on this machine when neither is said."""
    command = region_option(command)
    text = f"SWF domain; without it, on this machine. [default: ${SWF_DOMAIN.name}]"
    command = click.option("--domain", "-d", envvar=SWF_DOMAIN.name, help=text)(command)
    return local_option(db_option(command))


def project_options(command: F) -> F:
    """Add ``--outputs`` to the options of `run_place_options`."""
    return outputs_option(run_place_options(command))


def chosen_project(file: Path | None, *, outputs: Path | None, **place: Any) -> tuple[Specification, Path, Service]:
    """Return the specification, the outputs folder and the service that a file and `project_options` mean.

    Raises:
        DefinitionError: there is no file, it has problems, or ``--local`` and ``--domain`` were both given.
    """
    specification = read_specification(file)
    folder = outputs_folder(outputs, specification.path)
    return specification, folder, chosen_service(folder, **place)


@contextmanager
def opened_run_place(outputs: Path, *, local: bool, db: Path | None, domain: str | None, region: str | None) -> Iterator[Place]:
    """Open the service that keeps the runs with these outputs, to look at. A domain from the environment gives way to a journal
    in the outputs folder: a person who has run something there means that.

    Raises:
        DefinitionError: ``--local`` and ``--domain`` were both given.
        ServiceError: the journal cannot be read, or the service cannot be reached.
    """
    with chosen_service(outputs, local=local, db=db, domain=domain, region=region).opened(outputs) as place:
        yield place


def chosen_service(outputs: Path, *, local: bool, db: Path | None, domain: str | None, region: str | None) -> Service:
    """Return the service that these options of the command line mean; see :func:`opened_run_place`.

    Raises:
        DefinitionError: ``--local`` and ``--domain`` were both given.
    """
    check_one_place(local, domain)
    typed = is_typed(click.get_current_context(), "domain")
    if domain is not None and not local and db is None and (typed or not journal_path(None, outputs).exists()):
        return Swf(domain, region)
    return Local(db)


@contextmanager
def place_of_file(outputs: Path, place: Mapping[str, Any]) -> Iterator[Place]:
    """Open the service for commands whose domain may also be a word: with the options of `place.place_options`."""
    domain = place["domain"] or value_of(SWF_DOMAIN)
    with opened_run_place(outputs, **{**place, "domain": domain}) as there:
        yield there


def typed_place() -> list[str]:
    """Return the options of this command, as they were typed, that say where the runs are: for commands to paste."""
    context = click.get_current_context()
    words = list[str]()
    for name in _PLACE:
        if is_typed(context, name):
            value = context.params[name]
            words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return words


def check_one_place(local: bool, domain: str | None) -> None:
    """Refuse two places at once.

    Raises:
        DefinitionError: both were typed, or one and an option of the other; a domain from the environment gives way to
            ``--local`` and ``--db``.
    """
    context = click.get_current_context()
    if domain is not None and is_typed(context, "domain"):
        if local:
            raise DefinitionError("--local and --domain exclude each other; give one")
        refuse_options(context, "with --domain", {"db": "it is the journal of this machine"})
    elif local or domain is None or context.params.get("db") is not None:
        refuse_options(context, "without --domain", {"region": "it says where a domain is"})
