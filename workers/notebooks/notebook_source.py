"""A notebook as its author wrote it, and checks before it runs."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from deciders.notebooks.notebook_document import ERROR_TAG, NoNotebook, notebook_document, notebook_text
from deciders.notebooks.notebook_parameters import INJECTED, PARAMETERS, parameters_of
from simpleflow_nb.json_numbers import no_value_of_json, not_finite

from .notebook_errors import NotebookRefused
from .notebook_kernels import kernel_for
from .papermill_stores import load_papermill
from .sloppy_notebooks import put_right

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpec
    from nbformat import NotebookNode

    from deciders.notebooks.notebook_parameters import NotebookParameters


@dataclass(frozen=True, kw_only=True)
class NotebookSource:
    """One version of a notebook file, ready to run."""

    path: Path  #: absolute
    sha256: str  #: of the file's bytes, in hex
    notebook: NotebookNode  #: nbformat 4, without the error marks of an earlier run
    kernel_name: str  #: ``python3`` if it runs on this interpreter
    kernel_spec: KernelSpec
    language: str  #: as papermill spells it: in lower case, but ``R``
    #: its own kernel, if that is not installed; it runs on this interpreter instead
    missing_kernel: str | None = None

    @cached_property
    def parameters(self) -> NotebookParameters:
        """The parameters declared by the cells of the file, even after :func:`checked_parameters` has removed one."""
        return parameters_of(self.notebook, language=self.language)


def read_notebook_source(path: str | os.PathLike[str], *, kernel: str | None = None, falls_back: bool = True) -> NotebookSource:
    """Read an ``.ipynb`` file or a ``.py`` file in jupytext's percent format.

    An nbformat before 4 is upgraded, and the executed notebook's metadata say so. Omissions and deviations of other programs
    are repaired if their meaning is unambiguous (`workers.notebooks.sloppy_notebooks`).

    ``kernel`` is the one to run it in, by default the notebook's own. A notebook that names no kernel or ``python3`` runs on
    this interpreter, and so does, if it ``falls_back``, one whose Python kernel is not installed.

    Raises:
        NotebookRefused: no such file, not a notebook, or its kernel is not installed.
    """
    path = Path(path).absolute()
    content = content_of(path)
    notebook = _parsed(path, content)
    notebook.cells = [cell for cell in notebook.cells if ERROR_TAG not in cell.metadata.get("tags", ())]
    kernel_name, kernel_spec, missing_kernel = kernel_for(path, notebook.metadata, kernel, falls_back)
    return NotebookSource(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        notebook=notebook,
        kernel_name=kernel_name,
        kernel_spec=kernel_spec,
        language=_named_for_papermill(kernel_spec.language or "python"),
        missing_kernel=missing_kernel,
    )


def checked_parameters(
    source: NotebookSource, parameters: Mapping[str, Any], *, takes_undeclared: bool = False
) -> dict[str, Any]:
    """Convert ``parameters`` to JSON values (AutoFlow's rule: dates become ISO strings, tuples lists), and check that the
    notebook takes them.

    Declared are the names that the first code cell tagged ``parameters`` assigns. For a language whose cells papermill cannot
    read, any name is accepted. If there are values, the cell of values left by an earlier run is removed from
    ``source.notebook``, and so is the tag of cells that are no code, so that papermill inserts the values after the defaults
    and nowhere else.

    With ``takes_undeclared`` the cell may be missing, in which case papermill inserts the values at the top, or lack names.

    Raises:
        NotebookRefused: a value has no JSON form or none in the notebook's language, there is no cell tagged
            ``parameters``, it does not declare a name, or the notebook would ignore a value.
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
    known = source.parameters
    if not known.has_cell and not takes_undeclared:
        raise NotebookRefused(
            f"notebook {source.path.name!r} {known.missing_cell()}, so it cannot take {_listed(values)}; "
            "tag the cell that sets their defaults"
        )
    for clause in known.lost_values(values):
        raise NotebookRefused(f"notebook {source.path.name!r} {clause}")
    _leave_one_cell(source.notebook)
    declared = None if takes_undeclared else _declared_names(source, known)
    unknown = [] if declared is None else [name for name in values if name not in declared]
    if unknown:
        raise NotebookRefused(
            f"notebook {source.path.name!r} has no parameter {' and no '.join(_with_guess(n, declared) for n in unknown)}; "
            f"its cell tagged 'parameters' sets {_listed(declared) if declared else 'nothing'}"
        )
    _check_translation(source, values)
    return values


def unused_values(source: NotebookSource, values: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each value, as from :func:`checked_parameters`, that the notebook seems not to use, because a cell
    sets the name again before anything reads it.
    """
    if not values:
        return []
    return [f"notebook {source.path.name!r} {clause}" for clause in source.parameters.doubtful_values(values)]


def _leave_one_cell(notebook: NotebookNode) -> None:
    """Remove everything that would keep papermill from inserting the values right after the cell with the defaults."""
    notebook.cells = [cell for cell in notebook.cells if INJECTED not in cell.metadata.get("tags", ())]
    for cell in notebook.cells:
        if cell.cell_type != "code" and PARAMETERS in cell.metadata.get("tags", ()):
            cell.metadata.tags = [tag for tag in cell.metadata.tags if tag != PARAMETERS]


def _check_translation(source: NotebookSource, values: Mapping[str, Any]) -> None:
    """Refuse values that cannot be inserted in the notebook.

    Raises:
        NotebookRefused: papermill cannot write one of the values in the notebook's language.
    """
    load_papermill()
    from papermill.exceptions import PapermillException
    from papermill.translators import translate_parameters

    for name, value in values.items():
        try:
            translate_parameters(source.kernel_name, source.language, {name: value})
        except PapermillException:
            raise NotebookRefused(
                f"notebook {source.path.name!r} cannot take {_listed(values)}: papermill does not know how values are written "
                f"in its language, {source.language}"
            ) from None
        except NotImplementedError:
            kind = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else "such a value"
            raise NotebookRefused(
                f"parameter {name!r} of notebook {source.path.name!r}: papermill cannot write {kind} in {source.language}"
            ) from None


def content_of(path: Path) -> bytes:
    """Read the bytes of a notebook's file.

    Raises:
        NotebookRefused: there is no such file, or it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotebookRefused(f"notebook {path} does not exist{_similar_files(path)}") from None
    except OSError as error:
        raise NotebookRefused(f"notebook {path} cannot be read: {(error.strerror or str(error)).lower()}") from None


def not_a_notebook(path: Path, fault: NoNotebook) -> NotebookRefused:
    """Make the error for a file that is no notebook, or none that can run."""
    return NotebookRefused(f"{path} is not a notebook: {fault}")


def _document(path: Path, content: bytes) -> dict[str, Any] | str:
    """Return the JSON of an ``.ipynb`` file, repaired and in format 4, or the text of a ``.py`` file.

    Raises:
        NotebookRefused: it is not text, or not the JSON of a notebook.
    """
    try:
        return notebook_text(content) if path.suffix == ".py" else put_right(notebook_document(content))
    except NoNotebook as fault:
        raise not_a_notebook(path, fault) from None


def _parsed(path: Path, content: bytes) -> NotebookNode:
    import nbformat

    document = _document(path, content)
    if isinstance(document, str):
        document = _cells_of_script(path, document)
    notebook: NotebookNode = nbformat.from_dict(document)
    return notebook


def _cells_of_script(path: Path, text: str) -> dict[str, Any]:
    import jupytext

    try:
        return put_right(jupytext.reads(text, fmt="py:percent"))
    except NoNotebook as fault:
        raise not_a_notebook(path, fault) from None
    except Exception:  # jupytext may raise anything for unexpected settings of a cell
        line = _line_that_breaks(text)
        raise NotebookRefused(
            f"{path}{f':{line}' if line else ''} cannot be read as cells: what stands behind '# %%' must be a title, settings "
            'such as tags=["parameters"], or both'
        ) from None


def _line_that_breaks(text: str) -> int | None:
    """Return the line of the first cell that jupytext cannot read even alone."""
    import jupytext

    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith(("# %%", "#%%")):
            try:
                jupytext.reads(f"{line}\npass\n", fmt="py:percent")
            except Exception:
                return number
    return None


def _named_for_papermill(language: str) -> str:
    return "R" if language == "R" else language.lower()


def _declared_names(source: NotebookSource, known: NotebookParameters) -> set[str] | None:
    """Return the names that the parameters cell sets; None if they cannot be determined."""
    if known.names is not None:
        return set(known.names)
    load_papermill()
    import papermill
    from papermill.exceptions import PapermillException

    try:
        # The notebook, not its path: papermill would treat braces in a path as its own templates.
        found = set(papermill.inspect_notebook(source.notebook))
    except (PapermillException, ValueError):
        found = set()  # no translator, or no language in the notebook
    return found or None


def _json_value(value: Any, inside: tuple[int, ...]) -> Any:
    """Convert a value to JSON types.

    Raises:
        ValueError: it has no JSON form; the message can follow the parameter's name.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float | Decimal) and (number := not_finite(value)) is not None:
        raise ValueError(no_value_of_json(number))
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
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
