"""Data collected while a report is written, besides its Typst code."""

from dataclasses import dataclass, field
from pathlib import Path

from .typst_code import Code, call, literal, printable

_MOST_CELLS = 8  #: that are named in one warning


@dataclass(frozen=True, kw_only=True)
class Title:
    """The title of the report."""

    text: str  #: for the metadata of the PDF and the running head
    shown: Code  #: as it is set on the first page


@dataclass(kw_only=True)
class Draft:
    """One report in the making."""

    folder: Path  #: pictures that prose points at are read from here and from nowhere else
    knows_letters: bool = True  #: whether text is as wide as Typst's own fonts make it
    title: Title | None = None  #: the first heading of level 1 that is met
    has_title_heading: bool = False  #: whether a heading of the notebook that says the title has been met
    figures: dict[str, bytes] = field(default_factory=dict)  #: file name to content, all checked
    figure_cells: dict[str, int] = field(default_factory=dict)  #: file name to the cell it came from
    warnings: list[str] = field(default_factory=list)
    table_cells: int = 0  #: of all tables so far
    cell: int = 0  #: number of the cell being written, the notebook's first cell being 1
    _kinds: dict[str, tuple[int, list[int]]] = field(
        default_factory=dict
    )  #: by message its place in the warnings, and its cells

    def takes_as_title(self, heading: str) -> bool:
        """Return True if a heading of level 1 is the title, which is on the first page and is not repeated."""
        if self.has_title_heading or self.title is None or heading.split() != self.title.text.split():
            return False
        self.has_title_heading = True
        return True

    def add_figure(self, data: bytes, extension: str) -> str:
        """Keep a checked picture and return the file name under which Typst will find it."""
        name = f"figure-{len(self.figures) + 1}.{extension}"
        self.figures[name] = data
        self.figure_cells[name] = self.cell
        return name

    def warn(self, message: str) -> None:
        """Add ``cell N: message`` on one line, once."""
        line = f"cell {self.cell}: {printable(' '.join(message.split()))}"
        if line not in self.warnings:
            self.warnings.append(line)

    def warn_of_kind(self, message: str) -> None:
        """Add ``cell N: message``, or add the cell to those of the same message: ``cells 3, 5 and 9: message``."""
        place, cells = self._kinds.setdefault(message, (len(self.warnings), []))
        if self.cell in cells:
            return
        cells.append(self.cell)
        if len(cells) == 1:
            self.warnings.append(f"cell {self.cell}: {message}")
            return
        shown, more = list(map(str, cells[:_MOST_CELLS])), len(cells) - _MOST_CELLS
        last = f"{more} more" if more > 0 else shown.pop()
        self.warnings[place] = f"cells {', '.join(shown)} and {last}: {message}"

    def warn_of_whole(self, message: str) -> None:
        """Add a warning about the notebook as a whole."""
        self.warnings.append(message)

    def omission(self, shown: str, warning: str) -> Code:
        """Return a visible note in place of something that cannot be printed, and add a warning about it."""
        self.warn(warning)
        return call("report.note", literal(shown))
