"""A mistake put into the code, and the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutant:
    """``text`` stands exactly once in ``file``; with ``replacement`` in its place the product does what ``name`` says."""

    name: str
    file: str  #: from the project's folder
    text: str
    replacement: str
    killed_by: str  #: the one file of tests that fails then, from the project's folder

    def __str__(self) -> str:
        return self.name

    def source(self) -> str:
        """The file as the project has it.

        Raises:
            ValueError: the text is not there, or more than once.
        """
        source = (PROJECT / self.file).read_text(encoding="utf-8")
        if source.count(self.text) != 1:
            raise ValueError(f"{self.file} has this {source.count(self.text)} times, not once: {self.text}")
        return source

    def mutated(self) -> str:
        return self.source().replace(self.text, self.replacement)
