"""Known differences about domains, each as a function that mends it."""

from __future__ import annotations

from tests.service.differential.script_steps import SPARE_DOMAIN
from tests.service.differential.sides import Both

_DEPRECATED, _UNKNOWN = {"fault": "DomainDeprecatedFault"}, {"fault": "UnknownResourceFault"}


def no_description(both: Both) -> bool:
    answer = both.moto["answer"]
    found = False
    for info in answer["domainInfos"] if "domainInfos" in answer else [answer["domainInfo"]]:
        if "description" not in info:
            info["description"], found = "", True
    return found


def nothing_new_in_a_deprecated_domain(both: Both) -> bool:
    if both.local != _UNKNOWN or both.step.arguments["domain"] != SPARE_DOMAIN or both.moto == _UNKNOWN:
        return False
    both.moto = _UNKNOWN
    return True


def listings_of_a_deprecated_domain(both: Both) -> bool:
    if both.moto != _DEPRECATED or both.local != {"answer": {"executionInfos": []}}:
        return False
    both.moto = both.local
    return True


def types_of_a_deprecated_domain(both: Both) -> bool:
    """Only in the domain that is deprecated now and then, none of whose types is deprecated by itself."""
    ours, theirs = both.local["answer"]["typeInfo"], both.moto["answer"]["typeInfo"]
    if both.step.arguments["domain"] != SPARE_DOMAIN or (ours["status"], theirs["status"]) != ("DEPRECATED", "REGISTERED"):
        return False
    theirs["status"], theirs["deprecationDate"] = "DEPRECATED", ours["deprecationDate"]
    return True


def tags_of_nothing(both: Both) -> bool:
    if both.local != {"fault": "UnknownResourceFault"} or "answer" not in both.moto:
        return False
    both.moto = both.local
    return True
