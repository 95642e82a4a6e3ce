"""The checks of ``doctor``: everything that runs need, and advice where something is missing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from deciders.problems import near_miss
from deciders.specification import NO_SENSOR, FlowApiSource, Specification
from simpleflow_nb.environment import secret_text, value_of, variables_now
from simpleflow_nb.exceptions import DefinitionError, JournalError
from simpleflow_nb.inspection.tables import counted
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.variables import PREFIX, REPLACED, SIMPLEFLOW_NB_PRELOAD, SIMPLEFLOW_NB_SECRETS, VARIABLES

from .artefacts import Artefacts, OutputsError
from .notebooks.notebook_checks import notebook_findings
from .records.run_records import RecordsError, RunRecords
from .records.workflow_owners import WorkflowOwners
from .reports.asciidoc import asciidoc_templates, missing_for_templates
from .secrets import SHORTEST_MASKED_SECRET, known_secrets, masked
from .sources.available_dates import read_available_dates, token_expiry, undated_files
from .sources.data_stamps import DataStamps
from .sources.source_errors import SourceError

OK, WARNING, FAILED = "ok", "warning", "FAILED"

#: Beginnings of names that are ours, or AutoFlow's and simpleflow's; the longer ones first.
_FAMILIES = (PREFIX, "SIMPLEFLOW_", "AUTOFLOW_", "FLOWAPI_", "SWF_", "LOG_")

_SOON_SECONDS = 7 * 86_400


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    what: str
    state: str  #: ok, warning, FAILED
    text: str  #: one sentence, with advice unless it is ok


def findings(specification: Specification, outputs: Path, journal: Path | None = None) -> Iterator[Finding]:
    """Check everything that the runs of a file need, one thing after the other. Nothing is started, and nothing left behind
    except the folders and tables that a run would create. Known secrets are masked.

    ``journal`` is the one that keeps the runs on this machine; None if a service does.
    """
    for one in _findings(specification, outputs, journal):
        yield replace(one, text=masked(one.text))


def _findings(specification: Specification, outputs: Path, journal: Path | None) -> Iterator[Finding]:
    yield _outputs(outputs)
    if journal is not None:
        yield from _journal(journal)
    yield _records(specification, outputs)
    yield from _source(specification)
    yield from _templates(specification)
    notebooks = notebook_findings(specification)
    for sentence in notebooks.unreadable:
        yield Finding("notebook", FAILED, sentence)
    for sentence in notebooks.missing_kernels:
        yield Finding("kernels", FAILED, sentence)
    for sentence in notebooks.substituted_kernels:
        yield Finding("kernels", WARNING, sentence)
    yield from _secrets()
    yield from _variables()
    yield from _values_of_variables()


def _outputs(outputs: Path) -> Finding:
    try:
        Artefacts(outputs).check_writable()
    except OutputsError as error:
        return Finding("outputs", FAILED, str(error))
    if foreign := unwritable(outputs):
        number, first = len(foreign), os.path.relpath(foreign[0], outputs)
        more = f" and {number - 1} more cannot" if number > 1 else " cannot"
        who = f"user {os.geteuid()}" if hasattr(os, "geteuid") else "this user"
        text = f"{first}{more} be written by {who}: they belong to {_owners(foreign)}; change their owner, or run as that user"
        return Finding("outputs", FAILED, f"in {outputs} {text}")
    return Finding("outputs", OK, f"{outputs} can be written to")


def unwritable(outputs: Path) -> list[str]:
    """Return the folders and files below an outputs folder that the present user cannot write, sorted; links are not followed.

    A notebook's files are read-only to others after another user has run it, as root in a container, say: the next attempt
    could neither move nor replace them.
    """
    found = []
    for folder, folders, files in os.walk(outputs):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            if not os.path.islink(path) and not os.access(path, os.W_OK):
                found.append(path)
    return sorted(path for path in found if os.path.exists(path))  # others may have been removed meanwhile


def _owners(paths: list[str]) -> str:
    """Name their owners, by number as containers have them."""
    users = sorted({os.stat(path).st_uid for path in paths if os.path.exists(path)})
    return "user " + ", ".join(map(str, users)) if users else "nobody any more"


def _records(specification: Specification, outputs: Path) -> Finding:
    try:
        with RunRecords.open(outputs) as records:
            owners = WorkflowOwners(records, specification.file, outputs)
            if foreign := owners.foreign([workflow.name for workflow in specification.workflows]):
                return Finding("records", FAILED, owners.sentence(foreign))
            return Finding("records", OK, f"{records.location} has {counted(len(records.states()), 'instance')}")
    except RecordsError as error:
        return Finding("records", FAILED, str(error))


def _journal(path: Path) -> Iterator[Finding]:
    """Find nothing where nothing has run yet."""
    try:
        with closing(JournalReader(path, may_be_missing=True)) as reader:
            if reader.is_begun:
                yield Finding("journal", OK, f"{path} has {counted(len(reader.infos), 'execution')}")
    except JournalError as error:
        yield Finding("journal", FAILED, str(error))


def _templates(specification: Specification) -> Iterator[Finding]:
    templates, missing = asciidoc_templates(specification), missing_for_templates(specification)
    for sentence in missing:
        yield Finding("reports", FAILED, sentence)
    if templates and not missing:
        yield Finding("reports", OK, f"what {', '.join(templates)} needs is installed")


def _source(specification: Specification) -> Iterator[Finding]:
    if specification.sensor is None:
        yield Finding("source", OK, NO_SENSOR)
        return
    source = specification.sensor.source
    began = time.monotonic()
    try:
        available = read_available_dates(specification)
        if any("data_changed" in workflow.rerun_when for workflow in specification.workflows):
            DataStamps(specification).of(())
    except SourceError as error:
        yield Finding("source", FAILED, f"{source.called}: {error}")
        return
    seconds = time.monotonic() - began
    days = {day for dates in available.values() for day in dates}
    newest = f", the newest {max(days)}" if days else ""
    types = ", ".join(f"{name} {len(dates)}" for name, dates in available.items()) or "no types"
    text = f"{source.called} has {len(days)} dates ({types}){newest}; it took {seconds:.1f} s"
    yield Finding("source", OK if days else WARNING, text)
    for sentence in undated_files(specification, available):
        yield Finding("source", WARNING, sentence)
    if isinstance(source, FlowApiSource) and (expiry := token_expiry()) is not None:
        left = expiry - time.time()
        when = f"{datetime.fromtimestamp(expiry, UTC):%Y-%m-%d %H:%M} UTC"
        if left < _SOON_SECONDS:
            yield Finding("token", WARNING, f"FLOWAPI_TOKEN expires on {when}; ask for a new one in FlowAuth before")
        else:
            yield Finding("token", OK, f"FLOWAPI_TOKEN is good until {when}")


def _secrets() -> Iterator[Finding]:
    for name, value in known_secrets().items():
        if len(value) < SHORTEST_MASKED_SECRET:
            short = f"{name} has fewer than {SHORTEST_MASKED_SECRET} characters"
            text = f"{short}, so it is not masked in what is kept; use a longer one"
            yield Finding("secrets", WARNING, text)
    try:
        named = value_of(SIMPLEFLOW_NB_SECRETS)
    except DefinitionError:  # a finding of its own, see `_values_of_variables`
        return
    for name in named:
        if not secret_text(name):
            yield Finding("secrets", WARNING, f"{SIMPLEFLOW_NB_SECRETS.name} names {name}, and there is no such variable")


def _variables() -> Iterator[Finding]:
    """Warn of variables that nothing reads but whose names are close to known ones, or are simpleflow's; other variables may
    belong to other programs.
    """
    for name in sorted(variables_now()):
        if name in REPLACED:
            yield Finding("environment", WARNING, f"nothing reads {name}, a setting of simpleflow; {REPLACED[name]}")
        elif (meant := _misspelt(name)) is not None:
            yield Finding("environment", WARNING, f"nothing reads {name}; the variable that is read is {meant}")


def _misspelt(name: str) -> str | None:
    """Return the variable that was probably meant, None for one that is read, or not close to any."""
    family = next((one for one in _FAMILIES if name.startswith(one)), None)
    known = {one.name for one in VARIABLES}
    if family is None or name in known:
        return None
    others = [one.removeprefix(family) for one in known if one.startswith(family)]
    # Nobody else has variables that begin as ours do.
    meant = near_miss(name.removeprefix(family), sorted(others), cutoff=0.6 if family == PREFIX else 0.8)
    return family + meant if meant is not None else None


def _values_of_variables() -> Iterator[Finding]:
    """Find values that would be refused when they are needed, and modules to be imported in advance that are not there."""
    told = set()
    for variable in VARIABLES:
        try:
            value_of(variable)
        except DefinitionError as error:
            if str(error) not in told:  # a module of settings that cannot be imported has many of them
                yield Finding("environment", FAILED, str(error))
            told.add(str(error))
        except OSError as error:
            yield Finding("environment", FAILED, f"{error.filename} cannot be read: {(error.strerror or str(error)).lower()}")
        else:
            if variable is SIMPLEFLOW_NB_PRELOAD and variable.name in variables_now():
                yield from _missing_modules()


def _missing_modules() -> Iterator[Finding]:
    for module in value_of(SIMPLEFLOW_NB_PRELOAD):
        package = module.partition(".")[0]  # a module in it is not to be looked for: that would import the package
        if find_spec(package) is None:
            names = f"{SIMPLEFLOW_NB_PRELOAD.name} names {module!r}"
            text = f"{names}, and there is no module {package!r}; install it, or leave it out"
            yield Finding("environment", WARNING, text)
