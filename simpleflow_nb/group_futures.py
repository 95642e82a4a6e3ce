"""The futures of groups and chains: each submits the members and ends when they have."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from .exceptions import AggregateException, TaskCanceled
from .futures import DONE, FAILED, OPEN, STOPPED, Future
from .replay.calls.arguments import futures_in
from .replay.state.tasks import dependency_failure

T = TypeVar("T")


class GroupFuture(Future[list[T]]):
    """The result of a group: a list.

    A subclass may make something else of it: ``sync_result`` is called once, when all have ended, and sets ``_result``.

    Attributes:
        futures: those of the members submitted so far.
        activities: the members.
    """

    kind: ClassVar[str] = "group"

    def __init__(
        self,
        activities: list[Any],
        workflow: Any,
        max_parallel: int | None = None,
        bubbles_exception_on_failure: bool = True,
    ) -> None:
        executor = workflow.executor
        super().__init__(executor, "Group", executor.numbered(self.kind), self.kind)
        self.stage, self.task, self.strand = OPEN, self, executor.submitter()
        self.activities, self.workflow, self.max_parallel = list(activities), workflow, max_parallel
        self.bubbles_exception_on_failure = bubbles_exception_on_failure
        self.futures: list[Future[Any]] = []
        self._result: Any = None
        self._open, self._is_submitted = 0, False
        self._carrier: Future[Any] | None = None
        self._begin()

    def _begin(self) -> None:
        if self.max_parallel is None or len(self.activities) <= self.max_parallel:
            for activity in self.activities:
                self._submit(activity)
            self._all_submitted()
        else:
            self._carry_out_beside()

    def _carry_out_beside(self) -> None:
        self._carrier = self.workflow.executor.spawn(self._carry_out, self.kind, is_own=False, id=self.id)

    def _carry_out(self) -> None:
        try:
            self._submit_one_by_one()
        except Exception as error:
            if not (self.cancelling and isinstance(error, TaskCanceled)):
                self.workflow.executor.settle(self, FAILED, error)  # a member that cannot be submitted
                raise
        self._all_submitted()

    def _submit_one_by_one(self) -> None:
        limit = self.max_parallel or 1
        for activity in self.activities:
            while self._open >= limit:
                self.workflow.executor.block((_Room(self, limit),), any)
            if self.cancelling:
                return
            self._submit(activity)

    def _submit(self, activity: Any) -> Future[Any]:
        future: Future[Any] = self.workflow.submit(activity)
        self._follow(future)
        return future

    def _follow(self, future: Future[Any]) -> None:
        self.futures.append(future)
        self._open += 1
        future.watch(self)

    def _all_submitted(self) -> None:
        self._is_submitted = True
        if not self._open and self.stage < DONE:
            self._end(max((future.order for future in self.futures), default=0))

    def ended(self, future: Future[Any]) -> None:
        """Take note of the end of a member; called by the engine."""
        self._open -= 1
        if self._carrier is not None and self._carrier.stage < DONE:
            self.workflow.executor.rouse_strand(self._carrier.task)
        if self._is_submitted and not self._open and self.stage < DONE:
            self._end(future.order)

    def _end(self, order: int) -> None:
        executor = self.workflow.executor
        self.sync_state()
        errors = [future.error for future in self.futures]
        if self.bubbles_exception_on_failure and any(errors):
            self.error = AggregateException(errors)
        if self.cancelling or any(future.stage == STOPPED for future in self.futures):
            executor.settle(self, STOPPED, self.error or TaskCanceled(self.id), order)
        else:
            executor.resolve(self, None, order, decode=True)

    def collected(self) -> Any:
        """Return the result; called by the engine, once."""
        self.sync_result()
        return self._result

    def sync_result(self) -> None:
        """Set ``_result`` from the members' futures."""
        self._result = [_result_or_none(future) for future in self.futures]

    def sync_state(self) -> None:
        """Do nothing: the engine knows the state. For subclasses, called when all members have ended."""

    @property
    def count_finished_activities(self) -> int:
        return sum(future.finished for future in self.futures)

    def cancel(self) -> None:
        """Cancel the members, and submit no more of them."""
        if self.stage >= DONE or self.cancelling:
            return
        self.cancelling = True
        if self._carrier is not None:
            self._carrier.cancel()
        for future in self.futures:
            future.cancel()


class ChainFuture(GroupFuture[T]):
    """The result of a chain: the list of its members' results, as far as it came."""

    kind = "chain"

    def __init__(
        self,
        activities: list[Any],
        workflow: Any,
        bubbles_exception_on_failure: bool = True,
        send_result: bool = False,
        break_on_failure: bool = True,
    ) -> None:
        self.send_result, self.break_on_failure = send_result, break_on_failure
        super().__init__(activities, workflow, 1, bubbles_exception_on_failure)

    def _begin(self) -> None:
        self._carry_out_beside()

    def _submit_one_by_one(self) -> None:
        previous: Future[Any] | None = None
        for activity in self.activities:
            if self.send_result and previous is not None:
                activity = activity.with_argument(_result_or_none(previous))
            previous = self._submit(activity)
            self.execution.block((previous,))
            if self.cancelling or (previous.error is not None and self.break_on_failure):
                return


class _Room:
    """Ends when a group has room for another member; what its strand waits for."""

    __slots__ = ("awaited", "group", "limit")

    def __init__(self, group: GroupFuture[Any], limit: int) -> None:
        self.group, self.limit = group, limit
        self.awaited: Any = None

    @property
    def stage(self) -> int:
        return DONE if self.group._open < self.limit else OPEN


class FuncGroupFuture(Future[T]):
    """The result of what a function makes later, when its arguments are available."""

    def __init__(self, group: Any, workflow: Any) -> None:
        executor = workflow.executor
        super().__init__(executor, "Group", executor.numbered("func group"), "func group", group)
        self.stage, self.strand, self.raises = OPEN, executor.submitter(), group.raises_on_failure is not False
        self.workflow = workflow
        self._made: Future[Any] | None = None
        self._carrier: Future[Any] = executor.spawn(self._carry_out, "func group", is_own=False)

    @property
    def is_lenient(self) -> bool:
        return self._made.is_lenient if self._made is not None else super().is_lenient

    def _carry_out(self) -> None:
        group, executor = self.task, self.workflow.executor
        needed = tuple(futures_in((group.args, group.kwargs)))
        try:
            executor.block(needed)
            failed = next((one for one in needed if one.stage > DONE), None)
            if failed is not None:
                executor.fail(self, dependency_failure(self, failed), failed)
            elif self.cancelling:
                executor.settle(self, STOPPED, TaskCanceled(self.id))
            else:
                self._made = self.workflow.submit(group.instantiate_task())
                self._made.watch(self)
        except Exception as error:
            if self.cancelling and isinstance(error, TaskCanceled):
                executor.settle(self, STOPPED, error)
            else:
                executor.settle(self, FAILED, error)
                raise

    def ended(self, future: Future[Any]) -> None:
        """Take note of the end of what the function has made; called by the engine."""
        executor = self.workflow.executor
        if future.stage == DONE:
            self.error = future.error
            executor.resolve(self, None, future.order, decode=True)
        else:
            executor.settle(self, future.stage, future.error, future.order)

    def collected(self) -> Any:
        return self.execution.decoded(self._made) if self._made is not None else None

    def cancel(self) -> None:
        """Cancel what the function has made; if it has not been called yet, it is not."""
        if self.stage >= DONE or self.cancelling:
            return
        self.cancelling = True
        self._carrier.cancel()
        if self._made is not None:
            self._made.cancel()


def _result_or_none(future: Future[Any]) -> Any:
    return future.execution.decoded(future) if future.stage == DONE else None
