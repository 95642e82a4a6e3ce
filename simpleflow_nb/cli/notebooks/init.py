"""``init``: a folder with a project that runs as it is."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from ...application.new_projects.new_project import Example, make_project
from ..printing import json_option, print_document


@click.command("init")
@click.argument("name", type=click.Path(path_type=Path))
@click.option(
    "--example",
    type=click.Choice([*map(str, Example)]),
    default=str(Example.DATES),
    show_default=True,
    help="dates: notebooks for each new date of data; scenarios: for many sets of parameters; python: a workflow in Python.",
)
@json_option
def init(name: Path, example: str, as_json: bool) -> None:
    """Make the folder NAME with a project that runs as it is: notebooks with their workflow file, or a workflow in Python; a
    test; the file of a CI service; .gitignore; the schema for editors.
    """
    made = make_project(name, Example(example))
    if as_json:
        print_document(made.to_dict())
        return
    click.echo(f"{made.folder} has {len(made.files)} files: {', '.join(made.files)}")
    click.echo("\nnow:")
    for command in (f"cd {shlex.quote(str(made.folder))}", *made.next_commands):
        click.echo(f"  {command}")
