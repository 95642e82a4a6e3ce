"""A file of a notebook's parameters, JSON or YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ... import payload
from ...exceptions import DefinitionError


def read_parameters(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Read the parameters in a file, and a line for each value that may not be what was meant. JSON is YAML, but reads numbers
    its own way, so that the name's ending counts.

    Raises:
        DefinitionError: it cannot be read, or is no mapping of names to values; begins with the path.
    """
    values, warnings = (_json_of(path), []) if path.suffix == ".json" else _yaml_of(path)
    if values is None:
        return {}, warnings
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise DefinitionError(f"{path}: the file must be a mapping of names to values")
    return values, warnings


def _json_of(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DefinitionError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise DefinitionError(f"{path}: the file is not UTF-8 text") from None
    try:
        return payload.strict_json(text)
    except (ValueError, RecursionError) as error:
        raise DefinitionError(f"{path}: the file is not JSON: {error}") from None


def _yaml_of(path: Path) -> tuple[Any, list[str]]:
    """Read as ``workflows.yml`` is."""
    from deciders.problems import Problems
    from deciders.specification.surprise_rules import note_values
    from deciders.specification.yaml_lines import read_yaml

    problems = Problems(path)
    root = read_yaml(path, problems)
    if root is not None:
        note_values(root, problems)
    if problems:
        first = problems.found[0]
        raise DefinitionError(f"{path}{f':{first.line}' if first.line else ''}: {first.message}")
    warnings = [f"{path}:{warning.line}: {warning.message}" for warning in problems.warnings]
    return root.plain() if root is not None else None, warnings
