"""Options that several commands share, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..application.conditions import Conditions
from ..constants import STATE_FOLDER
from ..processes.interrupts import Interrupts
from ..variables import AUTOFLOW_OUTPUTS_DIR, AWS_DEFAULT_REGION

F = TypeVar("F", bound=Callable[..., Any])

DAYS = click.IntRange(1, 36_500)  #: of a period that ends now: a century is as good as for ever


class Day(click.DateTime):
    """An ISO date; what is none is refused in words for those who have never seen ``%Y-%m-%d``."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is not a date such as 2024-01-31", param, ctx)


def adopt_option(command: F) -> F:
    text = "Take the workflows over from another file that had their names, or the outputs from another service."
    return click.option("--adopt", is_flag=True, help=text)(command)


def force_option(command: F) -> F:
    text = "Run everything, even what has succeeded; keep nothing, and take nothing over from other runs."
    return click.option("--force", is_flag=True, help=text)(command)


def outputs_option(command: F) -> F:
    text = f"Folder for notebooks, reports and records. [default: ${AUTOFLOW_OUTPUTS_DIR.name}, or 'outputs' beside FILE.yml]"
    return click.option("--outputs", type=click.Path(path_type=Path, file_okay=False), help=text)(command)


def db_option(command: F) -> F:
    text = f"Journal of the local service. [default: in the outputs folder, or in {STATE_FOLDER} here]"
    return click.option("--db", type=click.Path(path_type=Path, dir_okay=False), help=text)(command)


def local_option(command: F) -> F:
    return click.option("--local", is_flag=True, help="On this machine, without AWS.")(command)


def region_option(command: F) -> F:
    text = "AWS region. [default: as boto3 finds it]"
    return click.option("--region", envvar=AWS_DEFAULT_REGION.name, help=text)(command)


def heartbeat_option(command: F) -> F:
    kind, text = click.FloatRange(min=0, min_open=True), "Longest time between beats, s."
    return click.option("--heartbeat", type=kind, default=30, show_default=True, help=text)(command)


def middleware_options(command: F) -> F:
    """Add ``--middleware-pre-execution`` and ``--middleware-post-execution``."""
    text = "Function called with the context and result= after each activity, as package.module.function; repeatable."
    option = click.option("--middleware-post-execution", "middlewares_post", multiple=True, metavar="FUNCTION", help=text)
    text = "Function called with the context of the task before each activity, as package.module.function; repeatable."
    return click.option("--middleware-pre-execution", "middlewares_pre", multiple=True, metavar="FUNCTION", help=text)(
        option(command)
    )


def notebook_workers_option(command: F) -> F:
    text = "Notebooks that run at once. [default: number of cores]"
    return click.option("--nb-workers", type=click.IntRange(min=1), help=text)(command)


def quiet_option(command: F) -> F:
    return click.option("--quiet", is_flag=True, help="Show no progress.")(command)


def durable_option(command: F) -> F:
    text = "Survive a power cut as well, at the price of a disk flush for each step."
    return click.option("--durable", is_flag=True, help=text)(command)


def conditions_of(nb_workers: int | None, *, adopt: bool, force: bool) -> Conditions:
    """Return the conditions of runs that these options say; the user may interrupt them."""
    return Conditions(nb_workers, adopt, Interrupts(), force)
