"""Typst code to PDF, in a folder of its own; one bad picture or cell does not cost the report."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from simpleflow_nb.exceptions import DefinitionError, SimpleflowError

from .check import ABOVE, CellStart, Loss, is_at_risk, located, losses, on_pages_of, sentences
from .draft import Draft
from .missing_letters import warn_of_missing_letters
from .typst_code import EMPTY, Code, Value, call, content, dictionary, literal

_LOOK = Path(__file__).with_name("report.typ")
_MAIN = "main.typ"
_IGNORED = "was ignored"
_EMPTY_RUNS = 3
_TEMPLATES = "template"  # folder of the author's template, within Typst's
#: what of the files beside a template it can use; more and larger ones are not looked at
_BESIDE_TEMPLATE = (".typ", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
_BESIDE_TEMPLATE_FILES = 100
_BESIDE_TEMPLATE_BYTES = 20_000_000
_PACKAGE = re.compile(rb"\"@[\w-]+/[\w-]+:\d")
_COUNT = re.compile(rb"/Type\s*/Pages\b[^>]*?/Count (\d+)|/Count (\d+)[^>]*?/Type\s*/Pages\b")


class BadTemplate(DefinitionError):
    """The author's template cannot be used; the message says where and why."""


class NotTypeset(SimpleflowError):
    """Typst refused the report as a whole; the message is Typst's own first line."""


def typeset(
    draft: Draft,
    cells: Sequence[tuple[int, Code]],
    arguments: dict[str, Value],
    *,
    finished: datetime | None,
    fonts: tuple[Path, ...],
    template: Path | None = None,
) -> tuple[bytes, int]:
    """The PDF and the number of its pages. Cells are pairs of number and code; ``arguments`` go to ``report.document``.

    With a ``template`` (the path of a Typst file) they go, as one dictionary and before the body, to its function ``style``.
    It sees ``/report.typ``, Typst files and pictures of its own folder, and nothing else.

    Pictures that Typst cannot decode, and then cells that it refuses, are replaced by a note and a warning in ``draft``.
    What Typst leaves out without refusing it is a warning. Letters that no font has are boxes, and a warning. The PDF of a
    report that may lose something is read again, and what cannot be read in it leaves a note and a warning. The same arguments
    give the same bytes.

    Raises:
        BadTemplate: ``template`` cannot be read or holds an error.
        NotTypeset: nothing of the report can be typeset.
    """
    with tempfile.TemporaryDirectory(prefix="report-") as name:
        folder = _Folder(Path(name), draft, fonts, finished, template)
        title = literal(draft.title.text if draft.title else "")
        pdf = folder.pdf(cells, arguments)
        if not isinstance(pdf, bytes):
            folder.check_template(arguments)
            folder.refuse_bad_figures()
            pdf = folder.pdf(cells, arguments)
        if not isinstance(pdf, bytes):
            cells = folder.with_notes_for_bad_cells(cells, arguments)
            pdf = folder.pdf(cells, arguments)
        if not isinstance(pdf, bytes):
            raise NotTypeset(pdf)
        if folder.left_out is not None:
            folder.warn_of_what_is_left_out(cells, arguments)
        warn_of_missing_letters(draft, title, cells, folder.fonts, fonts)
        if found := folder.losses(pdf, cells, arguments):
            pdf = folder.with_notes_of_losses(pdf, found, cells, arguments)
        return pdf, page_count(pdf)


class _Folder:
    """The only folder that Typst sees: the look, the report and its checked pictures."""

    def __init__(
        self, path: Path, draft: Draft, fonts: tuple[Path, ...], finished: datetime | None, template: Path | None
    ) -> None:
        self._path, self._draft, self._finished = path, draft, finished
        self._template = _copied_template(template, path / _TEMPLATES) if template is not None else None
        self.fonts = typeset_fonts(fonts)
        self._refused: list[str] = []
        self.left_out: str | None = None  #: of the last PDF: what Typst said of content that it ignored
        (path / "report.typ").write_bytes(_LOOK.read_bytes())
        for name, data in draft.figures.items():
            (path / name).write_bytes(data)

    def pdf(self, cells: Sequence[tuple[int, Code]], arguments: dict[str, Value]) -> bytes | str:
        """The PDF, or why there is none."""
        result = self._compiled(self._source((code for _, code in cells), arguments))
        return result if isinstance(result, bytes) else result[0]

    def _source(self, body: Iterable[Code], arguments: dict[str, Value]) -> str:
        look = call("report.document.with", **arguments)
        before = '#import "report.typ"\n#show: report.with-invisible-breaks\n'
        if self._template is not None:
            before += f"#import {literal(f'{_TEMPLATES}/{self._template}')}: style\n"
            look = call("style.with", dictionary(**arguments))
        return f"{before}#show: {look}\n#{content(body)}\n"

    def check_template(self, arguments: dict[str, Value]) -> None:
        """Set a page that holds the title alone, to know whether the template is to blame.

        Raises:
            BadTemplate: it is.
        """
        if self._template is None:
            return
        place = f"{_TEMPLATES}/{self._template}"
        result = self._compiled(
            f'#import "report.typ"\n#import {literal(place)}: style\n#show: {call("style.with", dictionary(**arguments))}\n'
        )
        if isinstance(result, bytes):
            return
        reason, where = result
        line = re.search(rf"{re.escape(place)}:(\d+)", where)
        if line is None and (reason == "unresolved import" or reason.endswith("has no method `with`")):
            reason = "it defines no function 'style'"
        elif missing := re.fullmatch(r"file not found \(searched at (.*)\)", reason):
            # as the author writes it: beside the template, or from the top of what Typst sees
            reason = f"file not found: {missing.group(1).replace(str(self._path), '', 1).replace(f'/{_TEMPLATES}/', '', 1)}"
        raise BadTemplate(f"{self._template}{f':{line.group(1)}' if line else ''}: {reason}")

    def _compiled(self, source: str) -> "bytes | tuple[str, str]":
        """The PDF, or Typst's reason and its drawing of the place."""
        import typst

        timestamp: dict[str, Any] = {"timestamp": self._finished} if self._finished else {}
        self.left_out = None
        try:
            pdf, said = typst.compile_with_warnings(self._written(source), **self._surroundings, **timestamp)
        except typst.TypstError as error:
            return str(error).splitlines()[0] if str(error) else "no reason given", str(error.diagnostic)
        # "block may not occur inside of a paragraph and was ignored" and its like; that a font is not there is said as well
        self.left_out = next((one.message for one in said if _IGNORED in one.message), None)
        return bytes(pdf)

    def _written(self, source: str) -> str:
        main = self._path / _MAIN
        main.write_text(source, encoding="utf-8")
        return str(main)

    @property
    def _surroundings(self) -> dict[str, Any]:
        return {
            "root": str(self._path),
            "font_paths": self.fonts,
            "sys_inputs": {"refused": " ".join(self._refused)},
            "package_path": str(self._path / "no-packages"),
            "package_cache_path": str(self._path / "no-packages"),
        }

    def losses(self, pdf: bytes, cells: Sequence[tuple[int, Code]], arguments: dict[str, Value]) -> list[Loss]:
        """What cannot be read in ``pdf``; nothing for a report that holds nothing at risk and has our own look."""
        has_look = self._template is None
        if has_look and not is_at_risk(code for _, code in cells):
            return []
        above = [(ABOVE, code) for code in _above(arguments)] if has_look else []
        return losses(pdf, [*above, *cells], pictures=bool(self._draft.figures), words=has_look)

    def with_notes_of_losses(
        self, pdf: bytes, found: list[Loss], cells: Sequence[tuple[int, Code]], arguments: dict[str, Value]
    ) -> bytes:
        """The PDF once more, with a note before each cell of which something is lost, and a warning about it."""
        pairs = located(found, self._starts(cells, arguments))
        noted: list[tuple[int, Code]] = []
        for number, code in [(ABOVE, EMPTY), *cells]:
            said = sentences((loss for of, loss in pairs if of == number), with_pages=False)
            notes = (call("report.note", literal(f"Not all of this can be read here: {each}.")) for each in said)
            noted.append((number, content([*notes, code])))
        again = self.pdf(noted, arguments)
        if isinstance(again, bytes):
            pdf = again
            # the notes may have moved what they tell of to other pages
            found = on_pages_of([loss for _, loss in pairs], self.losses(pdf, cells, arguments))
            pairs = [(number, loss) for (number, _), loss in zip(pairs, found, strict=True)]
        for number in sorted({number for number, _ in pairs}):
            self._draft.cell = number
            for each in sentences((loss for of, loss in pairs if of == number), with_pages=True):
                self._draft.warnings.append(f"title: {each}") if number == ABOVE else self._draft.warn(each)
        return pdf

    def _starts(self, cells: Sequence[tuple[int, Code]], arguments: dict[str, Value]) -> list[CellStart]:
        import typst

        marked = (content([call("report.cell-start", Code(f"{number:d}")), code]) for number, code in cells)
        found = typst.query(self._written(self._source(marked, arguments)), "<cell-start>", field="value", **self._surroundings)
        return [CellStart(**start) for start in json.loads(found)]

    def refuse_bad_figures(self) -> None:
        for name in self._draft.figures:
            if not isinstance(self._compiled(f"#{call('image', literal(name))}\n"), bytes):
                self._refused.append(name)
                self._draft.cell = self._draft.figure_cells[name]
                self._draft.warn("the image could not be read (refused by Typst)")

    def with_notes_for_bad_cells(
        self, cells: Sequence[tuple[int, Code]], arguments: dict[str, Value]
    ) -> list[tuple[int, Code]]:
        kept: list[tuple[int, Code]] = []
        for number, code in cells:
            reason = self.pdf([(number, code)], arguments)
            if not isinstance(reason, bytes):
                self._draft.cell = number
                code = self._draft.omission(
                    f"Cell {number} of the notebook could not be typeset.", f"could not be typeset ({reason})"
                )
            kept.append((number, code))
        return kept

    def warn_of_what_is_left_out(self, cells: Sequence[tuple[int, Code]], arguments: dict[str, Value]) -> None:
        """Add a warning for each cell of which Typst ignores something; it says so once, and not always where.

        What is ignored without any cell is the template's.
        """
        self.pdf([], arguments)
        if self.left_out is not None:
            blamed = f"template {self._template}" if self._template is not None else "title"
            self._draft.warnings.append(f"{blamed}: something is missing from the PDF ({self.left_out})")
            return
        # halves, and halves of those that lack something: one bad cell among thousands is found in a dozen tries
        parts = [cells]
        while parts:
            part = parts.pop()
            self.pdf(part, arguments)
            if self.left_out is None:
                continue
            if len(part) > 1:
                parts += [part[len(part) // 2 :], part[: len(part) // 2]]
            else:
                self._draft.cell = part[0][0]
                self._draft.warn(f"part of it is missing from the PDF ({self.left_out})")


def _above(arguments: dict[str, Value]) -> Iterator[Code]:
    """What the arguments of ``report.document`` show over the cells."""
    for name in ("title", "reference_date", "parameters"):
        if isinstance(code := arguments.get(name), Code):
            yield code


def _copied_template(template: Path, folder: Path) -> str:
    try:
        text = template.read_bytes()
        folder.mkdir()
        (folder / template.name).write_bytes(text)
        _refuse_packages(template.name, text)
        room = _BESIDE_TEMPLATE_BYTES
        for beside in sorted(template.parent.iterdir())[: 20 * _BESIDE_TEMPLATE_FILES]:
            if beside.suffix.lower() in _BESIDE_TEMPLATE and beside.is_file() and beside.name != template.name:
                size = beside.stat().st_size
                if size <= room and sum(1 for _ in folder.iterdir()) < _BESIDE_TEMPLATE_FILES:
                    if beside.suffix.lower() == ".typ":
                        _refuse_packages(beside.name, beside.read_bytes())
                    shutil.copyfile(beside, folder / beside.name)
                    room -= size
    except OSError as error:
        raise BadTemplate(f"{template.name}: {(error.strerror or str(error)).lower()}") from error
    return template.name


def _refuse_packages(name: str, text: bytes) -> None:
    """Typst would fetch them from the network; nothing else in a Typst file looks like this."""
    if found := _PACKAGE.search(text):
        line = text[: found.start()].count(b"\n") + 1
        raise BadTemplate(f"{name}:{line}: packages are not fetched; put the file that you need beside the template")


def typeset_fonts(directories: tuple[Path, ...]) -> Any:
    """Typst's own fonts and those in ``directories`` that are there, never the machine's: the same report everywhere.

    Kept from report to report, and read again when a file has come into a directory or has left it.
    """
    there = tuple(directory for directory in directories if directory.is_dir())
    return _fonts(there, tuple(directory.stat().st_mtime_ns for directory in there))


@lru_cache(maxsize=4)
def _fonts(directories: tuple[Path, ...], changed: tuple[int, ...]) -> Any:
    import typst

    return typst.Fonts(False, True, [str(directory) for directory in directories])


def age_cached_results() -> None:
    """Give back the memory in which Typst keeps results of former reports, which no other report is likely to use.

    Typst drops what it has not used in its last ten runs. After these of an empty page that is what the last three reports
    have not used: what every report uses stays. They take some milliseconds.
    """
    import typst

    for _ in range(_EMPTY_RUNS):
        typst.compile(b"#[]", font_paths=typeset_fonts(()))


def page_count(pdf: bytes) -> int:
    """How many pages a PDF has; 0 when it does not say."""
    found = _COUNT.search(pdf)
    return int(found.group(1) or found.group(2)) if found else 0
