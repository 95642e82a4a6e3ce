"""The shape of ``workflows.yml``: which settings there are, and of what kind.

The models below are the one description of the format: they check the shape, and editors get their JSON Schema from
them. What a shape cannot say (names that must exist, cycles, dates that never come) is checked in
`deciders.specification.workflow_rules`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError
from pydantic_core import ErrorDetails

from simpleflow_nb.invisible import INVISIBLE_CHARACTERS

from ..dates.date_stencil import DEFAULT_STENCIL
from ..problems import Problems, kind_of, near_miss, shown
from .file_types import (
    ABSENT,
    OF_A_SETTING,
    OF_AN_OWNER,
    Day,
    Duration,
    Entry,
    KeptAttempts,
    KeptHistory,
    Kernel,
    Memory,
    OutputLimit,
    OutputLimitEntry,
    ReferenceDatesRule,
    Retries,
    SkipWait,
    Stencil,
    Wait,
)
from .notebook_limits import VARIABLE_PATTERN
from .retention_rules import KEPT_ATTEMPTS
from .source_entries import QueryEntry, SourceOfFile
from .yaml_lines import BROKEN, YamlNode

#: What the sensor and the engine set themselves; no notebook may be labelled so, no parameter of the file be named so.
AUTOFLOW_PARAMETERS = ("reference_date", "date_ranges", "flowapi_url")
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
    """What is made of an executed notebook."""

    format: Literal["pdf", "html"] = Field(description="Pages, or one self-contained file for browsers.")
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
    parameters: dict[str, str] = Field(
        ABSENT,
        description="For each parameter of the notebook the name of its value: a workflow parameter, another notebook's "
        "label (its executed file), or " + ", ".join(AUTOMATIC_PARAMETERS) + ".",
    )
    output: Annotated[
        Annotated[OutputEntry, Tag(_ONE_OUTPUT)] | Annotated[list[OutputEntry], Tag(_SEVERAL_OUTPUTS), Field(min_length=1)],
        Discriminator(_output_form),
    ] = Field(ABSENT, description="Make a report of it, or several of different formats.")
    timeout: Duration = Field(
        ABSENT,
        serialization_alias="timeout_seconds",
        description="An attempt is stopped after so long: seconds, or text such as 10m or 2h.",
    )
    cell_timeout: Duration = Field(ABSENT, serialization_alias="cell_timeout_seconds", description="The same for each cell.")
    memory_limit: Memory = Field(
        ABSENT,
        serialization_alias="memory_limit_bytes",
        description="It is killed when it has more memory: bytes, or text such as 500MB or 2GiB.",
    )
    output_limit: OutputLimit = Field(
        ABSENT,
        description="It fails when it prints more than this (100MB if not given), or displays more: {printed: 100MB, "
        "displayed: 500MB}.",
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
    cache: Literal["run", "never"] = Field(
        ABSENT,
        description="Whether a run that is tried again keeps what it came to before (run, if not given) or runs it again, and "
        "what needs it (never).",
    )
    env: dict[str, str] = Field(
        ABSENT,
        serialization_alias="environment",
        description="Variables that are added to its environment.",
        json_schema_extra={"propertyNames": {"pattern": VARIABLE_PATTERN}},
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
    cache: Literal["run", "never"] = Field(
        ABSENT, description="The same for each of its notebooks that does not say otherwise."
    )
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
        description="So many runs of it are open at once; others wait, and those of other workflows do not.",
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
    """When to look for new dates, where, and what to run for them."""

    schedule: str | None = Field(description="A cron string of 5 fields, or 6 with seconds last; null means look once.")
    timezone: str = Field("UTC", description="The time zone of the schedule, for example Europe/Zurich.")
    cdr_types: list[str] | None = Field(
        None,
        description="The types of data to look at, of " + ", ".join(FLOWAPI_CDR_TYPES) + ", or of the source's own; null "
        "means all.",
    )
    require: Literal["any", "all"] = Field("any", description="Whether a date must be there for one type or for all.")
    source: SourceOfFile = Field("flowapi", description="Where dates come from.")
    max_parallel_runs: int = Field(ABSENT, ge=1, le=100_000, description="So many runs are open at once; others wait.")
    workflows: list[ConfiguredEntry] = Field(description="What runs for each date.")


class WorkflowFile(BaseModel):
    """``workflows.yml``. Other settings at this level are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, title="simpleflow_nb workflows")

    workflows: list[WorkflowEntry]
    available_dates_sensor: SensorEntry
    keep_history: KeptHistory = Field(
        ABSENT,
        serialization_alias="keep_history_seconds",
        json_schema_extra={"default": "90d"},
        description="How long the journal of local runs keeps the histories of those that have ended: 90d, or forever. "
        "Records and outputs stay.",
    )
    keep_attempts: KeptAttempts = Field(KEPT_ATTEMPTS, description="So many earlier attempts at a notebook are kept, or all.")


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


def checked_shape(root: YamlNode, problems: Problems) -> dict[str, Any]:
    """Note everything that is missing, unknown or of the wrong kind; the settings that the file has, if nothing was noted.

    They are named and counted as in `deciders.specification.models`: ``timeout: 10m`` is ``timeout_seconds`` of 600.
    """
    if root.value is None:
        problems.add(root.line, "the file is empty; it needs 'workflows' and 'available_dates_sensor'")
    elif isinstance(root.value, list):
        problems.add(root.line, "the file is a list; it needs 'workflows' and 'available_dates_sensor' at the top")
    elif not isinstance(root.value, dict):
        problems.add(root.line, f"the file is just {shown(root.value)}; it needs 'workflows' and 'available_dates_sensor'")
    else:
        try:
            return _settings(WorkflowFile.model_validate(root.plain()))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                _note(detail, root, problems)
    return {}


def _settings(file: WorkflowFile) -> dict[str, Any]:
    # the source is made by its rules, which know what is installed
    settings = file.model_dump(by_alias=True, exclude_unset=True, exclude={"available_dates_sensor": {"source"}})
    of_each = {"keep_attempts": settings.pop("keep_attempts")} if "keep_attempts" in settings else {}
    for workflow in settings["workflows"]:
        workflow |= of_each
        for notebook in workflow["notebooks"].values():
            notebook |= notebook.pop("output_limit", {})
    return settings


def _path(root: YamlNode, place: tuple[int | str, ...]) -> list[Any]:
    """The keys and numbers that lead through the file to where pydantic has found a fault: without the form of a union, which
    is ours, and with keys that are no text as they are, not as pydantic spells them.
    """
    path: list[Any] = []
    node = root
    for number, step in enumerate(place):
        if number == len(path) and _has_forms(path) and str(step).startswith("/"):
            continue
        if isinstance(node.value, dict) and step not in node.value:
            step = next((key for key in node.value if not isinstance(key, str) and repr(key) == step), step)
        path.append(step)
        node = node.at([step])
    return path


def _has_forms(path: list[Any]) -> bool:
    """Whether the value there is that of a union, of whose members its form chooses one."""
    match path:
        case ["available_dates_sensor", "source"] | ["workflows", int(), "notebooks", _, "output"]:
            return True
    return False


def _note(detail: ErrorDetails, root: YamlNode, problems: Problems) -> None:
    kind, path = detail["type"], _path(root, detail["loc"])
    if path[-1:] == ["[key]"]:
        key = detail["input"]
        problems.add(root.at(path[:-1]).line, f"the key {shown(key)} of {_named(root, path[:-2])[0]} is not text; quote it")
        return
    owner, model = _named(root, path[:-1])
    last = path[-1] if path else ""
    node = root.at(path)
    line = node.line
    if kind == "missing":
        # The top of a file may hold other keys (anchors, say), so a misspelled one is no problem of its own there.
        near = near_miss(str(last), [str(key) for key in root.entries()]) if len(path) == 1 else None
        if near is not None:
            problems.add(root.at([near]).line, f"the file lacks {last!r}; did you mean it by {near!r}?")
        else:
            of_more = " of the source" if model is QueryEntry else ""
            problems.add(line, f"{owner}{of_more} lacks {last!r}")
    elif kind in ("extra_forbidden", "invalid_key"):
        hint = problems.did_you_mean(str(last), list(model.model_fields) if model else [])
        if model is OutputLimitEntry:
            problems.add(line, f"{owner} has {' and '.join(map(repr, model.model_fields))}, and no {shown(last)}{hint}")
        else:
            problems.add(line, f"{shown(last)} is not a setting of {owner}{hint}")
    elif kind == "too_short":
        problems.add(line, f"{last!r} of {owner} is an empty list; leave it out")
    elif kind == OF_A_SETTING:
        setting = next(step for step in reversed(path) if isinstance(step, str))
        problems.add(line, f"{setting}{detail['msg']}")
    elif kind == OF_AN_OWNER:
        problems.add(line, f"{_called(root, path)}{detail['msg']}")
    elif node.value is not BROKEN:
        or_a_list = " or a list" if last == "output" else ""
        found = f"{kind_of(node.value)}{_because(node, detail)}"
        problems.add(line, f"{_called(root, path)} must be {_wanted(detail)}{or_a_list}, not {found}")


def _called(root: YamlNode, path: list[Any]) -> str:
    """How a message calls the value at ``path``."""
    last = path[-1] if path else ""
    if _is_entry(path):
        return _named(root, path)[0]
    match path:
        case ["workflows", int(), "notebooks", _, "output_limit", _]:
            return _named(root, path[:-1])[0]
        case ["available_dates_sensor", "source", "files", type_of_data]:
            return f"the files of {shown(type_of_data)}"
    if isinstance(last, str):
        return f"{last!r} of {_named(root, path[:-1])[0]}"
    return f"item {last + 1} of {path[-2]!r}" if isinstance(last, int) else _named(root, path)[0]


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
        case ["workflows", int(), "notebooks", str(label), "output_limit"]:
            return f"'output_limit' of notebook {shown(label)}", OutputLimitEntry
        case ["workflows", int(), "notebooks", str(label), "parameters"]:
            return f"the parameters of notebook {shown(label)}", None
        case ["workflows", int(), "notebooks", str(label), "env"]:
            return f"'env' of notebook {shown(label)}", None
        case ["available_dates_sensor"]:
            return "available_dates_sensor", SensorEntry
        case ["available_dates_sensor", "source"]:
            return "the source", None
        case ["available_dates_sensor", "source", "sql"]:
            return "'sql'", QueryEntry
        case ["available_dates_sensor", "workflows", int(place)]:
            return entry_named(root, place), ConfiguredEntry
        case [*_, last]:
            return repr(last), None
    return "the file", None


def entry_named(root: YamlNode, place: int) -> str:
    """How a message calls the sensor's entry at ``place`` (from 0)."""
    name = root.at(["available_dates_sensor", "workflows", place]).get("workflow_name")
    return f"entry {place + 1} of the sensor" + (f" ({shown(name.text)})" if name is not None and name.text else "")
