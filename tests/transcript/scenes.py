"""The table of scenes. Steps that begin with ``@`` are told in :mod:`tests.transcript.play`.

One thing at a time (``--nb-workers 1``), no clock, no date but those written here; ``--quiet`` where several runs are under
way.
"""

from __future__ import annotations

from simpleflow_nb.cli.commands import COMMANDS
from simpleflow_nb.inspection.tables import FORMATS

from .scene import Scene

RUN_ALL = "simpleflow-nb sensor.start --local --once --nb-workers 1 --quiet"


def in_each_format(*commands: str) -> str:
    """These lines with ``FORMAT`` replaced by the options for each format, and for headers."""
    options = [f"--format {style}" for style in FORMATS] + ["--header"]
    return "\n".join(f"simpleflow-nb {option} {command}" for command in commands for option in options)


HELP = Scene(
    "help",
    "\n".join(
        [
            "simpleflow-nb --help",
            "simpleflow-nb -h",
            "simpleflow-nb",
            "simpleflow-nb --version",
            *(f"simpleflow-nb {name} --help" for name in COMMANDS),
        ]
    ),
)

COMMAND_LINE = Scene(
    "command-line",
    """
    simpleflow-nb nonsense
    simpleflow-nb workflow.lst
    simpleflow-nb --format xml plan
    simpleflow-nb --format json validate
    simpleflow-nb --header sensor.stop
    simpleflow-nb --nonsense plan
    simpleflow-nb plan --nonsense
    simpleflow-nb plan a b
    simpleflow-nb plan nothing.yml
    simpleflow-nb plan --local --domain D
    simpleflow-nb plan --domain D --db x.sqlite3
    simpleflow-nb plan --region eu-west-1
    SIMPLEFLOW_FORMAT=xml simpleflow-nb plan
    SIMPLEFLOW_FORMAT=json simpleflow-nb plan
    LOG_LEVEL=LOUD simpleflow-nb plan
    SIMPLEFLOW_NB_LOG_FORMAT=xml simpleflow-nb plan
    AUTOFLOW_LOG_LEVEL=loud simpleflow-nb plan
    simpleflow-nb validate
    simpleflow-nb status
    simpleflow-nb sensor.start
    simpleflow-nb sensor.start --local --once nothing.yml
    simpleflow-nb sensor.stop
    simpleflow-nb sensor.check
    simpleflow-nb sensor.pause
    simpleflow-nb sensor.resume
    simpleflow-nb sensor.reload
    simpleflow-nb sensor.list
    simpleflow-nb backfill
    simpleflow-nb backfill days
    simpleflow-nb backfill days --from 2016-01-01
    simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-02
    simpleflow-nb runs.list
    simpleflow-nb runs.show
    simpleflow-nb runs.show days/2016-01-01
    simpleflow-nb runs.retry days/2016-01-01
    simpleflow-nb runs.logs days/2016-01-01
    simpleflow-nb reports.make
    simpleflow-nb outputs.clean
    simpleflow-nb outputs.clean --keep-days -1
    simpleflow-nb doctor
    simpleflow-nb notebook.run
    simpleflow-nb notebook.debug
    simpleflow-nb notebook.debug days/2016-01-01 count
    simpleflow-nb notebook.pdf
    simpleflow-nb notebook.pdf nothing.ipynb
    simpleflow-nb workflow.start
    simpleflow-nb workflow.start days
    simpleflow-nb workflow.start nothing.yml:days
    simpleflow-nb standalone
    simpleflow-nb decider.start
    simpleflow-nb worker.start
    simpleflow-nb service.start --port 70000
    simpleflow-nb service.start --port 0 --bind 0.0.0.0
    simpleflow-nb workflow.list
    simpleflow-nb workflow.list --local
    simpleflow-nb workflow.list --local --db nothing.sqlite3
    simpleflow-nb workflow.info --local
    simpleflow-nb workflow.info --local nobody
    simpleflow-nb workflow.tasks --local nobody
    simpleflow-nb workflow.profile --local nobody
    simpleflow-nb workflow.history --local nobody
    simpleflow-nb workflow.filter
    simpleflow-nb workflow.filter --local --tag nothing
    simpleflow-nb workflow.filter --local --close-status done
    simpleflow-nb workflow.filter --local --from-date yesterday
    simpleflow-nb task.info --local
    simpleflow-nb task.info --local activity-1
    simpleflow-nb task.info --local nobody activity-1
    simpleflow-nb workflow.restart --local nobody
    simpleflow-nb workflow.stack --local nobody
    simpleflow-nb workflow.query --local
    simpleflow-nb workflow.query --local nobody
    simpleflow-nb workflow.query nobody
    simpleflow-nb workflow.cancel --local nobody
    simpleflow-nb workflow.signal --local nobody
    simpleflow-nb workflow.signal --local nobody --name go
    simpleflow-nb workflow.terminate --local nobody
    simpleflow-nb info environment
    simpleflow-nb info nothing
    simpleflow-nb binaries.download
    simpleflow-nb binaries.download crunch
    simpleflow-nb binaries.download crunch=tools/crunch
    simpleflow-nb journal.prune
    simpleflow-nb journal.prune --keep 1d
    simpleflow-nb journal.prune --keep soon
    @files .
    """,
)

NOBODY = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "y",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "SWF_CONNECTION_RETRIES": "0",
}

UNREACHABLE = Scene(
    "unreachable",
    """
    simpleflow-nb plan --domain D
    simpleflow-nb status --domain D
    simpleflow-nb sensor.start --domain D --once
    simpleflow-nb sensor.stop --domain D
    simpleflow-nb sensor.check --domain D
    simpleflow-nb sensor.pause --domain D
    simpleflow-nb sensor.resume --domain D
    simpleflow-nb sensor.reload --domain D
    simpleflow-nb sensor.list --domain D
    simpleflow-nb sensor.list D
    simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-02 --domain D
    simpleflow-nb runs.list --domain D
    simpleflow-nb runs.show days/2016-01-01 --domain D
    simpleflow-nb runs.retry days/2016-01-01 --domain D
    simpleflow-nb runs.logs days/2016-01-01 --domain D
    simpleflow-nb reports.make --domain D
    simpleflow-nb outputs.clean --keep-days 3 --domain D
    simpleflow-nb notebook.debug D days/2016-01-01 count
    simpleflow-nb workflow.start workflows.yml:days --domain D --set reference_date=2016-01-01
    simpleflow-nb workflow.start examples.basic.BasicWorkflow --domain D --input 1
    simpleflow-nb standalone examples.basic.BasicWorkflow --domain D --input 1
    simpleflow-nb decider.start examples.basic.BasicWorkflow --domain D
    simpleflow-nb worker.start --task-list x --domain D
    simpleflow-nb workflow.list D
    simpleflow-nb workflow.info D x
    simpleflow-nb workflow.tasks D x
    simpleflow-nb workflow.profile D x
    simpleflow-nb workflow.history D x
    simpleflow-nb workflow.stack D x
    simpleflow-nb workflow.query D x progress
    simpleflow-nb workflow.cancel D x
    simpleflow-nb workflow.signal D x --name go
    simpleflow-nb workflow.terminate D x
    AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY= simpleflow-nb workflow.list D
    """,
    inputs=("days",),
    environment=NOBODY,
)

BAD_FILES = Scene(
    "bad-files",
    "\n".join(
        f"simpleflow-nb {command.format(file=f'{name}.yml')}"
        for name in ("several", "syntax", "empty", "list", "nothing")
        for command in (
            "validate {file}",
            "plan {file}",
            "status {file}",
            "doctor {file}",
            "sensor.start {file} --local --once",
            "backfill {file} days --from 2016-01-01 --to 2016-01-02",
            "runs.list {file}",
            "workflow.start {file}:days --local",
        )
    )
    + """
    simpleflow-nb validate --schema
    simpleflow-nb validate .
    simpleflow-nb doctor several.yml --json
    """,
    inputs=("bad",),
)

LOOKS = (
    "plan",
    "status",
    "runs.list",
    "runs.show days/2016-01-02",
    "doctor",
)

BEFORE = Scene(
    "days-before",
    "\n".join(
        [
            "simpleflow-nb validate",
            "simpleflow-nb validate workflows.yml",
            *(f"simpleflow-nb {command}" for command in LOOKS),
            "simpleflow-nb plan --why",
            "simpleflow-nb plan --json",
            in_each_format("plan", "plan --why"),
            "simpleflow-nb plan --json --why",
            "simpleflow-nb status --json",
            "simpleflow-nb runs.logs days/2016-01-02",
            "simpleflow-nb runs.retry days/2016-01-02",
            "simpleflow-nb reports.make",
            "simpleflow-nb outputs.clean --keep-days 0",
            "simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-07 --dry-run",
            "simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-07 --dry-run --why",
            "simpleflow-nb backfill nothing --from 2016-01-01 --to 2016-01-07 --dry-run",
            "simpleflow-nb backfill days --from 2016-01-07 --to 2016-01-01",
            "simpleflow-nb backfill days --from yesterday --to 2016-01-01",
            "simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-07 --only nothing --dry-run",
            "simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-07 --why",
            "simpleflow-nb workflow.start days --local",
            "simpleflow-nb workflow.start days --local --set reference_date=soon",
            "simpleflow-nb workflow.start days --local --set reference_date=2016-01-01 --set x=1",
            "simpleflow-nb workflow.start days --local --tags a --set reference_date=2016-01-01",
            "simpleflow-nb workflow.start nothing --local --set reference_date=2016-01-01",
            "simpleflow-nb workflow.start workflows.yml:nothing --local --set reference_date=2016-01-01",
            "simpleflow-nb standalone workflows.yml:days --domain D",
            "simpleflow-nb journal.prune",
            "simpleflow-nb journal.prune --keep 1d",
        ]
    ),
    inputs=("days",),
)

DAYS = Scene(
    "days",
    f"""
    {RUN_ALL}
    {RUN_ALL}
    @files outputs
    simpleflow-nb status
    simpleflow-nb status --json
    simpleflow-nb plan
    simpleflow-nb plan --why
    simpleflow-nb plan --json
    {in_each_format("status", "runs.list", "runs.show days/2016-01-02", "doctor", "sensor.list")}
    simpleflow-nb runs.show days/2016-01-01
    simpleflow-nb runs.show days/2016-01-02
    simpleflow-nb runs.show days/2016-01-03
    simpleflow-nb runs.show days/2016-01-04
    simpleflow-nb runs.show days/2016-01-05
    simpleflow-nb runs.show days/2016-01-02 --json
    simpleflow-nb runs.show days/2016-01-04 --json
    simpleflow-nb runs.show nothing/2016-01-04
    simpleflow-nb runs.list days
    simpleflow-nb runs.list nothing
    simpleflow-nb runs.list --all
    simpleflow-nb runs.list --state failed
    simpleflow-nb runs.list --state nothing
    simpleflow-nb runs.list --state succeeded --from 2016-01-02 --to 2016-01-03
    simpleflow-nb runs.logs days/2016-01-01
    simpleflow-nb runs.logs days/2016-01-03 count
    simpleflow-nb runs.logs days/2016-01-02 report
    simpleflow-nb runs.logs days/2016-01-02 nothing
    simpleflow-nb runs.logs days/2016-01-01 --grep rows
    simpleflow-nb runs.logs days/2016-01-01 --grep [
    simpleflow-nb runs.logs days/2016-01-01 count --attempt 7
    simpleflow-nb sensor.list
    simpleflow-nb sensor.stop
    simpleflow-nb sensor.check
    simpleflow-nb sensor.pause
    simpleflow-nb sensor.resume
    simpleflow-nb sensor.reload
    simpleflow-nb doctor
    simpleflow-nb doctor --json
    simpleflow-nb workflow.list --local
    simpleflow-nb workflow.info --local days/2016-01-02
    simpleflow-nb --format human workflow.info --local days/2016-01-02
    simpleflow-nb workflow.tasks --local days/2016-01-02
    simpleflow-nb workflow.profile --local days/2016-01-02
    simpleflow-nb --format json workflow.history --local days/2016-01-02
    simpleflow-nb notebook.debug days/2016-01-02 report
    simpleflow-nb notebook.debug days/2016-01-02 nothing
    simpleflow-nb notebook.debug days/2016-01-05 report
    @files debug
    """,
    inputs=("days",),
)

AGAIN = Scene(
    "days-again",
    f"""
    simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-02 --nb-workers 1 --quiet
    simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-02 --nb-workers 1 --quiet
    simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-07 --dry-run
    simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-07 --dry-run --why --rerun failed
    {in_each_format("backfill days --from 2016-01-01 --to 2016-01-07 --dry-run --why --rerun failed --latest-first")}
    simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-07 --dry-run --rerun changed
    simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-07 --dry-run --rerun all
    simpleflow-nb runs.retry days/2016-01-02 --nb-workers 1
    simpleflow-nb runs.retry days/2016-01-01
    simpleflow-nb runs.retry days/2016-01-05
    simpleflow-nb runs.show days/2016-01-02
    @replace report.py 'bad day' 'still bad'
    simpleflow-nb plan
    simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-07 --dry-run --rerun changed --why
    @replace report.py 2016-01-02 2017-01-02
    simpleflow-nb runs.retry days/2016-01-02 --nb-workers 1 --quiet
    simpleflow-nb backfill days --from 2016-01-03 --to 2016-01-03 --only count --nb-workers 1
    simpleflow-nb runs.list --all
    simpleflow-nb status
    simpleflow-nb runs.show days/2016-01-02
    simpleflow-nb runs.show days/2016-01-02 --json
    simpleflow-nb runs.logs days/2016-01-02 report --attempt 1
    simpleflow-nb reports.make --nb-workers 1
    simpleflow-nb reports.make days/2016-01-01
    simpleflow-nb reports.make days/2016-01-05
    simpleflow-nb reports.make days/2016-01-03
    simpleflow-nb reports.make --remake missing
    simpleflow-nb reports.make --remake changed --from 2016-01-01 --to 2016-01-02
    simpleflow-nb reports.make --label nothing
    simpleflow-nb reports.make --from 2017-01-01
    @remove outputs/reports/days/2016-01-02*/*.html
    simpleflow-nb reports.make --remake missing
    simpleflow-nb outputs.clean --keep-days 1
    simpleflow-nb outputs.clean --keep-days 0 --dry-run
    simpleflow-nb outputs.clean --keep-days 0
    simpleflow-nb runs.show days/2016-01-01
    simpleflow-nb reports.make days/2016-01-01
    simpleflow-nb journal.prune
    simpleflow-nb journal.prune --keep 1d
    simpleflow-nb journal.prune --keep 0 --dry-run
    simpleflow-nb journal.prune --keep 1d
    simpleflow-nb workflow.start days --local --set reference_date=2016-01-06 --nb-workers 1
    @files outputs
    """,
    inputs=("days",),
)

AMBIGUOUS = Scene(
    "ambiguous",
    """
    simpleflow-nb plan
    simpleflow-nb workflow.start modes --local --set reference_date=2016-01-01 --set mode=a --nb-workers 1
    simpleflow-nb workflow.start modes --local --set reference_date=2016-01-01 --set mode=b --nb-workers 1
    simpleflow-nb status
    simpleflow-nb status --json
    simpleflow-nb runs.list
    simpleflow-nb runs.show modes/2016-01-01
    simpleflow-nb runs.logs modes/2016-01-01
    simpleflow-nb runs.retry modes/2016-01-01
    simpleflow-nb reports.make modes/2016-01-01
    simpleflow-nb notebook.debug modes/2016-01-01 prep
    simpleflow-nb workflow.info --local modes/2016-01-01
    simpleflow-nb workflow.start modes --local --set reference_date=2016-01-01
    simpleflow-nb backfill modes --from 2016-01-01 --to 2016-01-01 --rerun all --dry-run
    """,
    inputs=("ambiguous",),
)

NOTEBOOKS = Scene(
    "notebooks",
    """
    simpleflow-nb notebook.run prep.py
    simpleflow-nb notebook.run prep.py --set n=7 --params values.yml --quiet
    simpleflow-nb notebook.run prep.py --set m=1
    simpleflow-nb notebook.run prep.py --set n
    simpleflow-nb notebook.run prep.py --params nothing.yml
    simpleflow-nb notebook.run prep.py --timeout soon
    simpleflow-nb notebook.run prep.py --kernel nothing
    simpleflow-nb notebook.run prep.py --into .
    simpleflow-nb notebook.run prep.py --prepare-only --into prepared
    simpleflow-nb notebook.run fails.py
    simpleflow-nb notebook.run orange.py
    simpleflow-nb notebook.run skips.py
    simpleflow-nb notebook.run nothing.py
    @file prep/output.txt
    simpleflow-nb notebook.pdf prep/prep.ipynb
    simpleflow-nb notebook.pdf prep/prep.ipynb --output prep.html --code --streams --parameters
    simpleflow-nb notebook.pdf fails/fails.ipynb
    simpleflow-nb notebook.pdf prepared/prep.ipynb
    simpleflow-nb notebook.pdf prep.py
    simpleflow-nb notebook.pdf prep/prep.ipynb --output prep.docx
    simpleflow-nb notebook.pdf prep/prep.ipynb --template nothing.typ
    @files .
    """,
    inputs=("one",),
)

FLIGHTS = Scene(
    "flights",
    f"""
    # of the 59 days so many that the stencil of one date is covered
    @remove data/2013-02-2[3-8].csv
    simpleflow-nb validate
    simpleflow-nb plan
    simpleflow-nb plan --why
    {RUN_ALL}
    simpleflow-nb status
    simpleflow-nb plan
    simpleflow-nb runs.list
    simpleflow-nb runs.list --all
    simpleflow-nb runs.show flights_above_normal/2013-02-22
    simpleflow-nb --format json runs.list
    simpleflow-nb doctor
    @files outputs
    """,
    inputs=("examples/flights",),
    environment={"MPLCONFIGDIR": "/tmp/transcript-matplotlib"},
)


def looks_at(place: str, run: str, short: str) -> str:
    """``short`` is a run of one activity: those of several are profiled in the order of the time that they took."""
    commands = (f"workflow.info {place} {run}", f"workflow.tasks {place} {run}", f"workflow.profile {place} {short}")
    return in_each_format(*commands, f"workflow.list {place} --status closed") + (
        f"\nsimpleflow-nb workflow.history {place} {run}\nsimpleflow-nb --format json workflow.history {place} {run}"
        f"\nsimpleflow-nb --format human workflow.history {place} {run}"
    )


PYTHON = Scene(
    "python",
    f"""
    simpleflow-nb workflow.start --local examples.basic.BasicWorkflow --input [1,0] --nb-workers 1 --quiet --workflow-id basic
    simpleflow-nb workflow.start --local mine.Adding --set x=1 --nb-workers 1 --workflow-id adding --tags a,b
    simpleflow-nb workflow.start --local mine.Failing --nb-workers 1 --workflow-id failing
    simpleflow-nb workflow.start --local mine.Parent --input 1 --nb-workers 1 --workflow-id parent
    simpleflow-nb workflow.start --local mine.not_a_workflow
    simpleflow-nb workflow.start --local mine.Nothing
    simpleflow-nb workflow.start --local nothing.Nothing
    simpleflow-nb workflow.start --local mine.Adding
    simpleflow-nb workflow.start --local mine.Adding --input [1
    simpleflow-nb workflow.start --local mine.Adding --set y=1
    simpleflow-nb workflow.start --local mine.Adding --input 1 --task-list x
    simpleflow-nb workflow.start --local mine.Adding --input 1 --domain D
    simpleflow-nb workflow.start --local mine.Adding --input 1 --workflow-id a:b
    simpleflow-nb workflow.start mine.Adding --input 1
    simpleflow-nb workflow.start mine.Adding --input 1 --new --domain D
    simpleflow-nb workflow.list --local
    {looks_at("--local", "adding", "failing")}
    simpleflow-nb --format human workflow.info --local failing
    simpleflow-nb workflow.tasks --local failing
    simpleflow-nb workflow.tasks --local adding --nb-tasks 1
    simpleflow-nb workflow.profile --local failing --nb-tasks 1
    simpleflow-nb workflow.tasks --local parent
    simpleflow-nb workflow.info --local adding nothing
    simpleflow-nb workflow.signal --local adding --name go
    simpleflow-nb workflow.cancel --local adding
    simpleflow-nb workflow.terminate --local adding
    simpleflow-nb journal.prune --keep 1d --db .simpleflow-nb/journal.sqlite3 --dry-run
    simpleflow-nb journal.prune --keep 1d --db .simpleflow-nb/journal.sqlite3
    simpleflow-nb workflow.list --local --status closed
    """,
    inputs=("python",),
)

WAITING = Scene(
    "python-waiting",
    """
    @background run simpleflow-nb workflow.start --local mine.Waiting --workflow-id waiting --quiet --nb-workers 1
    @until waiting simpleflow-nb workflow.list --local
    simpleflow-nb workflow.start --local mine.Adding --input 1
    simpleflow-nb workflow.list --local
    simpleflow-nb --format human workflow.info --local waiting
    simpleflow-nb workflow.signal --local waiting --name other --input 1
    simpleflow-nb journal.prune --keep 1d
    @stop run
    simpleflow-nb workflow.signal --local waiting --name go --input '{"a": 7}'
    simpleflow-nb workflow.start --local mine.Waiting --workflow-id waiting --nb-workers 1
    @background run simpleflow-nb workflow.start --local mine.Waiting --workflow-id cancelled --quiet --nb-workers 1
    @until cancelled simpleflow-nb workflow.list --local
    simpleflow-nb workflow.cancel --local cancelled
    @end run
    @background run simpleflow-nb workflow.start --local mine.Waiting --workflow-id terminated --quiet --nb-workers 1
    @until terminated simpleflow-nb workflow.list --local
    simpleflow-nb workflow.terminate --local terminated --reason enough
    @end run
    simpleflow-nb workflow.list --local --status closed
    """,
    inputs=("python",),
)

ASKING = Scene(
    "python-asking",
    f"""
    simpleflow-nb workflow.start --local mine.Adding --input 1 --nb-workers 1 --quiet --workflow-id adding
    simpleflow-nb workflow.stack --local adding
    simpleflow-nb workflow.query --local adding
    simpleflow-nb workflow.query --local adding progress
    @background run simpleflow-nb workflow.start --local mine.Counting --workflow-id counting --quiet --nb-workers 1
    @until waiting_signals simpleflow-nb --format human workflow.info --local counting
    simpleflow-nb workflow.query --local counting
    {in_each_format("workflow.query --local counting")}
    simpleflow-nb workflow.query --local counting --json
    simpleflow-nb workflow.query --local counting progress
    {in_each_format("workflow.query --local counting progress", "workflow.stack --local counting")}
    simpleflow-nb workflow.query --local counting progress --json
    simpleflow-nb workflow.query --local counting progress --input 1
    simpleflow-nb workflow.query --local counting progres
    simpleflow-nb workflow.query --local counting changes
    simpleflow-nb workflow.query --local counting --set n=1
    simpleflow-nb workflow.query --local counting nothing progress
    simpleflow-nb workflow.query --local counting progress --run-id nothing
    simpleflow-nb workflow.query --local counting progress --class mine.Adding
    simpleflow-nb workflow.stack --local counting
    simpleflow-nb workflow.stack --local counting --json
    simpleflow-nb workflow.stack --local counting --class nothing.Nothing
    simpleflow-nb workflow.update --local adding
    simpleflow-nb workflow.update --local adding progress
    {in_each_format("workflow.update --local counting")}
    simpleflow-nb workflow.update --local counting --json
    simpleflow-nb workflow.update --local counting add --input 5 --id first
    simpleflow-nb workflow.update --local counting add --input 5 --id first
    simpleflow-nb workflow.update --local counting --id first
    {in_each_format("workflow.update --local counting --id first")}
    simpleflow-nb workflow.update --local counting --id first --json
    simpleflow-nb workflow.update --local counting --id nothing
    simpleflow-nb workflow.update --local counting add --input 10
    simpleflow-nb workflow.update --local counting add
    simpleflow-nb workflow.update --local counting ad
    simpleflow-nb workflow.update --local counting add --input 1 --id "a b"
    simpleflow-nb workflow.update --local counting add --timeout -1
    simpleflow-nb workflow.update --local counting --unchecked
    simpleflow-nb workflow.update --local counting broken --id second
    simpleflow-nb workflow.update --local counting ad --id third --unchecked
    simpleflow-nb workflow.update --local counting later --id fourth --timeout 0
    simpleflow-nb workflow.update --local counting later --id fifth --timeout 0 --json
    @until update-later-2 simpleflow-nb workflow.stack --local counting
    simpleflow-nb workflow.stack --local counting
    @stop run
    simpleflow-nb workflow.update --local counting later --id sixth
    simpleflow-nb workflow.signal --local counting --name go --input 7
    simpleflow-nb workflow.query --local counting "nth value" --input 7
    @replace mine.py "self.timer(86_400)" "self.timer(86_400), self.timer(1)"
    simpleflow-nb workflow.query --local counting progress
    simpleflow-nb workflow.stack --local counting
    @remove mine.py
    simpleflow-nb workflow.query --local counting progress
    simpleflow-nb workflow.stack --local counting
    """,
    inputs=("python",),
)

ON_SERVICE = Scene(
    "service-python",
    f"""
    @service --domain D --poll-seconds 1
    simpleflow-nb workflow.list D
    simpleflow-nb workflow.list Nowhere
    simpleflow-nb workflow.list D --local
    simpleflow-nb workflow.info D nobody
    simpleflow-nb workflow.start mine.Adding --domain Nowhere --input 1
    simpleflow-nb workflow.start mine.Adding --domain D --input 1 --workflow-id adding
    simpleflow-nb workflow.start mine.Adding --domain D --input 1 --workflow-id adding
    simpleflow-nb workflow.list D
    SWF_DOMAIN=D simpleflow-nb workflow.list
    @background decider simpleflow-nb decider.start mine.Adding mine.Failing mine.Waiting --domain D
    @background worker simpleflow-nb worker.start --task-list work --nb-slots 1 --domain D
    @ended D adding
    simpleflow-nb workflow.start mine.Failing --domain D --workflow-id failing --tags a,b --execution-timeout 600
    @ended D failing
    {looks_at("D", "adding", "failing")}
    simpleflow-nb --format human workflow.info D failing
    simpleflow-nb workflow.tasks D failing
    simpleflow-nb task.info D failing activity-mine.explode-1
    simpleflow-nb --format human task.info D failing activity-mine.explode-1 --details
    simpleflow-nb task.info D failing nothing
    simpleflow-nb --header workflow.filter D --close-status failed
    simpleflow-nb --header workflow.filter D --status closed --tag a --workflow-type-name failing
    simpleflow-nb workflow.filter D --workflow-id adding
    simpleflow-nb workflow.restart D adding
    @ended D adding
    simpleflow-nb workflow.list D --status closed
    simpleflow-nb workflow.start mine.Waiting --domain D --workflow-id one
    simpleflow-nb workflow.start mine.Waiting --domain D --workflow-id two
    simpleflow-nb workflow.start mine.Waiting --domain D --workflow-id three
    @event D one DecisionTaskCompleted
    @event D two DecisionTaskCompleted
    @event D three DecisionTaskCompleted
    simpleflow-nb --format human workflow.info D one
    simpleflow-nb workflow.stack D one
    simpleflow-nb workflow.query D one
    simpleflow-nb workflow.query D one nothing
    simpleflow-nb workflow.signal D one --name go --input {{
    simpleflow-nb workflow.signal D one --name go --input hello
    @ended D one
    simpleflow-nb workflow.signal D one --name go
    simpleflow-nb workflow.cancel D two
    @ended D two
    simpleflow-nb workflow.terminate D three --reason enough
    @ended D three
    simpleflow-nb workflow.stack D one
    simpleflow-nb workflow.stack D two
    simpleflow-nb workflow.stack D three
    simpleflow-nb --format human workflow.info D one
    simpleflow-nb --format human workflow.info D two
    simpleflow-nb --format human workflow.info D three
    simpleflow-nb workflow.cancel D two
    simpleflow-nb workflow.terminate D three
    simpleflow-nb decider.start mine.Nothing --domain D
    simpleflow-nb decider.start --domain D
    simpleflow-nb worker.start --domain D
    simpleflow-nb decider.start mine.Adding --domain Nowhere
    simpleflow-nb worker.start --task-list work --domain Nowhere
    @stop decider
    @stop worker
    simpleflow-nb standalone examples.basic.BasicWorkflow --domain D --input [1,0] --nb-workers 1
    simpleflow-nb standalone mine.Failing --domain D --nb-workers 1 --create-domain
    simpleflow-nb standalone mine.Nothing --domain D
    simpleflow-nb standalone mine.Adding --domain Nowhere --input 1
    simpleflow-nb standalone mine.Adding --input 1
    @stop service
    simpleflow-nb workflow.list --local --status closed
    """,
    inputs=("python",),
    environment={"SWF_CONNECTION_RETRIES": "0"},
)

SENSOR = Scene(
    "sensor",
    """
    @replace workflows.yml 'schedule: null' 'schedule: "0 6 1 1 *"'
    @remove data/2016-01-0[2346].csv
    @background sensor simpleflow-nb sensor.start --local --nb-workers 1 --quiet
    @until waiting simpleflow-nb sensor.list
    simpleflow-nb sensor.list
    simpleflow-nb sensor.pause
    @until paused simpleflow-nb sensor.list
    simpleflow-nb --header sensor.list
    simpleflow-nb sensor.resume
    @until waiting simpleflow-nb sensor.list
    simpleflow-nb sensor.check
    @until succeeded simpleflow-nb runs.list
    simpleflow-nb --format human sensor.list
    simpleflow-nb sensor.reload
    simpleflow-nb sensor.start --local
    simpleflow-nb plan
    simpleflow-nb sensor.stop --domain D
    @stop sensor
    simpleflow-nb workflow.list --local --status closed --db outputs/.simpleflow-nb/journal.sqlite3
    simpleflow-nb sensor.list
    simpleflow-nb sensor.check
    simpleflow-nb sensor.resume
    simpleflow-nb sensor.reload
    simpleflow-nb sensor.stop
    """,
    inputs=("days",),
)

NOTEBOOKS_ON_SERVICE = Scene(
    "service-days",
    """
    @remove data/2016-01-0[346].csv
    @service --domain D --poll-seconds 1
    simpleflow-nb plan --domain D
    simpleflow-nb sensor.start --domain Nowhere --once
    @background decider simpleflow-nb decider.start workflows.yml --domain D
    @background worker simpleflow-nb worker.start workflows.yml --nb-slots 1 --domain D
    simpleflow-nb sensor.start --domain D --once
    simpleflow-nb sensor.start --domain D --once
    simpleflow-nb status --domain D
    simpleflow-nb status --json --domain D
    simpleflow-nb plan --why --domain D
    simpleflow-nb runs.list --domain D
    simpleflow-nb runs.show days/2016-01-02 --domain D
    simpleflow-nb runs.show days/2016-01-02 --domain D --json
    simpleflow-nb runs.logs days/2016-01-02 --domain D
    simpleflow-nb sensor.list --domain D
    simpleflow-nb sensor.stop --domain D
    simpleflow-nb sensor.check --domain D
    simpleflow-nb notebook.debug D days/2016-01-02 report
    simpleflow-nb workflow.tasks D days/2016-01-01
    simpleflow-nb --format human workflow.info D days/2016-01-01
    simpleflow-nb runs.retry days/2016-01-02 --domain D
    @idle D
    simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-02 --domain D --dry-run --rerun all
    simpleflow-nb backfill days --from 2016-01-01 --to 2016-01-01 --domain D --rerun all
    @idle D
    simpleflow-nb runs.list --domain D --all
    simpleflow-nb reports.make --domain D
    simpleflow-nb outputs.clean --keep-days 0 --domain D --dry-run
    simpleflow-nb journal.prune --keep 1d
    @stop decider
    @stop worker
    @stop service
    """,
    inputs=("days",),
    environment={"SWF_CONNECTION_RETRIES": "0"},
)

SCENES = (
    HELP,
    COMMAND_LINE,
    UNREACHABLE,
    BAD_FILES,
    BEFORE,
    DAYS,
    AGAIN,
    AMBIGUOUS,
    NOTEBOOKS,
    FLIGHTS,
    PYTHON,
    WAITING,
    ASKING,
    SENSOR,
    ON_SERVICE,
    NOTEBOOKS_ON_SERVICE,
)
