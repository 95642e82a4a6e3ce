"""Steps about a second domain, which is deprecated now and then: its types, its tags, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.service.differential.script_steps import FLOW, SPARE_DOMAIN, UNKNOWN, WORK, ArnOf, Step

if TYPE_CHECKING:
    from tests.service.differential.decision_scripts import Script
    from tests.service.differential.known_executions import Known

_KEYS = ("team", "cost centre", "k=1")
_DAYS = {"workflowExecutionRetentionPeriodInDays": "1"}


def about_domains(script: Script, known: Known) -> Step:
    make = script.random.choice([_state, _state, _looking, _tags, _tags, _types, _refused])
    return make(script)


def _state(script: Script) -> Step:
    call = script.random.choice(["deprecate_domain", "undeprecate_domain"])
    return Step(call, {"name": SPARE_DOMAIN if script.chance(0.9) else "nowhere"})


def _looking(script: Script) -> Step:
    if script.chance(0.5):
        return Step("describe_domain", {"name": SPARE_DOMAIN})
    status = script.random.choice(["REGISTERED", "DEPRECATED"])
    return Step("list_domains", {"registrationStatus": status, **script.maybe(0.4, reverseOrder=True)})


def _tags(script: Script) -> Step:
    arn = ArnOf(SPARE_DOMAIN if script.chance(0.9) else "nowhere")
    call = script.random.choice(["tag_resource", "untag_resource", "list_tags_for_resource"])
    keys = script.random.sample(_KEYS, script.random.choice([0, 1, 2]))
    arguments: dict[str, Any] = {"resourceArn": arn}
    if call == "tag_resource":
        arguments["tags"] = [{"key": key, "value": script.random.choice(["", "a", "b/c"])} for key in keys]
    elif call == "untag_resource":
        arguments["tagKeys"] = keys
    return Step(call, arguments)


def _types(script: Script) -> Step:
    """Describe a type, which is deprecated with its domain; or register one, by a name that was never used."""
    kind, one = script.random.choice([("workflow", FLOW), ("activity", WORK)])
    if script.chance(0.6):
        return Step(f"describe_{kind}_type", {"domain": SPARE_DOMAIN, f"{kind}Type": one})
    return Step(f"register_{kind}_type", {"domain": SPARE_DOMAIN, "name": script.name("type"), "version": "1"})


def _refused(script: Script) -> Step:
    if script.chance(0.3):
        return Step("register_domain", {"name": SPARE_DOMAIN, **_DAYS})
    if script.chance(0.5):
        return Step("list_open_workflow_executions", {"domain": SPARE_DOMAIN, "startTimeFilter": {"oldestDate": 0}})
    return Step("start_workflow_execution", {"domain": SPARE_DOMAIN, "workflowId": "w1", "workflowType": UNKNOWN})
