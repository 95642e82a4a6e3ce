"""Docstrings of the product begin with a verb or a noun, never with a question that the reader has to turn round."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PACKAGES = ("simpleflow_nb", "deciders", "workers")

_QUESTION = re.compile(r"(?:What|Whether|How|Why|Which|Where|When)\b")


def questions(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the first line of each docstring that begins like a question."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text is not None and _QUESTION.match(text):
                yield node.body[0].lineno, text.splitlines()[0]


def test_no_docstring_begins_like_a_question() -> None:
    found = [
        f"{path.relative_to(PROJECT)}:{line}: {text}"
        for package in PACKAGES
        for path in sorted((PROJECT / package).rglob("*.py"))
        for line, text in questions(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('"""What a run leaves."""', [(1, "What a run leaves.")]),
        ('def is_open():\n    """Whether it is open.\n\n    More.\n    """', [(2, "Whether it is open.")]),
        ('async def ended():\n    r"""How it ended."""', [(2, "How it ended.")]),
        ('class End:\n    """Where it ended."""', [(2, "Where it ended.")]),
        ('class End:\n    def of(self):\n        """\n        When it was."""', [(3, "When it was.")]),
        ('"""The end of a run: what it leaves, and how."""', []),
        ('"""Whatever is left is removed."""', []),
        ('"""Return the end of a run.\n\n    What it leaves stays.\n    """', []),
        ('reason = """What a reader sees."""', []),
        ("def run():\n    return 1", []),
    ],
)
def test_a_question_is_found_by_its_first_word(source: str, found: list[tuple[int, str]]) -> None:
    assert list(questions(source)) == found
