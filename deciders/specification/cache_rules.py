"""Rules for what is shared with other runs: it must say which files it depends on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..problems import Problems, shown
from .cache_setting import is_shared
from .file_patterns import files_read
from .inputs_folder import leaving_fault
from .workflow_file import INPUTS_DIR
from .yaml_lines import YamlNode


def check_cache(
    workflow: YamlNode, wanted: Mapping[str, Sequence[tuple[str, int]]], inputs_dir: Path, problems: Problems
) -> None:
    """Refuse labels that are shared and say too little of what they depend on; note what has no effect.

    ``wanted`` are by label the names that it takes from elsewhere than a label, with the lines where they stand.
    """
    of_all, notebooks = workflow.get("cache"), workflow.get("notebooks") or YamlNode(None, 0)
    for label, names in wanted.items():
        node = notebooks.at([label])
        cache, reads = node.get("cache") or of_all, node.get("reads")
        is_one = cache is not None and is_shared(cache.plain())
        lines = [line for name, line in names if name == INPUTS_DIR]
        if is_one and reads is None and lines:
            problems.add(
                lines[0],
                f"notebook {shown(label)} is shared and takes 'inputs_dir', so nobody can tell which files it "
                "reads there; name them, as in reads: ['*.csv'], or write reads: [] if it reads none",
            )
        if reads is None or not isinstance(reads.value, list):
            continue
        if not is_one:
            problems.warn(reads.line, f"'reads' of notebook {shown(label)} has no effect, since it is not 'cache: shared'")
        for node in reads.items():
            _check_pattern(node, inputs_dir, problems)


def _check_pattern(node: YamlNode, inputs_dir: Path, problems: Problems) -> None:
    if node.text is None:
        return
    if fault := leaving_fault(node.text):
        problems.add(node.line, f"the pattern {shown(node.text)} {fault}")
        return
    try:
        fits = bool(files_read(inputs_dir, [node.text]))
    except ValueError:
        problems.add(node.line, f"the pattern {shown(node.text)} has '**' beside other characters; it is a folder of any name")
        return
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        problems.add(
            node.line, f"the pattern {shown(node.text)} leads to {shown(str(error.filename))}, which cannot be read ({said})"
        )
        return
    if not fits:
        problems.warn(node.line, f"the pattern {shown(node.text)} fits no file beside this file")
