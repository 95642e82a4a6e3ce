"""Typst code to PDF, in a folder of its own; one bad picture or cell does not cost the report."""

import re
import tempfile
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from workers.reports.draft import Draft
from workers.reports.typst_code import Code, Value, call, content, literal

_LOOK = Path(__file__).with_name("report.typ")
_MAIN = "main.typ"
_COUNT = re.compile(rb"/Type\s*/Pages\b[^>]*?/Count (\d+)|/Count (\d+)[^>]*?/Type\s*/Pages\b")


class NotTypeset(Exception):
    """Typst refused the report as a whole; the message is Typst's own first line."""


def typeset(
    draft: Draft,
    cells: Sequence[tuple[int, Code]],
    arguments: dict[str, Value],
    *,
    finished: datetime | None,
    fonts: tuple[Path, ...],
) -> tuple[bytes, int]:
    """The PDF and the number of its pages. Cells are pairs of number and code; ``arguments`` go to ``report.document``.

    Pictures that Typst cannot decode, and then cells that it refuses, are replaced by a note and a warning in ``draft``.
    The same arguments give the same bytes.

    Raises:
        NotTypeset: nothing of the report can be typeset.
    """
    with tempfile.TemporaryDirectory(prefix="report-") as name:
        folder = _Folder(Path(name), draft, fonts, finished)
        problem = folder.pdf(cells, arguments)
        if isinstance(problem, bytes):
            return problem, _page_count(problem)
        folder.refuse_bad_figures()
        pdf = folder.pdf(cells, arguments)
        if not isinstance(pdf, bytes):
            pdf = folder.pdf(folder.with_notes_for_bad_cells(cells), arguments)
        if not isinstance(pdf, bytes):
            raise NotTypeset(pdf)
        return pdf, _page_count(pdf)


class _Folder:
    """The only folder that Typst sees: the look, the report and its checked pictures."""

    def __init__(self, path: Path, draft: Draft, fonts: tuple[Path, ...], finished: datetime | None) -> None:
        self._path, self._draft, self._finished = path, draft, finished
        self._fonts = _fonts(fonts)
        self._refused: list[str] = []
        (path / "report.typ").write_bytes(_LOOK.read_bytes())
        for name, data in draft.figures.items():
            (path / name).write_bytes(data)

    def pdf(self, cells: Sequence[tuple[int, Code]], arguments: dict[str, Value]) -> bytes | str:
        """The PDF, or why there is none."""
        import typst

        body = content(code for _, code in cells)
        source = f'#import "report.typ"\n#show: {call("report.document.with", **arguments)}\n#{body}\n'
        main = self._path / _MAIN
        main.write_text(source, encoding="utf-8")
        timestamp: dict[str, Any] = {"timestamp": self._finished} if self._finished else {}
        try:
            pdf = typst.compile(
                str(main),
                root=str(self._path),
                font_paths=self._fonts,
                sys_inputs={"refused": " ".join(self._refused)},
                package_path=str(self._path / "no-packages"),
                package_cache_path=str(self._path / "no-packages"),
                **timestamp,
            )
        except typst.TypstError as error:
            return str(error).splitlines()[0] if str(error) else "no reason given"
        return bytes(pdf)

    def refuse_bad_figures(self) -> None:
        for name in self._draft.figures:
            if not isinstance(self.pdf([(0, call("image", literal(name)))], {}), bytes):
                self._refused.append(name)
                self._draft.cell = self._draft.figure_cells[name]
                self._draft.warn("the image could not be read (refused by Typst)")

    def with_notes_for_bad_cells(self, cells: Sequence[tuple[int, Code]]) -> list[tuple[int, Code]]:
        kept: list[tuple[int, Code]] = []
        for number, code in cells:
            reason = self.pdf([(number, code)], {})
            if not isinstance(reason, bytes):
                self._draft.cell = number
                code = self._draft.omission(
                    f"Cell {number} of the notebook could not be typeset.", f"could not be typeset ({reason})"
                )
            kept.append((number, code))
        return kept


@cache
def _fonts(directories: tuple[Path, ...]) -> Any:
    """Typst's own fonts and those in ``directories``, never the machine's: the same report everywhere."""
    import typst

    return typst.Fonts(False, True, [str(directory) for directory in directories])


def _page_count(pdf: bytes) -> int:
    found = _COUNT.search(pdf)
    return int(found.group(1) or found.group(2)) if found else 0
