"""Domains: each has workflow ids, task lists and types of its own.

https://docs.aws.amazon.com/amazonswf/latest/developerguide/swf-dev-domains.html
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

from .execution import LocalExecution
from .journal import Journal
from .task_lists import TaskList

Type = dict[str, Any]  #: registered values of a domain or a type, its status and its dates

DOMAIN_ROW = "domain"  #: kind of a domain's row in a journal


class Domain:
    """The state of one domain. Used under the service's lock."""

    __slots__ = ("activity_lists", "decision_lists", "latest_by_id", "name", "open_by_id", "registered", "types")

    def __init__(self, name: str, registered: Type, lock: threading.Lock) -> None:
        self.name, self.registered = name, registered
        self.types: dict[str, dict[tuple[str, str], Type]] = {"workflow": {}, "activity": {}}  # by name and version
        self.open_by_id: dict[str, LocalExecution] = {}
        self.latest_by_id: dict[str, int] = {}  # workflow id -> number of its last execution
        self.decision_lists: defaultdict[str, TaskList] = defaultdict(lambda: TaskList(lock))
        self.activity_lists: defaultdict[str, TaskList] = defaultdict(lambda: TaskList(lock))

    def type_row(self, kind: str) -> str:
        """Return the kind of the journal rows of this domain's types."""
        return f"{kind}@{self.name}"


def kept_domains(journal: Journal, lock: threading.Lock) -> dict[str, Domain]:
    """Read the domains of a journal with their types, oldest first.

    Rows that name no domain were written when a journal had only one; they belong to the oldest.

    Raises:
        JournalError: they cannot be read.
    """
    rows = list(journal.types())
    registered = {name: body for kind, name, _, body in rows if kind == DOMAIN_ROW}
    for body in registered.values():
        if isinstance(tags := body.get("tags"), list):  # written when tags were kept as they came
            body["tags"] = {tag["key"]: tag.get("value", "") for tag in tags}
    names = sorted(registered, key=lambda name: float(registered[name]["creationDate"]))
    domains = {name: Domain(name, registered[name], lock) for name in names}
    for row, name, version, body in rows:
        kind, _, domain = row.partition("@")
        if kind != DOMAIN_ROW:
            domains[domain or names[0]].types[kind][name, version] = body
    return domains
