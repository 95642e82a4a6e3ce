"""``sensor.start``: look for new dates on schedule, or once, and run what is due."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...application.events import UnderWay
from ...application.files.specifications import read_files
from ...application.files.workflow_files import common_outputs
from ...application.runners.local_checks import ServedAlready
from ...application.services import Local
from ...exceptions import DefinitionError, ServiceError
from ..connection import domain_options, payloads_option, service_to_start_on
from ..options import (
    adopt_option,
    conditions_of,
    db_option,
    durable_option,
    force_option,
    local_option,
    notebook_workers_option,
    outputs_option,
    quiet_option,
)
from ..printing import json_option
from ..unused_options import ONLY_WITH_DOMAIN, ONLY_WITH_LOCAL, is_typed, refuse_options
from .definition import tell_of_warnings
from .summary import show_call

if TYPE_CHECKING:
    from deciders.specification import Specification


@click.command("sensor.start")
@click.argument("files", type=click.Path(path_type=Path, dir_okay=True), nargs=-1, metavar="[FILE.yml]...")
@local_option
@domain_options
@payloads_option
@click.option("--once", is_flag=True, help="One check now; wait for its runs; exit 1 if one failed.")
@notebook_workers_option
@durable_option
@quiet_option
@outputs_option
@db_option
@adopt_option
@force_option
@json_option
@click.pass_context
def sensor_start(
    ctx: click.Context,
    files: tuple[Path, ...],
    local: bool,
    domain: str | None,
    region: str | None,
    create_domain: bool,
    retention_days: int,
    payloads: Path | None,
    once: bool,
    nb_workers: int | None,
    durable: bool,
    quiet: bool,
    outputs: Path | None,
    db: Path | None,
    adopt: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Run the workflows of FILE.yml for every date that is due, on its schedule.

    With --local everything happens in this process: sensor, decider, notebooks and reports. Interrupted runs go on first.
    With --domain the sensor is started on SWF, and decider.start FILE.yml and worker.start FILE.yml carry it out; its id is
    printed, and with --once the command waits for the runs that the check has started. Several files with one outputs folder
    may be named: each has a sensor of its own, with --local all of them in this process.
    """
    if local and is_typed(ctx, "domain"):
        raise DefinitionError("--local and --domain exclude each other; give one")
    if local:
        refuse_options(ctx, "with --local", ONLY_WITH_DOMAIN)
    elif domain is not None:
        refuse_options(ctx, "with --domain", ONLY_WITH_LOCAL)
    if force and not once:
        raise DefinitionError("--force runs everything that is available once; it goes with --once")
    specifications = _read(files)
    folder = common_outputs(outputs, specifications)
    service = service_to_start_on(ctx, Local(db, durable))
    how = conditions_of(nb_workers, adopt=adopt, force=force)
    call = UnderWay(service.look_for_dates(specifications, folder, once=once, conditions=how))
    try:
        ctx.exit(show_call(ctx, call, quiet=quiet, as_json=as_json))
    except ServedAlready as error:
        raise ServiceError(error.sentence(_typed_options(ctx))) from None


def _read(files: Sequence[Path]) -> list[Specification]:
    found = []
    for specification, warnings in read_files(files):
        tell_of_warnings(specification, warnings)
        found.append(specification)
    return found


def _typed_options(ctx: click.Context) -> list[str]:
    """Return the options of this command, as they were typed."""
    words = list[str]()
    for option in ctx.command.params:
        name = option.name or ""
        if isinstance(option, click.Option) and is_typed(ctx, name):
            words += [option.opts[0]] if option.is_flag else [option.opts[0], str(ctx.params[name])]
    return words
