"""A service that keeps runs, opened to look at them and to ask for something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..local.ownership import is_owned
from ..local.requests import leave_request
from ..processes.payload_directory import PayloadDirectory

if TYPE_CHECKING:
    from deciders.specification import Specification


@dataclass(frozen=True)
class Place:
    """A service that keeps runs, opened to look at.

    ``journal`` is None on SWF; ``service`` is None where nothing has run on this machine yet.
    """

    service: Any
    domain: str
    payloads: PayloadDirectory
    journal: Path | None = None

    def ask(self, operation: str, execution: Mapping[str, str], *, is_awaited: bool = False, **arguments: Any) -> bool:
        """Send a signal, a cancellation or a termination; the owner of a journal takes it within a tenth of a second.

        Returns whether it takes effect now, and not when the next process takes the journal; with ``is_awaited`` the owner, if
        there is one, has taken it by then.

        Raises:
            Fault: the owner has refused it, if that is awaited.
        """
        body = {"domain": self.domain, **execution, **arguments}
        if self.journal is None:
            getattr(self.service, operation)(**body)
            return True
        left = leave_request(self.journal, operation, body)
        return (is_awaited and left.wait()) or is_owned(self.journal)

    def kept_specification(self, specification: Specification) -> dict[str, Any]:
        """Return a workflow file as histories of this place have it: on this machine by reference, as it may be long."""
        if self.journal is None:
            return specification.model_dump(mode="json")
        from workers.runs.kept_specification import by_reference

        return by_reference(specification, self.payloads)

    @property
    def is_interrupted(self) -> bool:
        """Tell whether the open executions in a journal of this machine wait for a process that goes on with them."""
        return self.service is not None and self.journal is not None and not is_owned(self.journal)
