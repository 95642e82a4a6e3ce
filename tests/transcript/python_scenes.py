"""Scenes of Python workflows: started, looked at, asked."""

from __future__ import annotations

from .command_lines import in_each_format
from .scene import Scene


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
