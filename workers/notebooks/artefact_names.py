"""Names of the files that a run of a notebook leaves in its folder."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ArtefactNames:
    """Names of the artefacts of one run. With names of their own, several notebooks can share a folder."""

    notebook: str | None = None  #: the executed notebook; None: its label with ``.ipynb``
    config: str | None = "config.json"  #: None: it is not written
    output: str = "output.txt"  #: the printed output
    record: str = "run.json"


OWN_FOLDER = ArtefactNames()  #: of a notebook that has the folder for itself, as in the outputs of a workflow
