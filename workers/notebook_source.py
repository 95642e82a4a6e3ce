"""A notebook as its author wrote it, and what can be known to be wrong before it runs."""

from __future__ import annotations

import ast
import difflib
import hashlib
import json
import os
import sys
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from workers.notebook_errors import NotebookRefused

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpec
    from nbformat import NotebookNode

    from deciders.specification import Specification

OWN_KERNEL = "python3"  #: name of the kernel that is this interpreter


@dataclass(frozen=True, kw_only=True)
class NotebookSource:
    """One version of a notebook file, ready to run."""

    path: Path  #: absolute
    sha256: str  #: of the file's bytes, in hex
    notebook: NotebookNode  #: nbformat 4, without the error marks of an earlier run
    kernel_name: str  #: ``python3`` if it runs on this interpreter
    kernel_spec: KernelSpec
    language: str
    missing_kernel: str | None = (
        None  #: the kernel that it wants and that is not installed; it runs on this interpreter instead
    )


def read_notebook_source(path: str | os.PathLike[str], *, kernel: str | None = None, falls_back: bool = True) -> NotebookSource:
    """Read an ``.ipynb`` file (nbformat 3 or 4) or a ``.py`` file in jupytext's percent format.

    ``kernel`` is the one to run it in, by default the notebook's own. A notebook that names no kernel or ``python3`` runs on
    this interpreter, and so does, if it ``falls_back``, one whose Python kernel is not installed.

    Raises:
        NotebookRefused: no such file, not a notebook, or its kernel is not installed.
    """
    path = Path(path).absolute()
    content = _content(path)
    notebook = _parsed(path, content)
    # The tag that papermill gives the cells which it puts into a notebook that failed.
    notebook.cells = [cell for cell in notebook.cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", ())]
    notebook.metadata.pop("simpleflow_nb", None)
    kernel_name, kernel_spec, missing_kernel = _kernel(path, notebook.metadata, kernel, falls_back)
    return NotebookSource(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        notebook=notebook,
        kernel_name=kernel_name,
        kernel_spec=kernel_spec,
        language=(kernel_spec.language or "python").lower(),
        missing_kernel=missing_kernel,
    )


def checked_parameters(source: NotebookSource, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """``parameters`` as JSON values (AutoFlow's rule: dates become ISO strings, tuples lists), if the notebook takes them.

    Declared are the names that the first cell tagged ``parameters`` assigns. For a language whose cells papermill
    cannot read any name is taken.

    Raises:
        NotebookRefused: a value has no JSON form, there is no cell tagged ``parameters``, or it does not declare a name.
    """
    if not parameters:
        return {}
    values = {}
    for name, value in parameters.items():
        try:
            values[name] = _json_value(value, ())
            json.dumps(values[name])  # digits beyond Python's limit
        except (ValueError, RecursionError) as error:
            raise NotebookRefused(f"parameter {name!r} of notebook {source.path.name!r}: {error}") from None
    cell = next((cell for cell in source.notebook.cells if "parameters" in cell.metadata.get("tags", ())), None)
    if cell is None:
        raise NotebookRefused(
            f"notebook {source.path.name!r} has no cell tagged 'parameters', so it cannot take {_listed(values)}; "
            "tag the cell that sets their defaults"
        )
    declared = _declared_names(source, cell)
    unknown = [] if declared is None else [name for name in values if name not in declared]
    if unknown:
        raise NotebookRefused(
            f"notebook {source.path.name!r} has no parameter {' and no '.join(_with_guess(n, declared) for n in unknown)}; "
            f"its cell tagged 'parameters' sets {_listed(declared) if declared else 'nothing'}"
        )
    return values


def _content(path: Path) -> bytes:
    """
    Raises:
        NotebookRefused: there is no such file, or it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotebookRefused(f"notebook {path} does not exist{_similar_files(path)}") from None
    except OSError as error:
        raise NotebookRefused(f"notebook {path} cannot be read: {(error.strerror or str(error)).lower()}") from None


def _document(path: Path, content: bytes) -> dict[str, Any] | str:
    """The JSON of an ``.ipynb`` file, the text of a ``.py`` file.

    Raises:
        NotebookRefused: it is not text, or not the JSON of a notebook.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotebookRefused(f"notebook {path} is not UTF-8 text (byte {error.start})") from None
    if path.suffix == ".py":
        return text
    if not text.strip():
        raise NotebookRefused(f"{path} is not a notebook: it is empty")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotebookRefused(f"{path} is not a notebook: {str(error)[:1].lower()}{str(error)[1:]}") from None
    if not isinstance(document, dict) or document.get("nbformat") not in (3, 4):
        raise NotebookRefused(f"{path} is not a notebook of format 3 or 4")
    return document


def _parsed(path: Path, content: bytes) -> NotebookNode:
    import nbformat

    document = _document(path, content)
    if isinstance(document, str):
        import jupytext

        return _upgraded(jupytext.reads(document, fmt="py:percent"))
    try:
        _give_ids(document)
        return _upgraded(nbformat.reads(json.dumps(document), as_version=4))  # type: ignore[no-untyped-call, unused-ignore]
    except Exception as error:  # nbformat raises KeyError, AttributeError and more for what is JSON but no notebook
        raise NotebookRefused(f"{path} is not a notebook: {type(error).__name__}: {error}") from None


def _upgraded(notebook: NotebookNode) -> NotebookNode:
    from nbformat import v4

    upgraded: NotebookNode = v4.upgrade(notebook)  # type: ignore[no-untyped-call, unused-ignore]
    return upgraded


def _give_ids(document: dict[str, Any]) -> None:
    """Give an id to each cell that has none or another's: nbformat only warns, and will refuse them one day."""
    if document["nbformat"] != 4 or document.get("nbformat_minor", 0) < 5:
        return
    seen = set()
    for cell in document["cells"]:
        if not cell.get("id") or cell["id"] in seen:
            cell["id"] = uuid.uuid4().hex[:8]
        seen.add(cell["id"])


def kernel_called(name: str) -> KernelSpec:
    """The specification of a kernel; ``python3`` is this interpreter, whatever is installed under that name.

    Raises:
        NoSuchKernel, ValueError: there is none of that name, or it cannot be the name of one.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    from workers.kernels.kernel import own_python_spec

    return own_python_spec() if name in (OWN_KERNEL, "python") else KernelSpecManager().get_kernel_spec(name)


def substitute_note(kernel: str) -> str:
    """What to say of a notebook whose kernel of that name is missing: which Python runs it instead."""
    version = ".".join(map(str, sys.version_info[:3]))
    return (
        f"kernel {kernel!r} is not installed, and Python {version} ({sys.executable}) runs the notebook instead "
        "('kernel: python3' says that this is right, 'kernel_fallback: false' refuses it)"
    )


def unreadable_notebooks(specification: Specification) -> list[str]:
    """A sentence for each notebook file that would be refused here because it cannot be read, or is no notebook."""
    sentences = []
    for notebook in (one for workflow in specification.workflows for one in workflow.notebooks):
        path = specification.inputs_dir / notebook.filename
        try:
            document = _document(path, _content(path))
        except NotebookRefused as refusal:
            sentences.append(str(refusal))
        else:
            if isinstance(document, dict) and not any(isinstance(document.get(key), list) for key in ("cells", "worksheets")):
                sentences.append(f"{path} is not a notebook: it has no list of cells")
    return list(dict.fromkeys(sentences))


def missing_kernels(specification: Specification) -> list[str]:
    """A sentence for each notebook that would be refused here because its kernel is not installed."""
    sentences = []
    for notebook in (one for workflow in specification.workflows for one in workflow.notebooks):
        path = specification.inputs_dir / notebook.filename
        metadata = _metadata(path)
        if _wanted_kernel(metadata, notebook.kernel)[0] == OWN_KERNEL:
            continue  # most do, and what looks for kernels takes a while to import
        try:
            _kernel(path, metadata, notebook.kernel, notebook.kernel_fallback)
        except NotebookRefused as refusal:
            sentences.append(str(refusal))
    return list(dict.fromkeys(sentences))


def substituted_kernels(specification: Specification) -> list[str]:
    """A sentence for each notebook that would run in this Python, and be orange, because its own kernel is not installed."""
    sentences = []
    for notebook in (one for workflow in specification.workflows for one in workflow.notebooks):
        path = specification.inputs_dir / notebook.filename
        metadata = _metadata(path)
        if notebook.kernel is not None or not notebook.kernel_fallback or _wanted_kernel(metadata, None)[0] == OWN_KERNEL:
            continue
        try:
            _, _, missing = _kernel(path, metadata, None, True)
        except NotebookRefused:
            continue  # `missing_kernels` says so
        if missing is not None:
            sentences.append(f"notebook {notebook.filename!r}: {substitute_note(missing)}")
    return list(dict.fromkeys(sentences))


def _metadata(path: Path) -> dict[str, Any]:
    """What an ``.ipynb`` file says of itself; nothing where it is none, which others say."""
    if path.suffix != ".ipynb":
        return {}
    try:
        return _mapping(json.loads(path.read_bytes())["metadata"])
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return {}


def _wanted_kernel(metadata: Mapping[str, Any], chosen: str | None) -> tuple[str, str]:
    """The name of a notebook's kernel, and its language in lower case."""
    spec = _mapping(metadata.get("kernelspec"))
    name = chosen or spec.get("name") or OWN_KERNEL
    language = spec.get("language") or _mapping(metadata.get("language_info")).get("name") or "python"
    return OWN_KERNEL if name == "python" or not isinstance(name, str) else name, str(language).lower()


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _kernel(
    path: Path, metadata: Mapping[str, Any], chosen: str | None, falls_back: bool
) -> tuple[str, KernelSpec, str | None]:
    """Name and specification of the kernel to run in, and the one that is missing if this is its substitute."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    name, language = _wanted_kernel(metadata, chosen)
    try:
        return name, kernel_called(name), None
    except (NoSuchKernel, ValueError):
        if chosen is None and language == "python" and falls_back:
            return OWN_KERNEL, kernel_called(OWN_KERNEL), name
    installed = sorted({*KernelSpecManager().find_kernel_specs(), OWN_KERNEL})
    if chosen is None:
        raise NotebookRefused(f"notebook {path} wants kernel {name!r}, which is not installed (there is {_listed(installed)})")
    raise NotebookRefused(f"kernel {name!r} for notebook {path} is not installed (there is {_listed(installed)})")


def _declared_names(source: NotebookSource, cell: NotebookNode) -> set[str] | None:
    """Names that the parameters cell sets; None if that cannot be known."""
    names: set[str] = set()
    if source.language == "python":
        lines = (line if not line.startswith(("%", "!")) else "" for line in cell.source.splitlines())
        try:
            names = _assigned_names(ast.parse("\n".join(lines)).body)
        except (SyntaxError, ValueError):
            pass  # papermill reads line by line and may still find some
    import papermill
    from papermill.exceptions import PapermillException

    try:
        # The notebook, not its path: papermill would take braces in a path for its own templates.
        found = papermill.inspect_notebook(source.notebook)
    except (PapermillException, ValueError):
        found = {}  # no translator, or no language in the notebook
    names |= set(found)
    return names if names or source.language == "python" else None


def _assigned_names(statements: Iterable[ast.stmt]) -> set[str]:
    targets: list[ast.expr] = []
    for statement in statements:
        if isinstance(statement, ast.Assign):
            targets.extend(statement.targets)
        elif isinstance(statement, ast.AnnAssign):
            targets.append(statement.target)
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def _json_value(value: Any, inside: tuple[int, ...]) -> Any:
    """The JSON form of a value.

    Raises:
        ValueError: it has none, said so that it can follow the parameter's name.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)  # NaN and the infinities included: Python's JSON and papermill keep them
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("a lone surrogate in a text has no JSON form") from None
        return str(value)
    if isinstance(value, date | time | PurePath | uuid.UUID | Decimal):
        return str(value)
    if id(value) in inside:
        raise ValueError("a value that contains itself has no JSON form")
    inside = (*inside, id(value))
    if isinstance(value, list | tuple):
        return [_json_value(item, inside) for item in value]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"the key {key!r} of a mapping is not a text, so it does not survive JSON")
        return {_json_value(key, ()): _json_value(item, inside) for key, item in value.items()}
    kind = type(value)
    raise ValueError(f"a {kind.__module__}.{kind.__qualname__} does not survive JSON".replace("builtins.", ""))


def _similar_files(path: Path) -> str:
    if not path.parent.is_dir():
        return f" (nor does its folder {path.parent})"
    names = [entry.name for entry in path.parent.iterdir() if entry.suffix in (".ipynb", ".py")]
    close = difflib.get_close_matches(path.name, names, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _with_guess(name: str, declared: set[str] | None) -> str:
    close = difflib.get_close_matches(name, sorted(declared or ()), n=1)
    return f"{name!r} (did you mean {close[0]!r}?)" if close else repr(name)


def _listed(names: Iterable[str]) -> str:
    *most, last = [repr(name) for name in (names if isinstance(names, dict) else sorted(names))]
    return f"{', '.join(most)} and {last}" if most else last
