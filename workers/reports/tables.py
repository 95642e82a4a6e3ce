"""HTML tables, above all those of pandas, to tables that can be read on paper."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import Protocol

from . import css
from .cell_values import moments
from .column_widths import COLUMN_CHARACTERS, SPACE, Need, Ruler, longest_lines, longest_words, units, widen_for_spans
from .draft import Draft
from .grids import Cell, Grid, grid_of
from .letter_widths import probe_widths
from .stylesheet import Stylesheet
from .text import breakable, is_right_to_left
from .tree import BLOCKS, Element, Node
from .typst_code import EMPTY, Code, Value, array, call, content, decimal, dictionary, keyword, literal

#: of a longer table this many rows are printed at each end
ROWS_AT_EACH_END = 500
#: fewer rows of a table with more cells than this; Typst needs about 20 kB of memory for each
CELL_LIMIT = 12_000
#: of all tables of a report together; those that come after show their first and last rows only
REPORT_CELL_LIMIT = 24_000
ROWS_BEYOND_LIMIT = 10
#: a wider table is split: that is the width of a page in type of seven and a half points, in units of its size
LINE_WIDTH = 61.0
#: a table of up to this many rows is not parted by the end of a page
WHOLE_ROWS = 15
#: of a cell with a bar in it, and of the line that stands for rows left out, in units of the size of the type
BAR_WIDTH = 7.0
ROWS_LEFT_OUT_WIDTH = 13.0

# declarations that may make a line higher
_ODD = frozenset(("font-size", "background", "background-image"))
_BLANKS = re.compile(r"\s+")


class CellWriter(Protocol):
    """The writer of the document that a table stands in, which writes what is in its cells."""

    @property
    def draft(self) -> Draft: ...

    @property
    def sheet(self) -> Stylesheet: ...

    def blocks(self, parent: Element, depth: int, tags: int) -> list[Code]: ...

    def inline(self, run: Sequence[Node], depth: int, tags: int) -> list[Code]: ...


def with_fewer_rows(html: str) -> str:
    """``html`` with the middle rows of a very long table cut out before it is parsed, the number of them left as an attribute.

    Only tables without nested tables or cells that cover several rows are cut here; ``table_code`` shortens the others.
    """
    if html.count("<tr") <= 2 * ROWS_BEYOND_LIMIT or html.count("<table") != 1 or "rowspan" in html:
        return html
    body = html.find("<tbody")
    starts = [body + row.start() for row in re.finditer(r"<tr\b", html[body:])] if body >= 0 else []
    if len(starts) < 2:
        return html
    ends = rows_at_each_end(len(re.findall(r"<t[dh]\b", html[starts[0] : starts[1]])))
    if len(starts) <= 2 * ends + 1:
        return html
    # one more than is shown at each end, so that what is left is still seen to be too long
    cut = len(starts) - 2 * ends - 1
    told = f'<table data-rows-cut="{cut}" data-rows-end="{ends}"'
    return html[: starts[ends + 1]].replace("<table", told, 1) + html[starts[-ends] :]


def rows_at_each_end(columns: int) -> int:
    """How many rows of a long table with so many columns are shown at each end."""
    return min(ROWS_AT_EACH_END, max(ROWS_BEYOND_LIMIT, CELL_LIMIT // max(1, columns) // 2))


def table_code(table: Element, writer: CellWriter, depth: int, tags: int) -> list[Code]:
    """One table, in as many pieces as its columns need, the index repeated in each; nothing for one without rows.

    Tables of more than 1,000 rows (fewer if it has many columns) show their first and last rows, as the caption says.
    """
    grid = grid_of(table)
    if not grid.cells or not grid.column_count:
        return []
    return [_TableWriter(grid, table, writer, depth, tags).code()]


def column_pieces(needs: Sequence[Need], index: int) -> list[list[int]]:
    """The columns of each piece of a table, without the ``index`` first: one piece if it fits, else of about equal width."""
    widths = [min(need.estimate, COLUMN_CHARACTERS * 0.6) + SPACE for need in needs]
    room = max(LINE_WIDTH - sum(widths[:index]), LINE_WIDTH / 3)
    total = sum(widths[index:])
    if total <= room:
        return [list(range(index, len(needs)))]
    count = math.ceil(total / room)
    # columns cannot be cut, so that more pieces may be needed than were planned
    while len(pieces := _balanced(widths, index, room, total / count)) > count:
        count += 1
    return pieces


def _balanced(widths: list[float], index: int, room: float, goal: float) -> list[list[int]]:
    """The columns from ``index`` on in pieces of about ``goal`` each, none wider than ``room`` unless one column is."""
    pieces: list[list[int]] = [[]]
    width = before = 0.0  # of the piece, and of the pieces before it
    for column in range(index, len(widths)):
        too_wide = width + widths[column] > room
        enough = before + width + widths[column] / 2 > goal * len(pieces)
        if pieces[-1] and (too_wide or enough):
            pieces.append([])
            before, width = before + width, 0.0
        pieces[-1].append(column)
        width += widths[column]
    return pieces


def _breakable_heading(text: str) -> str:
    return breakable(text.replace("_", "_\u200b"))


class _TableWriter:
    def __init__(self, grid: Grid, table: Element, writer: CellWriter, depth: int, tags: int) -> None:
        self.grid, self.table, self.writer, self.depth, self.tags = grid, table, writer, depth, tags
        body = range(grid.header_rows, len(grid.cells))
        at_each_end = rows_at_each_end(grid.column_count)
        if writer.draft.table_cells + min(len(body), 2 * at_each_end) * grid.column_count > REPORT_CELL_LIMIT:
            at_each_end = ROWS_BEYOND_LIMIT
        writer.draft.table_cells += min(len(body), 2 * at_each_end) * grid.column_count
        cut = table.get("data-rows-cut")
        self.cut = int(cut) if re.fullmatch(r"\d{1,9}", cut) else 0
        self.sections = [body]
        self.omitted = 0
        if len(body) > 2 * at_each_end:
            self.sections = [body[:at_each_end], body[-at_each_end:]]
            self.omitted = len(body) - 2 * at_each_end + self.cut

    def code(self) -> Code:
        """All pieces, in type of one size."""
        needs, spans = self._needs()
        pieces = column_pieces(needs, self.grid.index_columns)
        written = [self._piece(columns, len(pieces) > 1, needs, spans) for columns in pieces]
        named: dict[str, Value] = {"whole": True} if self._is_small() else {}
        if self.table.find("code", "tt", "kbd", "samp") is not None:
            named["program"] = True
        if any(need.texts for need in needs):
            named["letters"] = array(map(decimal, probe_widths()))
        if any(need.formulas for need in needs):
            named["formulas"] = True
        return call("report.data-table", *written, **named)

    def _piece(self, columns: list[int], in_pieces: bool, needs: list[Need], spans: list[tuple[Cell, Need]]) -> Code:
        kept = [*range(self.grid.index_columns), *columns]
        head = list(self._clipped(range(self.grid.header_rows), kept))
        body = list(self._body(kept))
        piece = [replace(needs[column]) for column in kept]
        place = {column: number for number, column in enumerate(kept)}
        over = [([place[column] for column in cell.columns if column in place], need) for cell, need in spans]
        widen_for_spans(piece, [(places, need) for places, need in over if places])
        named: dict[str, Value] = {
            "widths": array(array(map(decimal, (need.least, need.wanted, need.whole))) for need in piece),
            "align": array(keyword("right" if self._is_aligned_right(column) else "left") for column in kept),
        }
        if head:
            named["header"] = array(array(code for _, code in row) for row in head)
        named["body"] = array(code for _, code in body)
        if head:
            heads = [[cell for cell, _ in row if cell is not None] for row in head]
            if all(self._is_plain(cell) and not self._has_odd_style(cell) for row in heads for cell in row):
                # no cell has more lines than words
                words = (max((len(units(_breakable_heading(cell.text))) for cell in row), default=1) for row in heads)
                named["head_lines"] = sum(words)
        if asked := list(self._asked(piece, [*(cell for row in head for cell, _ in row), *(cell for cell, _ in body)])):
            named["asked"] = array(asked)
        named["caption"] = self._caption(columns, in_pieces)
        if self._has_lines_of_one_height(piece, over):
            named["level"] = True
        return dictionary(**named)

    def _needs(self) -> tuple[list[Need], list[tuple[Cell, Need]]]:
        """What each column needs, and each cell that covers several of them."""
        ruler = Ruler(self.writer.sheet, knows_letters=self.writer.draft.knows_letters)
        needs = [Need() for _ in range(self.grid.column_count)]
        spans: list[tuple[Cell, Need]] = []
        rows = chain(range(self.grid.header_rows), *self.sections)
        for cell in chain.from_iterable(self.grid.cells[row] for row in rows):
            if len(cell.columns) == 1:
                self._take(ruler, needs[cell.columns.start], cell)
            else:
                spans.append((cell, need := Need()))
                self._take(ruler, need, cell)
        return needs, spans

    def _take(self, ruler: Ruler, need: Need, cell: Cell) -> None:
        in_header = cell.rows.start < self.grid.header_rows
        declared = self.writer.sheet.of(cell.tag)
        if not self._is_plain(cell) or "font-style" in declared:
            ruler.take_element(need, cell.tag)
            return
        factor = css.size_factor(declared)
        if in_header and factor == 1.0:
            ruler.take_heading(need, _breakable_heading(cell.text))
            return
        text = _breakable_heading(cell.text) if in_header else breakable(cell.text)
        bold = cell.is_heading or in_header or "font-weight" in declared
        ruler.take_text(need, text, bold=bold, factor=factor)
        if declared and css.bar(declared):
            need.least = max(need.least, BAR_WIDTH)
            need.wanted, need.whole = max(need.wanted, need.least), max(need.whole, need.least)

    def _asked(self, piece: list[Need], cells: list[Cell | None]) -> Iterator[Code]:
        """What Typst has to measure, columns and cells given by their numbers in the piece."""
        numbers = {id(cell.tag): number for number, cell in enumerate(cells) if cell is not None}
        for column, need in enumerate(piece):
            if need.is_known and not need.texts:
                continue
            named: dict[str, Value] = {
                "column": column,
                "words": array(map(literal, longest_words(need.words))),
                "lines": array(map(literal, longest_lines(need.lines))),
                "pictures": array(numbers[id(cell)] for cell in need.pictures if id(cell) in numbers),
                "formulas": array(numbers[id(cell)] for cell in need.formulas if id(cell) in numbers),
            }
            if need.factor > 1.0 or need.beside:
                named |= {"factor": decimal(need.factor), "beside": decimal(need.beside)}
            if need.texts:
                named["other_words"] = array(map(literal, longest_words(need.texts)))
                named["other_lines"] = array(map(literal, longest_lines(need.texts)))
            yield dictionary(**named)

    def _has_lines_of_one_height(self, piece: list[Need], over: list[tuple[list[int], Need]]) -> bool:
        """Whether every row of the body has one line of type of one size, once each column is as wide as its longest text."""

        def room(places: Sequence[int]) -> float:
            return sum(piece[place].whole for place in places) + SPACE * (len(places) - 1)

        if self._has_odd_cells or not all(need.is_known for need in piece):
            return False
        if self.omitted and room(range(len(piece))) < ROWS_LEFT_OUT_WIDTH:
            return False
        return all(need.whole <= room(places) for places, need in over if places)

    @cached_property
    def _has_odd_cells(self) -> bool:
        body = chain.from_iterable(self.grid.cells[self.grid.header_rows :])
        return any(not self._is_plain(cell) or self._has_odd_style(cell) for cell in body)

    def _has_odd_style(self, cell: Cell) -> bool:
        return not _ODD.isdisjoint(self.writer.sheet.of(cell.tag))

    def _is_aligned_right(self, column: int) -> bool:
        words = "".join(cell.text for cell in self.grid.columns[column][:20])
        return self.grid.numeric[column] or is_right_to_left(words)

    def _is_small(self) -> bool:
        body = self.grid.cells[self.grid.header_rows :]
        return len(body) <= WHOLE_ROWS and sum(len(cell.text) for row in body for cell in row) < 3_000

    def _body(self, kept: list[int]) -> Iterator[tuple[Cell | None, Code]]:
        for number, section in enumerate(self.sections):
            if number:
                yield None, call("report.rows-left-out", columns=len(kept), text=literal(f"{self.omitted:,} rows left out"))
            for row in self._clipped(section, kept):
                yield from row

    def _clipped(self, rows: range, kept: list[int]) -> Iterator[list[tuple[Cell | None, Code]]]:
        """The cells of ``rows`` and ``kept`` row by row, spans cut to what is kept, holes filled."""
        position = {column: place for place, column in enumerate(kept)}
        filled: dict[int, int] = {}
        if rows:
            reaching_in = [
                cell for row in self._rows_reaching(rows.start) for cell in row if cell.rows.start < rows.start < cell.rows.stop
            ]
        for number in rows:
            begun = [*reaching_in, *self.grid.cells[number]] if number == rows.start else self.grid.cells[number]
            written: dict[int, tuple[Cell | None, Code]] = {}
            for cell in begun:
                places = [position[column] for column in cell.columns if column in position]
                height = min(cell.rows.stop, rows.stop) - number
                if places and height > 0:
                    written[places[0]] = cell, self._cell(cell, len(places), height, cell.columns.start)
                    filled.update(dict.fromkeys(places, number + height))
            for place in range(len(kept)):
                if filled.get(place, 0) <= number:
                    written[place] = None, EMPTY
            yield [written[place] for place in sorted(written)]

    def _rows_reaching(self, row: int) -> list[list[Cell]]:
        # only the first row of the second section can be reached from above
        return self.grid.cells[self.grid.header_rows : row] if len(self.sections) > 1 and row == self.sections[1].start else []

    def _cell(self, cell: Cell, width: int, height: int, column: int) -> Code:
        declared = self.writer.sheet.of(cell.tag)
        body = self._cell_body(cell)
        if is_right_to_left(cell.text):
            body = call("report.right-to-left", body)
        if declared and css.bar(declared):
            body = call("report.bar-text", body)
        if named := css.text_arguments(declared):
            body = call("text", body, **named)
        body = css.decorated(body, declared)
        in_header = cell.rows.start < self.grid.header_rows
        if in_header:
            body = call("strong", body)
        elif cell.is_heading:
            body = call("report.row-number" if self.grid.numeric[column] else "report.row-name", body)
        placed: dict[str, Value] = {}
        if width > 1:
            placed["colspan"] = width
        if height > 1:
            placed["rowspan"] = height
        if fill := css.background_code(declared):
            placed["fill"] = fill
        if side := css.alignment(cell.tag, declared):
            placed["align"] = keyword(side)
        elif width > 1:
            placed["align"] = keyword("center")
        if in_header and len(cell.columns) > 1 and cell.text:
            return call("report.group-heading", body, **placed)
        return call("table.cell", body, **placed) if placed else body

    def _is_plain(self, cell: Cell) -> bool:
        return cell.is_plain and not self.writer.sheet.kept_blanks(cell.tag)

    def _cell_body(self, cell: Cell) -> Code:
        if self._is_plain(cell):
            return self._plain_text(cell)
        if cell.tag.find(*BLOCKS) is None:
            return content(self.writer.inline(list(cell.tag.children), self.depth, self.tags))
        return call("report.cell-blocks", content(self.writer.blocks(cell.tag, self.depth, self.tags)))

    def _plain_text(self, cell: Cell) -> Code:
        if cell.rows.start < self.grid.header_rows:
            return literal(_breakable_heading(cell.text))
        text = breakable(cell.text)
        spans = moments(text)
        if not spans or spans == [range(len(text))]:
            return literal(text)
        pieces: list[Code] = []
        for before, span in zip([range(0), *spans], spans, strict=False):
            pieces += [literal(text[before.stop : span.start]), call("box", literal(text[span.start : span.stop]))]
        return content([*pieces, literal(text[spans[-1].stop :])])

    def _caption(self, columns: list[int], in_pieces: bool) -> Code | None:
        parts = [_BLANKS.sub(" ", caption.get_text()).strip() for caption in self.table.own("caption")]
        if in_pieces:
            index, count = self.grid.index_columns, self.grid.column_count - self.grid.index_columns
            first, last = columns[0] - index + 1, columns[-1] - index + 1
            parts.append(f"columns {first} to {last} of {count}" if first < last else f"column {first} of {count}")
        if self.grid.columns_left_out:
            parts.append(f"{self.grid.columns_left_out:,} more columns left out")
        if self.omitted:
            shown = len(self.sections[0])
            total = self.omitted + 2 * shown
            parts.append(f"first {shown} and last {shown} of {total:,} rows")
        return literal(breakable(" · ".join(part for part in parts if part))) if any(parts) else None
