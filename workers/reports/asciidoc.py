"""Reports by the author's own asciidoc template, as AutoFlow makes them: nbconvert to AsciiDoc, then asciidoctor-pdf.

The template is the author's and decides what is shown. The notebook's content is not trusted: asciidoctor-pdf runs in its mode
``secure``, in which it reads no file but those of the report and nothing from the network.
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deciders.report_templates import ASCIIDOC_TEMPLATES
from workers.reports.notebook import HIDDEN_INPUT, HIDDEN_OUTPUT, REMOVED_CELL

if TYPE_CHECKING:
    from deciders.specification import Specification

#: what has to be installed, and the Debian package that has it
PROGRAMS = {"asciidoctor-pdf": "ruby-asciidoctor-pdf", "pandoc": "pandoc"}

# templates for nbconvert before version 6 extend it by this name
_OLD_NAMES = {"asciidoc.tpl": "{% extends 'asciidoc/index.asciidoc.j2' %}"}
_LONGEST_REASON = 300


class TemplateFailed(Exception):
    """There is no PDF; the message names the template, and says why."""


def missing_programs() -> list[str]:
    """For each program that is needed and not installed, how to install it; empty when all are there."""
    return [
        f"{program}, which is not installed; apt-get install {package}"
        for program, package in PROGRAMS.items()
        if shutil.which(program) is None
    ]


def missing_for_templates(specification: "Specification") -> list[str]:
    """A sentence for each asciidoc template of a workflow file and each program that it needs and this machine lacks."""
    return [
        f"template {template} needs {missing}"
        for template in asciidoc_templates(specification)
        for missing in missing_programs()
    ]


def asciidoc_templates(specification: "Specification") -> list[str]:
    """The asciidoc templates of a workflow file, as it names them."""
    outputs = [output for workflow in specification.workflows for notebook in workflow.notebooks for output in notebook.output]
    return sorted({output.template for output in outputs if output.template and output.template.endswith(ASCIIDOC_TEMPLATES)})


def asciidoc_pdf(notebook: dict[str, Any], template: Path) -> bytes:
    """The PDF of ``notebook`` by an nbconvert asciidoc template. Tags that remove or hide parts of cells count.

    Raises:
        TemplateFailed: a program is missing, the template holds an error, or asciidoctor-pdf made nothing.
    """
    if missing := missing_programs():
        raise TemplateFailed(f"{template.name} needs {missing[0]}")
    source, pictures = _asciidoc(notebook, template)
    with tempfile.TemporaryDirectory(prefix="report-") as name:
        folder = Path(name)
        for picture, data in pictures.items():
            _write_beside(folder, picture, data)
        (folder / "report.asciidoc").write_text(source, encoding="utf-8")
        return _typeset(folder, template)


def _asciidoc(notebook: dict[str, Any], template: Path) -> tuple[str, dict[str, bytes]]:
    import nbformat
    from jinja2 import DictLoader, TemplateError, TemplateNotFound
    from nbconvert.exporters import ASCIIDocExporter
    from traitlets.config import Config

    tags = {
        "enabled": True,
        "remove_cell_tags": set(REMOVED_CELL),
        "remove_input_tags": set(HIDDEN_INPUT),
        "remove_all_outputs_tags": set(HIDDEN_OUTPUT),
    }
    try:
        exporter = ASCIIDocExporter(
            template_file=str(template.absolute()),
            extra_loaders=[DictLoader(_OLD_NAMES)],
            config=Config({"TagRemovePreprocessor": tags}),
        )
        body, resources = exporter.from_notebook_node(nbformat.reads(json.dumps(notebook), as_version=4))
    except TemplateNotFound as error:
        raise TemplateFailed(f"{template.name} extends {error.message!r}, which nbconvert does not have") from error
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise TemplateFailed(f"{template.name}{f':{line}' if line else ''}: {error.message or type(error).__name__}") from error
    except Exception as error:
        # Whatever the code of the template, nbconvert's filters or pandoc may raise.
        raise TemplateFailed(f"{template.name}: {type(error).__name__}: {str(error)[:_LONGEST_REASON]}") from error
    if body.strip() in ("", "None"):  # what comes of blocks that old versions of nbconvert had
        raise TemplateFailed(f"{template.name} writes nothing; it may extend 'asciidoc/index.asciidoc.j2'")
    return body, resources.get("outputs", {})


def _write_beside(folder: Path, name: str, data: bytes) -> None:
    path = (folder / name).resolve()
    if path.is_relative_to(folder.resolve()):  # the notebook may have a say in the name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _typeset(folder: Path, template: Path) -> bytes:
    # -S secure: without it `include::/etc/passwd[]` in an output prints that file.
    command = ["asciidoctor-pdf", "-S", "secure", "-o", "report.pdf", "report.asciidoc"]
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.pathsep.join(os.get_exec_path()), "HOME": str(folder), "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    made = folder / "report.pdf"
    if not made.is_file():
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[:1] or [f"exit code {done.returncode}"]
        raise TemplateFailed(f"{template.name}: asciidoctor-pdf made nothing: {said[0][:_LONGEST_REASON]}")
    return made.read_bytes()
