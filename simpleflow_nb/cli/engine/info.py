"""``info``: versions, settings and the environment of this process, for questions and reports."""

from __future__ import annotations

import platform
from importlib import metadata

import click

from ... import __version__
from ...environment import variables_now
from ...masking import known_secrets, masked

_SECTIONS = ("versions", "settings", "environment")
_PREFIXES = ("AUTOFLOW", "AWS", "SIMPLEFLOW", "SWF")
_LIBRARIES = ("boto3", "botocore", "click", "pydantic")
_SECRET_WORDS = ("SECRET", "TOKEN", "PASSWORD")


@click.command("info")
@click.argument("sections", nargs=-1, type=click.Choice(_SECTIONS), metavar="[versions] [settings] [environment]")
def info(sections: tuple[str, ...]) -> None:
    """Show the versions of this program and of what it stands on, its settings, and the variables that they come from.

    All three by default. Secrets are masked.
    """
    wanted = sections or _SECTIONS
    if "versions" in wanted:
        _print_section("Versions", _versions())
    if "settings" in wanted:
        from ...settings import print_settings

        click.secho("# Settings", fg="blue")
        print_settings()
        click.echo()
    if "environment" in wanted:
        _print_section(f"Environment {' '.join(f'{prefix}*' for prefix in _PREFIXES)}", _environment())


def _print_section(title: str, lines: list[str]) -> None:
    click.secho(f"# {title}", fg="blue")
    for line in lines:
        click.echo(line)
    click.echo()


def _versions() -> list[str]:
    found = {
        "simpleflow_nb": __version__,
        "python_version": platform.python_version(),
        "python_build": platform.python_compiler(),
        "platform": platform.platform(),
    }
    found |= {name: metadata.version(name) for name in _LIBRARIES}
    return [f"{name}: {version}" for name, version in found.items()]


def _environment() -> list[str]:
    """Return the variables as ``NAME=value``, by name; the whole value of one that is a secret by its name is hidden."""
    secrets = known_secrets()
    lines = []
    for name, value in sorted(variables_now().items()):
        if not name.startswith(_PREFIXES):
            continue
        is_secret = name in secrets or (any(word in name for word in _SECRET_WORDS) and not name.endswith("_FILE"))
        lines.append(f"{name}=***" if is_secret and value else masked(f"{name}={value}"))
    return lines
