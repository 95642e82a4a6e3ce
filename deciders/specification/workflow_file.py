"""The shape of ``workflows.yml``: which settings there are, and of what kind.

The models below are the one description of the format: they check the shape, and editors get their JSON Schema from
them. What a shape cannot say (names that must exist, cycles, dates that never come) is checked in
`deciders.specification.workflow_rules`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from simpleflow_nb.invisible import INVISIBLE_CHARACTERS

from ..dates.date_stencil import DEFAULT_STENCIL
from ..values.report_format import DESCRIPTION, ReportFormat
from .file_types import (
    ABSENT,
    Cache,
    Day,
    Duration,
    Entry,
    KeptAttempts,
    KeptHistory,
    Kernel,
    Memory,
    OutputLimit,
    ReferenceDatesRule,
    Retries,
    SkipWait,
    Stencil,
    Wait,
)
from .notebook_limits import VARIABLE_PATTERN
from .retention_rules import KEPT_ATTEMPTS
from .scenarios.scenario_file import ScenarioSetEntry
from .sources import SourceOfFile
from .step_types import Count, ForEach, OnFailureWord, ParameterOfNotebook, Repeats, When, WhenSkippedWord

#: What the sensor and the engine set themselves; no notebook may be labelled so, no parameter of the file be named so.
OF_THE_DATE = ("reference_date", "date_ranges")  #: what only a run for a date has
AUTOFLOW_PARAMETERS = (*OF_THE_DATE, "flowapi_url")
#: Ours: a workflow's own parameter of that name wins over it.
OWN_PARAMETERS = (INPUTS_DIR, MISSING_DATES) = ("inputs_dir", "missing_dates")
AUTOMATIC_PARAMETERS = (*AUTOFLOW_PARAMETERS, *OWN_PARAMETERS)
FLOWAPI_CDR_TYPES = ("calls", "sms", "mds", "topups")
NOTEBOOK_SUFFIXES = (".ipynb", ".py")
NAME_PATTERN = rf"^(?!\.{{1,2}}$)[^/\\:|\u0000-\u001f\u007f-\u009f{INVISIBLE_CHARACTERS}]{{1,100}}$"

#: What may make a succeeded run due again. AutoFlow knows the first alone.
RERUN_CAUSES = ("parameters_changed", "notebook_changed", "data_changed")
#: What a workflow says for all its notebooks, unless one says otherwise.
SHARED_SETTINGS = ("kernel_fallback", "warnings", "cache")


class OutputEntry(Entry):
    """A report that is made of an executed notebook."""

    format: ReportFormat = Field(description=DESCRIPTION)
    name: str = Field(
        ABSENT,
        min_length=1,
        description="Of its file, without the ending, such as sales-{region}-{reference_date}: in braces label, workflow, "
        "reference_date, instance or a parameter of the workflow; the label if not given.",
    )
    template: str | None = Field(
        None,
        description="For pdf: a file beside this one, Typst (.typ) or nbconvert's asciidoc (.tpl, .asciidoc.j2); null means "
        "the built-in look.",
    )
    code: bool = Field(ABSENT, description="Show the code of the cells.")
    streams: bool = Field(ABSENT, description="Show what the cells printed.")
    parameters: bool = Field(ABSENT, description="Show the parameters of the run under the title.")


#: Ours, not a part of the file: which of the two forms of an output is meant, so that problems are told of that form alone.
_ONE_OUTPUT, _SEVERAL_OUTPUTS = "/one", "/several"


def _output_form(value: Any) -> str:
    return _SEVERAL_OUTPUTS if isinstance(value, list) else _ONE_OUTPUT


class NotebookEntry(Entry):
    """One notebook of a workflow."""

    filename: str = Field(
        min_length=1,
        description="The .ipynb file, or .py file in percent format, relative to this file.",
        json_schema_extra={"pattern": r"^(?!/).*\.(ipynb|py)$"},
    )
    parameters: dict[str, ParameterOfNotebook] = Field(
        ABSENT,
        description="For each parameter of the notebook the name of its value: an axis, another notebook's label (its executed "
        "file), a workflow parameter, or " + ", ".join(AUTOMATIC_PARAMETERS) + "; or {scrap: label.name}, {file: label/path}, "
        "{value: ..}, {failure: label}.",
    )
    output: Annotated[
        Annotated[OutputEntry, Tag(_ONE_OUTPUT)] | Annotated[list[OutputEntry], Tag(_SEVERAL_OUTPUTS), Field(min_length=1)],
        Discriminator(_output_form),
    ] = Field(ABSENT, description="Make a report of it, or several of different formats.")
    timeout: Duration = Field(
        ABSENT,
        serialization_alias="timeout_seconds",
        description="An attempt is stopped after this time: seconds, or text such as 10m or 2h.",
    )
    cell_timeout: Duration = Field(ABSENT, serialization_alias="cell_timeout_seconds", description="The same for each cell.")
    memory_limit: Memory = Field(
        ABSENT,
        serialization_alias="memory_limit_bytes",
        description="It is killed when it uses more memory than this: bytes, or text such as 500MB or 2GiB.",
    )
    output_limit: OutputLimit = Field(
        ABSENT,
        description="It fails when it prints more than this (100MB if not given), or when tables and pictures take more: "
        "{printed: 100MB, displayed: 500MB}.",
    )
    retries: Retries = Field(ABSENT, description="Further attempts after a failure.")
    kernel: Kernel = Field(ABSENT, description="The Jupyter kernel to run it in, by default its own.")
    kernel_fallback: bool = Field(
        ABSENT,
        description="Whether it runs in the worker's own Python, and is orange, when its own kernel is not installed there; "
        "true if not given.",
    )
    warnings: Literal["own", "all", "none"] = Field(
        ABSENT,
        description="Which warnings of Python's warnings module turn it orange: those of your own code, all, or none; own if "
        "not given.",
    )
    cache: Cache = Field(
        ABSENT,
        description="What is kept instead of being executed: what it came to before in a run that is tried again (run, if not "
        "given), the result of equal work in any run (shared, or {shared: 7d} for at most so long), or nothing, so that what "
        "needs it is executed again, too (never).",
    )
    reads: list[str] = Field(
        ABSENT,
        description="With cache: shared, patterns of the files beside this one that it reads; their contents count.",
    )
    env: dict[str, str] = Field(
        ABSENT,
        serialization_alias="environment",
        description="Variables that are added to its environment.",
        json_schema_extra={"propertyNames": {"pattern": VARIABLE_PATTERN}},
    )
    for_each: ForEach = Field(
        ABSENT,
        description="It runs once for each item: axes, each a list, {scrap: label.name}, {parameter: name}, "
        "{dates: [first, end]} or a label; or the label of a fan, to follow that item by item.",
    )
    zip: bool = Field(ABSENT, description="The axes go in step, instead of making every combination.")
    repeat: Repeats = Field(ABSENT, description="So many times, for each item if there are axes; with a repeat_index from 0.")
    max_parallel: Count = Field(ABSENT, description="The most of its items that run at once.")
    limit: Count = Field(ABSENT, description="More items than this are a mistake, and none runs; 1000 if not given.")
    when: When = Field(
        ABSENT,
        description="A condition, such as {scrap: total.suspicious} or {equals: [mode, full]}; or always, also when something "
        "before it failed or was skipped.",
    )
    when_skipped: WhenSkippedWord = Field(
        ABSENT, description="What it takes from what a condition skipped: skip (it is skipped too, if not given) or null."
    )
    after: list[str] = Field(ABSENT, description="Labels that must have ended before it begins.")
    on_failure: OnFailureWord = Field(
        ABSENT,
        description="What follows when it fails: stop (what needs it does not run, if not given), continue (what needs it gets "
        "null), or {run: label}, which runs only then.",
    )
    on_item_failure: Literal["continue", "stop"] = Field(
        ABSENT, description="Whether its other items are tried after one failed (continue, if not given) or not (stop)."
    )


def _each_once(causes: list[str]) -> list[str]:
    return list(dict.fromkeys(causes))


class WorkflowEntry(Entry):
    """Notebooks that run together."""

    name: str = Field(description="Unique in this file.", json_schema_extra={"pattern": NAME_PATTERN})
    notebooks: dict[str, NotebookEntry] = Field(
        description="The notebooks by label; the order of execution follows from their parameters.",
        json_schema_extra={
            "minProperties": 1,
            "propertyNames": {"pattern": NAME_PATTERN, "not": {"enum": list(AUTOFLOW_PARAMETERS)}},
        },
    )
    attempts: int = Field(
        ABSENT,
        ge=1,
        le=1_000,
        description="A date that fails so often in a row is given up; without it, never.",
    )
    retry_wait: Wait = Field(
        0,
        serialization_alias="retry_wait_seconds",
        description="How long after a failure a date is tried again: 90 s, 10 min, 2 h, 1 d.",
    )
    rerun_when: Annotated[
        list[Literal["parameters_changed", "notebook_changed", "data_changed"]], AfterValidator(_each_once)
    ] = Field(ABSENT, description="What makes a date that has succeeded due again; [parameters_changed] if not given.")
    skip_again: SkipWait = Field(
        ABSENT,
        serialization_alias="skip_again_seconds",
        json_schema_extra={"default": "1d"},
        description="How long after it was skipped a date is tried again: 2 h, 1 d. Without it, when its data have changed; "
        "where the source cannot tell that, after 1 d.",
    )
    kernel_fallback: bool = Field(ABSENT, description="The same for each of its notebooks that does not say otherwise.")
    warnings: Literal["own", "all", "none"] = Field(
        ABSENT, description="The same for each of its notebooks that does not say otherwise."
    )
    cache: Cache = Field(ABSENT, description="The same for each of its notebooks that does not say otherwise.")
    priority: int = Field(
        ABSENT,
        ge=-100,
        le=100,
        description="Runs of a workflow with a higher one start first, and their notebooks are taken first; 0 if not given.",
    )
    max_parallel_runs: int = Field(
        ABSENT,
        ge=1,
        le=100_000,
        description="The most runs of it open at once; further ones wait, those of other workflows do not.",
    )


class ConfiguredEntry(Entry):
    """A workflow that runs for each new date."""

    workflow_name: str = Field(description="A workflow of this file.")
    parameters: dict[str, Any] = Field(ABSENT, description="A value for each parameter of the workflow.")
    earliest_date: Day = Field(ABSENT, description="No reference date before this one.")
    reference_dates: ReferenceDatesRule = Field(
        "all",
        description="Which of the available dates it runs for: all, or on a day of the week or month, given dates, or every so "
        "many days.",
    )
    date_stencil: Stencil = Field(
        DEFAULT_STENCIL,
        description="The dates that must be available: days after the reference date, dates, -4w, -1m, week, month, or pairs "
        "[first, end] of these, whose end is not included; {dates: .., at_least: ..} where some may lack.",
    )


class SensorEntry(Entry):
    """Schedule and source of new dates, and the workflows to run for them."""

    schedule: str | None = Field(description="A cron string of 5 fields, or 6 with seconds last; null means look once.")
    timezone: str = Field("UTC", description="The time zone of the schedule, for example Europe/Zurich.")
    cdr_types: list[str] | None = Field(
        None,
        description="The types of data to look at, of " + ", ".join(FLOWAPI_CDR_TYPES) + ", or of the source's own; null "
        "means all.",
    )
    require: Literal["any", "all"] = Field("any", description="Whether a date must be there for one type or for all.")
    source: SourceOfFile = Field("flowapi", description="Where dates come from.")
    max_parallel_runs: int = Field(ABSENT, ge=1, le=100_000, description="The most runs open at once; further ones wait.")
    workflows: list[ConfiguredEntry] = Field(description="What runs for each date.")


class WorkflowFile(BaseModel):
    """``workflows.yml``. Other settings at this level are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, title="simpleflow_nb workflows")

    workflows: list[WorkflowEntry]
    available_dates_sensor: SensorEntry | None = Field(
        description="When to look for new dates, where, and what to run for them; null means that nothing runs by itself."
    )
    keep_history: KeptHistory = Field(
        ABSENT,
        serialization_alias="keep_history_seconds",
        json_schema_extra={"default": "90d"},
        description="How long the journal of local runs keeps the histories of those that have ended: 90d, or forever. "
        "Records and outputs stay.",
    )
    keep_attempts: KeptAttempts = Field(KEPT_ATTEMPTS, description="So many earlier attempts at a notebook are kept, or all.")
    scenarios: list[ScenarioSetEntry] = Field(
        ABSENT, description="Sets of scenarios: a workflow with many sets of parameters, started by scenarios.start."
    )


def specification_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of ``workflows.yml``, for editors that complete and check YAML.

    It accepts every file that `load_specification` accepts; it cannot say which names must exist or be unique.
    """
    schema = WorkflowFile.model_json_schema()
    _drop_null_defaults(schema)
    _allow_steps(schema["$defs"]["WorkflowEntry"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _allow_steps(workflow: dict[str, Any]) -> None:
    """``steps`` may be written for ``notebooks``."""
    notebooks = workflow["properties"]["notebooks"]
    workflow["properties"]["steps"] = {**notebooks, "title": "Steps", "description": "The same as notebooks."}
    workflow["required"] = [name for name in workflow["required"] if name != "notebooks"]
    workflow["oneOf"] = [{"required": ["notebooks"]}, {"required": ["steps"]}]


def _drop_null_defaults(schema: Any) -> None:
    """A default of null would tell an editor to offer what the loader refuses."""
    if isinstance(schema, dict):
        if "default" in schema and schema["default"] is None:
            del schema["default"]
        for part in schema.values():
            _drop_null_defaults(part)
    elif isinstance(schema, list):
        for part in schema:
            _drop_null_defaults(part)
