"""A journal served over HTTP by this process, until somebody has had enough or it breaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..exceptions import DefinitionError, ServiceError
from . import checks
from .faults import Fault
from .http_service import HttpService
from .patience import JOURNAL_PATIENCE_SECONDS
from .rate_quotas import RateQuotas
from .service import DOMAIN, LocalService

_LOOK_SECONDS = 0.2

TRUSTED = (
    "without a token every user and every program of this machine may start, read and end runs; "
    "--token-file keeps it to those who have the token"
)
#: Abilities of SWF that this service lacks, one each.
NOT_IMITATED = ("Lambda functions", "removal of histories after a domain's retention period")
NOT_THROTTLED = "throttling without --quotas"


@dataclass
class ServedJournal:
    """A journal that is served: where and how.

    Args:
        domain: exists from the start.
        port: 0 takes a free one.
        token: what clients give as access key id; without one everybody is served who can reach ``host``.
        durable: survive a power cut as well, at the price of a disk flush for each step.
        poll_seconds: how long a poll waits for a task.
        journal_patience_seconds: how long a journal that cannot be written is tried again, before the service ends.
        quotas: whether calls and decisions are throttled as in a new AWS account.

    Raises:
        DefinitionError: the domain is no name.
    """

    journal: Path
    domain: str = DOMAIN
    host: str = "127.0.0.1"
    port: int = 0
    token: str | None = field(default=None, repr=False)
    durable: bool = False
    poll_seconds: float = 60
    journal_patience_seconds: float = JOURNAL_PATIENCE_SECONDS
    quotas: bool = False
    _http: HttpService | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            checks.check_name("--domain", self.domain)
        except Fault as fault:
            raise DefinitionError(fault.message) from None

    @property
    def notes(self) -> list[str]:
        """Return the sentences for whoever starts it."""
        missing = [*NOT_IMITATED, *([] if self.quotas else [NOT_THROTTLED])]
        return [*([TRUSTED] if self.token is None else []), f"not imitated: {', '.join(missing)}"]

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Own the journal and serve it within the block; gives the endpoint, for ``AWS_ENDPOINT_URL``.

        Raises:
            ServiceError: the journal is in use or cannot be used, or the address cannot be bound.
        """
        service = LocalService.open(
            self.journal,
            durable=self.durable,
            domain=self.domain,
            workers_inside=False,
            poll_seconds=self.poll_seconds,
            journal_patience_seconds=self.journal_patience_seconds,
            rates=RateQuotas() if self.quotas else None,
        )
        try:
            http = HttpService(service, self.host, self.port, token=self.token)
        except BaseException:
            service.close()
            raise
        self._http = http
        http.start()
        try:
            yield http.endpoint
        finally:
            http.close()

    def wait(self, is_enough: Callable[[], bool]) -> None:
        """Until somebody has had enough.

        Raises:
            ServiceError: nobody can be served any more; what was acknowledged is kept.
            Exception: a bug of ours.
        """
        assert self._http is not None, "within serving()"
        while self._http.failure is None:
            if is_enough():
                return
            time.sleep(_LOOK_SECONDS)
        failure = self._http.failure
        if not isinstance(failure, ServiceError):
            raise failure
        raise ServiceError(f"the service has ended: {failure}; what it had acknowledged is kept")
