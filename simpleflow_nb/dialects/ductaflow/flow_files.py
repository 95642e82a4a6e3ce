"""Files that a flow leaves. They carry its name, so that several flows may share a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.notebooks import ArtefactNames

LOG_END = "_execution_output.txt"
RECORD_END = "_run.json"
CONFIG_END = "_config.json"
PREPARED = "prepared"  #: status in the record of a flow that was not executed


@dataclass(frozen=True)
class FlowFiles:
    """The files of a flow in one folder."""

    folder: Path  #: absolute; the working directory of the flow
    stem: str  #: the name of the flow's file without its suffix
    output_suffix: str = "_executed"

    @property
    def executed(self) -> Path:
        """The executed notebook."""
        return self.folder / f"{self.stem}{self.output_suffix}.ipynb"

    @property
    def html(self) -> Path:
        return self.executed.with_suffix(".html")

    @property
    def config(self) -> Path:
        return self.folder / f"{self.stem}{CONFIG_END}"

    @property
    def log(self) -> Path:
        """All that the flow prints."""
        return self.folder / f"{self.stem}{LOG_END}"

    @property
    def record(self) -> Path:
        """The state of the run, its times, light, warnings and error."""
        return self.folder / f"{self.stem}{RECORD_END}"

    @property
    def called(self) -> Path:
        """Flows that the running flow has called so far. The file is there, and locked, only while it runs."""
        return self.folder / f".{self.stem}_called.jsonl"

    @property
    def names(self) -> ArtefactNames:
        """The names for ``workers.notebooks``. The config is written here: it is that of the flow, and nothing else."""
        from workers.notebooks import ArtefactNames

        return ArtefactNames(notebook=self.executed.name, config=None, output=self.log.name, record=self.record.name)
