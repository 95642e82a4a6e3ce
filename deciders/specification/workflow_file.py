"""The shape of ``workflows.yml``: which settings there are, and of what kind.

The models below are the one description of the format: they check the shape, and editors get their JSON Schema from
them. What a shape cannot say (names that must exist, cycles, dates that never come) is checked in
`deciders.specification.workflow_rules`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from simpleflow_nb.invisible import INVISIBLE_CHARACTERS

from ..problems import Problems, kind_of, near_miss, shown
from .file_schemas import (
    DATE_SCHEMA,
    DURATION_SCHEMA,
    KEEP_ATTEMPTS_SCHEMA,
    KEEP_HISTORY_SCHEMA,
    MEMORY_SCHEMA,
    OUTPUT_LIMIT_SCHEMA,
    REFERENCE_DATES_SCHEMA,
    SKIP_SCHEMA,
    SOURCE_SCHEMA,
    STENCIL_SCHEMA,
    WAIT_SCHEMA,
)
from .notebook_limits import MOST_RETRIES, VARIABLE_PATTERN
from .yaml_lines import BROKEN, YamlNode

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

#: Absent means the default; null does not. Defaults of None below never reach a schema or a reader.
_ABSENT: Any = None


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class OutputEntry(_Entry):
    """What is made of an executed notebook."""

    format: Literal["pdf", "html"] = Field(description="Pages, or one self-contained file for browsers.")
    name: str = Field(
        _ABSENT,
        min_length=1,
        description="Of its file, without the ending, such as sales-{region}-{reference_date}: in braces label, workflow, "
        "reference_date, instance or a parameter of the workflow; the label if not given.",
    )
    template: str | None = Field(
        None,
        description="For pdf: a file beside this one, Typst (.typ) or nbconvert's asciidoc (.tpl, .asciidoc.j2); null means "
        "the built-in look.",
    )
    code: bool = Field(_ABSENT, description="Show the code of the cells.")
    streams: bool = Field(_ABSENT, description="Show what the cells printed.")
    parameters: bool = Field(_ABSENT, description="Show the parameters of the run under the title.")


#: Ours, not a part of the file: which of the two forms of an output is meant, so that problems are told of that form alone.
ONE_OUTPUT, SEVERAL_OUTPUTS = "(one)", "(several)"


def _output_form(value: Any) -> str:
    return SEVERAL_OUTPUTS if isinstance(value, list) else ONE_OUTPUT


class NotebookEntry(_Entry):
    """One notebook of a workflow."""

    filename: str = Field(
        min_length=1,
        description="The .ipynb file, or .py file in percent format, relative to this file.",
        json_schema_extra={"pattern": r"^(?!/).*\.(ipynb|py)$"},
    )
    parameters: dict[str, str] = Field(
        _ABSENT,
        description="For each parameter of the notebook the name of its value: a workflow parameter, another notebook's "
        "label (its executed file), or " + ", ".join(AUTOMATIC_PARAMETERS) + ".",
    )
    output: Annotated[
        Annotated[OutputEntry, Tag(ONE_OUTPUT)] | Annotated[list[OutputEntry], Tag(SEVERAL_OUTPUTS), Field(min_length=1)],
        Discriminator(_output_form),
    ] = Field(_ABSENT, description="Make a report of it, or several of different formats.")
    timeout: Annotated[Any, WithJsonSchema(DURATION_SCHEMA)] = Field(
        _ABSENT, description="An attempt is stopped after so long: seconds, or text such as 10m or 2h."
    )
    cell_timeout: Annotated[Any, WithJsonSchema(DURATION_SCHEMA)] = Field(_ABSENT, description="The same for each cell.")
    memory_limit: Annotated[Any, WithJsonSchema(MEMORY_SCHEMA)] = Field(
        _ABSENT, description="It is killed when it has more memory: bytes, or text such as 500MB or 2GiB."
    )
    output_limit: Annotated[Any, WithJsonSchema(OUTPUT_LIMIT_SCHEMA)] = Field(
        _ABSENT,
        description="It fails when it prints more than this (100MB if not given), or displays more: {printed: 100MB, "
        "displayed: 500MB}.",
    )
    retries: Annotated[Any, WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MOST_RETRIES})] = Field(
        _ABSENT, description="Further attempts after a failure."
    )
    kernel: Annotated[Any, WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z0-9._\-]+$"})] = Field(
        _ABSENT, description="The Jupyter kernel to run it in, by default its own."
    )
    kernel_fallback: bool = Field(
        _ABSENT,
        description="Whether it runs in the worker's own Python, and is orange, when its own kernel is not installed there; "
        "true if not given.",
    )
    warnings: Literal["own", "all", "none"] = Field(
        _ABSENT,
        description="Which warnings of Python's warnings module turn it orange: those of your own code, all, or none; own if "
        "not given.",
    )
    cache: Literal["run", "never"] = Field(
        _ABSENT,
        description="Whether a run that is tried again keeps what it came to before (run, if not given) or runs it again, and "
        "what needs it (never).",
    )
    env: dict[str, str] = Field(
        _ABSENT,
        description="Variables that are added to its environment.",
        json_schema_extra={"propertyNames": {"pattern": VARIABLE_PATTERN}},
    )


class WorkflowEntry(_Entry):
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
        _ABSENT,
        ge=1,
        le=1_000,
        description="A date that fails so often in a row is given up; without it, never.",
    )
    retry_wait: Annotated[Any, WithJsonSchema(WAIT_SCHEMA)] = Field(
        _ABSENT,
        description="How long after a failure a date is tried again: 90 s, 10 min, 2 h, 1 d.",
    )
    rerun_when: list[Literal["parameters_changed", "notebook_changed", "data_changed"]] = Field(
        _ABSENT, description="What makes a date that has succeeded due again; [parameters_changed] if not given."
    )
    skip_again: Annotated[Any, WithJsonSchema(SKIP_SCHEMA)] = Field(
        _ABSENT,
        description="How long after it was skipped a date is tried again: 2 h, 1 d. Without it, when its data have changed; "
        "where the source cannot tell that, after 1 d.",
    )
    kernel_fallback: bool = Field(_ABSENT, description="The same for each of its notebooks that does not say otherwise.")
    warnings: Literal["own", "all", "none"] = Field(
        _ABSENT, description="The same for each of its notebooks that does not say otherwise."
    )
    cache: Literal["run", "never"] = Field(
        _ABSENT, description="The same for each of its notebooks that does not say otherwise."
    )
    priority: int = Field(
        _ABSENT,
        ge=-100,
        le=100,
        description="Runs of a workflow with a higher one start first, and their notebooks are taken first; 0 if not given.",
    )
    max_parallel_runs: int = Field(
        _ABSENT,
        ge=1,
        le=100_000,
        description="So many runs of it are open at once; others wait, and those of other workflows do not.",
    )


class ConfiguredEntry(_Entry):
    """A workflow that runs for each new date."""

    workflow_name: str = Field(description="A workflow of this file.")
    parameters: dict[str, Any] = Field(_ABSENT, description="A value for each parameter of the workflow.")
    earliest_date: Annotated[Any, WithJsonSchema(DATE_SCHEMA)] = Field(
        _ABSENT, description="No reference date before this one."
    )
    reference_dates: Annotated[Any, WithJsonSchema(REFERENCE_DATES_SCHEMA)] = Field(
        _ABSENT,
        description="Which of the available dates it runs for: all, or on a day of the week or month, given dates, or every so "
        "many days.",
    )
    date_stencil: Annotated[Any, WithJsonSchema(STENCIL_SCHEMA)] = Field(
        _ABSENT,
        description="The dates that must be available: days after the reference date, dates, -4w, -1m, week, month, or pairs "
        "[first, end] of these, whose end is not included; {dates: .., at_least: ..} where some may lack.",
    )


class SensorEntry(_Entry):
    """When to look for new dates, where, and what to run for them."""

    schedule: str | None = Field(description="A cron string of 5 fields, or 6 with seconds last; null means look once.")
    timezone: str = Field("UTC", description="The time zone of the schedule, for example Europe/Zurich.")
    cdr_types: list[str] | None = Field(
        None,
        description="The types of data to look at, of " + ", ".join(FLOWAPI_CDR_TYPES) + ", or of the source's own; null "
        "means all.",
    )
    require: Literal["any", "all"] = Field("any", description="Whether a date must be there for one type or for all.")
    source: Annotated[Any, WithJsonSchema(SOURCE_SCHEMA)] = Field(_ABSENT, description="Where dates come from.")
    max_parallel_runs: int = Field(_ABSENT, ge=1, le=100_000, description="So many runs are open at once; others wait.")
    workflows: list[ConfiguredEntry] = Field(description="What runs for each date.")


class WorkflowFile(BaseModel):
    """``workflows.yml``. Other settings at this level are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, title="simpleflow_nb workflows")

    workflows: list[WorkflowEntry]
    available_dates_sensor: SensorEntry | None = Field(
        description="When to look for new dates, where, and what to run for them; null means that nothing runs by itself."
    )
    keep_history: Annotated[Any, WithJsonSchema(KEEP_HISTORY_SCHEMA)] = Field(
        _ABSENT,
        description="How long the journal of local runs keeps the histories of those that have ended: 90d, or forever. "
        "Records and outputs stay.",
    )
    keep_attempts: Annotated[Any, WithJsonSchema(KEEP_ATTEMPTS_SCHEMA)] = Field(
        _ABSENT, description="So many earlier attempts at a notebook are kept, or all."
    )


def specification_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of ``workflows.yml``, for editors that complete and check YAML.

    It accepts every file that `load_specification` accepts; it cannot say which names must exist or be unique.
    """
    schema = WorkflowFile.model_json_schema()
    _drop_null_defaults(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


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


def check_shape(root: YamlNode, problems: Problems) -> None:
    """Note everything that is missing, unknown or of the wrong kind."""
    if root.value is None:
        problems.add(root.line, "the file is empty; it needs 'workflows' and 'available_dates_sensor'")
    elif isinstance(root.value, list):
        problems.add(root.line, "the file is a list; it needs 'workflows' and 'available_dates_sensor' at the top")
    elif not isinstance(root.value, dict):
        problems.add(root.line, f"the file is just {shown(root.value)}; it needs 'workflows' and 'available_dates_sensor'")
    else:
        try:
            WorkflowFile.model_validate(root.plain())
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                _note(detail, root, problems)


def _note(detail: ErrorDetails, root: YamlNode, problems: Problems) -> None:
    kind, path = detail["type"], [step for step in detail["loc"] if step not in (ONE_OUTPUT, SEVERAL_OUTPUTS)]
    if path[-1:] == ["[key]"]:
        key = detail["input"]
        problems.add(root.at(path[:-1]).line, f"the key {shown(key)} of {_named(root, path[:-2])[0]} is not text; quote it")
        return
    owner, model = _named(root, path[:-1])
    last = path[-1] if path else ""
    line = root.at(path).line
    node = root.at(path)
    if kind == "missing":
        # The top of a file may hold other keys (anchors, say), so a misspelled one is no problem of its own there.
        near = near_miss(str(last), [str(key) for key in root.entries()]) if len(path) == 1 else None
        if near is not None:
            problems.add(root.at([near]).line, f"the file lacks {last!r}; did you mean it by {near!r}?")
        elif path == ["available_dates_sensor"]:
            problems.add(line, f"{owner} lacks {last!r}; write 'available_dates_sensor: null' if nothing runs by itself")
        else:
            problems.add(line, f"{owner} lacks {last!r}")
    elif kind in ("extra_forbidden", "invalid_key"):
        fields = list(model.model_fields) if model else []
        problems.add(line, f"{shown(last)} is not a setting of {owner}{problems.did_you_mean(str(last), fields)}")
    elif kind == "too_short":
        problems.add(line, f"{last!r} of {owner} is an empty list; leave it out")
    elif node.value is not BROKEN:
        what, _ = _named(root, path)
        if isinstance(last, str) and not _is_entry(path):
            what = f"{last!r} of {owner}"
        elif isinstance(last, int) and not _is_entry(path):
            what = f"item {last + 1} of {path[-2]!r}"
        or_else = " or a list" if last == "output" else " or null" if path == ["available_dates_sensor"] else ""
        problems.add(line, f"{what} must be {_wanted(detail)}{or_else}, not {kind_of(node.value)}{_because(node, detail)}")


def _because(node: YamlNode, detail: ErrorDetails) -> str:
    """What YAML has made of a word, where that may be why it is of the wrong kind."""
    if node.surprise is None or node.value is None:
        return ""
    mend = f"; write {node.surprise.instead}" if node.surprise.is_text else "; put it in quotes"
    return f" ({node.surprise.told}{mend if node.surprise.is_text or detail['type'] == 'string_type' else ''})"


def _wanted(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind == "literal_error":
        return str(detail.get("ctx", {}).get("expected"))
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = "at least" if kind == "greater_than_equal" else "at most"
        return f"{bound} {next(iter(detail['ctx'].values()))}"
    return {
        "string_type": "text",
        "int_type": "a whole number",
        "string_too_short": "a name",
        "bool_type": "true or false",
        "list_type": "a list",
        "dict_type": "a mapping",
        "model_type": "a mapping",
        "model_attributes_type": "a mapping",
    }.get(kind, detail["msg"])


def _is_entry(path: list[int | str]) -> bool:
    """Whether the path leads to something that messages call by name (a workflow, a notebook, the sensor, ...)."""
    shape = tuple("*" if isinstance(step, int) else step for step in path)
    return shape in (("workflows", "*"), ("available_dates_sensor", "workflows", "*")) or (
        len(shape) == 4 and shape[:3] == ("workflows", "*", "notebooks")
    )


def _named(root: YamlNode, path: list[int | str]) -> tuple[str, type[BaseModel] | None]:
    """How a message calls the part of the file at ``path``, and the model of its settings if it has any."""
    match path:
        case []:
            return "the file", WorkflowFile
        case ["workflows", int(place)]:
            name = root.at(path).get("name")
            known = name is not None and name.text
            return f"workflow {shown(known)}" if known else f"workflow {place + 1}", WorkflowEntry
        case ["workflows", int(), "notebooks", str(label)]:
            return f"notebook {shown(label)}", NotebookEntry
        case ["workflows", int(), "notebooks", str(label), "output"]:
            return f"the output of notebook {shown(label)}", OutputEntry
        case ["workflows", int(), "notebooks", str(label), "output", int(place)]:
            return f"output {place + 1} of notebook {shown(label)}", OutputEntry
        case ["workflows", int(), "notebooks", str(label), "parameters"]:
            return f"the parameters of notebook {shown(label)}", None
        case ["workflows", int(), "notebooks", str(label), "env"]:
            return f"'env' of notebook {shown(label)}", None
        case ["available_dates_sensor"]:
            return "available_dates_sensor", SensorEntry
        case ["available_dates_sensor", "workflows", int(place)]:
            return entry_named(root, place), ConfiguredEntry
        case [*_, last]:
            return repr(last), None
    return "the file", None


def entry_named(root: YamlNode, place: int) -> str:
    """How a message calls the sensor's entry at ``place`` (from 0)."""
    name = root.at(["available_dates_sensor", "workflows", place]).get("workflow_name")
    return f"entry {place + 1} of the sensor" + (f" ({shown(name.text)})" if name is not None and name.text else "")
