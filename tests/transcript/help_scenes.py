"""Scenes of helps and mistakes: what is said before anything runs."""

from __future__ import annotations

from simpleflow_nb.cli.commands import COMMANDS

from .scene import Scene

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
    simpleflow-nb init .
    simpleflow-nb init several.yml
    simpleflow-nb init new
    @files new
    simpleflow-nb web.start several.yml
    simpleflow-nb web.start --port 70000
    simpleflow-nb doctor several.yml --json
    """,
    inputs=("bad",),
)
