"""Rules for ``output`` beyond its shape: one report of each format, templates that exist and are of a known kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..problems import Problems, shown
from ..report_templates import ASCIIDOC_TEMPLATES, TYPST_TEMPLATE
from ..values.report_format import REPORT_FORMATS, TYPESET
from .inputs_folder import checked_file
from .yaml_lines import YamlNode


def check_outputs(label: str, node: YamlNode | None, inputs_dir: Path, problems: Problems) -> None:
    """Note a second output of one format, and templates that are not there or of no known kind."""
    if node is None:
        return
    formats: list[Any] = []
    for entry in node.items() if isinstance(node.value, list) else [node]:
        format = found.value if (found := entry.get("format")) is not None else None
        if format in formats:
            problems.add(entry.line, f"notebook {label!r} has two outputs of format {shown(format)}")
        template = entry.get("template")
        if template is not None and template.text is not None:
            _check_template(template.text, template.line, format, inputs_dir, problems)
        formats.append(format)


def _check_template(template: str, line: int, format: Any, inputs_dir: Path, problems: Problems) -> None:
    if format in REPORT_FORMATS and format != TYPESET:
        problems.add(line, f"templates are for {TYPESET}; {format} has one look")
    elif not template.endswith((TYPST_TEMPLATE, *ASCIIDOC_TEMPLATES)):
        known = "'.typ' (Typst), '.tpl' or '.asciidoc.j2' (asciidoc)"
        problems.add(line, f"template {shown(template)} must end in {known}")
    checked_file(inputs_dir, template, (), line, problems)
