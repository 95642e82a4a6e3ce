"""``sensor.stop``, ``check``, ``pause``, ``resume``, ``reload``, ``list``: what runs on its schedule, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from ...application.asking.sensor_requests import SensorControl, SensorRequest, open_sensors
from ...application.files.specifications import read_specification
from ...application.files.workflow_files import default_file, is_no_domain, outputs_folder, specification_path
from ...application.places import Place
from ...application.wording.sensors import request_sentence, sensor_table
from ...exceptions import DefinitionError
from ..file_words import file_and_words
from ..options import outputs_option
from ..place import has_place, opened_place, place_options
from ..printing import json_option, print_document, refuse_formats, show
from ..unused_options import refuse_options
from .run_place import chosen_service, place_of_file, run_place_options

F = TypeVar("F", bound=Callable[..., Any])


def _sensor_options(command: F) -> F:
    return file_and_words()(outputs_option(run_place_options(json_option(command))))


def _sensor_of(file: Path, outputs: Path | None, place: dict[str, Any]) -> SensorControl:
    folder = outputs_folder(outputs, file)
    return SensorControl(file, folder, chosen_service(folder, **place))


def _show_request(request: SensorRequest, *, as_json: bool) -> None:
    if as_json:
        print_document(request.to_dict())
    else:
        click.echo(request_sentence(request))


@click.command("sensor.stop")
@_sensor_options
def sensor_stop(file: Path | None, outputs: Path | None, as_json: bool, **place: Any) -> None:
    """Stop the sensor of FILE.yml; runs that are open go on to their end."""
    _show_request(_sensor_of(specification_path(file), outputs, place).stop(), as_json=as_json)


@click.command("sensor.check")
@_sensor_options
def sensor_check(file: Path | None, outputs: Path | None, as_json: bool, **place: Any) -> None:
    """Let the sensor of FILE.yml look for new dates now, whatever its schedule says: for whatever brings the data."""
    _show_request(_sensor_of(specification_path(file), outputs, place).check(), as_json=as_json)


@click.command("sensor.pause")
@_sensor_options
def sensor_pause(file: Path | None, outputs: Path | None, as_json: bool, **place: Any) -> None:
    """Look for no new dates until sensor.resume; runs that are open go on."""
    _show_request(_sensor_of(specification_path(file), outputs, place).pause(), as_json=as_json)


@click.command("sensor.resume")
@_sensor_options
def sensor_resume(file: Path | None, outputs: Path | None, as_json: bool, **place: Any) -> None:
    """Look for new dates again; times that have passed meanwhile come to one check now."""
    _show_request(_sensor_of(specification_path(file), outputs, place).resume(), as_json=as_json)


@click.command("sensor.reload")
@_sensor_options
def sensor_reload(file: Path | None, outputs: Path | None, as_json: bool, **place: Any) -> None:
    """Let the sensor of FILE.yml go on with the file as it is now; runs that are open end as they began."""
    specification = read_specification(specification_path(file))
    _show_request(_sensor_of(specification.path, outputs, place).reload(specification), as_json=as_json)


@click.command("sensor.list")
@click.argument("words", nargs=-1, metavar="[FILE.yml | DOMAIN]")
@place_options
@outputs_option
@json_option
@click.pass_context
def sensor_list(ctx: click.Context, words: tuple[str, ...], outputs: Path | None, as_json: bool, **place: Any) -> None:
    """List open sensors: their file, state, next and last check, and what came of it.

    Those that run where FILE.yml is run; without it, and with --local, --db or a domain, those that are there.
    """
    if as_json:
        refuse_formats(ctx)
    with _listed_place(ctx, words, outputs, place) as there:
        found = open_sensors(there)
    if as_json:
        print_document(found.to_dict())
        return
    table = sensor_table(found)
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
    with opened_place(words, needs=0, **place) as (there, _):
        yield there
