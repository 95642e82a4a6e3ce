"""Scenes of workflow files: plans, runs, backfills, the sensor."""

from __future__ import annotations

from .command_lines import RUN_ALL, in_each_format
from .scene import Scene

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
    simpleflow-nb runs.watch days/2016-01-01
    simpleflow-nb runs.watch days/2016-01-02
    simpleflow-nb runs.diff days/2016-01-01 days/2016-01-01
    simpleflow-nb runs.diff days/2016-01-01 days/1999-01-01
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
    simpleflow-nb workflow.graph workflows.yml:days
    simpleflow-nb workflow.graph days/2016-01-02 --format mermaid
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

SCENARIOS = Scene(
    "scenarios",
    """
    simpleflow-nb validate
    simpleflow-nb scenarios.list
    simpleflow-nb scenarios.start sweep --dry-run
    simpleflow-nb scenarios.start swep --local
    simpleflow-nb scenarios.start sweep --local --only mod=a
    simpleflow-nb scenarios.start sweep --local --only number=3
    simpleflow-nb scenarios.start sweep --local --only number=1 --nb-workers 1 --quiet
    simpleflow-nb scenarios.start sweep --dry-run --json
    simpleflow-nb scenarios.show sweep
    simpleflow-nb --format csv --header scenarios.show sweep
    simpleflow-nb scenarios.start sweep --local --only instance=a_1
    simpleflow-nb scenarios.list
    simpleflow-nb runs.list
    simpleflow-nb status
    """,
    inputs=("scenarios",),
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
