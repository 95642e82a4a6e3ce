"""What reports have lost, a kind each, and the notebooks of the examples: all of it is there, and no check says otherwise."""

from pathlib import Path

import pytest

from tests.reports_check.comparison import alarms_of_page, alarms_of_pdf
from tests.reports_check.hard_notebooks import ODD, TALL, WIDE
from tests.reports_check.source import expected_of
from tests.unit.reports.samples import notebook, saved
from workers.reports import ReportOptions, convert_report

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*/*.ipynb"))
HARD = {
    f"{kind}: {name}": cells for kind, group in (("tall", TALL), ("wide", WIDE), ("odd", ODD)) for name, cells in group.items()
}


@pytest.mark.parametrize("name", HARD)
def test_nothing_of_a_hard_notebook_is_lost(tmp_path, name):
    source = saved(tmp_path, notebook(*HARD[name]))
    expected = expected_of(source)
    pdf, page = tmp_path / "x.pdf", tmp_path / "x.html"
    made = convert_report(source, pdf)
    assert alarms_of_pdf(pdf, expected, made.warnings) == []
    assert [warning for warning in made.warnings if "shows an error" not in warning] == []
    made = convert_report(source, page, ReportOptions(format="html"))
    assert alarms_of_page(page, expected, made.warnings) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_nothing_of_an_example_is_lost(tmp_path, example):
    expected = expected_of(example)
    pdf, page = tmp_path / "x.pdf", tmp_path / "x.html"
    assert alarms_of_pdf(pdf, expected, convert_report(example, pdf).warnings) == []
    assert alarms_of_page(page, expected, convert_report(example, page, ReportOptions(format="html")).warnings) == []
