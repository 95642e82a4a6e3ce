"""A decider and a worker in this process, on one service; for ``--local`` and tests."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..activity import Activity
from ..environment import usable_cores
from ..exceptions import ServiceError
from ..swf_service import SwfService
from ..tracebacks import ended_by
from ..workflow import Workflow
from .decider import Decider, Parked
from .middlewares import NONE, Middlewares
from .payload_directory import MemoryPayloads, Payloads
from .process_groups import ProcessGroups
from .worker import Worker

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0  #: a local heartbeat costs microseconds, and cancellations arrive sooner


class Engine:
    """A decider and a worker: start it, start executions on the service, and stop it.

    Args:
        service: closed by the caller after :meth:`stop`.
        decision_list: task list of the decider.
        task_lists: lists of the worker with their number of threads; all activities go to ``activity_task_list`` when that
            is given.
        imports, bodies, middlewares: of the worker, see :class:`.worker.Worker`.
    """

    def __init__(
        self,
        service: SwfService,
        domain: str,
        *,
        decision_list: str,
        task_lists: Mapping[str, int] | None = None,
        workflows: Iterable[type[Workflow]] = (),
        activity_task_list: str | None = None,
        payloads: Payloads | None = None,
        process_groups: ProcessGroups | None = None,
        on_parked: Callable[[Parked], None] | None = None,
        imports: bool = True,
        bodies: Mapping[str, Activity[Any, Any]] | None = None,
        middlewares: Middlewares = NONE,
    ) -> None:
        self.service, self.domain = service, domain
        payloads = payloads or MemoryPayloads()
        self.payloads = payloads
        self.decider = Decider(
            service,
            domain,
            decision_list,
            workflows,
            payloads=payloads,
            activity_task_list=activity_task_list,
            child_task_list=decision_list,
            on_parked=on_parked,
        )
        if task_lists is None:
            task_lists = {activity_task_list or decision_list: usable_cores()}
        self.worker = Worker(
            service,
            domain,
            task_lists,
            payloads=payloads,
            beat_seconds=BEAT_SECONDS,
            process_groups=process_groups,
            imports=imports,
            bodies=bodies,
            middlewares=middlewares,
        )
        self.failure: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._decide, name="decider", daemon=True)

    def start(self) -> None:
        self.decider.register_types()
        self._thread.start()
        self.worker.start()

    def stop(self, *, cancel: bool = False) -> None:
        """Take no more tasks; ``cancel`` ends the bodies under way. Close the service then, to wake its polls."""
        self._stop.set()
        self.worker.stop()
        if cancel:
            self.worker.cancel_all()

    def join(self, timeout_seconds: float | None = None) -> bool:
        """Wait for the threads of worker and decider; return whether they have ended in time."""
        ended = self.worker.join(timeout_seconds)
        if self._thread.ident is not None:  # else its types were refused and it never started
            self._thread.join(timeout_seconds)
        return ended and not self._thread.is_alive()

    def _decide(self) -> None:
        try:
            self.decider.run(self._stop)
        except BaseException as error:
            if self._stop.is_set() and isinstance(error, ServiceError):
                logger.debug("the decider was stopped with a decision under way: %s", error)
                return
            self.failure = ended_by(error)
            is_expected = isinstance(error, ServiceError)  # others are raised with their traceback from `failure`
            logger.log(
                logging.ERROR if is_expected else logging.DEBUG, "the decider stops: %s", error, exc_info=not is_expected
            )
