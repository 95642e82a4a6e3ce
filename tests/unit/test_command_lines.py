"""Which words are the file, which options count, which formats there are: the same for every command."""

from __future__ import annotations

import csv
import json
import os
import platform
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest

from deciders.runs.planned_run import run_for
from deciders.specification import load_specification
from simpleflow_nb import __version__
from simpleflow_nb.cli.file_words import split_words
from simpleflow_nb.cli.main import cli, main
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.local.journal import Journal
from simpleflow_nb.local.service import LocalService
from tests.acceptance.samples import DATES, WORKFLOWS, inputs
from tests.unit.recorded_runs import success_of
from workers.records.run_records import RunRecords
from workers.records.workflow_owners import WorkflowOwners, domain_service

Said = Callable[..., tuple[int, str, str]]

NONE_HERE = "simpleflow-nb: no workflows.yml here; name the file, or set AUTOFLOW_INPUTS_DIR to its folder\n"
#: every command that works on a workflow file, with the words that it needs behind the file
ON_A_FILE: dict[str, tuple[str, ...]] = {
    "validate": (),
    "plan": (),
    "status": (),
    "doctor": (),
    "backfill": ("days", "--from", DATES[0], "--to", DATES[0], "--dry-run"),
    "runs.list": (),
    "runs.show": (f"days/{DATES[0]}",),
    "runs.retry": (f"days/{DATES[0]}",),
    "runs.logs": (f"days/{DATES[0]}",),
    "reports.make": (),
    "outputs.clean": ("--keep-days", "1"),
    "sensor.start": ("--local", "--once"),
    "sensor.stop": (),
    "sensor.check": (),
    "sensor.pause": (),
    "sensor.resume": (),
    "sensor.reload": (),
}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUTOFLOW_INPUTS_DIR", "AUTOFLOW_OUTPUTS_DIR", "AUTOFLOW_DB_URI", "SWF_DOMAIN", "SIMPLEFLOW_FORMAT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """What a command line prints, and its exit code."""

    def type_it(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    return type_it


# ---- the file ------------------------------------------------------------------------------------------------------------


def split(words: str, *names: str, needed: int = 0) -> tuple[str | None, list[str]]:
    context = click.Context(click.Command("runs.logs"), info_name="runs.logs")
    with context:
        file, rest = split_words(words.split(), names, needed)
    return str(file) if file is not None else None, list(rest)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with a workflow file, a folder with one and one without."""
    for name in ("with", "without"):
        (tmp_path / name).mkdir()
    (tmp_path / "workflows.yml").write_text("")
    (tmp_path / "with" / "workflows.yml").write_text("")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("words", "file", "rest"),
    [
        ("", None, []),
        ("days", None, ["days"]),
        ("nix.yml", "nix.yml", []),
        ("nix.yaml", "nix.yaml", []),
        ("with", "with", []),
        ("without", None, ["without"]),  # a workflow that is called as a folder is
        (".", ".", []),
        ("nix days", "nix", ["days"]),
        ("a.yml b.yml", "a.yml", ["b.yml"]),  # a workflow that is called as a file is
        ("x.yml/2016-01-01", None, ["x.yml/2016-01-01"]),
    ],
)
@pytest.mark.usefixtures("folders")
def test_the_first_word_may_be_the_file_where_a_name_may_be_left_out(words: str, file: str | None, rest: list[str]) -> None:
    assert split(words, "NAME") == (file, rest)


@pytest.mark.parametrize(
    ("words", "file", "rest"),
    [
        ("days/2016", None, ["days/2016"]),
        ("days/2016 count", None, ["days/2016", "count"]),
        ("a.yml days/2016", "a.yml", ["days/2016"]),
        ("with days/2016", "with", ["days/2016"]),
        ("with", None, ["with"]),
        ("a.yml days/2016 count", "a.yml", ["days/2016", "count"]),
        ("nix days/2016 count", "nix", ["days/2016", "count"]),
    ],
)
@pytest.mark.usefixtures("folders")
def test_what_is_needed_is_no_file(words: str, file: str | None, rest: list[str]) -> None:
    assert split(words, "RUN", "LABEL", needed=1) == (file, rest)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "missing argument 'RUN'"),
        ("a.yml", "missing argument 'RUN'"),
        ("a.yml b c d", "got unexpected extra argument (d)"),
        ("days/2016 count a.yml", "the file comes first: simpleflow-nb runs.logs a.yml days/2016 count"),
    ],
)
@pytest.mark.usefixtures("folders")
def test_words_that_lack_or_stand_in_the_wrong_order_are_told(words: str, sentence: str) -> None:
    with pytest.raises((click.UsageError, DefinitionError)) as refused:
        split(words, "RUN", "LABEL", needed=1)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("name", ON_A_FILE)
def test_without_a_file_it_is_that_of_the_working_directory_or_a_sentence(
    name: str, said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said(name, *ON_A_FILE[name]) == (2, "", NONE_HERE)
    (tmp_path / "flows.yml").write_text("")
    assert said(name, *ON_A_FILE[name]) == (2, "", NONE_HERE.replace("file,", "file (flows.yml?),"))
    (tmp_path / "workflows.yml").write_text("5")
    _, _, error = said(name, *ON_A_FILE[name])
    wrong = "workflows.yml:1: the file is just 5; it needs 'workflows' and 'available_dates_sensor'\n"
    outside = f"simpleflow-nb: no sensor of workflows.yml runs on {tmp_path}/outputs/.simpleflow-nb/journal.sqlite3; "
    assert error in (wrong, f"{outside}sensor.start starts one\n")


def test_the_file_here_comes_before_that_of_the_environment(
    said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs(tmp_path / "in")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("AUTOFLOW_INPUTS_DIR", str(tmp_path / "in"))
    assert said("validate")[:2] == (0, f"{tmp_path}/in/workflows.yml: good (1 workflow, 2 notebooks, 1 sensor entry)\n")
    inputs(tmp_path / "other", workflows=WORKFLOWS.replace("days", "others"))
    monkeypatch.chdir(tmp_path / "other")
    assert said("validate")[:2] == (0, "workflows.yml: good (1 workflow, 2 notebooks, 1 sensor entry)\n")


# ---- options that do nothing ---------------------------------------------------------------------------------------------

PERIOD = "--from 2016-01-01 --to 2016-01-02"
FOR_THE_TABLE = "it is for the table alone, such as that of --format csv"
NO_TABLE, TABLES = "which prints no table", "which prints several tables"
OF_PARAMETERS = "its id and its tags come from its parameters"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "workflow.start f.yml:days --local --workflow-id x --tags a,b",
            f"--tags and --workflow-id do nothing for FILE.yml:NAME; {OF_PARAMETERS}",
        ),
        ("workflow.start f.yml:days --domain d --tags a", f"--tags does nothing for FILE.yml:NAME; {OF_PARAMETERS}"),
        (
            "workflow.start f.yml:days --local --execution-timeout 5",
            "--execution-timeout does nothing for FILE.yml:NAME; 'timeout' in the file is that of a notebook",
        ),
        ("workflow.start f.yml:days --domain d --task-list l", "--task-list does nothing for FILE.yml:NAME; leave it out"),
        (
            "workflow.start f.yml:days --local --create-domain --payloads p --region r",
            "--region, --create-domain and --payloads do nothing with --local; leave them out",
        ),
        (
            "workflow.start a.B --domain d --new --quiet --nb-workers 2 --durable --db x",
            "--new, --nb-workers, --durable, --quiet and --db do nothing with --domain; leave them out",
        ),
        (
            "workflow.start a.B --local --outputs x",
            "--outputs does nothing for a workflow class; outputs are those of workflow files",
        ),
        ("workflow.start a.B --local --retention-days 3", "--retention-days does nothing with --local; leave it out"),
        ("sensor.start f.yml --local --payloads p", "--payloads does nothing with --local; leave it out"),
        ("sensor.start f.yml --domain d --quiet --once", "--quiet does nothing with --domain; leave it out"),
        ("decider.start a.B --domain d --outputs o", "--outputs does nothing without FILE.yml; leave it out"),
        ("worker.start --task-list l --domain d --outputs o", "--outputs does nothing without FILE.yml; leave it out"),
        ("status {file} --domain d --db x", "--db does nothing with --domain; it is the journal of this machine"),
        ("status {file} --region r", "--region does nothing without --domain; it says where a domain is"),
        ("workflow.list --local --region r", "--region does nothing without SWF; runs on this machine have none"),
        ("sensor.list --local --outputs o", "--outputs does nothing where no FILE.yml is named; --db names the journal"),
        (
            "notebook.run x.ipynb --prepare-only --no-kernel-fallback --warnings all",
            "--warnings and --no-kernel-fallback do nothing with --prepare-only; leave them out",
        ),
        ("--format csv validate", f"--format does nothing for validate, {NO_TABLE}; leave it out"),
        (
            "--format csv --no-header runs.logs x",
            f"--format and --no-header do nothing for runs.logs, {NO_TABLE}; leave them out",
        ),
        *(
            (f"--{header} {name} {{file}}{more}", f"--{header} does nothing for what {name} prints for people; {FOR_THE_TABLE}")
            for header in ("header", "no-header")
            for name, more in {"plan": "", "status": "", "doctor": "", "backfill": f" days {PERIOD} --dry-run"}.items()
        ),
        ("--no-header runs.show {file} x", f"--no-header does nothing for runs.show, {TABLES}; --json has everything"),
        ("--header --format csv runs.show {file} x --json", "--format and --header do nothing with --json; leave them out"),
        ("--header plan {file} --json", "--header does nothing with --json; leave it out"),
        (f"--no-header backfill {{file}} days {PERIOD}", "--no-header does nothing without --dry-run; leave it out"),
        ("--format csv status {file} --json", "--format does nothing with --json; leave it out"),
        ("--format csv runs.show {file} x", f"--format does nothing for runs.show, {TABLES}; --json has everything"),
        (
            "--format csv backfill {file} days --from 2016-01-01 --to 2016-01-02",
            "--format does nothing without --dry-run; leave it out",
        ),
    ],
)
def test_an_option_that_does_nothing_there_is_refused(
    words: str, sentence: str, said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = inputs(tmp_path / "in")
    assert said(*words.format(file=file).split()) == (2, "", f"simpleflow-nb: {sentence}\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "standalone f.yml:days --domain d",
            "f.yml:days is of a workflow file, and a workflow class is wanted; "
            "workflow.start FILE.yml:NAME runs a workflow of notebooks",
        ),
        (
            "decider.start a.B f.yml:days --domain d",
            "f.yml:days is of a workflow file, and a workflow class is wanted; "
            "give FILE.yml alone for all workflows of notebooks",
        ),
    ],
)
def test_a_workflow_of_a_file_is_no_class(words: str, sentence: str, said: Said) -> None:
    assert said(*words.split()) == (2, "", f"simpleflow-nb: {sentence}\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("workflow.list --local --started-since -5", "'--started-since' / '-d': -5 is not in the range 1<=x<=36500"),
        ("workflow.list --local --started-since 0", "'--started-since' / '-d': 0 is not in the range 1<=x<=36500"),
        ("workflow.list --local -d 99999999999", "'--started-since' / '-d': 99999999999 is not in the range 1<=x<=36500"),
        ("workflow.tasks --local x --nb-tasks -1", "'--nb-tasks' / '-n': -1 is not in the range x>=1"),
        ("workflow.profile --local x -n 0", "'--nb-tasks' / '-n': 0 is not in the range x>=1"),
        ("outputs.clean f.yml --keep-days 99999999999", "'--keep-days': 99999999999 is not in the range 0<=x<=36500"),
        ("workflow.start a.B --local --execution-timeout 0", "'--execution-timeout': 0 is not in the range 1<=x<=31536000"),
        (
            "workflow.start a.B --domain d --execution-timeout 31536001",
            "'--execution-timeout': 31536001 is not in the range 1<=x<=31536000",
        ),
        ("workflow.start a.B --local --execution-timeout -5", "'--execution-timeout': -5 is not in the range 1<=x<=31536000"),
    ],
)
def test_a_number_that_no_option_can_mean_is_refused(words: str, sentence: str, said: Said) -> None:
    name = words.split()[0]
    told = f"simpleflow-nb: invalid value for {sentence} (see simpleflow-nb {name} --help)\n"
    assert said(*words.split()) == (2, "", told)


@pytest.mark.parametrize("command", ["workflow.start a.B --local", "standalone a.B --domain d"])
def test_arguments_in_a_file_that_is_no_text_are_refused(command: str, said: Said, tmp_path: Path) -> None:
    file = tmp_path / "arguments.json"
    file.write_bytes(b'["caf\xe9"]')
    told = f"simpleflow-nb: --input-file {file}: it is not UTF-8 at byte 6\n"
    assert said(*command.split(), "--input-file", str(file)) == (2, "", told)


def test_executions_may_be_asked_for_until_the_last_day_that_there_is(said: Said, tmp_path: Path) -> None:
    LocalService(Journal(tmp_path / "journal.sqlite3")).close()
    words = ("workflow.filter", "--db", tmp_path / "journal.sqlite3", "--from-date", "0001-01-01", "--to-date", "9999-12-31")
    told = "no executions fit; --status closed lists those that have ended\n"
    assert said(*words) == (0, "", told)


def test_info_shows_versions_settings_and_the_environment_without_secrets(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in os.environ if one.startswith(("AUTOFLOW", "AWS", "SIMPLEFLOW", "SWF"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "x")
    monkeypatch.setenv("SIMPLEFLOW_NB_PAYLOADS", "/kept/wJalrXUtnFEMI/K7MDENG/here")
    code, out, err = said("info")
    assert (code, err) == (0, "")
    versions, settings, environment = out.removesuffix("\n\n").split("\n\n")
    assert versions.startswith(f"# Versions\nsimpleflow_nb: {__version__}\npython_version: {platform.python_version()}\n")
    assert "\nSWF_CONNECTION_RETRIES=5\n" in settings
    assert environment.splitlines() == [
        "# Environment AUTOFLOW* AWS* SIMPLEFLOW* SWF*",
        "AWS_DEFAULT_REGION=eu-west-1",
        "AWS_SECRET_ACCESS_KEY=***",
        "AWS_SESSION_TOKEN=***",
        "SIMPLEFLOW_NB_PAYLOADS=/kept/***/here",
    ]
    assert "wJalrXUtnFEMI" not in out
    assert said("info", "versions") == (0, f"{versions}\n\n", "")
    told = "simpleflow-nb: invalid value for '[versions] [settings] [environment]': 'x' is not one of 'versions', 'settings', "
    assert said("info", "x") == (2, "", f"{told}'environment' (see simpleflow-nb info --help)\n")


def test_a_task_without_its_run_is_asked_for(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SWF_DOMAIN", raising=False)
    told = (
        "simpleflow-nb: shop order-7: name the domain, the run and the task; "
        "or the run and the task, with --domain (or SWF_DOMAIN) or --local\n"
    )
    assert said("task.info", "shop", "order-7") == (2, "", told)


def test_what_the_environment_says_is_refused_nowhere(said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = inputs(tmp_path / "in")
    for name, value in (("SIMPLEFLOW_FORMAT", "csv"), ("AWS_DEFAULT_REGION", "eu-west-1")):
        monkeypatch.setenv(name, value)
    assert said("validate", file)[0] == 0
    assert said("status", file, "--json")[0] == 0
    assert said("workflow.start", f"{file}:dasy", "--local")[2] == (
        "simpleflow-nb: workflows.yml has no workflow 'dasy' (did you mean 'days'?)\n"
    )


# ---- formats -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (
            ("plan",),
            [
                {"workflow": "days", "date": day, "parameters": "", "date_stencil": "[0]", "state": "due", "why": "not run yet"}
                for day in DATES
            ],
        ),
        (("status",), [{"date": day, "days": "due"} for day in DATES]),
        (
            ("backfill", "--from", DATES[1], "--to", DATES[2], "--dry-run"),
            [
                {"date": day, "workflow": "days", "parameters": "", "date_stencil": "[0]", "why": "missing"}
                for day in DATES[1:3]
            ],
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_the_global_format_works_where_there_is_a_table(
    words: tuple[str, ...], rows: list[dict[str, Any]], said: Said, tmp_path: Path
) -> None:
    file = inputs(tmp_path / "in")
    name, *options = words
    given = [name, file, *(["days"] if name == "backfill" else []), *options]
    code, out, _ = said("--format", "json", "--header", *given)
    assert (code, json.loads(out)) == (0, rows)
    code, out, _ = said("--format", "csv", "--header", *given)
    assert (code, list(csv.DictReader(out.splitlines()))) == (0, rows)


@pytest.mark.parametrize("is_twin", [False, True])
def test_entries_that_differ_in_their_stencil_alone_are_told_apart_wherever_they_are_listed(
    is_twin: bool, said: Said, tmp_path: Path
) -> None:
    entries = WORKFLOWS + ("    - {workflow_name: days, date_stencil: [[-1, 1]]}\n" if is_twin else "")
    file = inputs(tmp_path / "in", workflows=entries)
    outputs = tmp_path / "in" / "outputs"
    with RunRecords.open(outputs) as records:
        for entry in load_specification(file).sensor.workflows:
            records.record(
                success_of(
                    run_for(entry, date.fromisoformat(DATES[1])),
                    date_stencil=entry.model_dump(mode="json")["date_stencil"] or [0],
                )
            )
    dry_run = ("backfill", file, "days", "--from", DATES[1], "--to", DATES[1], "--rerun", "all", "--dry-run")
    stencils = ["[0]", "[[-1, 1]]"][: 1 + is_twin]
    for words, head in (
        (("plan", file), ["workflow", "date", "parameters", "date_stencil", "state", "why"]),
        (dry_run, ["date", "workflow", "parameters", "date_stencil", "why"]),
        (
            ("runs.list", file),
            ["Run", "Parameters", "Date stencil", "State", "Light", "Attempt", "Started (UTC)", "Seconds", "Why", "Note"],
        ),
    ):
        _, out, _ = said("--format", "csv", "--header", *words)
        first, *rows = csv.reader(out.splitlines())
        assert first == head
        place = next(number for number, name in enumerate(head) if "stencil" in name)
        assert sorted(row[place] for row in rows if DATES[1] in row[0] + row[1]) == stencils
    for words in (dry_run, ("runs.list", file)):
        _, out, _ = said(*words)
        assert [stencil in out for stencil in ("[0]", "[[-1, 1]]")] == [is_twin] * 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "'count' of days/{id} has not begun, or was cleaned away: there is no {path}"),
        ("[", "what 'count' of days/{id} ran with cannot be read: {path}: not JSON; run it again"),
        ("[]", "what 'count' of days/{id} ran with cannot be read: {path}: not a JSON object; run it again"),
        ("{}", "what 'count' of days/{id} ran with cannot be read: {path}: no 'source' in it; run it again"),
        (
            '{"source": "count.ipynb"}',
            "what 'count' of days/{id} ran with cannot be read: {path}: no 'parameters' in it; run it again",
        ),
    ],
)
def test_a_notebook_whose_settings_cannot_be_read_is_not_said_to_lack_them(
    content: str | None, sentence: str, said: Said, tmp_path: Path
) -> None:
    file = inputs(tmp_path / "in")
    outputs = file.parent / "outputs"
    entry = load_specification(file).sensor.workflows[0]
    run = run_for(entry, date.fromisoformat(DATES[0]))
    with RunRecords.open(outputs) as records:
        records.record(success_of(run, date_stencil=[0]))
    path = outputs / "notebooks" / "days" / run.instance / "count" / "config.json"
    path.parent.mkdir(parents=True)
    if content is not None:
        path.write_text(content)
    code, out, err = said("notebook.debug", file, f"days/{DATES[0]}", "count")
    assert (code, out, err) == (2, "", f"simpleflow-nb: {sentence.format(id=run.instance, path=path)}\n")


def test_a_backfill_that_is_refused_does_not_say_before_what_it_runs(said: Said, tmp_path: Path) -> None:
    file = inputs(tmp_path / "in")
    outputs = file.parent / "outputs"
    with RunRecords.open(outputs) as records:
        WorkflowOwners(records, file, outputs).claim(["days"], domain_service("TestDomain"))
    code, out, err = said("backfill", file, "days", "--from", DATES[0], "--to", DATES[1])
    assert (code, out) == (2, "")
    assert err.startswith(
        f"simpleflow-nb: outputs in {outputs} are used by domain TestDomain for workflow 'days', and local runs "
    )
    assert err.count("\n") == 1


def test_doctor_prints_its_findings_in_the_format_that_is_asked_for(said: Said, tmp_path: Path) -> None:
    file = inputs(tmp_path / "in")
    code, out, _ = said("--format", "json", "--header", "doctor", file)
    found = json.loads(out)
    assert (code, found[0]) == (0, {"state": "ok", "what": "file", "text": str(file)})
    assert {tuple(sorted(one)) for one in found} == {("state", "text", "what")}


def test_sensors_are_listed_where_the_file_is_run(said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = inputs(tmp_path / "in")
    assert said("sensor.list", file) == (0, "", "no open sensors; sensor.start starts one\n")
    monkeypatch.chdir(file.parent)
    assert said("sensor.list") == (0, "", "no open sensors; sensor.start starts one\n")
    monkeypatch.chdir(tmp_path)
    assert said("sensor.list", "nix.yml") == (2, "", "simpleflow-nb: nix.yml: there is no such file\n")
    assert said("notebook.debug", file, "days/2016", "count")[2] == (
        "simpleflow-nb: there is no run 'days/2016'; runs.list shows which there are, as NAME/DATE or with more of the id\n"
    )


def test_help_says_that_the_file_may_be_left_out() -> None:
    context = click.Context(cli, info_name="simpleflow-nb")
    for name in ON_A_FILE:
        command = cli.get_command(context, name)
        assert command is not None
        assert "[FILE.yml]" in command.get_usage(click.Context(command, info_name=name)), name


# ---- validate ------------------------------------------------------------------------------------------------------------


def test_a_file_that_is_no_notebook_is_a_problem_with_its_line(said: Said, tmp_path: Path) -> None:
    file = inputs(tmp_path / "in")
    (file.parent / "count.ipynb").write_text("")
    (file.parent / "report.ipynb").write_bytes(b"[]")
    of_count = f"{file}:5: 'count.ipynb' is not a notebook: it is empty\n"
    of_report = f"{file}:8: 'report.ipynb' is not a notebook: it is JSON, but not a mapping\n"
    assert said("validate", file) == (2, "", of_count + of_report)
    file.write_text(WORKFLOWS.replace("format: pdf", "format: PDF"))
    wrong = f"{file}:10: 'format' of the output of notebook 'report' must be 'pdf' or 'html', not 'PDF'\n"
    assert said("validate", file) == (2, "", wrong + of_count + of_report)
    assert said("plan", file)[2] == wrong  # which is no place to look into notebooks
    file.write_text("workflows: [5, {notebooks: 6}, {notebooks: {a: {filename: /etc/passwd}}}]")
    assert "passwd' is not a notebook" not in said("validate", file)[2]
