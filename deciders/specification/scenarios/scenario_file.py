"""The shape of ``scenarios`` of ``workflows.yml``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from ..file_types import ABSENT, Entry
from .instance_names import SET_NAME_PATTERN


class ScenarioSetEntry(Entry):
    """One workflow with many sets of parameters."""

    name: str = Field(description="Unique in this file.", json_schema_extra={"pattern": SET_NAME_PATTERN})
    workflow: str = Field(description="A workflow of this file, one that takes no reference date.")
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(
        ABSENT,
        description="Axes, each with a list of values of the parameter of that name, or of mappings of parameters with a "
        "'label'; the scenarios are all combinations.",
        json_schema_extra={"minProperties": 1},
    )
    table: str = Field(
        ABSENT,
        min_length=1,
        description="A .csv or .parquet file beside this one, with a scenario in each row and a parameter in each column.",
        json_schema_extra={"pattern": r"^(?!/).*\.(csv|parquet)$"},
    )
    parameters: dict[str, Any] = Field(ABSENT, description="Values for all scenarios, unless an axis or a row gives another.")
    instance: str = Field(
        ABSENT,
        min_length=1,
        description="The names of its instances, as {mode}_{threshold}: in braces axes, columns or parameters. Required with "
        "a table; without it, the axes joined by _.",
    )
    results: list[str] = Field(ABSENT, description="Scraps to show in the results, as label.name.")
    only: Annotated[list[str], Field(min_length=1)] = Field(
        ABSENT, description="The axes of the grid that vary; the others keep their first value. All if not given."
    )
    max_parallel: int = Field(ABSENT, ge=1, le=1_000, description="The most of its runs open at once; 20 if not given.")
    stop_on_failure: bool = Field(ABSENT, description="Start no more once one has failed; false if not given.")
