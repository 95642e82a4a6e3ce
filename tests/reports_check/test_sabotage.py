"""The check is worth nothing unless it is loud: each mend is taken out, one at a time, and is missed."""

from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from mistune.plugins.table import table

from tests.reports_check.comparison import alarms_of_page, alarms_of_pdf
from tests.reports_check.hard_notebooks import ODD, TALL, WIDE
from tests.reports_check.random_notebooks import notebooks
from tests.reports_check.source import expected_of
from tests.unit.reports.samples import notebook, saved
from workers.reports import Report, ReportOptions, compilation, convert_report, html, markdown, stylesheet, tree

HARD = {**TALL, **WIDE, **ODD}

#: what is put in place of what in the look, and the kind of notebook that shows it
LOOKS = [
    ("breakable: not fits", "breakable: false", "a cell of lines"),
    ("breakable: not fits", "breakable: false", "a cell of a list"),
    ("breakable: not fits", "breakable: false", "a cell of program text"),
    ("breakable: not fits", "breakable: false", "a cell of Markdown"),
    ("if head-height > most-of-head {", "if false {", "a head over many rows"),
    ("set block(breakable: true)", "set block(breakable: false)", "equations"),
    ("std.align(center, scale(share * 100%, reflow: true, equation))", "equation", "a matrix"),
    ("std.align(center, scale(share * 100%, reflow: true, equation))", "equation", "a wide matrix"),
    ("scale(share-of-page(measure(equation), size) * 100%, reflow: true, equation)", "equation", "a matrix in a line"),
    ("calc.min(1, available.width / wide, available.height / high)", "1", "a picture in a list"),
    ("calc.min(1, available.width / wide, available.height / high)", "1", "pictures in a row"),
    ("let widths = column-widths(needs, available.width / size)", "let widths = needs.map(it => 3)", "cities beside numbers"),
]  # fmt: skip


def made(tmp_path: Path, kind: str) -> tuple[Report, list[str]]:
    source = saved(tmp_path, notebook(*HARD[kind]))
    report = convert_report(source, tmp_path / "x.pdf")
    return report, alarms_of_pdf(report.path, expected_of(source), report.warnings)


def made_as_page(tmp_path: Path, kind: str) -> list[str]:
    source = saved(tmp_path, notebook(*HARD[kind]))
    report = convert_report(source, tmp_path / "x.html", ReportOptions(format="html"))
    return alarms_of_page(report.path, expected_of(source), report.warnings)


@pytest.mark.parametrize(("mend", "sabotage", "kind"), LOOKS)
def test_what_runs_off_the_page_is_missed_by_the_tests_and_by_the_report_itself(tmp_path, monkeypatch, mend, sabotage, kind):
    assert made(tmp_path, kind)[1] == []
    look = compilation._LOOK.read_text(encoding="utf-8")
    assert mend in look, "the look has changed: sabotage what does this now"
    without = tmp_path / "without.typ"
    without.write_text(look.replace(mend, sabotage), encoding="utf-8")
    monkeypatch.setattr(compilation, "_LOOK", without)
    report, alarms = made(tmp_path, kind)
    assert alarms != []
    # such pictures and columns alone are nothing for which a report is read back
    assert report.warnings != () or "widths" in mend or kind == "a picture in a list"


@pytest.mark.parametrize("kind", ["a formula between blanks", "a formula that Markdown would eat", "a bar in a formula"])
def test_formulas_that_are_left_to_markdown_are_missed(tmp_path, monkeypatch, kind):
    assert made(tmp_path, kind)[1] == []
    monkeypatch.setattr(markdown, "with_formulas_held", lambda source: source)
    markdown._parser.cache_clear()
    assert made(tmp_path, kind)[1] != []
    assert made_as_page(tmp_path, kind) != []


class _ByTags(HTMLParser):
    """As the tree was built before: an element lasts until its end tag, and takes in whatever comes."""

    def __init__(self) -> None:
        from selectolax.lexbor import LexborHTMLParser

        super().__init__()
        self.document = tree.Document(LexborHTMLParser(""))
        self._open: list[tree.Element] = [self.document]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = tree.Element(tag, dict(attrs), self._open[-1])
        self._open[-1].children.append(element)
        if tag not in ("br", "img", "hr", "input"):
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        names = [element.name for element in self._open]
        if tag in names[1:]:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(tree.Text(data, self._open[-1]))


def _by_tags(source: str) -> tree.Document:
    parser = _ByTags()
    parser.feed(source)
    parser.close()
    return parser.document


@pytest.mark.parametrize("kind", ["rows and cells without ends", "cells without rows", "text between rows"])
def test_html_that_is_not_read_as_browsers_do_is_missed(tmp_path, monkeypatch, kind):
    assert made(tmp_path, kind)[1] == []
    monkeypatch.setattr(html, "parsed", _by_tags)
    assert made(tmp_path, kind)[1] != []


PARTS = ["a body that scrolls", "a head and rows that are tables", "a cell that is a box", "a caption that is a block"]


@pytest.mark.parametrize("kind", PARTS)
def test_parts_of_tables_that_are_put_into_boxes_are_missed(tmp_path, monkeypatch, kind):
    assert made(tmp_path, kind)[1] == []
    monkeypatch.setattr(stylesheet, "TABLE_PARTS", frozenset())
    assert made(tmp_path, kind)[1] != []


def test_random_notebooks_hold_parts_of_tables_that_are_put_into_boxes(tmp_path, monkeypatch):
    monkeypatch.setattr(stylesheet, "TABLE_PARTS", frozenset())

    def is_missed(content: dict[str, Any]) -> bool:
        source = saved(tmp_path, content)
        report = convert_report(source, tmp_path / "x.pdf")
        return any("words missing" in alarm for alarm in alarms_of_pdf(report.path, expected_of(source), report.warnings))

    of_this_kind = settings(max_examples=300, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    find(notebooks(), is_missed, settings=of_this_kind, random=Random(1))  # raises when there is none


@pytest.mark.parametrize("kind", ["short and long rows", "a table in a list", "a table in a quotation"])
def test_tables_of_markdown_that_are_not_read_are_missed(tmp_path, monkeypatch, kind):
    assert made(tmp_path, kind)[1] == []
    monkeypatch.setattr(markdown, "gfm_tables", table)
    markdown._parser.cache_clear()
    try:
        assert made(tmp_path, kind)[1] != []
        assert made_as_page(tmp_path, kind) != []
    finally:
        monkeypatch.undo()
        markdown._parser.cache_clear()
