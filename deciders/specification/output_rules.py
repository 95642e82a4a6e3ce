"""Rules for ``output`` beyond its shape: one report of each format, templates that exist and are of a known kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..problems import Problems, shown
from ..report_templates import ASCIIDOC_TEMPLATES, TYPST_TEMPLATE
from .inputs_folder import checked_file
from .yaml_lines import YamlNode

_SWITCHES = ("code", "streams", "parameters")


def checked_outputs(label: str, node: YamlNode | None, inputs_dir: Path, problems: Problems) -> list[dict[str, Any]]:
    """Return the outputs of a notebook, as far as they could be read, for `deciders.specification.OutputSpecification`."""
    if node is None:
        return []
    found: list[dict[str, Any]] = []
    for entry in node.items() if isinstance(node.value, list) else [node]:
        output = {key: one.value for key, one in entry.entries().items() if key in ("format", *_SWITCHES)}
        if any(output.get("format") == other["format"] for other in found):
            problems.add(entry.line, f"notebook {label!r} has two outputs of format {shown(output.get('format'))}")
        name = entry.get("name")
        if name is not None and name.text is not None:
            output["name"] = name.text
        template = entry.get("template")
        if template is not None and template.text is not None:
            output["template"] = template.text
            _check_template(template.text, template.line, output.get("format"), inputs_dir, problems)
        found.append({"format": None, **output})
    return found


def _check_template(template: str, line: int, format: Any, inputs_dir: Path, problems: Problems) -> None:
    if format == "html":
        problems.add(line, "templates are for pdf; html has one look")
    elif not template.endswith((TYPST_TEMPLATE, *ASCIIDOC_TEMPLATES)):
        known = "'.typ' (Typst), '.tpl' or '.asciidoc.j2' (asciidoc)"
        problems.add(line, f"template {shown(template)} must end in {known}")
    checked_file(inputs_dir, template, (), line, problems)
