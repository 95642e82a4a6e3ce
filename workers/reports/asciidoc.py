"""Reports by the author's own asciidoc template, as AutoFlow makes them: nbconvert to AsciiDoc, then asciidoctor-pdf.

The template is the author's and decides what is shown. The notebook's content is not trusted: pandoc runs in its sandbox, or it
would fetch what an ``<iframe>`` in an output names; asciidoctor-pdf runs in its mode ``secure``, in which it fetches nothing
and includes no file, and with ``own_files.rb``, by which it opens none but those of the report and of Ruby's own packages.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from deciders.notebooks.notebook_document import joined_text, source_of, tags_of
from deciders.report_templates import ASCIIDOC_TEMPLATES
from simpleflow_nb.exceptions import SimpleflowError

from .draft import Draft
from .figures import UnusablePicture, address_bytes, checked_picture
from .markdown import attachment_address, markdown_html
from .notebook import HIDDEN_INPUT, HIDDEN_OUTPUT, REMOVED_CELL, ShownNotebook
from .outputs import shown_parts
from .tree import parsed
from .typst_code import printable

if TYPE_CHECKING:
    from deciders.specification import Specification

#: what has to be installed, and the Debian package that has it
PROGRAMS = {"asciidoctor-pdf": "ruby-asciidoctor-pdf", "pandoc": "pandoc"}

# templates for nbconvert before version 6 extend it by this name
_OLD_NAMES = {"asciidoc.tpl": "{% extends 'asciidoc/index.asciidoc.j2' %}"}
_OWN_FILES = Path(__file__).with_name("own_files.rb")
_SANDBOX = "--sandbox"
_FIRST_PANDOC_WITH_SANDBOX = (2, 15)
_PANDOC_FILTERS = ("convert_pandoc", "markdown2asciidoc", "markdown2latex", "markdown2rst")
_LONGEST_REASON = 300
_MOST_WARNINGS = 50
_PLACE = re.compile(r"(?:WARNING|ERROR|FATAL): (?:\S*report\.asciidoc: line \d+: )?")


class TemplateFailed(SimpleflowError):
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


def asciidoc_pdf(draft: Draft, notebook: dict[str, Any], shown: ShownNotebook, template: Path) -> bytes:
    """The PDF of ``notebook`` by an nbconvert asciidoc template. Tags that remove or hide parts of cells count.

    Pictures that prose and HTML name are shown if they lie in the notebook's own folder; in place of others is their text, and
    ``draft`` gets a warning, as for errors in outputs and whatever else asciidoctor-pdf warns of. A notebook of which the
    template shows nothing is an empty page. The same arguments give the same bytes.

    Raises:
        TemplateFailed: a program is missing or too old, the template holds an error or writes nothing whatever the notebook,
            or asciidoctor-pdf made nothing.
    """
    if missing := missing_programs():
        raise TemplateFailed(f"{template.name} needs {missing[0]}")
    source, pictures = _asciidoc(notebook, template)
    if _is_nothing(source):
        if _is_nothing(_asciidoc(_NOTEBOOK_OF_ALL_KINDS, template)[0]):
            raise TemplateFailed(f"{template.name} writes nothing; it may extend 'asciidoc/index.asciidoc.j2'")
        source = ""
    for cell in shown.cells:
        draft.cell = cell.number
        shown_parts(draft, [output for output in cell.outputs if output.get("output_type") == "error"], streams=False)
    with tempfile.TemporaryDirectory(prefix="report-") as name:
        folder = Path(name)
        for picture, data in pictures.items():
            _write_beside(folder, picture, data)
        unusable = _write_named_pictures(draft, shown, folder)
        (folder / "report.asciidoc").write_text(source, encoding="utf-8")
        pdf, said = _typeset(folder, template)
        _warn(draft, unusable, said.replace(f"{folder.resolve()}/", ""))
        return pdf


# what templates choose from, but for raw cells, which the empty one shows as well
_NOTEBOOK_OF_ALL_KINDS: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {"cell_type": "markdown", "id": "prose", "metadata": {}, "source": "prose"},
        {
            "cell_type": "code",
            "id": "code",
            "metadata": {},
            "source": "code",
            "execution_count": 1,
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": "stream"},
                {"output_type": "error", "ename": "Error", "evalue": "error", "traceback": ["error"]},
                *(
                    {"output_type": "display_data", "metadata": {}, "data": {kind: content}}
                    for kind, content in (
                        ("text/plain", "text"),
                        ("text/html", "<p>text</p>"),
                        ("text/markdown", "text"),
                        ("text/latex", "$x$"),
                        ("image/png", "iVBORw0KGgo="),
                        ("image/jpeg", "/9j/2Q=="),
                        ("image/svg+xml", "<svg/>"),
                    )
                ),
            ],
        },
    ],
}


def _is_nothing(source: str) -> bool:
    return source.strip() in ("", "None")  # None is what comes of blocks that old versions of nbconvert had


def _asciidoc(notebook: dict[str, Any], template: Path) -> tuple[str, dict[str, bytes]]:
    import nbformat
    from jinja2 import DictLoader, TemplateError, TemplateNotFound
    from nbconvert.exporters import ASCIIDocExporter
    from traitlets.config import Config

    _check_sandbox(template)
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
        for name in _PANDOC_FILTERS:
            exporter.register_filter(name, _sandboxed(exporter.environment.filters[name]))
        content = nbformat.reads(json.dumps(_as_exporters_read_it(notebook)), as_version=4)
        body, resources = exporter.from_notebook_node(content)
    except TemplateNotFound as error:
        raise TemplateFailed(f"{template.name} extends {error.message!r}, which nbconvert does not have") from error
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise TemplateFailed(f"{template.name}{f':{line}' if line else ''}: {error.message or type(error).__name__}") from error
    except Exception as error:
        # Whatever the code of the template, nbconvert's filters or pandoc may raise.
        raise TemplateFailed(f"{template.name}: {type(error).__name__}: {str(error)[:_LONGEST_REASON]}") from error
    return body, resources.get("outputs", {})


def _check_sandbox(template: Path) -> None:
    from nbconvert.utils.pandoc import get_pandoc_version

    version = get_pandoc_version() or "of unknown version"
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < _FIRST_PANDOC_WITH_SANDBOX:
        needed = ".".join(map(str, _FIRST_PANDOC_WITH_SANDBOX))
        raise TemplateFailed(f"{template.name} needs pandoc {needed} or newer; the one installed is {version}")


def _sandboxed(convert: Callable[..., str]) -> Callable[..., str]:
    def converted(*arguments: Any, extra_args: Sequence[str] | None = None, **more: Any) -> str:
        return convert(*arguments, extra_args=[*(extra_args or ()), _SANDBOX], **more)

    return converted


def _as_exporters_read_it(notebook: dict[str, Any]) -> dict[str, Any]:
    """``notebook`` with attached pictures in the prose itself, and with tags in lists.

    asciidoctor takes ``attachment:`` for the network, and nbconvert a text for one tag for each of its letters.
    """
    return {**notebook, "cells": [_with_listed_tags(_with_own_attachments(cell)) for cell in notebook["cells"]]}


def _with_listed_tags(cell: Any) -> Any:
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    if not isinstance(metadata, dict) or "tags" not in metadata:
        return cell
    return {**cell, "metadata": {**metadata, "tags": tags_of(cell)}}


def _with_own_attachments(cell: Any) -> Any:
    if not isinstance(cell, dict) or not isinstance(cell.get("attachments"), dict):
        return cell
    source = source_of(cell)
    for name, bundle in cell["attachments"].items():
        if address := attachment_address(bundle):
            source = source.replace(f"attachment:{name}", address)
    return {**cell, "source": source}


def _write_beside(folder: Path, name: str, data: bytes) -> None:
    path = (folder / name).resolve()
    if path.is_relative_to(folder.resolve()):  # the notebook may have a say in the name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _write_named_pictures(draft: Draft, shown: ShownNotebook, folder: Path) -> dict[str, tuple[int, str]]:
    """Copy to ``folder`` the pictures that prose and HTML name. Unusable addresses come back: the cell, and why."""
    unusable: dict[str, tuple[int, str]] = {}
    for cell, address in _named_pictures(shown):
        try:
            data = checked_picture(address_bytes(address, draft.folder)).data
            for name in {address, unquote(address)}:
                if not (folder / name).exists():
                    _write_beside(folder, name, data)
        except UnusablePicture as reason:
            unusable.setdefault(address, (cell, str(reason)))
        except OSError:  # a name that is too long once it is written as prose has it, or a folder of the same name
            unusable.setdefault(address, (cell, "the file cannot be read"))
    return unusable


def _named_pictures(shown: ShownNotebook) -> list[tuple[int, str]]:
    named: dict[tuple[int, str], None] = {}
    for cell in shown.cells:
        bundles = [output["data"] for output in cell.outputs if isinstance(output.get("data"), dict)]
        pages = [joined_text(bundle.get("text/html")) for bundle in bundles]
        pages += [markdown_html(joined_text(bundle.get("text/markdown"))) for bundle in bundles]
        pages.append(markdown_html(cell.source) if cell.kind == "prose" else cell.source if cell.kind == "html" else "")
        for page in pages:
            for image in parsed(page).find_all("img") if "<img" in page.lower() else ():
                address = image.get("src")
                if address and not address.lower().startswith(("data:", "attachment:")):
                    named[cell.number, address] = None
    return list(named)


def _typeset(folder: Path, template: Path) -> tuple[bytes, str]:
    """The PDF, and what asciidoctor-pdf wrote while it made it."""
    # -S secure: without it `include::/etc/passwd[]` in an output prints that file.
    command = ["asciidoctor-pdf", "-S", "secure", "-r", str(_OWN_FILES), "-a", "reproducible"]
    made = folder / "report.pdf"
    made.unlink(missing_ok=True)  # a picture may have had this name
    done = subprocess.run(
        [*command, "-o", made.name, "report.asciidoc"],
        cwd=folder,
        env={"PATH": os.pathsep.join(os.get_exec_path()), "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode("utf-8", "replace")
    if not made.is_file():
        reason = said.strip().splitlines()[:1] or [f"exit code {done.returncode}"]
        raise TemplateFailed(f"{template.name}: asciidoctor-pdf made nothing: {reason[0][:_LONGEST_REASON]}")
    return made.read_bytes(), said


def _warn(draft: Draft, unusable: dict[str, tuple[int, str]], said: str) -> None:
    lines = [line for line in said.splitlines() if line.startswith("asciidoctor: ")]
    for line in dict.fromkeys(lines[:_MOST_WARNINGS]):
        for address, (cell, reason) in unusable.items():
            if re.search(rf"(?<![\w.]){re.escape(address)}(?=$|[; ])", line):
                draft.cell = cell
                draft.warn(f"the image could not be read ({reason})")
                break
        else:
            reason = _PLACE.sub("", line.removeprefix("asciidoctor: "), count=1)
            draft.warnings.append(f"asciidoctor-pdf: {printable(reason)[:_LONGEST_REASON]}")
    if len(lines) > _MOST_WARNINGS:
        draft.warnings.append(f"asciidoctor-pdf: {len(lines) - _MOST_WARNINGS} more warnings")
