"""Whatever is in a notebook is in its report."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings

from tests.reports_check.comparison import alarms_of_page, alarms_of_pdf
from tests.reports_check.random_notebooks import notebooks
from tests.reports_check.source import expected_of
from tests.settings import count
from tests.unit.reports.samples import saved
from workers.reports import ReportOptions, convert_report


@settings(max_examples=count(40, 3_000), suppress_health_check=list(HealthCheck))
@given(notebooks())
def test_every_word_formula_and_picture_of_a_random_notebook_is_in_its_reports(content: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        source = saved(Path(name), content)
        expected = expected_of(source)
        pdf, page = source.with_suffix(".pdf"), source.with_suffix(".html")
        made = convert_report(source, pdf)
        assert alarms_of_pdf(pdf, expected, made.warnings) == []
        made = convert_report(source, page, ReportOptions(format="html"))
        assert alarms_of_page(page, expected, made.warnings) == []
