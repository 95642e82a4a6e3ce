"""Every known difference about domains: what each of the two does, and which of them SWF's documentation supports."""

from __future__ import annotations

from tests.service.differential import rules_of_domains as domains
from tests.service.differential.sides import Row

_API = "https://docs.aws.amazon.com/amazonswf/latest/apireference/API_"
_TAGGING = ("tag_resource", "untag_resource", "list_tags_for_resource")

ROWS = (
    Row(
        name="a domain without a description",
        local="an empty one",
        moto="none",
        right="open",
        source=_API + "DomainInfo.html: description is not required",
        at=("describe_domain", "list_domains"),
        rule=domains.no_description,
    ),
    Row(
        name="a deprecated domain registers types",
        local="UnknownResourceFault",
        moto="does not look whether the domain is deprecated",
        right="local",
        source=_API + "DeprecateDomain.html: it cannot be used to create new workflow executions or register new types",
        at=("register_workflow_type", "register_activity_type"),
        rule=domains.nothing_new_in_a_deprecated_domain,
        of_faults=True,
    ),
    Row(
        name="the executions of a deprecated domain are not listed",
        local="are listed",
        moto="DomainDeprecatedFault",
        right="local",
        source=_API + "DeprecateDomain.html: you can still use visibility actions on this domain",
        at=("list_open_workflow_executions",),
        rule=domains.listings_of_a_deprecated_domain,
        of_faults=True,
    ),
    Row(
        name="the types of a deprecated domain stay registered",
        local="are deprecated with it",
        moto="are not",
        right="local",
        source=_API + "DeprecateDomain.html: also deprecates all activity and workflow types registered in the domain",
        at=("describe_workflow_type", "describe_activity_type"),
        rule=domains.types_of_a_deprecated_domain,
    ),
    Row(
        name="tags of a resource that does not exist",
        local="UnknownResourceFault",
        moto="are kept",
        right="local",
        source=_API + "TagResource.html: errors",
        at=_TAGGING,
        rule=domains.tags_of_nothing,
        of_faults=True,
    ),
)
