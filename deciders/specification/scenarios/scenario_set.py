"""The model of a checked set of scenarios."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

DEFAULT_MAX_PARALLEL = 20
#: Each takes about a dozen events of the set's execution, which may have 25,000.
MOST_SCENARIOS = 1_000


class ScenarioSetSpecification(BaseModel):
    """A set of scenarios: one workflow with many sets of parameters, each of which is an instance of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    name: str  #: begins with a letter, and has no point
    workflow: str
    grid: dict[str, list[Any]] = {}  #: values by axis, JSON; mappings have a ``label`` and are merged into the parameters
    table: str | None = None  #: of rows of parameters, CSV or Parquet; relative to the inputs folder
    parameters: dict[str, Any] = {}  #: of every scenario, unless its axes or its row say otherwise
    instance: str | None = None  #: with placeholders; None means `default_template`
    results: tuple[str, ...] = ()  #: scraps that the results of the set show, as ``label.name``
    only: tuple[str, ...] | None = None  #: axes that vary, the others keep their first value; None means all
    max_parallel: int = DEFAULT_MAX_PARALLEL  #: runs of it that are open at once
    stop_on_failure: bool = False  #: start no more once one has failed
