"""``sensor.stop``, ``check``, ``pause``, ``resume``, ``reload``, ``list``: what runs on its schedule, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from ...application.owners import check_names
from ...application.run_states import SENSOR_TYPE
from ...application.sensors import ask_sensor, open_sensor, sensor_state
from ...application.services import Place
from ...application.workflow_files import default_file, outputs_folder, specification_path
from ...exceptions import DefinitionError
from ...inspection.tables import Table
from ...local.ownership import is_owned
from ...local.requests import leave_request
from ...processes.connection import payload_directory
from ...processes.payload_directory import PayloadDirectory
from ...swf_service import ExecutionInfo
from ..engine.place import has_place, opened_place, place_options
from ..file_words import file_and_words, is_no_domain
from ..options import outputs_option
from ..printing import show
from ..unused_options import refuse_options
from .definition import read_specification
from .run_place import opened_run_place, place_of_file, run_place_options

F = TypeVar("F", bound=Callable[..., Any])


def _sensor_options(command: F) -> F:
    return file_and_words()(outputs_option(run_place_options(command)))


@contextmanager
def _running_sensor(file: Path, outputs: Path | None, place: dict[str, Any]) -> Iterator[tuple[Place, dict[str, str]]]:
    """The sensor of the file. The file itself is not read: what is wrong with it must not keep anybody from stopping it.

    Raises:
        DefinitionError: no sensor of it runs here.
    """
    with opened_run_place(outputs_folder(outputs, file), **place) as there:
        execution = open_sensor(there, file)
        if execution is None:
            where = f"in domain {there.domain}" if there.journal is None else f"on {there.journal}"
            raise DefinitionError(f"no sensor of {file} runs {where}; sensor.start starts one")
        yield there, execution


@click.command("sensor.stop")
@_sensor_options
def sensor_stop(file: Path | None, outputs: Path | None, **place: Any) -> None:
    """Stop the sensor of FILE.yml; runs that are open go on to their end."""
    with _running_sensor(specification_path(file), outputs, place) as (there, execution):
        if there.journal is None:
            there.service.request_cancel_workflow_execution(domain=there.domain, **execution)
        else:
            leave_request(there.journal, "request_cancel_workflow_execution", {"domain": there.domain, **execution})
    click.echo(f"{execution['workflowId']}: stops; open runs go on")


@click.command("sensor.check")
@_sensor_options
def sensor_check(file: Path | None, outputs: Path | None, **place: Any) -> None:
    """Let the sensor of FILE.yml look for new dates now, whatever its schedule says: for whatever brings the data."""
    with _running_sensor(specification_path(file), outputs, place) as (there, execution):
        paused = sensor_state(there, execution).state == "paused"
        ask_sensor(there, execution, "check")
    click.echo(f"{execution['workflowId']}: {'paused; sensor.resume lets it look' if paused else 'looks for new dates now'}")


@click.command("sensor.pause")
@_sensor_options
def sensor_pause(file: Path | None, outputs: Path | None, **place: Any) -> None:
    """Look for no new dates until sensor.resume; runs that are open go on."""
    _signal(file, outputs, place, "pause", "paused until sensor.resume; open runs go on")


@click.command("sensor.resume")
@_sensor_options
def sensor_resume(file: Path | None, outputs: Path | None, **place: Any) -> None:
    """Look for new dates again; times that have passed meanwhile come to one check now."""
    _signal(file, outputs, place, "resume", "resumed")


@click.command("sensor.reload")
@_sensor_options
def sensor_reload(file: Path | None, outputs: Path | None, **place: Any) -> None:
    """Let the sensor of FILE.yml go on with the file as it is now; runs that are open end as they began."""
    specification = read_specification(specification_path(file))
    check_names(specification, outputs_folder(outputs, specification.path))
    if specification.sensor is None:
        from deciders.specification import NO_SENSOR

        raise DefinitionError(f"{specification.path} has no sensor any more: {NO_SENSOR}; sensor.stop ends the one that runs")
    schedule = specification.sensor.schedule
    what = f"reloaded; it looks at {schedule!r} ({specification.sensor.timezone})" if schedule else "reloaded; one last check"
    from workers.runs.kept_specification import by_reference

    with _running_sensor(specification.path, outputs, place) as (there, execution):
        is_local = there.journal is not None
        value = by_reference(specification, there.payloads) if is_local else specification.model_dump(mode="json")
        ask_sensor(there, execution, "reload", value)
    click.echo(f"{execution['workflowId']}: {what}")


def _signal(file: Path | None, outputs: Path | None, place: dict[str, Any], signal: str, said: str) -> None:
    with _running_sensor(specification_path(file), outputs, place) as (there, execution):
        ask_sensor(there, execution, signal)
    click.echo(f"{execution['workflowId']}: {said}")


@click.command("sensor.list")
@click.argument("words", nargs=-1, metavar="[FILE.yml | DOMAIN]")
@place_options
@outputs_option
@click.pass_context
def sensor_list(ctx: click.Context, words: tuple[str, ...], outputs: Path | None, **place: Any) -> None:
    """List open sensors: their file, state, next and last check, and what came of it.

    Those that run where FILE.yml is run; without it, and with --local, --db or a domain, those that are there.
    """
    from deciders.workflow_types import executions_of_type

    table = Table(["Sensor", "File", "State", "Schedule", "Next check (UTC)", "Last check (UTC)", "Last result"])
    with _listed_place(ctx, words, outputs, place) as there:
        infos: Iterable[ExecutionInfo] = ()
        if there.service is not None:
            infos = executions_of_type(there.service, there.domain, SENSOR_TYPE, is_open=True)
        for info in infos:
            one = sensor_state(there, {key: info["execution"][key] for key in ("workflowId", "runId")})
            if there.journal is not None and not is_owned(there.journal):
                one.state = "interrupted"
            schedule = f"{one.schedule} ({one.timezone})" if one.schedule else "once"
            moments = [_shown(moment) for moment in (one.next_check, one.last_check)]
            table.rows.append([one.workflow_id, one.path, one.state, schedule, *moments, one.note])
    if not table.rows:
        click.echo("no open sensors; sensor.start starts one", err=True)
    show(ctx, table)


@contextmanager
def _listed_place(ctx: click.Context, words: tuple[str, ...], outputs: Path | None, place: dict[str, Any]) -> Iterator[Place]:
    is_named = len(words) == 1 and is_no_domain(words[0])
    if is_named or (not words and not has_place(place) and default_file() is not None):
        path = specification_path(Path(words[0]) if is_named else None)
        if not path.is_file():
            raise DefinitionError(f"{path}: there is no such file")
        with place_of_file(outputs_folder(outputs, path), place) as found:
            yield found
        return
    refuse_options(ctx, "where no FILE.yml is named", {"outputs": "--db names the journal"})
    with opened_place(words, needs=0, **place) as there:
        store = PayloadDirectory(there.journal.parent / "payloads") if there.journal is not None else payload_directory(None)
        yield Place(there.service, there.domain, store, there.journal)


def _shown(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment is not None else None
