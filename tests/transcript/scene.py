"""One scene: a folder of inputs, and what is typed in it, line by line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
INPUTS = Path(__file__).with_name("inputs")
GOLDEN = Path(__file__).with_name("golden")


@dataclass(frozen=True)
class Scene:
    """``inputs`` are folders of ``inputs/``, or of the project, whose content is laid into the scene's folder in turn."""

    name: str
    script: str  #: one step a line; empty lines and those that begin with # are for the reader
    inputs: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> list[str]:
        lines = (line.strip() for line in self.script.splitlines())
        return [line for line in lines if line and not line.startswith("#")]

    @property
    def golden(self) -> Path:
        return GOLDEN / f"{self.name}.txt"

    def commands(self) -> list[str]:
        """What is typed, without the options before the command: a line each, beginning with the command's name."""
        found = []
        for step in self.steps:
            _, typed, words = step.partition("simpleflow-nb ")
            if step.startswith("@service"):
                words, typed = "service.start", "typed"
            if typed:
                found.append(words)
        return found
