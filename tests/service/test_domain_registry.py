"""Deprecated domains, deleted types, tags of domains, and how many of each there may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.quotas import Quotas
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN

from .manual_client import FLOW, TASK, ManualClient, attributes, complete, opened, schedule, start_child

ARN = f"arn:aws:swf:local:000000000000:/domain/{DOMAIN}"
DAYS = {"workflowExecutionRetentionPeriodInDays": "1"}
DEPRECATED = {"registrationStatus": "DEPRECATED"}
REGISTERED = {"registrationStatus": "REGISTERED"}


def refused(code: str, message: str) -> Any:
    return pytest.raises(Fault, match=f"^{code}: {message}$")


def test_a_deprecated_domain_starts_and_registers_nothing_and_what_is_open_goes_on(client: ManualClient) -> None:
    client.start()
    client.swf.deprecate_domain(name=DOMAIN)
    with refused("UnknownResourceFault", f"Unknown domain: {DOMAIN}, which is deprecated: nothing new may be in it"):
        client.start("another")
    with refused("UnknownResourceFault", f"Unknown domain: {DOMAIN}, which is deprecated: nothing new may be in it"):
        client.swf.register_workflow_type(domain=DOMAIN, name="new", version="1")
    with refused("UnknownResourceFault", f"Unknown domain: {DOMAIN}, which is deprecated: nothing new may be in it"):
        client.swf.register_activity_type(domain=DOMAIN, name="new", version="1")
    with refused("DomainDeprecatedFault", DOMAIN):
        client.swf.deprecate_domain(name=DOMAIN)
    client.decide(schedule("a"), start_child("child"))
    causes = [attributes(event)["cause"] for event in client.events() if event["eventType"].endswith("Failed")]
    assert causes == ["ACTIVITY_TYPE_DEPRECATED", "WORKFLOW_TYPE_DEPRECATED"]
    client.signal("s")
    client.decide(complete())
    assert client.types()[-1] == "WorkflowExecutionCompleted"


def test_a_domain_is_deprecated_with_its_types_and_undeprecated_without_them(client: ManualClient) -> None:
    client.swf.deprecate_domain(name=DOMAIN)
    assert client.swf.describe_domain(name=DOMAIN)["domainInfo"]["status"] == "DEPRECATED"
    assert [info["name"] for info in client.swf.list_domains(**DEPRECATED)["domainInfos"]] == [DOMAIN]
    for types in (client.swf.list_workflow_types, client.swf.list_activity_types):
        [info] = types(domain=DOMAIN, **DEPRECATED)["typeInfos"]
        assert info["deprecationDate"] >= info["creationDate"]
    client.swf.undeprecate_domain(name=DOMAIN)
    assert client.swf.list_workflow_types(domain=DOMAIN, **REGISTERED)["typeInfos"] == []
    with refused("TypeDeprecatedFault", r"WorkflowType=\[name=flow, version=1\]"):
        client.start()
    client.swf.undeprecate_workflow_type(domain=DOMAIN, workflowType=FLOW)
    client.start()


@pytest.mark.parametrize(
    ("call", "arguments", "code", "message"),
    [
        ("deprecate_domain", {"name": "no"}, "UnknownResourceFault", "Unknown domain: no"),
        ("undeprecate_domain", {"name": "no"}, "UnknownResourceFault", "Unknown domain: no"),
        ("undeprecate_domain", {"name": DOMAIN}, "DomainAlreadyExistsFault", DOMAIN),
        ("register_domain", {"name": DOMAIN, **DAYS}, "DomainAlreadyExistsFault", DOMAIN),
        (
            "delete_workflow_type",
            {"domain": DOMAIN, "workflowType": FLOW},
            "TypeNotDeprecatedFault",
            r"WorkflowType=\[name=flow, version=1\]",
        ),
        (
            "delete_activity_type",
            {"domain": DOMAIN, "activityType": TASK},
            "TypeNotDeprecatedFault",
            r"ActivityType=\[name=task, version=1\]",
        ),
        (
            "delete_activity_type",
            {"domain": DOMAIN, "activityType": {"name": "no", "version": "1"}},
            "UnknownResourceFault",
            r"Unknown type: ActivityType=\[name=no, version=1\]",
        ),
        ("delete_workflow_type", {"domain": "no", "workflowType": FLOW}, "UnknownResourceFault", "Unknown domain: no"),
        (
            "undeprecate_activity_type",
            {"domain": DOMAIN, "activityType": TASK},
            "TypeAlreadyExistsFault",
            r"ActivityType=\[name=task, version=1\]",
        ),
        ("list_tags_for_resource", {"resourceArn": "arn:x"}, "UnknownResourceFault", "Unknown resource: arn:x"),
        ("tag_resource", {"resourceArn": "arn:x", "tags": []}, "UnknownResourceFault", "Unknown resource: arn:x"),
        ("untag_resource", {"resourceArn": "arn:x", "tagKeys": []}, "UnknownResourceFault", "Unknown resource: arn:x"),
    ],
)
def test_what_swf_refuses_is_refused(
    client: ManualClient, call: str, arguments: dict[str, Any], code: str, message: str
) -> None:
    with refused(code, message):
        getattr(client.swf, call)(**arguments)


# ---- types -------------------------------------------------------------------------------------------------------------------


def test_a_deleted_type_is_unknown_what_was_scheduled_goes_on_and_it_may_be_registered_again(client: ManualClient) -> None:
    client.start()
    client.decide(schedule("a"))
    client.swf.deprecate_activity_type(domain=DOMAIN, activityType=TASK)
    client.swf.delete_activity_type(domain=DOMAIN, activityType=TASK)
    client.swf.deprecate_workflow_type(domain=DOMAIN, workflowType=FLOW)
    client.swf.delete_workflow_type(domain=DOMAIN, workflowType=FLOW)
    with refused("UnknownResourceFault", r"Unknown type: ActivityType=\[name=task, version=1\]"):
        client.swf.describe_activity_type(domain=DOMAIN, activityType=TASK)
    with refused("UnknownResourceFault", r"Unknown type: WorkflowType=\[name=flow, version=1\]"):
        client.start("another")
    client.finish("1")
    client.decide(schedule("b"))
    assert attributes(client.the("ScheduleActivityTaskFailed"))["cause"] == "ACTIVITY_TYPE_DOES_NOT_EXIST"
    client.swf.register_activity_type(domain=DOMAIN, **TASK)
    client.decide(schedule("b"))
    client.the("ActivityTaskScheduled", count=2)


# ---- tags --------------------------------------------------------------------------------------------------------------------


def tags(client: ManualClient, arn: str = ARN) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in client.swf.list_tags_for_resource(resourceArn=arn)["tags"]}


def test_a_domain_has_the_tags_that_it_was_registered_with_and_those_added_since(client: ManualClient) -> None:
    client.swf.register_domain(name="tagged", **DAYS, tags=[{"key": "team", "value": "blue"}, {"key": "empty"}])
    arn = client.swf.describe_domain(name="tagged")["domainInfo"]["arn"]
    assert tags(client, arn) == {"team": "blue", "empty": ""}
    client.swf.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "red"}, {"key": "Größe =1", "value": "a/b@c.d"}])
    client.swf.untag_resource(resourceArn=arn, tagKeys=["empty", "unknown"])
    assert tags(client, arn) == {"team": "red", "Größe =1": "a/b@c.d"}
    assert tags(client) == {}


@pytest.mark.parametrize(("member", "tag"), [("key", {"key": "a#b"}), ("value", {"key": "k", "value": "a,b"})])
def test_a_tag_with_other_characters_is_refused(client: ManualClient, member: str, tag: dict[str, str]) -> None:
    allowed = r"a tag is made of letters, digits, spaces and _ \. : / = \+ - @"
    with refused("ValidationException", f"{allowed}; its {member} is '{tag[member]}'"):
        client.swf.tag_resource(resourceArn=ARN, tags=[tag])


def test_a_domain_has_at_most_fifty_tags(client: ManualClient) -> None:
    fifty = [{"key": f"k{n}", "value": "v"} for n in range(50)]
    client.swf.tag_resource(resourceArn=ARN, tags=fifty)
    client.swf.tag_resource(resourceArn=ARN, tags=[{"key": "k0", "value": "other"}])
    with refused("TooManyTagsFault", "51 tags; a domain may have 50"):
        client.swf.tag_resource(resourceArn=ARN, tags=[{"key": "more"}])
    with refused("TooManyTagsFault", "51 tags; a domain may have 50"):
        client.swf.register_domain(name="another", **DAYS, tags=[*fifty, {"key": "more"}])
    assert len(tags(client)) == 50


# ---- how many ----------------------------------------------------------------------------------------------------------------


def test_there_are_at_most_so_many_domains_types_executions_and_polls() -> None:
    client = ManualClient(quotas=Quotas(domains=2, types=1, open_executions=1, pollers=0))
    client.swf.register_domain(name="second", **DAYS)
    with refused("LimitExceededFault", "there are 2 domains, as many as there may be"):
        client.swf.register_domain(name="third", **DAYS)
    with refused("LimitExceededFault", "there are 1 workflow types, as many as a domain may have"):
        client.swf.register_workflow_type(domain=DOMAIN, name="second", version="1")
    client.swf.register_workflow_type(domain="second", name="second", version="1")
    client.start()
    with refused("LimitExceededFault", "1 executions are open, as many as a domain may have"):
        client.start("another")
    with refused("LimitExceededFault", "0 polls of this task list wait already"):
        client.decision_task()
    client.close()


# ---- restarts ----------------------------------------------------------------------------------------------------------------


def test_deprecations_deletions_and_tags_are_there_again_after_a_restart(path: Path) -> None:
    client = opened(path)
    client.swf.register_domain(name="old", **DAYS)
    client.swf.register_workflow_type(domain="old", **FLOW)
    client.swf.deprecate_domain(name="old")
    client.swf.tag_resource(resourceArn=ARN, tags=[{"key": "team", "value": "blue"}])
    client.swf.deprecate_activity_type(domain=DOMAIN, activityType=TASK)
    client.swf.delete_activity_type(domain=DOMAIN, activityType=TASK)
    client.close()
    reader = JournalReader(path)
    assert [info["name"] for info in reader.list_domains(**DEPRECATED)["domainInfos"]] == ["old"]
    reader.close()
    client = opened(path)
    assert client.swf.describe_domain(name="old")["domainInfo"]["status"] == "DEPRECATED"
    assert len(client.swf.list_workflow_types(domain="old", **DEPRECATED)["typeInfos"]) == 1
    assert tags(client) == {"team": "blue"}
    with refused("UnknownResourceFault", r"Unknown type: ActivityType=\[name=task, version=1\]"):
        client.swf.describe_activity_type(domain=DOMAIN, activityType=TASK)
    client.close()
