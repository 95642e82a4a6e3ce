"""What is asked of each format of reports, so that a further one has its name in one place."""

from __future__ import annotations

from pathlib import Path

import pytest

from deciders.specification import load_specification, specification_schema
from deciders.values.artefact_key import ArtefactKey
from deciders.values.report_format import DESCRIPTION, REPORT_FORMATS, TYPESET, ReportFormat, format_of_ending
from tests.unit.reports.samples import notebook, prose, saved
from tests.unit.workflow_files import complaints, one
from workers.reports import ReportOptions, convert_report


@pytest.mark.parametrize("format", REPORT_FORMATS)
def test_a_report_of_each_format_is_made_and_only_typeset_ones_have_pages(tmp_path: Path, format: ReportFormat) -> None:
    target = tmp_path / f"report.{format}"
    report = convert_report(saved(tmp_path, notebook(prose("# Title"))), target, ReportOptions(format=format))
    assert target.stat().st_size > 0
    assert (report.pages, report.warnings) == (1 if format == TYPESET else None, ())


@pytest.mark.parametrize("format", REPORT_FORMATS)
def test_a_workflow_file_may_ask_for_each_format(inputs: Path, format: ReportFormat) -> None:
    (inputs / "workflows.yml").write_text(one(inputs, notebook=f"output: {{format: {format}}}"))
    (output,) = load_specification(inputs / "workflows.yml").workflows[0].notebooks[0].output
    assert output.format == format


def test_the_schema_offers_exactly_the_formats_that_there_are() -> None:
    offered = specification_schema()["$defs"]["OutputEntry"]["properties"]["format"]
    assert (offered["enum"], offered["description"]) == (list(REPORT_FORMATS), DESCRIPTION)


@pytest.mark.parametrize("format", [one for one in REPORT_FORMATS if one != TYPESET])
def test_templates_are_refused_for_what_is_not_typeset(inputs: Path, format: ReportFormat) -> None:
    refused = complaints(inputs, one(inputs, notebook=f"output: {{format: {format}, template: bare.ipynb}}"))
    assert refused == [f"6: templates are for {TYPESET}; {format} has one look"]


@pytest.mark.parametrize("format", REPORT_FORMATS)
def test_the_name_of_a_report_may_not_end_as_a_format_does(inputs: Path, format: ReportFormat) -> None:
    refused = complaints(inputs, one(inputs, notebook=f"output: {{format: pdf, name: 'a-{{instance}}.{format}'}}"))
    name = f"'a-{{instance}}.{format}'"
    assert refused == [f"6: report name {name} ends in '.{format}'; the ending is added to it"]


@pytest.mark.parametrize("format", REPORT_FORMATS)
def test_the_key_of_a_report_and_the_ending_of_its_file_tell_the_format(format: ReportFormat) -> None:
    assert ArtefactKey.parse(str(ArtefactKey("count", format))) == ArtefactKey("count", format)
    assert format_of_ending(f".{format.upper()}") == format
    assert format_of_ending(f".{format}x") is None
    assert format_of_ending(format) is None
