"""``web.start``: pages of workflow files for a browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ...application.project import Project
from ...inspection.documents import document_of
from ..printing import json_option, print_line
from .run_place import chosen_project, project_options

DEFAULT_PORT = 4618


@click.command("web.start")
@click.argument("files", type=click.Path(path_type=Path, dir_okay=True), nargs=-1, metavar="[FILE.yml]...")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0 takes a free one.")
@json_option
@project_options
def web_start(files: tuple[Path, ...], port: int, as_json: bool, **place: Any) -> None:
    """Serve pages of FILE.yml on this machine: dates by workflow with their lights, runs, notebooks and reports.

    They show what there is, and change nothing. Whatever happens in the meantime appears on them. Ends with Ctrl-C.
    """
    from ...web.served_pages import ServedPages

    projects = [Project(*chosen_project(file, **place)) for file in files or (None,)]
    served = ServedPages(projects, port=port)

    def tell() -> None:
        if as_json:
            print_line(document_of("web", {"url": served.url, "pid": os.getpid()}))
        else:
            click.echo(f"{served.url}  (Ctrl-C ends it)")

    served.serve(tell)
