"""The local service: SWF's calls, with boto3's names and shapes, answered in this process.

https://docs.aws.amazon.com/amazonswf/latest/apireference/API_Operations.html
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..constants import MAX_REASON_CHARACTERS
from ..exceptions import ServiceError
from ..swf_service import StartedExecution
from . import checks
from .call_shapes import METHODS
from .checks import check_data
from .clock import Clock
from .domain_rules import NEEDED_BY_STARTS, START_DEFAULTS, with_defaults
from .faults import Fault, default_undefined
from .journal import Journal, check_is_journal
from .ownership import Ownership, OwnerWork
from .patience import JOURNAL_PATIENCE_SECONDS
from .pruning import Pruning
from .quotas import Quotas
from .rate_quotas import RateQuotas
from .recovery import recover
from .task_handling import TaskHandling

logger = logging.getLogger(__name__)

DOMAIN = "local"


class LocalService(TaskHandling, Pruning):
    """A local SWF, in memory, or in a journal that survives the process.

    Use it like ``boto3.client("swf")``; refused calls raise :class:`.faults.Fault`, which has ClientError's ``response``.

    Args:
        journal: None keeps everything in memory; executions in a journal continue.
        clock: a :class:`.clock.VirtualClock` skips the waiting, for tests.
        quotas: limits of numbers, such as open activities; SWF's by default.
        poll_seconds: how long a poll waits for a task.
        domain: registered if the journal lacks it; others may be registered too.
        workers_inside: whether deciders and workers run in this process. If not, the start of a task is durable before the
            task is handed out, and started tasks stay started across a restart.
        journal_patience_seconds: time limit of retries when the journal cannot be written.
        rates: quotas of calls and decisions in a time, by this service's clock; None, the default, for none.
            ``RateQuotas()`` has SWF's. Requests that other processes leave in the journal are not counted.
        not_permitted: names of calls and decisions that are refused as by an IAM policy, for tests of how they are met.
    """

    def __init__(
        self,
        journal: Journal | None = None,
        *,
        clock: Clock | None = None,
        quotas: Quotas | None = None,
        poll_seconds: float = 60,
        domain: str = DOMAIN,
        workers_inside: bool = True,
        journal_patience_seconds: float = JOURNAL_PATIENCE_SECONDS,
        rates: RateQuotas | None = None,
        not_permitted: Collection[str] = (),
    ) -> None:
        self._ownership: Ownership | None = None
        super().__init__(
            journal,
            clock,
            quotas or Quotas(),
            domain,
            poll_seconds=poll_seconds,
            workers_inside=workers_inside,
            rates=rates,
            not_permitted=not_permitted,
        )
        self.journal_patience_seconds = journal_patience_seconds
        try:
            self._add_home()
            if journal is not None:
                recover(self, workers_are_gone=workers_inside)
        except BaseException:
            self.close_inbox()
            raise
        if not self.admission.is_open:
            self._admit_calls()
        self.keep_time()

    @classmethod
    def open(
        cls, path: Path, *, durable: bool = False, before_recovery: Callable[[], None] | None = None, **options: Any
    ) -> LocalService:
        """Own the journal at ``path``, created if need be, and continue its executions.

        ``before_recovery`` runs once the journal is owned: it can end processes that a former owner left running.

        Raises:
            JournalInUse: another process owns it.
            JournalError: it cannot be opened or read.
        """
        path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ServiceError(f"{path.parent} cannot be created: {error.strerror}") from None
        check_is_journal(path)
        ownership = Ownership(path)
        try:
            journal = Journal(path, durable=durable)
            try:
                if before_recovery is not None:
                    before_recovery()
                service = cls(journal, **options)
            except BaseException:
                journal.close()
                raise
        except BaseException:
            ownership.release()
            raise
        service._ownership = ownership
        if not options.get("workers_inside", True):
            service.note_work(OwnerWork())
        return service

    def _admit_calls(self) -> None:
        """Put the admission before each call of SWF. A service that admits everything has its calls as they are."""
        for operation, method in METHODS.items():
            setattr(self, method, partial(self._admitted, operation, getattr(self, method)))

    def _admitted(self, operation: str, call: Callable[..., Any], /, **arguments: Any) -> Any:
        self.admission.check_call(operation, arguments)
        return call(**arguments)

    def note_work(self, work: OwnerWork) -> None:
        """Tell other processes what this one carries out, if it owns a journal."""
        try:
            if self._ownership is not None:
                self._ownership.note(work)
        except OSError as error:  # safe: they are refused, as beside an owner that says nothing
            logger.warning("what this process carries out cannot be told to others: %s", error)

    def close(self) -> None:
        """Stop: waiting polls return without a task, everything acknowledged is in the journal."""
        super().close()
        if self._ownership is not None:
            self._ownership.release()

    # ---- executions ----------------------------------------------------------------------------------------------------------

    def start_workflow_execution(
        self,
        *,
        domain: str,
        workflowId: str,
        workflowType: Mapping[str, Any],
        taskList: Mapping[str, Any] | None = None,
        taskPriority: str | None = None,
        input: str | None = None,
        executionStartToCloseTimeout: str | None = None,
        tagList: Sequence[str] | None = None,
        taskStartToCloseTimeout: str | None = None,
        childPolicy: str | None = None,
        lambdaRole: str | None = None,
    ) -> StartedExecution:
        known = self._check_registered(domain)
        checks.check_start(
            workflowId,
            task_list=taskList,
            priority=taskPriority,
            data=input,
            execution_timeout=executionStartToCloseTimeout,
            task_timeout=taskStartToCloseTimeout,
            tags=tagList,
            child_policy=childPolicy,
        )
        known_type = self._known_type(known, "workflow", workflowType)
        attributes: dict[str, Any] = {"workflowType": dict(workflowType), "parentInitiatedEventId": 0}
        attributes |= with_defaults(known_type, START_DEFAULTS)
        for name, value in (
            ("taskList", taskList),
            ("executionStartToCloseTimeout", executionStartToCloseTimeout),
            ("taskStartToCloseTimeout", taskStartToCloseTimeout),
            ("childPolicy", childPolicy),
            ("taskPriority", taskPriority),
            ("lambdaRole", lambdaRole),
        ):
            if value is not None:
                attributes[name] = value
            elif name in NEEDED_BY_STARTS and name not in attributes:
                raise Fault("DefaultUndefinedFault", default_undefined(name))
        if input is not None:
            attributes["input"] = input
        if tagList:
            attributes["tagList"] = list(tagList)
        with self.lock:
            self.check_usable()
            if self.stopping:
                raise ServiceError("the local service is stopping")
            if workflowId in known.open_by_id:
                raise Fault("WorkflowExecutionAlreadyStartedFault", f"Already Started: {workflowId}")
            if len(known.open_by_id) >= self.quotas.open_executions:
                raise Fault("LimitExceededFault", f"{len(known.open_by_id)} executions are open, as many as a domain may have")
            run_id = self.asked_run_id() or uuid.uuid4().hex
            execution = self.add_execution(domain, workflowId, run_id, attributes, self.clock.timestamp())
            self.commit(execution)
        return {"runId": execution.run_id}

    def signal_workflow_execution(
        self, *, domain: str, workflowId: str, signalName: str, runId: str | None = None, input: str | None = None
    ) -> dict[str, Any]:
        self._check_domain(domain)
        checks.check_length("signalName", signalName)
        check_data("input", input)
        with self.lock:
            execution = self.open_execution(domain, workflowId, runId)
            execution.signal(self.clock.timestamp(), signalName, input)
            self.commit(execution)
        return {}

    def request_cancel_workflow_execution(self, *, domain: str, workflowId: str, runId: str | None = None) -> dict[str, Any]:
        self._check_domain(domain)
        with self.lock:
            execution = self.open_execution(domain, workflowId, runId)
            execution.request_cancel(self.clock.timestamp())
            self.commit(execution)
        return {}

    def terminate_workflow_execution(
        self,
        *,
        domain: str,
        workflowId: str,
        runId: str | None = None,
        reason: str | None = None,
        details: str | None = None,
        childPolicy: str | None = None,
    ) -> dict[str, Any]:
        self._check_domain(domain)
        check_data("reason", reason, MAX_REASON_CHARACTERS)
        check_data("details", details)
        checks.check_child_policy(childPolicy)
        with self.lock:
            execution = self.open_execution(domain, workflowId, runId)
            policy = childPolicy or execution.started_attributes.get("childPolicy", "TERMINATE")
            execution.terminate(self.clock.timestamp(), reason, details, policy, "OPERATOR_INITIATED")
            self.commit(execution)
        return {}
